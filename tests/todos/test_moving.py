"""Move todos to another list, with subtasks, labels and comments."""

from __future__ import annotations

import pytest

from core.errors import Forbidden, Missing, Stale
from core.models import Event
from tests.conftest import NOW
from tests.todos.helpers import chain, fresh, label, member, put
from todos.models import Comment, Label, MemberRole, TodoList
from todos.services.comments import add_comment
from todos.services.lists import add_list, edit_list
from todos.services.locking import ListIsArchived, TodoMoved
from todos.services.rules import UidTaken
from todos.services.sharing import change_member, share_list
from todos.services.todos import edit_todo
from todos.services.trash import trash_todo


@pytest.fixture
def other(owner, editor) -> TodoList:
    """Another list, which the owner shares with the editor alone."""
    todo_list = add_list(actor=owner, name="Other", now=NOW)
    share_list(
        actor=owner, todo_list=todo_list, user=editor, role=MemberRole.EDITOR, now=NOW
    )
    return todo_list


def move(user, todo, target, **fields):
    return edit_todo(actor=user, todo=todo, todo_list=target, now=NOW, **fields)


def test_a_todo_moves_with_its_subtasks_and_comments(editor, todo_list, other):
    root, child, leaf = chain(editor, todo_list, 3)
    comment = add_comment(actor=editor, todo=child, text="Here", now=NOW)
    moved = move(editor, root, other)
    assert moved.pk == root.pk
    assert [fresh(todo).list for todo in (root, child, leaf)] == [other] * 3
    assert [fresh(t).parent_id for t in (root, child, leaf)] == [
        None,
        root.pk,
        child.pk,
    ]
    assert Comment.objects.get(pk=comment.pk).list == other


def test_a_subtask_moved_alone_becomes_a_top_level_todo(owner, todo_list, other):
    root, child, leaf = chain(owner, todo_list, 3)
    move(owner, child, other)
    assert fresh(root).list == todo_list
    assert (fresh(child).list, fresh(child).parent) == (other, None)
    assert (fresh(leaf).list, fresh(leaf).parent_id) == (other, child.pk)


def test_trashed_subtasks_are_moved_too(owner, todo_list, other):
    root, child = chain(owner, todo_list, 2)
    trash_todo(actor=owner, todo=child, now=NOW)
    move(owner, root, other)
    assert fresh(child).list == other
    assert fresh(child).is_trashed


def test_moved_todos_come_last_in_their_old_order(owner, todo_list, other):
    there = put(owner, other)
    line = chain(owner, todo_list, 3)
    move(owner, line[0], other)
    ranks = [there.rank, *(fresh(todo).rank for todo in line)]
    assert ranks == sorted(set(ranks))
    assert put(owner, other).rank > ranks[-1]


def test_labels_are_matched_by_name(owner, todo_list, other):
    red, blue = label(owner, todo_list, "Red"), label(owner, todo_list, "blue")
    there = label(owner, other, "RED")
    todo = put(owner, todo_list, labels=[red, blue])
    moved = move(owner, todo, other)
    assert {one.name for one in moved.labels.all()} == {"RED", "blue"}
    assert there in moved.labels.all()
    assert {one.list for one in moved.labels.all()} == {other}
    assert Label.objects.filter(list=todo_list).count() == 2
    event = Event.objects.get(resource_id=str(todo.pk), verb="todo.moved_in")
    assert event.changes["labels"][0] == sorted([str(red.pk), str(blue.pk)])


def test_an_assignee_who_cannot_edit_the_target_is_cleared(
    owner, viewer, editor, todo_list, other
):
    change_member(
        actor=owner,
        membership=member(todo_list, viewer),
        role=MemberRole.EDITOR,
        now=NOW,
    )
    unknown = put(owner, todo_list, assignee=viewer)
    known = put(owner, todo_list, assignee=editor)
    assert move(owner, unknown, other).assignee is None
    assert move(owner, known, other).assignee == editor
    back = put(owner, other, assignee=editor)
    change_member(
        actor=owner,
        membership=member(todo_list, editor),
        role=MemberRole.VIEWER,
        now=NOW,
    )
    assert move(owner, back, todo_list).assignee is None


def test_a_uid_taken_in_the_target_stops_the_move(owner, todo_list, other):
    root, child = chain(owner, todo_list, 2)
    edit_todo(actor=owner, todo=child, uid="same", now=NOW)
    put(owner, other, uid="same")
    with pytest.raises(UidTaken):
        move(owner, root, other)
    assert fresh(root).list == todo_list


def test_the_role_is_checked_in_both_lists(
    owner, editor, viewer, todo_list, other, todo
):
    change_member(
        actor=owner, membership=member(other, editor), role=MemberRole.VIEWER, now=NOW
    )
    with pytest.raises(Forbidden):
        move(editor, todo, other)
    with pytest.raises(Forbidden):
        move(viewer, todo, todo_list, content="x")
    private = add_list(actor=viewer, name="Private", now=NOW)
    with pytest.raises(Forbidden):
        move(viewer, todo, private)
    with pytest.raises(Missing):
        move(owner, todo, private)
    assert fresh(todo).list == todo_list


@pytest.mark.parametrize("archived", ["source", "target"])
def test_neither_list_may_be_archived(owner, todo_list, other, todo, archived):
    which = todo_list if archived == "source" else other
    edit_list(actor=owner, todo_list=which, is_archived=True, now=NOW)
    with pytest.raises(ListIsArchived):
        move(owner, todo, other)


def test_a_move_is_recorded_in_both_lists(owner, todo_list, other):
    root, child = chain(owner, todo_list, 2)
    before = fresh(todo_list).revision, fresh(other).revision
    move(owner, root, other)
    out = Event.objects.filter(verb="todo.moved_out").order_by("seq")
    into = Event.objects.filter(verb="todo.moved_in").order_by("seq")
    for recorded, stream, start in (
        (out, todo_list, before[0]),
        (into, other, before[1]),
    ):
        assert {event.stream_id for event in recorded} == {stream.pk}
        assert [event.seq for event in recorded] == [start + 1, start + 2]
        assert [event.resource_id for event in recorded] == [
            str(root.pk),
            str(child.pk),
        ]
        assert fresh(stream).revision == start + 2
    assert out[0].changes["list"] == [str(todo_list.pk), str(other.pk)]


def test_a_move_and_an_edit_happen_together(owner, todo_list, other, todo):
    red = label(owner, other, "red")
    moved = move(owner, todo, other, content="Moved", labels=[red], expected={"1"})
    assert (moved.content, moved.list) == ("Moved", other)
    assert list(moved.labels.all()) == [red]
    with pytest.raises(Stale):
        edit_todo(actor=owner, todo=moved, content="x", expected={"1"}, now=NOW)


def test_the_target_list_does_not_record_earlier_content(owner, editor, viewer, other):
    private = put(owner, None, "canary", notes="canary")
    move(owner, private, other, content="Plain", notes="", assignee=editor)
    recorded = Event.objects.filter(stream_id=other.pk).values_list(
        "changes", flat=True
    )
    assert "canary" not in str(list(recorded))
    left = Event.objects.filter(resource_id=str(private.pk)).exclude(stream_id=other.pk)
    assert [event.verb for event in left.order_by("seq")] == [
        "todo.created",
        "todo.changed",
        "todo.moved_out",
    ]
    assert (fresh(private).content, fresh(private).assignee) == ("Plain", editor)


def test_a_new_uid_makes_the_move_possible(owner, todo_list, other):
    todo = put(owner, todo_list, uid="same")
    put(owner, other, uid="same")
    assert move(owner, todo, other, uid="mine").uid == "mine"


def test_editing_a_todo_that_was_moved_away_is_refused(owner, other, todo):
    stale = type(todo).objects.get(pk=todo.pk)
    move(owner, todo, other)
    with pytest.raises(TodoMoved):
        edit_todo(actor=owner, todo=stale, content="x", now=NOW)


def test_moving_to_the_same_list_changes_nothing(owner, todo_list, todo):
    assert move(owner, todo, todo_list).version == todo.version

"""Add, edit, finish and reopen."""

from __future__ import annotations

from datetime import date, time, timedelta
from uuid import uuid4

import pytest

from core.errors import Forbidden, Invalid, Missing, Stale
from core.models import Event
from tests.conftest import NOW
from tests.todos.helpers import chain, fresh, label, last_event, put, verbs
from todos.models import Todo
from todos.services.adding import IdTaken
from todos.services.lists import edit_list, inbox_of
from todos.services.locking import ListIsArchived
from todos.services.rules import UidTaken
from todos.services.todos import add_todo, edit_todo, finish_todo, reopen_todo
from todos.services.trash import trash_todo

LATER = NOW + timedelta(hours=1)


def edit(user, todo, **fields):
    return edit_todo(actor=user, todo=todo, now=LATER, **fields)


def test_a_todo_without_a_list_is_added_to_the_inbox(owner):
    todo = put(owner, None)
    assert todo.list == inbox_of(owner, now=NOW)


def test_a_new_todo_has_its_creator_and_moment_and_comes_last(
    owner, editor, todo_list, todo
):
    added = put(editor, todo_list, "Water it")
    assert (added.created_by, added.updated_by) == (editor, editor)
    assert (added.created_at, added.updated_at, added.version) == (NOW, NOW, 1)
    assert added.rank > todo.rank
    assert added.uid == str(added.pk)


def test_adding_a_todo_records_one_event_with_its_fields(owner, todo_list):
    red = label(owner, todo_list, "red")
    todo = put(owner, todo_list, "Dig", labels=[red], due_on=date(2026, 4, 1))
    (event,) = Event.objects.about("todo", todo.pk)
    assert event.verb == "todo.created"
    assert (event.actor_id, event.actor_label, event.at) == (owner.pk, "olga", NOW)
    assert event.changes["content"] == [None, "Dig"]
    assert event.changes["due_on"] == [None, "2026-04-01"]
    assert event.changes["labels"] == [None, [str(red.pk)]]
    assert "assignee" not in event.changes


def test_viewers_and_outsiders_cannot_add_todos(viewer, outsider, todo_list):
    with pytest.raises(Forbidden):
        put(viewer, todo_list)
    with pytest.raises(Missing):
        put(outsider, todo_list)
    assert not Todo.objects.filter(list=todo_list).exists()


def test_ids_and_uids_are_unique(owner, outsider, todo_list):
    mine = uuid4()
    todo = put(owner, todo_list, id=mine, uid="x@example.com")
    assert (todo.pk, todo.uid) == (mine, "x@example.com")
    with pytest.raises(IdTaken):
        put(outsider, None, id=mine)
    with pytest.raises(UidTaken):
        put(owner, todo_list, uid="x@example.com")
    assert put(outsider, None, uid="x@example.com").uid == "x@example.com"
    squatter = uuid4()
    put(owner, todo_list, uid=str(squatter))
    with pytest.raises(UidTaken):
        put(owner, todo_list, id=squatter)


def test_a_trashed_todo_keeps_its_id_and_uid(owner, todo_list):
    todo = put(owner, todo_list, uid="one")
    trash_todo(actor=owner, todo=todo, now=NOW)
    with pytest.raises(UidTaken):
        put(owner, todo_list, uid="one")
    with pytest.raises(IdTaken):
        put(owner, todo_list, id=todo.pk)


def test_an_edit_raises_the_version_and_records_before_and_after(editor, todo):
    changed = edit(editor, todo, content="Plant two trees", priority=2)
    assert changed.version == todo.version + 1
    assert (changed.updated_at, changed.updated_by) == (LATER, editor)
    assert changed.created_by != editor
    event = last_event(todo)
    assert (event.verb, event.seq) == ("todo.changed", fresh(todo.list).revision)
    assert event.changes == {
        "content": ["Plant a tree", "Plant two trees"],
        "priority": [0, 2],
    }
    assert fresh(todo).search_key == "plant two trees"


def test_an_edit_without_effect_records_nothing(owner, todo):
    before = fresh(todo.list).revision
    same = edit(owner, todo, content=todo.content, labels=[], parent=None)
    assert same.version == todo.version
    assert fresh(todo.list).revision == before
    assert fresh(todo).updated_at == NOW


def test_an_edit_of_a_stale_version_is_refused(owner, todo):
    edit(owner, todo, content="x", expected={"1"})
    with pytest.raises(Stale):
        edit(owner, todo, content="y", expected={"1"})
    assert fresh(todo).content == "x"


def test_a_cleared_uid_becomes_the_id_again(owner, todo_list):
    todo = put(owner, todo_list, uid="mine")
    assert edit(owner, todo, uid="").uid == str(todo.pk)
    other = put(owner, todo_list, uid="other")
    with pytest.raises(UidTaken):
        edit(owner, todo, uid=other.uid)
    assert edit(owner, todo, uid=str(todo.pk)).version == 2


def test_replacing_labels_records_one_event(owner, todo_list):
    red, blue = label(owner, todo_list, "red"), label(owner, todo_list, "blue")
    todo = put(owner, todo_list, labels=[red])
    edit(owner, todo, labels=[blue], content="y")
    assert list(todo.labels.all()) == [blue]
    assert last_event(todo).changes == {
        "content": ["Something", "y"],
        "labels": [[str(red.pk)], [str(blue.pk)]],
    }
    assert fresh(todo).version == 2


def test_a_label_of_another_list_or_a_deleted_one_is_refused(owner, todo_list, todo):
    elsewhere = label(owner, inbox_of(owner, now=NOW), "red")
    gone = label(owner, todo_list, "gone")
    type(gone).objects.filter(pk=gone.pk).delete()
    for wrong in (elsewhere, gone):
        with pytest.raises(Invalid) as refusal:
            edit(owner, todo, labels=[wrong])
        assert refusal.value.field == "labels"
    assert not todo.labels.exists()


def test_the_assignee_must_be_able_to_finish_it(owner, editor, viewer, outsider, todo):
    for person in (owner, editor):
        assert edit(owner, todo, assignee=person).assignee == person
        finish_todo(actor=person, todo=fresh(todo), now=NOW)
    for person in (viewer, outsider):
        with pytest.raises(Invalid) as refusal:
            edit(owner, todo, assignee=person)
        assert refusal.value.field == "assignee"


def test_finishing_twice_changes_nothing(owner, editor, todo):
    done = finish_todo(actor=editor, todo=todo, now=LATER)
    again = finish_todo(actor=owner, todo=todo, now=LATER + timedelta(hours=1))
    assert (done.is_finished, done.finished_at, done.finished_by) == (
        True,
        LATER,
        editor,
    )
    assert (again.finished_at, again.finished_by) == (LATER, editor)
    assert verbs(todo) == ["todo.created", "todo.finished"]


def test_reopening_twice_changes_nothing(owner, todo):
    finish_todo(actor=owner, todo=todo, now=NOW)
    for _time in range(2):
        todo = reopen_todo(actor=owner, todo=todo, now=LATER)
        assert (todo.is_finished, todo.finished_at, todo.finished_by) == (
            False,
            None,
            None,
        )
    assert verbs(todo) == ["todo.created", "todo.finished", "todo.reopened"]


def test_finishing_a_parent_leaves_its_subtasks_open(owner, todo_list):
    root, child = chain(owner, todo_list, 2)
    finish_todo(actor=owner, todo=root, now=NOW)
    assert not fresh(child).is_finished


def test_viewers_cannot_finish_todos(viewer, outsider, todo):
    for verb in (finish_todo, reopen_todo):
        with pytest.raises(Forbidden):
            verb(actor=viewer, todo=todo, now=NOW)
        with pytest.raises(Missing):
            verb(actor=outsider, todo=todo, now=NOW)


@pytest.mark.parametrize("verb", ["add", "edit", "finish", "reopen", "trash"])
def test_an_archived_list_is_read_only(owner, todo_list, todo, verb):
    edit_list(actor=owner, todo_list=todo_list, is_archived=True, now=NOW)
    act = {
        "add": lambda: add_todo(actor=owner, todo_list=todo_list, content="x", now=NOW),
        "edit": lambda: edit(owner, todo, content="x"),
        "finish": lambda: finish_todo(actor=owner, todo=todo, now=NOW),
        "reopen": lambda: reopen_todo(actor=owner, todo=todo, now=NOW),
        "trash": lambda: trash_todo(actor=owner, todo=todo, now=NOW),
    }
    with pytest.raises(ListIsArchived):
        act[verb]()
    edit_list(actor=owner, todo_list=todo_list, is_archived=False, now=NOW)
    act[verb]()


def test_losing_a_permission_applies_in_every_list(owner, todo_list):
    owner.groups.clear()
    with pytest.raises(Forbidden):
        put(type(owner).objects.get(pk=owner.pk), todo_list)


def test_a_todo_cannot_start_after_it_is_due(owner, todo):
    edit(owner, todo, starts_on=date(2026, 5, 1))
    with pytest.raises(Invalid) as refusal:
        edit(owner, todo, due_on=date(2026, 4, 30))
    assert refusal.value.field == "starts_on"
    assert edit(owner, todo, due_on=date(2026, 5, 1)).due_on == date(2026, 5, 1)


def test_a_due_time_defaults_to_the_zone_of_the_actor(owner, todo):
    owner.time_zone = "Asia/Shanghai"
    due = edit(owner, todo, due_on=date(2026, 5, 1), due_time=time(9))
    assert due.due_zone == "Asia/Shanghai"
    assert due.due_at.isoformat() == "2026-05-01T01:00:00+00:00"
    moved = edit(owner, due, due_zone="Europe/Berlin")
    assert moved.due_at.isoformat() == "2026-05-01T07:00:00+00:00"
    bare = edit(owner, due, due_on=None)
    assert (bare.due_time, bare.due_zone, bare.due_at) == (None, "", None)


def test_a_due_time_needs_a_date(owner, todo):
    with pytest.raises(Invalid) as refusal:
        edit(owner, todo, due_time=time(9))
    assert refusal.value.field == "due_time"

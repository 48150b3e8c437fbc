"""Trash, restore and purge."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import Forbidden, Missing
from core.models import Event
from tests.conftest import NOW
from tests.todos.helpers import chain, fresh, last_event, put, verbs
from todos.models import Comment, Todo
from todos.services.comments import add_comment, remove_comment
from todos.services.lists import add_list, edit_list, trash_list
from todos.services.locking import ListIsArchived
from todos.services.todos import edit_todo
from todos.services.trash import (
    NotInTrash,
    purge_list,
    purge_list_trash,
    purge_todo,
    restore_todo,
    trash_todo,
)

SOON, LATER = NOW + timedelta(hours=1), NOW + timedelta(hours=2)


def trash(user, todo, now=NOW):
    trash_todo(actor=user, todo=fresh(todo), now=now)


def test_a_todo_is_trashed_with_its_subtasks(owner, todo_list):
    line = chain(owner, todo_list, 3)
    trash(owner, line[0])
    assert not Todo.objects.filter(list=todo_list).exists()
    assert {fresh(todo).deleted_at for todo in line} == {NOW}
    for todo in line:
        assert verbs(todo) == ["todo.created", "todo.trashed"]
        assert last_event(todo).changes == {"deleted_at": [None, NOW.isoformat()]}


def test_a_trashed_todo_is_missing_for_every_other_service(owner, todo):
    trash(owner, todo)
    for act in (
        lambda: trash(owner, todo),
        lambda: edit_todo(actor=owner, todo=todo, content="x", now=NOW),
        lambda: add_comment(actor=owner, todo=todo, text="x", now=NOW),
    ):
        with pytest.raises(Missing):
            act()


def test_todos_trashed_together_are_restored_together(owner, todo_list):
    root, child, leaf = chain(owner, todo_list, 3)
    trash(owner, leaf)
    trash(owner, root, now=SOON)
    restored = restore_todo(actor=owner, todo=fresh(root), now=LATER)
    assert restored.deleted_at is None
    assert fresh(child).deleted_at is None
    assert fresh(child).parent_id == root.pk
    assert fresh(leaf).deleted_at == NOW  # it was trashed earlier
    restore_todo(actor=owner, todo=fresh(leaf), now=LATER)
    assert fresh(leaf).parent_id == child.pk


def test_a_subtask_restored_without_its_parent_becomes_top_level(owner, todo_list):
    root, child, leaf = chain(owner, todo_list, 3)
    trash(owner, root)
    restore_todo(actor=owner, todo=fresh(child), now=LATER)
    assert fresh(root).is_trashed
    assert fresh(child).parent is None
    assert fresh(leaf).parent_id == child.pk
    assert not fresh(leaf).is_trashed
    assert last_event(child).changes == {
        "deleted_at": [NOW.isoformat(), None],
        "parent": [str(root.pk), None],
    }
    assert fresh(child).version == 3
    restore_todo(actor=owner, todo=fresh(root), now=LATER)
    assert fresh(child).parent is None


def test_restoring_twice_changes_nothing(owner, todo):
    trash(owner, todo)
    for _time in range(2):
        restore_todo(actor=owner, todo=fresh(todo), now=LATER)
    assert verbs(todo) == ["todo.created", "todo.trashed", "todo.restored"]


def test_purging_deletes_a_todo_and_its_subtasks_permanently(owner, todo_list):
    root, child, leaf = chain(owner, todo_list, 3)
    comment = add_comment(actor=owner, todo=leaf, text="secret", now=NOW)
    trash(owner, leaf)
    trash(owner, root, now=SOON)
    purge_todo(actor=owner, todo=fresh(root), now=LATER)
    assert not Todo.with_trash.filter(list=todo_list).exists()
    assert not Comment.objects.filter(pk=comment.pk).exists()
    for todo in (root, child, leaf):
        assert last_event(todo).verb == "todo.purged"


def test_purging_redacts_the_events_of_the_todo(owner, todo_list):
    todo = put(owner, todo_list, "canary", notes="canary")
    said = add_comment(actor=owner, todo=todo, text="canary", now=NOW)
    add_comment(actor=owner, todo=todo, text="canary", now=NOW)
    edit_todo(actor=owner, todo=todo, content="canary again", now=NOW)
    remove_comment(actor=owner, comment=said, now=NOW)
    trash(owner, todo)
    assert "canary" in str(list(Event.objects.values_list("changes", flat=True)))
    kept = put(owner, todo_list, "another todo")
    count = Event.objects.count()
    purge_todo(actor=owner, todo=fresh(todo), now=LATER)
    changes = list(Event.objects.values_list("changes", flat=True))
    assert "canary" not in str(changes)
    assert Event.objects.count() == count + 1
    created = Event.objects.about("todo", todo.pk).get(verb="todo.created")
    assert set(created.changes) >= {
        "content",
        "notes",
    }  # the names of the fields are kept
    assert last_event(kept).changes["content"] == [None, "another todo"]


def test_only_trashed_todos_can_be_purged(owner, todo):
    with pytest.raises(NotInTrash):
        purge_todo(actor=owner, todo=todo, now=NOW)


def test_only_owners_purge(owner, editor, viewer, outsider, todo):
    trash(editor, todo)
    for user in (editor, viewer):
        with pytest.raises(Forbidden):
            purge_todo(actor=user, todo=fresh(todo), now=NOW)
    with pytest.raises(Missing):
        purge_todo(actor=outsider, todo=fresh(todo), now=NOW)
    purge_todo(actor=owner, todo=fresh(todo), now=NOW)


def test_editors_restore_and_viewers_cannot(editor, viewer, todo):
    trash(editor, todo)
    with pytest.raises(Forbidden):
        restore_todo(actor=viewer, todo=fresh(todo), now=NOW)
    restore_todo(actor=editor, todo=fresh(todo), now=NOW)


def test_the_trash_of_an_archived_list_cannot_change(owner, todo_list, todo):
    trash(owner, todo)
    edit_list(actor=owner, todo_list=todo_list, is_archived=True, now=NOW)
    for verb in (restore_todo, purge_todo):
        with pytest.raises(ListIsArchived):
            verb(actor=owner, todo=fresh(todo), now=NOW)


def test_the_trash_of_a_list_is_purged_by_age(owner, todo_list):
    old, young = put(owner, todo_list), put(owner, todo_list)
    stays = put(owner, todo_list)
    trash(owner, old, now=NOW)
    trash(owner, young, now=LATER)
    assert purge_list_trash(todo_list=todo_list, before=SOON, now=LATER) == 1
    assert purge_list_trash(todo_list=todo_list, before=SOON, now=LATER) == 0
    left = set(Todo.with_trash.filter(list=todo_list))
    assert left == {young, stays}


def test_purging_a_list_deletes_everything_in_it(owner):
    todo_list = add_list(actor=owner, name="canary", now=NOW)
    chain(owner, todo_list, 3)
    trash(owner, put(owner, todo_list, "canary"))
    trash_list(actor=owner, todo_list=todo_list, now=NOW)
    before = fresh(owner).access_version
    purge_list(todo_list=todo_list, now=LATER)
    assert not Todo.with_trash.filter(list=todo_list.pk).exists()
    assert not type(todo_list).objects.filter(pk=todo_list.pk).exists()
    stream = Event.objects.filter(stream_id=todo_list.pk)
    assert "canary" not in str(list(stream.values_list("changes", flat=True)))
    assert stream.order_by("-seq")[0].verb == "list.purged"
    assert fresh(owner).access_version > before
    with pytest.raises(Missing):
        purge_list(todo_list=todo_list, now=LATER)
    assert purge_list_trash(todo_list=todo_list, before=LATER, now=LATER) == 0

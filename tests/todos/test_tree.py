"""Subtasks: at most five deep, without cycles, in one list."""

from __future__ import annotations

import pytest

from core.errors import Invalid
from tests.conftest import NOW
from tests.todos.helpers import chain, fresh, put
from todos.models import MAX_DEPTH
from todos.services.lists import add_list, inbox_of
from todos.services.todos import edit_todo
from todos.services.trash import trash_todo


def below(user, todo, parent):
    return edit_todo(actor=user, todo=todo, parent=parent, now=NOW)


def assert_refused(act):
    with pytest.raises(Invalid) as refusal:
        act()
    assert refusal.value.field == "parent"


def test_subtasks_are_limited_to_five_levels(owner, todo_list):
    line = chain(owner, todo_list, MAX_DEPTH)
    assert_refused(lambda: put(owner, todo_list, parent=line[-1]))
    assert put(owner, todo_list, parent=line[-2]).parent == line[-2]


def test_the_height_of_a_subtree_counts(owner, todo_list):
    upper, lower = chain(owner, todo_list, 3), chain(owner, todo_list, 3)
    assert_refused(lambda: below(owner, lower[0], upper[-1]))
    assert below(owner, lower[0], upper[-2]).parent == upper[-2]


def test_trashed_subtasks_count_because_they_may_be_restored(owner, todo_list):
    upper, lower = chain(owner, todo_list, 3), chain(owner, todo_list, 3)
    trash_todo(actor=owner, todo=lower[-1], now=NOW)
    assert_refused(lambda: below(owner, lower[0], upper[-1]))


@pytest.mark.parametrize("target", [0, 1, 2])
def test_a_todo_cannot_be_its_own_subtask(owner, todo_list, target):
    line = chain(owner, todo_list, 3)
    assert_refused(lambda: below(owner, line[0], line[target]))
    assert fresh(line[0]).parent is None


def test_a_subtask_must_be_in_the_list_of_its_parent(owner, todo_list, todo):
    elsewhere = put(owner, inbox_of(owner, now=NOW))
    assert_refused(lambda: below(owner, todo, elsewhere))


def test_the_parent_is_read_again_under_the_lock(owner, todo_list, todo):
    parent = put(owner, todo_list)
    other = add_list(actor=owner, name="Other", now=NOW)
    edit_todo(actor=owner, todo=parent, todo_list=other, now=NOW)
    # `parent` was loaded before the move and still has the old list.
    assert parent.list_id == todo.list_id
    assert_refused(lambda: below(owner, todo, parent))


def test_a_trashed_todo_cannot_get_subtasks(owner, todo_list, todo):
    parent = put(owner, todo_list)
    trash_todo(actor=owner, todo=parent, now=NOW)
    assert_refused(lambda: below(owner, todo, parent))


def test_a_subtask_becomes_a_top_level_todo_again(owner, todo_list):
    _root, child = chain(owner, todo_list, 2)
    assert below(owner, child, None).parent is None

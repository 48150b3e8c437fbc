"""The lists of a user are read once for all parts of a page, in blocks."""

from __future__ import annotations

import pytest

from tests.conftest import NOW
from todos.admin.own_lists import BLOCK, OwnLists
from todos.models import MemberRole, Todo, TodoList
from todos.services.lists import add_list, edit_list
from todos.services.sharing import share_list
from todos.services.todos import add_todo


@pytest.fixture
def many(owner) -> list[TodoList]:
    """Lists beyond the first block, of which every second one is archived."""
    for number in range(BLOCK):
        row = add_list(actor=owner, name=f"l{number}", now=NOW)
        if number % 2:
            edit_list(actor=owner, todo_list=row, is_archived=True, now=NOW)
    return list(TodoList.objects.as_seen_by(owner).in_own_order())


@pytest.mark.parametrize(("limit", "statements"), [(2, 1), (BLOCK - 10, 2)])
def test_as_many_blocks_are_read_as_are_needed(
    owner, many, django_assert_num_queries, limit, statements
):
    lists = OwnLists(owner)
    with django_assert_num_queries(statements):
        found = lists.first(limit, lambda row: not row.is_archived)
    assert found == [row for row in many if not row.is_archived][:limit]
    with django_assert_num_queries(0):
        assert lists.first(3) == many[:3]


def test_a_list_beyond_the_first_block_is_found(
    owner, outsider, many, django_assert_num_queries
):
    lists = OwnLists(owner)
    with django_assert_num_queries(2):  # the first block, and the list
        assert lists.find(many[-1].pk) == many[-1]
        assert lists.find(many[0].pk) == many[0]
    assert lists.find(outsider.inbox.pk) is None
    assert lists.find(None) is None


def test_a_list_that_is_shared_after_the_others_were_read_is_attached(
    owner, editor, todo_list
):
    lists = OwnLists(editor)
    assert todo_list in lists.first(10)
    new = add_list(actor=owner, name="Shed", now=NOW)
    todo = add_todo(actor=owner, todo_list=new, content="Sweep", now=NOW)
    share_list(actor=owner, todo_list=new, user=editor, role=MemberRole.VIEWER, now=NOW)
    row = Todo.objects.get(pk=todo.pk)
    lists.attach([row])
    assert row.list.role == MemberRole.VIEWER

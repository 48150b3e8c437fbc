"""However often todos are moved into one gap, each move writes few rows."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models import Event
from tests.conftest import NOW
from tests.todos.helpers import contents, fresh, put
from tests.todos.test_ranks import insert_at
from todos.models import Todo
from todos.ranks import ranks_between
from todos.services import reranking
from todos.services.moving import reposition_todo
from todos.services.trash import restore_todo, trash_todo

COUNT = 60


@pytest.fixture
def small(monkeypatch):
    """Reach all limits soon."""
    for name, value in {
        "MAX_RANK_LENGTH": 14,
        "ROOMY": 9,
        "SMALLEST": 4,
        "LARGEST": 16,
    }.items():
        monkeypatch.setattr(reranking, name, value)


@pytest.fixture
def row_of(owner, todo_list):
    """Many todos in a list, by their content."""
    return {str(number): put(owner, todo_list, str(number)) for number in range(COUNT)}


def written(todo_list, since):
    """Return how many todos were written after this revision."""
    return Event.objects.filter(stream_id=todo_list.pk, seq__gt=since).count()


def move(owner, todo_list, todo, **beside):
    """Move a todo; return how many rows that wrote."""
    since = fresh(todo_list).revision
    reposition_todo(actor=owner, todo=fresh(todo), now=NOW, **beside)
    return written(todo_list, since)


@pytest.mark.usefixtures("small")
def test_moving_after_the_same_todo_again_and_again_writes_few_rows(
    owner, todo_list, row_of
):
    order, costs = contents(todo_list), []
    for turn in range(200):
        what = order.pop(-1 - turn % 7)
        order.insert(20, what)
        costs.append(move(owner, todo_list, row_of[what], after=row_of[order[19]]))
    assert contents(todo_list) == order
    assert costs.count(1) > 150
    assert 1 < max(costs) <= 2 * reranking.LARGEST + 2
    assert sum(costs) <= 3 * len(costs)


@pytest.mark.usefixtures("small")
def test_moving_between_the_last_two_that_were_moved_writes_few_rows(
    owner, todo_list, row_of
):
    """Both sides of the gap get narrower with every move."""
    order, costs, place = contents(todo_list), [], 20
    for turn in range(200):
        from_end = turn % 2
        what = order.pop(-1 if from_end else 0)
        place -= not from_end
        order.insert(place, what)
        anchor = row_of[order[place - 1]]
        costs.append(move(owner, todo_list, row_of[what], after=anchor))
        place += from_end  # the next one comes right after, or right before, this one
    assert contents(todo_list) == order
    assert 1 < max(costs) <= 2 * reranking.LARGEST + 2
    assert sum(costs) <= 6 * len(costs)


@pytest.mark.usefixtures("small")
def test_trashed_todos_return_to_their_place_after_reranking(owner, todo_list, row_of):
    order = contents(todo_list)
    trash_todo(actor=owner, todo=row_of["19"], now=NOW)
    trash_todo(actor=owner, todo=row_of["22"], now=NOW)
    order.remove("19")
    order.remove("22")
    for _turn in range(30):
        what = order.pop()
        order.insert(20, what)
        move(owner, todo_list, row_of[what], after=row_of["20"])
    restore_todo(actor=owner, todo=fresh(row_of["19"]), now=NOW)
    restore_todo(actor=owner, todo=fresh(row_of["22"]), now=NOW)
    order.insert(order.index("20"), "19")
    order.insert(order.index("23"), "22")
    assert contents(todo_list) == order


@pytest.mark.usefixtures("small")
def test_many_equal_ranks_are_resolved(owner, todo_list, row_of):
    Todo.objects.filter(list=todo_list).update(rank="a5")
    order = contents(todo_list)
    what = order.pop()
    order.insert(30, what)
    move(owner, todo_list, row_of[what], after=row_of[order[29]])
    assert contents(todo_list) == order


@given(st.integers(0, 200), st.lists(st.integers(min_value=0), max_size=200))
def test_ranks_between_two_are_in_order_and_short(count, gaps):
    ranks = insert_at([*gaps, 0, 0])
    for low, high in pairwise(ranks):
        between = ranks_between(low, high, count)
        assert [low, *between, high] == sorted({low, *between, high})
        assert len(between) == count
        assert max(map(len, between), default=0) <= max(len(low), len(high)) + 3


def test_ranks_between_two_that_are_not_in_order_are_refused():
    with pytest.raises(ValueError, match="order"):
        ranks_between("a1", "a0", 3)

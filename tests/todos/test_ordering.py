"""Reposition todos within their list."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import Forbidden, Invalid, Missing, Stale
from core.models import Event
from tests.conftest import NOW
from tests.todos.helpers import contents, fresh, last_event, put
from todos.models import Todo
from todos.ranks import MAX_RANK_LENGTH
from todos.services.lists import inbox_of
from todos.services.moving import reposition_todo
from todos.services.todos import finish_todo
from todos.services.trash import restore_todo, trash_todo


@pytest.fixture
def abcd(owner, todo_list):
    return {name: put(owner, todo_list, name) for name in "abcd"}


def place(user, todo, **beside):
    return reposition_todo(
        actor=user, todo=fresh(todo), now=NOW + timedelta(hours=1), **beside
    )


@pytest.mark.parametrize(
    ("what", "side", "which", "order"),
    [
        ("d", "before", "a", "dabc"),
        ("d", "before", "b", "adbc"),
        ("a", "after", "d", "bcda"),
        ("a", "after", "b", "bacd"),
        ("b", "before", "c", "abcd"),
        ("c", "after", "b", "abcd"),
    ],
)
def test_a_todo_is_put_before_or_after_another(
    editor, todo_list, abcd, what, side, which, order
):
    place(editor, abcd[what], **{side: abcd[which]})
    assert contents(todo_list) == list(order)


def test_repeating_a_reposition_changes_nothing(owner, abcd):
    place(owner, abcd["d"], before=abcd["b"])
    again = place(owner, abcd["d"], before=abcd["b"])
    assert again.version == 2
    assert Event.objects.about("todo", abcd["d"].pk).count() == 2


def test_finished_todos_keep_their_position(owner, todo_list, abcd):
    finish_todo(actor=owner, todo=abcd["b"], now=NOW)
    place(owner, abcd["d"], after=abcd["a"])
    assert contents(todo_list) == list("adbc")


def test_repositioning_changes_only_one_todo(owner, abcd):
    before = {name: fresh(todo).rank for name, todo in abcd.items()}
    moved = place(owner, abcd["d"], before=abcd["a"])
    assert last_event(moved).changes == {"rank": [before["d"], moved.rank]}
    for name in "abc":
        assert fresh(abcd[name]).rank == before[name]


def test_a_new_todo_comes_after_one_that_was_put_last(owner, todo_list, abcd):
    place(owner, abcd["a"], after=abcd["d"])
    put(owner, todo_list, "e")
    assert contents(todo_list) == list("bcdae")


def test_a_list_without_room_between_ranks_is_reranked(owner, todo_list, abcd):
    low = fresh(abcd["a"]).rank
    # As after a thousand moves into the same gap: no rank fits below the limit.
    tight = low + "0" * (MAX_RANK_LENGTH - len(low)) + "1"
    Todo.objects.filter(pk=abcd["b"].pk).update(rank=tight)
    trash_todo(actor=owner, todo=abcd["c"], now=NOW)
    place(owner, abcd["d"], after=abcd["a"])
    assert contents(todo_list) == list("adb")
    assert max(len(fresh(todo).rank) for todo in abcd.values()) < 10
    restore_todo(actor=owner, todo=fresh(abcd["c"]), now=NOW)
    assert contents(todo_list) == list("adbc")
    put(owner, todo_list, "e")
    assert contents(todo_list) == list("adbce")


def test_equal_ranks_are_resolved_by_reranking(owner, todo_list, abcd):
    Todo.objects.filter(list=todo_list).update(rank="a5")
    place(owner, abcd["d"], after=abcd["a"])
    assert contents(todo_list) == list("adbc")


def test_many_moves_into_one_gap_keep_ranks_short(owner, todo_list, abcd):
    inner, outer = abcd["c"], abcd["d"]
    for _round in range(30):
        place(owner, outer, after=abcd["a"])
        inner, outer = outer, inner
    assert contents(todo_list)[0] == "a"
    assert contents(todo_list)[-1] == "b"
    assert max(len(fresh(todo).rank) for todo in abcd.values()) <= MAX_RANK_LENGTH


def test_the_other_todo_must_be_in_the_same_list(owner, abcd):
    elsewhere = put(owner, inbox_of(owner, now=NOW))
    gone = abcd["b"]
    trash_todo(actor=owner, todo=gone, now=NOW)
    for wrong in (elsewhere, gone, abcd["a"]):
        for side in ("before", "after"):
            with pytest.raises(Invalid) as refusal:
                place(owner, abcd["a"], **{side: wrong})
            assert refusal.value.field == side


def test_exactly_one_of_before_and_after_is_required(owner, abcd):
    for beside in ({}, {"before": abcd["b"], "after": abcd["c"]}):
        with pytest.raises(Invalid):
            place(owner, abcd["a"], **beside)


def test_repositioning_checks_role_and_version(owner, viewer, outsider, abcd):
    with pytest.raises(Forbidden):
        place(viewer, abcd["a"], after=abcd["b"])
    with pytest.raises(Missing):
        place(outsider, abcd["a"], after=abcd["b"])
    with pytest.raises(Stale):
        place(owner, abcd["a"], after=abcd["b"], expected={"7"})

"""Ranks: there is one between any two, and they stay short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todos.ranks import DIGITS, FIRST, rank_between, ranks_spread

gaps = st.lists(st.integers(min_value=0), max_size=120)


def insert_at(gaps: list[int]) -> list[str]:
    """Insert ranks one by one, each into the gap with this number."""
    ranks: list[str] = []
    for number in gaps:
        place = number % (len(ranks) + 1)
        before = ranks[place - 1] if place else None
        after = ranks[place] if place < len(ranks) else None
        ranks.insert(place, rank_between(before, after))
    return ranks


@given(gaps)
def test_any_insertions_keep_the_order(gaps):
    ranks = insert_at(gaps)
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)
    assert all(set(rank) <= set(DIGITS) for rank in ranks)


@given(gaps)
def test_an_insertion_lengthens_a_rank_by_at_most_one_digit(gaps):
    assert max(map(len, insert_at(gaps)), default=0) <= 3 + len(gaps)


def test_a_thousand_insertions_into_one_gap_need_few_digits():
    low, high = rank_between(None, None), rank_between(FIRST, None)
    for _time in range(1000):
        high = rank_between(low, high)
    assert low < high
    assert len(high) <= 1000 / 5 + len(low)


@pytest.mark.parametrize("towards", ["end", "start"])
def test_a_hundred_thousand_insertions_at_either_end_stay_short(towards):
    rank = rank_between(None, None)
    for _time in range(100_000):
        last = rank
        rank = (
            rank_between(rank, None) if towards == "end" else rank_between(None, rank)
        )
        assert (last < rank) is (towards == "end")
    assert len(rank) <= 4


@given(st.integers(0, 3000))
def test_spread_ranks_are_short_and_in_order(count):
    ranks = ranks_spread(count)
    assert len(ranks) == count
    assert ranks == sorted(set(ranks))
    assert max(map(len, ranks), default=0) <= 3


@pytest.mark.parametrize(("low", "high"), [("a1", "a0"), ("a0", "a0"), ("b00", "a1")])
def test_there_is_no_rank_between_ranks_out_of_order(low, high):
    with pytest.raises(ValueError, match="not in order"):
        rank_between(low, high)


@given(st.from_regex(r"\A[A-Ya-y][0-9A-Za-z]{0,199}\Z"))
def test_there_is_a_rank_after_any_allowed_position(rank):
    for _list in range(500):
        last, rank = rank, rank_between(rank, None)
        assert last < rank
    assert len(rank) <= 27

"""Cursors: signed positions, bound to the query that they came from."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.cursors import InvalidCursor, read_cursor, sign_cursor
from core.ids import new_id
from core.models import Event
from core.scoping import Order

BY_TIME = Order("at", descending=True)


@pytest.fixture
def event() -> Event:
    return Event(pk=new_id(), at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC))


@pytest.mark.parametrize("backwards", [False, True])
def test_a_cursor_names_the_position_and_direction(event, backwards):
    cursor = sign_cursor(BY_TIME, event, query="events", backwards=backwards)
    position = ("2026-03-01T12:00:00+00:00", str(event.pk))
    assert read_cursor(cursor, query="events") == (backwards, position)


def test_a_cursor_is_refused_with_another_query(event):
    cursor = sign_cursor(BY_TIME, event, query="events")
    with pytest.raises(InvalidCursor):
        read_cursor(cursor, query="events of others")


@pytest.mark.parametrize("cursor", ["", "x", "a:b:c", "WzFd:1xXq0Y:forged"])
def test_a_forged_cursor_is_refused(cursor):
    with pytest.raises(InvalidCursor):
        read_cursor(cursor, query="events")

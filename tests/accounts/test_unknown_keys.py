"""Requests with keys that do not exist cost few statements and little memory."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.credentials import Unknown, find_key


def test_a_key_that_was_not_found_is_not_looked_for_again_at_once(db):
    with CaptureQueriesContext(connection) as queries:
        for _ in range(5):
            assert find_key("nobody", "0" * 64) is None
    assert len(queries) == 1


def test_the_keys_that_were_not_found_are_bounded(monkeypatch):
    monkeypatch.setattr(Unknown, "MOST", 3)
    unknown = Unknown()
    for number in range(10):
        unknown.add((str(number), ""))
    assert [n for n in range(10) if unknown.holds((str(n), ""))] == [7, 8, 9]


def test_a_key_that_was_not_found_is_looked_for_again_after_a_second(monkeypatch):
    unknown = Unknown()
    unknown.add(("a", "b"))
    assert unknown.holds(("a", "b"))
    monkeypatch.setattr("accounts.credentials.monotonic", lambda: 1e12)
    assert not unknown.holds(("a", "b"))

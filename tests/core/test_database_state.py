"""The state of the database is another after each commit, in whatever order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from core.db.state import database_state
from core.models import Installation
from tests.live.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other() -> Iterator[Any]:
    """A second connection to the same database."""
    other = connection.copy()
    yield other
    other.close()


def change() -> None:
    Installation.objects.update(backed_up_at=None)


def test_it_is_the_same_until_something_is_committed():
    # Tests beside this one write to other databases of the same server.
    wait_until(lambda: database_state() == database_state(), what="nobody writes")
    before = database_state()
    change()
    assert database_state() != before


def test_a_transaction_that_began_earlier_and_commits_later_is_noticed(other: Any):
    states = []
    other.set_autocommit(False)
    with other.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE written (number int)")
        states.append(database_state())
        with transaction.atomic():
            change()
        states.append(database_state())
        other.commit()
    states.append(database_state())
    assert len(set(states)) == len(states)

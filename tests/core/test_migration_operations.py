"""Online migration operations on a table with rows, and after an interruption."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, NotSupportedError, connection
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint
from django.db.models.functions import Length

from core.db.migrations_online import (
    AddCheck,
    AddStatistics,
    Backfill,
    BuildIndex,
    operations,
)
from tests.core.jars import TABLE, shelf_with_jars

BUILD_INDEX = BuildIndex("jar", Index(fields=["label"], name="jar_by_label"))
ADD_CHECK = AddCheck(
    "jar", CheckConstraint(condition=Q(size__gte=0), name="jar_has_size")
)
ADD_STATISTICS = AddStatistics("jar", Length("label"), name="jar_label_length")
BACKFILL = Backfill("jar", where=Q(size=None), values={"size": Length("label")})


@pytest.fixture
def shelf(transactional_db):
    with shelf_with_jars() as shelf:
        yield shelf


def test_an_index_is_built_once_and_removed_again(shelf):
    shelf.migrate(BUILD_INDEX)
    shelf.repeat(BUILD_INDEX)
    assert shelf.holds("jar_by_label")

    shelf.undo(BUILD_INDEX)
    shelf.undo(BUILD_INDEX)
    assert not shelf.holds("jar_by_label")


def test_a_constraint_is_added_once_and_removed_again(shelf):
    shelf.fill(1, size=0)
    shelf.migrate(ADD_CHECK)
    shelf.repeat(ADD_CHECK)
    with pytest.raises(IntegrityError, match="jar_has_size"):
        shelf.fill(1, size=-1)

    shelf.undo(ADD_CHECK)
    shelf.undo(ADD_CHECK)
    shelf.fill(1, size=-1)


def test_statistics_are_created_once_and_removed_again(shelf):
    shelf.migrate(ADD_STATISTICS)
    shelf.repeat(ADD_STATISTICS)
    expected = ["jar_label_length"] if connection.vendor == "postgresql" else []
    assert statistics() == expected

    shelf.undo(ADD_STATISTICS)
    shelf.undo(ADD_STATISTICS)
    assert statistics() == []


def statistics():
    """Return the names of the statistics of jars."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT stxname FROM pg_statistic_ext WHERE stxname ~ '^jar_'")
        return [name for (name,) in cursor]


def test_a_constraint_that_a_row_violates_is_added_after_the_row_was_corrected(shelf):
    shelf.fill(1, size=-1)
    with pytest.raises(IntegrityError, match="jar_has_size"):
        shelf.repeat(ADD_CHECK)

    shelf.jars.update(size=1)
    shelf.repeat(ADD_CHECK)
    with pytest.raises(IntegrityError, match="jar_has_size"):
        shelf.fill(1, size=-1)


def test_matching_rows_are_filled_in_batches_and_others_stay(shelf, monkeypatch):
    monkeypatch.setattr(operations, "BATCH", 7)
    shelf.fill(1, size=99)
    shelf.fill(30)
    shelf.fill(1, size=99)
    with CountedUpdates() as updates:
        shelf.migrate(BACKFILL)
    assert updates.count == 5
    assert shelf.jars.filter(size=99).count() == 2
    assert shelf.jars.exclude(size=99).filter(size=Length("label")).count() == 30

    with CountedUpdates() as updates:
        shelf.repeat(BACKFILL)
    assert updates.count == 0
    shelf.undo(BACKFILL)
    assert not shelf.jars.filter(size=None).exists()


def test_a_backfill_ends_even_if_rows_still_match(shelf, monkeypatch):
    monkeypatch.setattr(operations, "BATCH", 7)
    shelf.fill(20)
    shelf.migrate(Backfill("jar", where=Q(size=None), values={"size": F("size")}))


def test_an_interrupted_migration_continues_where_it_stopped(shelf):
    shelf.fill(3, size=-1)
    shelf.fill(3)
    operations = [BUILD_INDEX, BACKFILL, ADD_CHECK]
    with pytest.raises(IntegrityError):
        shelf.migrate(*operations)
    assert not shelf.jars.filter(size=None).exists()

    shelf.jars.filter(size=-1).update(size=1)
    shelf.migrate(*operations)
    assert shelf.holds("jar_by_label")
    assert shelf.holds("jar_has_size")


@pytest.mark.parametrize(
    "operation", [BUILD_INDEX, ADD_CHECK, BACKFILL], ids=lambda it: type(it).__name__
)
def test_an_operation_refuses_to_run_in_an_atomic_migration(shelf, operation):
    with pytest.raises(NotSupportedError, match="set atomic = False"):
        shelf.migrate(operation, atomic=True)


def test_operations_describe_themselves():
    assert [it.describe() for it in (BUILD_INDEX, ADD_CHECK, BACKFILL)] == [
        "Concurrently create index jar_by_label on field(s) label of model jar",
        "Create constraint jar_has_size on model jar",
        "Fill size of jar",
    ]
    assert ADD_CHECK.migration_name_fragment == "jar_jar_has_size"


def test_a_constraint_of_another_kind_is_refused():
    with pytest.raises(TypeError, match="must be a check constraint"):
        AddCheck("jar", UniqueConstraint(fields=["label"], name="jar_once"))


class CountedUpdates:
    """Count the statements that change rows."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self):
        self.wrapper = connection.execute_wrapper(self)
        self.wrapper.__enter__()
        return self

    def __exit__(self, *exception):
        self.wrapper.__exit__(*exception)

    def __call__(self, execute, sql, *rest):
        self.count += sql.startswith(f'UPDATE "{TABLE}"')
        return execute(sql, *rest)

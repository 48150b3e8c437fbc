"""Both engines write a value as the same text, and read it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, models, transaction

from todo_project.archive.container import BadArchive
from todo_project.archive.engines import engine
from todo_project.archive.tables import archived_models, table_of

pytestmark = pytest.mark.django_db(transaction=True)


class Every(models.Model):
    """A row with a column of every supported type."""

    name = models.CharField(max_length=500, null=True)  # noqa: DJ001
    data = models.BinaryField(null=True)
    flag = models.BooleanField(null=True)
    day = models.DateField(null=True)
    moment = models.DateTimeField(null=True)
    clock = models.TimeField(null=True)
    number = models.PositiveBigIntegerField(null=True)
    tree = models.JSONField(null=True)
    key = models.UUIDField(null=True)

    objects: models.Manager[Every] = models.Manager()

    class Meta:
        app_label = "tests"
        managed = False

    def __str__(self) -> str:
        return str(self.pk)


COLUMNS = ("name", "data", "flag", "day", "moment", "clock", "number", "tree", "key")
KEY = UUID("00c0ffee-0000-7000-8000-00000000000a")
ROWS: list[tuple[Any, ...]] = [
    (
        "tab\t line\n return\r \\N \\t \b\f\v '\" 好 🪴 \\",
        bytes(range(256)),
        True,
        date(1, 1, 1),
        datetime(9999, 12, 31, tzinfo=UTC),
        time(23, 59, 59, 999_999),
        2**63 - 1,
        {"a": ["\n\t\\", 1.5, None, "\N{SNOWMAN}"]},
        KEY,
    ),
    (
        "\\N",
        b"",
        False,
        date(9999, 12, 31),
        datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        time(0),
        0,
        "text",
        UUID(int=0),
    ),
    ("", None, None, None, None, None, None, None, None),
]
SECOND = (
    "2\t\\\\N\t\\\\x\tf\t9999-12-31\t1970-01-01 00:00:00.000001+00\t00:00:00.000000"
    '\t0\t"text"\t00000000-0000-0000-0000-000000000000\n'
)
THIRD = "3\t" + "\t\\N" * 9 + "\n"


@pytest.fixture
def table() -> Iterator[Any]:
    with connection.schema_editor() as editor:
        editor.create_model(Every)
    table = table_of(Every)
    order = ("id", *COLUMNS)
    columns = sorted(table.columns, key=lambda column: order.index(column.name))
    yield replace(table, columns=tuple(columns))
    with connection.schema_editor() as editor:
        editor.delete_model(Every)


def fill() -> None:
    for values in ROWS:
        Every.objects.create(**dict(zip(COLUMNS, values, strict=True)))


def test_rows_have_the_same_text_on_every_engine(table):
    fill()
    first, second, third = b"".join(engine().read_rows(table)).splitlines(True)
    assert first.startswith(b"1\ttab\\t line\\n return\\r \\\\N \\\\t \\b\\f\\v '\"")
    assert b"\t\\\\x000102" in first
    assert b"\tt\t0001-01-01\t9999-12-31 00:00:00.000000+00\t23:59:59.999999\t" in first
    assert second.decode() == SECOND
    assert third.decode() == THIRD.replace("3\t\t", "3\t").replace("\t\\N", "\t", 1)


def test_loaded_rows_equal_the_rows_that_were_read(table):
    fill()
    read = b"".join(engine().read_rows(table))
    kept = list(Every.objects.order_by("pk").values_list(*COLUMNS))
    raw = raw_rows()
    Every.objects.all().delete()
    with transaction.atomic():
        engine().load_rows(table, [read])
    assert b"".join(engine().read_rows(table)) == read
    assert list(Every.objects.order_by("pk").values_list(*COLUMNS)) == kept
    assert raw_rows() == raw
    assert [tuple(map(same, row)) for row in kept] == ROWS


# Except for text, which takes anything, and bytes, which PostgreSQL takes in any form.
@pytest.mark.parametrize("place", range(2, len(COLUMNS)))
def test_a_value_of_the_wrong_type_is_refused(table, place):
    cells = ["1", *["\\N"] * len(COLUMNS)]
    cells[place + 1] = "what?"
    with pytest.raises((BadArchive, DatabaseError)), transaction.atomic():
        engine().load_rows(table, ["\t".join(cells).encode() + b"\n"])


def test_every_column_has_a_text_format():
    for model in archived_models():
        assert table_of(model).columns


def raw_rows() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM tests_every ORDER BY id")
        return [tuple(map(same, row)) for row in cursor.fetchall()]


def same(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value

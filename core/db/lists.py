"""Lists of values as one column."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.db import models


class _ListField(models.Field):  # type: ignore[type-arg]
    def __init__(self, item: Callable[[Any], Any]) -> None:
        super().__init__()
        self.item = item

    def from_db_value(self, value: Any, *_: object) -> Any:
        if isinstance(value, list):  # an array of PostgreSQL
            return value
        return [self.item(one) for one in json.loads(value)]


class ListOf(models.Subquery):
    """The values of a subquery with one column, named `value`, as a list.

    `item` converts a value from JSON, which SQLite returns.
    """

    template = "ARRAY(%(subquery)s)"

    def __init__(
        self, rows: models.QuerySet[Any, Any], item: Callable[[Any], Any] = str
    ) -> None:
        super().__init__(rows, output_field=_ListField(item))

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "(SELECT json_group_array(value) FROM (%(subquery)s))"
        return self.as_sql(compiler, connection, template=template, **extra)

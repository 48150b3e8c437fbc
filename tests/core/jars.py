"""A table with rows for migration operations, independent of the project's models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, models
from django.db.migrations import CreateModel, Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import QuerySet

JAR = CreateModel(
    "Jar",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("label", models.CharField(max_length=20)),
        ("size", models.IntegerField(null=True)),
    ],
)
TABLE = "shelf_jar"


class Shelf:
    """The current migration state of one app, and its rows."""

    def __init__(self, state: ProjectState) -> None:
        self.state = state

    def migrate(self, *operations: Operation, atomic: bool = False) -> None:
        """Run the operations as a migration."""
        migration = self._migration(operations, atomic)
        with connection.schema_editor(atomic=atomic) as editor:
            self.state = migration.apply(self.state.clone(), editor)

    def repeat(self, *operations: Operation) -> None:
        """Run the operations again, as after an interrupted migration."""
        with connection.schema_editor(atomic=False) as editor:
            self._migration(operations, False).apply(start(), editor)

    def undo(self, *operations: Operation) -> None:
        """Run the operations backwards, from a state without them."""
        with connection.schema_editor(atomic=False) as editor:
            self.state = self._migration(operations, False).unapply(start(), editor)

    def _migration(self, operations: Any, atomic: bool) -> Any:
        made: Any = Migration("0002_jars", "shelf")
        made.operations, made.atomic = list(operations), atomic
        return made

    @property
    def jars(self) -> QuerySet[Any]:
        return QuerySet(self.state.apps.get_model("shelf", "Jar"))

    def fill(self, count: int, **values: Any) -> None:
        jar = self.jars.model
        self.jars.bulk_create(
            jar(**({"label": f"jar {number}"} | values)) for number in range(count)
        )

    def holds(self, name: str) -> bool:
        """Return whether the table has this index or constraint."""
        with connection.cursor() as cursor:
            return name in connection.introspection.get_constraints(cursor, TABLE)


def start() -> ProjectState:
    state = ProjectState()
    JAR.state_forwards("shelf", state)
    return state


@contextmanager
def shelf_with_jars() -> Iterator[Shelf]:
    """Create the table; remove it afterwards."""
    state = start()
    model = state.apps.get_model("shelf", "Jar")
    with connection.schema_editor() as editor:
        editor.create_model(model)
    try:
        yield Shelf(state)
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(model)

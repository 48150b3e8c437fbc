"""Which operations a migration may contain, and what to use instead of the others.

Each statement of an atomic migration may wait LOCK_WAIT for its table, while the tables
locked before stay locked. So it may lock few tables, and must not read or rewrite one.
The previous release continues to write during and after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres import operations as postgres
from django.db import migrations
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Value

from core.db.migrations_online import AddCheck, AddStatistics, Backfill, BuildIndex

REPEATABLE = (BuildIndex, AddCheck, AddStatistics, Backfill)
MAX_TABLES = 3  # with a wait for each, together under a second
CHECKED = DatabaseWrapper.data_type_check_constraints

# They only change the catalogue of one table.
QUICK = {
    migrations.CreateModel,
    migrations.AlterConstraint,
    migrations.AlterModelManagers,
    migrations.AlterModelOptions,
    migrations.AlterModelTableComment,
    migrations.RemoveConstraint,
    migrations.RemoveIndex,
    migrations.RenameIndex,
}
BUILD = "blocks writes; use BuildIndex in a separate migration"
CHECK = "blocks the table while it reads all rows; use AddCheck in a separate migration"
KEEP_NAME = (
    "is not the name that the previous release uses; keep the name with db_column"
)
KEEP_TABLE = (
    "is not the name that the previous release uses; keep the name with db_table"
)
KEEP = (
    "removes what the previous release uses; remove it only from the state now "
    "(SeparateDatabaseAndState), and drop it in a later release"
)
FILL = "is one transaction over all rows; use Backfill in a separate migration"
INSTEAD: dict[type[Operation], str] = {
    migrations.AddIndex: BUILD,
    postgres.AddIndexConcurrently: BUILD,
    postgres.RemoveIndexConcurrently: "does not support SQLite; use RemoveIndex",
    migrations.AddConstraint: CHECK,
    postgres.AddConstraintNotValid: CHECK,
    postgres.ValidateConstraint: CHECK,
    migrations.RemoveField: KEEP,
    migrations.DeleteModel: KEEP,
    migrations.RenameField: KEEP_NAME,
    migrations.RenameModel: KEEP_TABLE,
    migrations.AlterModelTable: KEEP_TABLE,
    migrations.RunPython: FILL,
    migrations.RunSQL: FILL,
}
# Changes of a column for which PostgreSQL does not read the rows.
LOOSER = {"db_comment", "db_default", "default", "null"}


def problems(migration: Migration, before: ProjectState) -> list[str]:
    """Return a sentence for each operation that may block or break the service."""
    app, state, made = migration.app_label, before.clone(), made_by(migration)
    found, tables = [], set()
    for operation in migration.operations:
        for part in parts_of(operation):
            if not migration.atomic:
                problem = problem_without_transaction(part)
            else:
                problem = "" if model_of(part) in made else problem_of(part, state, app)
                tables |= locked_by(part, state, app) - made
            if problem:
                found.append(f"{part.describe()}: it {problem}.")
        operation.state_forwards(app, state)
    if len(tables) > MAX_TABLES:
        names = ", ".join(sorted(tables))
        found.append(f"It locks {names} until its end: more than {MAX_TABLES} tables.")
    return found


def parts_of(operation: Operation) -> Iterator[Any]:
    """Yield the operations that change the database, not only the state."""
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        yield from operation.database_operations
    else:
        yield operation


def made_by(migration: Migration) -> set[str]:
    """Return the models whose tables are new and therefore empty."""
    return {
        operation.name_lower
        for operation in migration.operations
        if isinstance(operation, migrations.CreateModel)
    }


def model_of(operation: Any) -> str:
    """Return the model that the operation changes; empty for CreateModel."""
    return str(getattr(operation, "model_name", "")).lower()


def problem_without_transaction(operation: Operation) -> str:
    if isinstance(operation, REPEATABLE):
        return ""
    names = ", ".join(kind.__name__ for kind in REPEATABLE)
    return f"cannot be repeated after an interruption; use only {names} if not atomic"


def problem_of(operation: Any, state: ProjectState, app: str) -> str:
    if type(operation) in QUICK:
        return ""
    if isinstance(operation, REPEATABLE):
        return "would share a transaction with the rest; set atomic = False"
    if type(operation) is migrations.AddField:
        return problem_of_new(operation.field)
    if type(operation) is migrations.AlterField:
        old = state.models[app, model_of(operation)].fields[operation.name]
        return problem_of_changed(old, operation.field)
    return INSTEAD.get(type(operation), "is not known to be free of long locks")


def problem_of_new(field: Any) -> str:
    """Return the problem with adding a column to a table with rows."""
    if field.many_to_many:
        return ""  # a separate table
    if field.primary_key or field.unique or field.db_index:
        return "builds an index; add the column alone, and BuildIndex afterwards"
    if field.generated:
        return "computes every row; add a plain column, and Backfill afterwards"
    if field.get_internal_type() in CHECKED:
        return "reads all rows for its check; take a plain integer, and AddCheck"
    if not (field.null or field.has_db_default()):
        return "is missing in rows of the previous release; give it a db_default"
    if field.has_db_default() and is_computed(field.db_default):
        return "computes its default for every row; take a constant, and Backfill"
    if field.has_db_default() and field.remote_field:
        return "looks up its default for every row; let it be null"
    return ""


def is_computed(default: Any) -> bool:
    return hasattr(default, "resolve_expression") and not isinstance(default, Value)


def problem_of_changed(old: Any, new: Any) -> str:
    """Return the problem with changing a column of a table with rows."""
    before, after = described(old), described(new)
    changed = {
        name
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }
    if changed <= LOOSER and (new.null or not old.null):
        return ""
    return "reads or rewrites all rows; add another column, Backfill it, then AddCheck"


def described(field: Any) -> dict[str, Any]:
    """Return the properties of a field that affect the database."""
    _name, path, args, options = field.deconstruct()
    known = {key: it for key, it in options.items() if key not in field.non_db_attrs}
    return known | {"path": path, "args": args, "column": options.get("db_column")}


def locked_by(operation: Any, state: ProjectState, app: str) -> set[str]:
    """Return the models whose tables it locks, including those it refers to."""
    match operation:
        case migrations.AlterModelOptions() | migrations.AlterModelManagers():
            return set()
        case migrations.CreateModel():
            return referred_by(field for _name, field in operation.fields)
        case migrations.AddField():
            return {model_of(operation), *referred_by([operation.field])}
        case migrations.AlterField():
            old = state.models[app, model_of(operation)].fields[operation.name]
            is_same = described(old) == described(operation.field)
            return set() if is_same else {model_of(operation)}
    return {model_of(operation)}


def referred_by(fields: Any) -> set[str]:
    """Return the models that foreign keys among the fields refer to."""
    targets = (field.remote_field.model for field in fields if field.remote_field)
    return {
        str(getattr(it, "_meta", None) or it).rpartition(".")[2].lower()
        for it in targets
    }

"""Index the pairs of characters of a todo's text, on PostgreSQL."""

from __future__ import annotations

from typing import Any

from django.db import migrations

FORWARDS = (
    "CREATE EXTENSION IF NOT EXISTS btree_gin",
    # All neighbouring pairs of characters; a text of one character has none. The text
    # is taken apart once: substr() counts from its start for every character.
    """
    CREATE FUNCTION todos_pairs(text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(DISTINCT pair), '{}')
        FROM (
            SELECT letter || lead(letter) OVER (ORDER BY place) AS pair
            FROM unnest(string_to_array($1, NULL)) WITH ORDINALITY
                AS letters (letter, place)
        ) AS pairs
        WHERE pair IS NOT NULL
    $$
    """,
    """
    CREATE INDEX todo_search ON todos_todo
    USING gin (list_id, is_finished, todos_pairs(search_key)) WHERE deleted_at IS NULL
    """,
    # How common each pair is: a frequent word is found sooner along the order.
    "CREATE STATISTICS todo_pairs ON todos_pairs(search_key) FROM todos_todo",
)
# The extension stays: another application in the database may use it.
BACKWARDS = (
    "DROP STATISTICS todo_pairs",
    "DROP INDEX todo_search",
    "DROP FUNCTION todos_pairs(text)",
)


def forwards(apps: Any, schema_editor: Any) -> None:
    _execute(schema_editor, FORWARDS)


def backwards(apps: Any, schema_editor: Any) -> None:
    _execute(schema_editor, BACKWARDS)


def _execute(schema_editor: Any, statements: tuple[str, ...]) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("todos", "0001_initial")]

    operations = [migrations.RunPython(forwards, backwards)]

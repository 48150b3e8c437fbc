"""Stop using due_sort, in which all-day todos were sorted by days of UTC.

The previous release still reads and writes the column and its index, so they stay in
the database; a later release drops them.
"""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("todos", "0004_fill_search")]

    operations = [
        # Rows that this release writes would not satisfy it.
        migrations.RemoveConstraint("todo", "todo_due_sort_follows_date"),
        migrations.AlterField(
            "todo",
            "due_sort",
            models.DateTimeField(
                null=True,
                editable=False,
                db_comment="Unused; the previous release sorts by it",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveIndex("todo", "todo_by_due"),
                migrations.RemoveField("todo", "due_sort"),
            ]
        ),
    ]

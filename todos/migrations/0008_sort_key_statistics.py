"""Let PostgreSQL know how sort keys are distributed, for filters by due date."""

from __future__ import annotations

from django.db import migrations

from core.db.migrations_online import AddStatistics
from todos.fields import DueKey, FinishedKey


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("todos", "0007_counters")]

    operations = [
        AddStatistics("todo", DueKey(), name="todo_due_key"),
        AddStatistics("todo", FinishedKey(), name="todo_finished_key"),
    ]

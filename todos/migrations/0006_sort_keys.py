"""Index todos by when they are due on their own clock, and by when they were finished."""

from __future__ import annotations

from django.db import migrations
from django.db.models import F, Index, Q

from core.db.migrations_online import BuildIndex
from todos.fields import DueKey, FinishedKey


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("todos", "0005_retire_due_sort")]

    operations = [
        BuildIndex(
            "todo",
            Index(
                F("list"),
                F("is_finished"),
                DueKey(),
                F("id"),
                include=("due_on", "due_time"),
                condition=Q(deleted_at=None),
                name="todo_by_due_key",
            ),
        ),
        BuildIndex(
            "todo",
            Index(
                F("list"),
                F("is_finished"),
                FinishedKey(),
                F("id"),
                include=("finished_at",),
                condition=Q(deleted_at=None),
                name="todo_by_finished_key",
            ),
        ),
    ]

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db import migrations
from django.db.models import QuerySet

from core.characters import search_words
from core.db.migrations_online import Refold


class RefoldTodos(Refold):
    """Also collect the words of labels and comments."""

    prepared = ("search_extra",)

    def prepare(self, rows: list[Any]) -> None:
        texts = defaultdict(list)
        for todo_id, text in (*names(rows), *comments(rows)):
            texts[todo_id].append(text)
        for row in rows:
            words = search_words("\n".join(texts[row.pk]))
            row.search_extra = " ".join(sorted(words))


def names(rows: list[Any]) -> QuerySet[Any]:
    tags = QuerySet(type(rows[0]).labels.through).filter(todo__in=rows)
    return tags.values_list("todo_id", "label__name")


def comments(rows: list[Any]) -> QuerySet[Any]:
    comment = rows[0]._meta.apps.get_model("todos", "Comment")
    return QuerySet(comment).filter(todo__in=rows).values_list("todo_id", "text")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("todos", "0003_search_words")]

    operations = [Refold("todolist"), Refold("label"), RefoldTodos("todo")]

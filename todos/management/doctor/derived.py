"""Checks of columns that follow from others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from core.fields import FoldedField
from todos.management.doctor.check import Check, Counter, in_batches
from todos.models import Todo
from todos.services.maintenance import recompute_due


def find_wrong_dues(counter: Counter) -> Iterator[str]:
    for todo in _wrong_dues(counter):
        yield f"Todo {todo.pk} is due at another moment than its columns say."


def mend_dues() -> None:
    by_list: dict[UUID, list[UUID]] = defaultdict(list)
    for todo in _wrong_dues(_Nobody()):
        by_list[todo.list_id].append(todo.pk)
    for list_id, ids in by_list.items():
        recompute_due(list_id=list_id, ids=ids, now=timezone.now())


def find_wrong_folds(counter: Counter) -> Iterator[str]:
    for row, names in _wrong_folds(counter):
        what = type(row)._meta.verbose_name
        yield f"{what} {row.pk} cannot be found as it reads: {', '.join(names)}."


def mend_folds() -> None:
    """Save the columns as they should be; nobody sees them, so no version rises."""
    for row, names in _wrong_folds(_Nobody()):
        with transaction.atomic():
            rows = type(row)._base_manager.select_for_update()
            if fresh := rows.filter(pk=row.pk).first():
                fresh.save(update_fields=names)


def _wrong_dues(counter: Counter) -> Iterator[Todo]:
    columns = ("list", "due_on", "due_time", "due_zone", "due_at", "due_sort")
    for batch in in_batches(Todo.with_trash.exclude(due_on=None).only(*columns)):
        for todo in batch:
            due = todo.due
            if (todo.due_at, todo.due_sort) != (due.moment, due.sort):
                yield todo
        counter.add(len(batch))


def _wrong_folds(counter: Counter) -> Iterator[tuple[models.Model, list[str]]]:
    for model, fields in _folded():
        sources = [name for field in fields for name in field.of]
        names = [field.name for field in fields]
        for batch in in_batches(model._base_manager.only(*sources, *names)):
            for row in batch:
                wrong = [field.name for field in fields if _is_wrong(field, row)]
                if wrong:
                    yield row, wrong
            counter.add(len(batch))


def _is_wrong(field: FoldedField, row: models.Model) -> bool:
    stored = getattr(row, field.attname)
    return bool(stored != field.pre_save(row, add=False))


def _folded() -> Iterator[tuple[type[models.Model], list[FoldedField]]]:
    for model in apps.get_models():
        fields = [f for f in model._meta.concrete_fields if isinstance(f, FoldedField)]
        if fields and not model._meta.proxy:
            yield model, fields


def _count_folded() -> int:
    return sum(model._base_manager.count() for model, _fields in _folded())


class _Nobody:
    def add(self, count: int, /) -> None:
        """Count for nobody."""


CHECKS = (
    Check(
        "due",
        find_wrong_dues,
        mend_dues,
        "computes the moments anew, as a change of each todo",
        size=lambda: Todo.with_trash.exclude(due_on=None).count(),
    ),
    Check(
        "search",
        find_wrong_folds,
        mend_folds,
        "folds the texts anew",
        size=_count_folded,
    ),
)

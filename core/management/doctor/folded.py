"""Check the folded columns, which search and comparison use."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db import models, transaction

from core.db.bulk import in_batches
from core.fields import FoldedField
from core.registry import DoctorCheck, RowCounter


def find_wrong_folds(counter: RowCounter) -> Iterator[str]:
    for row, names in _wrong_folds(counter):
        what = type(row)._meta.verbose_name
        yield f"{what} {row.pk} has outdated search text: {', '.join(names)}."


def repair_folds() -> None:
    """Save the correct columns; they are not shown, so the version is unchanged."""
    for row, names in _wrong_folds():
        with transaction.atomic():
            rows = type(row)._base_manager.select_for_update()
            if fresh := rows.filter(pk=row.pk).first():
                fresh.save(update_fields=names)


def _wrong_folds(
    counter: RowCounter | None = None,
) -> Iterator[tuple[models.Model, list[str]]]:
    for model, fields in _folded():
        sources = [name for field in fields for name in field.of]
        names = [field.name for field in fields]
        for batch in in_batches(model._base_manager.only(*sources, *names)):
            for row in batch:
                wrong = [field.name for field in fields if _is_wrong(field, row)]
                if wrong:
                    yield row, wrong
            if counter:
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


CHECKS = (
    DoctorCheck(
        "search",
        find_wrong_folds,
        repair_folds,
        "updates the search text",
        size=_count_folded,
    ),
)

"""The forms of a page: that of a row, and those of the rows below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.contrib.admin.options import InlineModelAdmin
from django.forms import all_valid
from django.utils.translation import ngettext

from core.admin.forms import ScopedFormSet, ServiceForm
from core.admin.permissions import Row

Form = TypeVar("Form", bound=ServiceForm)


@dataclass
class FormPage(Generic[Row, Form]):
    """A form with its formsets and inlines; `row` is None for a new row."""

    row: Row | None
    form: Form
    formsets: list[ScopedFormSet]
    inlines: list[InlineModelAdmin[Any, Any]]

    def is_valid(self) -> bool:
        # Validate both, so that all errors are shown at once.
        return all([self.form.is_valid(), all_valid(self.formsets)])

    def replace_by(self, other: FormPage[Row, Form]) -> None:
        self.form, self.formsets, self.inlines = (
            other.form,
            other.formsets,
            other.inlines,
        )

    @property
    def adds_rows(self) -> bool:
        added = [form for formset in self.formsets for form in formset.extra_forms]
        return self.row is None or any(form.has_changed() for form in added)

    @property
    def has_effect(self) -> bool:
        changed = [formset.has_changed() for formset in self.formsets]
        return self.adds_rows or bool(self.form.values) or any(changed)


def rows_vanished(formset: ScopedFormSet) -> str:
    text = ngettext(
        "%(count)d entry below no longer exists: %(rows)s",
        "%(count)d entries below no longer exist: %(rows)s",
        formset.vanished,
    )
    model: Any = formset.model
    rows = model._meta.verbose_name_plural
    return text % {"count": formset.vanished, "rows": rows}

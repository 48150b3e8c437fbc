"""The conflict page: the user's input next to the row's current values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.formats import localize
from django.utils.translation import gettext as _

from core.admin.forms import ScopedFormSet, ServiceForm

NOTHING = "–"
FormSets = Sequence[ScopedFormSet]


@dataclass(frozen=True)
class Difference:
    """A field that the user changed, with both values."""

    label: str
    mine: str
    theirs: str


def conflict_page(
    model_admin: ModelAdmin[Any],
    request: HttpRequest,
    form: ServiceForm,
    formsets: FormSets,
) -> HttpResponse:
    """Show both versions and let the user choose; no input is lost.

    The form and formsets hold the user's input and the current rows.
    """
    found = differences(form)
    for inline_form in _rows_of(formsets):
        found += differences(inline_form, about=str(inline_form.instance))
    fields = resubmission(request.POST, form, formsets)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Someone else changed this"),
        "opts": model_admin.opts,
        "original": form.row,
        "differences": found,
        "fields": fields,
        "added": added_rows(formsets),
        "added_alone": without_changes(fields, form, formsets),
        "changed_by": getattr(form.row, "updated_by", None),
        "changed_at": getattr(form.row, "updated_at", None),
    }
    return TemplateResponse(request, "admin/conflict.html", context, status=409)


def differences(form: forms.BaseForm, *, about: str = "") -> list[Difference]:
    """Return the user's changes in a bound form, with the row's current values."""
    form.is_valid()
    found = [
        Difference(
            label=": ".join(filter(None, (about, str(form[name].label)))),
            mine=display(form.fields[name], _typed(form, name)),
            theirs=display(form.fields[name], form[name].initial),
        )
        for name in _visible_changes(form)
    ]
    return [difference for difference in found if difference.mine != difference.theirs]


def added_rows(formsets: FormSets) -> list[str]:
    """Return the inline rows that the user added, as text."""
    rows = [form for formset in formsets for form in formset.extra_forms]
    for form in rows:
        form.is_valid()
    return [
        ", ".join(
            display(form.fields[name], _typed(form, name))
            for name in _visible_changes(form)
        )
        for form in rows
        if form.has_changed()
    ]


def resubmission(
    data: QueryDict, form: ServiceForm, formsets: FormSets
) -> list[tuple[str, str]]:
    """Return the submitted fields, with the current versions of the rows."""
    versions = {"version": form.initial.get("version", "")}
    for row in _rows_of(formsets):
        if "version" in row.initial:
            versions[row.add_prefix("version")] = row.initial["version"]
    return [
        (name, versions.get(name, value))
        for name, values in data.lists()
        for value in values
        if name != "csrfmiddlewaretoken"
    ]


def without_changes(
    fields: list[tuple[str, str]], form: ServiceForm, formsets: FormSets
) -> list[tuple[str, str]]:
    """Return a resubmission that adds the new rows and changes no existing one."""
    origins = {
        bound.html_name: bound.html_initial_name
        for row in (form, *_rows_of(formsets))
        for bound in row
        if not bound.is_hidden
    }
    names = {initial: name for name, initial in origins.items()}
    kept = [(name, value) for name, value in fields if name not in origins]
    return kept + [(names[name], value) for name, value in fields if name in names]


def display(field: forms.Field, value: Any) -> str:
    """Return a field's value as text for users."""
    if value in (None, "", []):
        return NOTHING
    match field:
        case forms.ModelMultipleChoiceField():
            return _names(field, value)
        case forms.ModelChoiceField():
            return _names(field, [value])
        case forms.MultipleChoiceField():
            labels = dict(_flat(field.choices))
            return ", ".join(str(labels.get(part, part)) for part in value) or NOTHING
        case forms.ChoiceField():
            return str(dict(_flat(field.choices)).get(value, value))
        case _:
            if isinstance(value, bool):
                return _("yes") if value else _("no")
            return str(localize(value))


def _names(field: forms.ModelChoiceField[Any], rows: Iterable[object]) -> str:
    keys = [row.pk if isinstance(row, Model) else row for row in rows]
    choices = field.queryset
    found = choices.filter(pk__in=keys) if choices is not None else ()
    return ", ".join(sorted(str(row) for row in found)) or NOTHING


def _flat(choices: Any) -> Iterable[tuple[Any, Any]]:
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from label
        else:
            yield value, label


def _rows_of(formsets: FormSets) -> list[Any]:
    return [form for formset in formsets for form in formset.initial_forms]


def _visible_changes(form: forms.BaseForm) -> list[str]:
    return [name for name in form.changed_data if not form[name].is_hidden]


def _typed(form: forms.BaseForm, name: str) -> Any:
    return form.cleaned_data.get(name, form[name].data)

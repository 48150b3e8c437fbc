"""What was typed beside what is there now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Model
from django.http import QueryDict
from django.utils.formats import localize
from django.utils.translation import gettext as _

NOTHING = "–"


@dataclass(frozen=True)
class Difference:
    """One field that both changed, or that only one of them changed."""

    label: str
    mine: str
    theirs: str


def differences(form: Any, *, about: str = "") -> list[Difference]:
    """Return what the person changed in a bound form, beside the row as it is now."""
    form.is_valid()
    found = [
        Difference(
            label=": ".join(filter(None, (about, str(form[name].label)))),
            mine=shown(form.fields[name], _typed(form, name)),
            theirs=shown(form.fields[name], form[name].initial),
        )
        for name in form.changed_data
        if not form[name].is_hidden
    ]
    return [one for one in found if one.mine != one.theirs]


def typed_below(formsets: Iterable[Any]) -> list[str]:
    """Return the new rows that were typed below the row."""
    rows = [form for formset in formsets for form in formset.extra_forms]
    for form in rows:
        form.is_valid()
    return [
        ", ".join(shown(form.fields[name], _typed(form, name)) for name in _seen(form))
        for form in rows
        if form.has_changed()
    ]


def resubmission(
    data: QueryDict, form: Any, formsets: Iterable[Any]
) -> list[tuple[str, str]]:
    """Return all that was typed, over the versions that the rows have now."""
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
    fields: list[tuple[str, str]], form: Any, formsets: Iterable[Any]
) -> list[tuple[str, str]]:
    """Return a resubmission that changes no row which is there: it adds new ones."""
    origins = {
        bound.html_name: bound.html_initial_name
        for row in (form, *_rows_of(formsets))
        for bound in row
        if not bound.is_hidden
    }
    names = {initial: name for name, initial in origins.items()}
    kept = [(name, value) for name, value in fields if name not in origins]
    return kept + [(names[name], value) for name, value in fields if name in names]


def _rows_of(formsets: Iterable[Any]) -> Iterable[Any]:
    return [form for formset in formsets for form in formset.initial_forms]


def _seen(form: Any) -> list[str]:
    return [name for name in form.changed_data if not form[name].is_hidden]


def shown(field: Any, value: Any) -> str:
    """Return a value of a field as a person reads it."""
    if value in (None, "", []):
        return NOTHING
    match field:
        case forms.ModelMultipleChoiceField():
            return _named(field, value)
        case forms.ModelChoiceField():
            return _named(field, [value])
        case forms.MultipleChoiceField():
            words = dict(_flat(field.choices))
            return ", ".join(str(words.get(part, part)) for part in value) or NOTHING
        case forms.ChoiceField():
            return str(dict(_flat(field.choices)).get(value, value))
        case _:
            return str({True: _("yes"), False: _("no")}.get(value, localize(value)))


def _named(field: Any, rows: Iterable[Any]) -> str:
    keys = [row.pk if isinstance(row, Model) else row for row in rows]
    found = field.queryset.filter(pk__in=keys)
    return ", ".join(sorted(str(row) for row in found)) or NOTHING


def _flat(choices: Any) -> Iterable[tuple[Any, Any]]:
    for value, word in choices:
        if isinstance(word, list | tuple):
            yield from word
        else:
            yield value, word


def _typed(form: Any, name: str) -> Any:
    return form.cleaned_data.get(name, form[name].data)

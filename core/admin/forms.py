"""Forms that collect and validate input; services write it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from datetime import time
from typing import Any, ClassVar, TypeAlias, cast
from uuid import UUID

from django import forms
from django.contrib.admin.widgets import (
    AdminTextareaWidget,
    AutocompleteMixin,
    AutocompleteSelect,
    AutocompleteSelectMultiple,
)
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model, QuerySet
from django.forms.formsets import INITIAL_FORM_COUNT, TOTAL_FORM_COUNT
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.http import urlencode

from core.errors import DomainError
from core.forms.once import FIELD, FormExpired, new_token
from core.ids import is_key
from core.text import is_id
from core.users import User

Files: TypeAlias = "MultiValueDict[str, UploadedFile[Any]]"
LINE_BREAK = re.compile("[\r\n]")
# Fields of every form that are not values of its row.
TECHNICAL = frozenset({"version", FIELD})


def normalize_newlines(value: object) -> Any:
    """Replace CR LF, which browsers send (HTML §4.10.21.4), with LF.

    Otherwise, saving unchanged text would count as a change.
    """
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


class HiddenTextarea(forms.HiddenInput):
    """A hidden field for multi-line text."""

    def value_from_datadict(
        self, data: Mapping[str, Any], files: Files, name: str
    ) -> Any:
        return normalize_newlines(super().value_from_datadict(data, files, name))


class Textarea(AdminTextareaWidget):
    """A field for multi-line text."""

    def value_from_datadict(
        self, data: Mapping[str, Any], files: Files, name: str
    ) -> Any:
        return normalize_newlines(super().value_from_datadict(data, files, name))


class TimeInput(forms.TimeInput):
    """A time of day; seconds are shown if there are any."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M:%S")

    def format_value(self, value: Any) -> str | None:
        text = super().format_value(value)
        return text.removesuffix(":00") if isinstance(value, time) and text else text


def remember_initial(form: forms.BaseForm) -> None:
    """Add the initial values of the fields to the form as hidden inputs.

    The user's changes are relative to these values, not to the row, which may have
    changed since. A form submitted without them is compared with the row.
    """
    prefix = form.add_initial_prefix("")
    is_known = not form.is_bound or any(key.startswith(prefix) for key in form.data)
    for field in form.fields.values():
        if not field.widget.is_hidden:
            field.show_hidden_initial = is_known
            if field.hidden_widget is forms.HiddenInput:
                field.hidden_widget = HiddenTextarea


class ServiceForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form for one row that does not save the row: a service writes its values.

    `user` is the person who fills it in. Subclasses adapt the fields in `configure`.
    """

    # Relations whose choices `configure` sets.
    offered: ClassVar[tuple[str, ...]] = ()

    version = forms.CharField(required=False, widget=forms.HiddenInput)
    once = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict | None = None,
        files: Files | None = None,
        *,
        user: User,
        instance: Model | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            data, files, instance=instance, initial=initial, label_suffix=""
        )
        self.user = user
        self.initial["once"] = new_token(user)
        # Validation changes the instance; services need the row as it was read.
        self.row: Any = copy(self.instance)
        if not self.is_new:
            self.initial["version"] = self.state_of(self.instance)
            remember_initial(self)
        self.configure()
        self._keep_line_breaks()

    @property
    def is_new(self) -> bool:
        return self.row._state.adding  # type: ignore[no-any-return]

    def configure(self) -> None:
        """Adapt the fields to the user and the row."""

    def offer(self, name: str, rows: QuerySet[Any]) -> None:
        """Let a field choose among these rows; it is missing where it is read-only."""
        if name in self.fields:
            cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = rows

    def _keep_line_breaks(self) -> None:
        """Show text with line breaks in a textarea: an input would remove them."""
        for name, field in self.fields.items():
            is_line = isinstance(field.widget, forms.TextInput)
            if is_line and LINE_BREAK.search(str(self[name].value() or "")):
                field.widget = Textarea(attrs=field.widget.attrs | {"rows": 3})

    def state_of(self, row: Any) -> str:
        """Return the tag of the row's current state."""
        return str(row.etag)

    @property
    def values(self) -> dict[str, Any]:
        """Return the changed values, by the services' keyword arguments."""
        return {
            name: self.cleaned_data[name]
            for name in self.changed_data
            if name not in TECHNICAL
        }

    @property
    def input(self) -> dict[str, Any]:
        """Return all values, by the services' keyword arguments."""
        data = self.cleaned_data.items()
        return {name: value for name, value in data if name not in TECHNICAL}

    @property
    def expected(self) -> set[str]:
        """Return the state of the row that the user saw, as a set for `expect`."""
        return {self.cleaned_data["version"]}

    def add_refusal(self, refusal: DomainError) -> None:
        """Show why a service refused, on the field that the refusal names, if any."""
        if isinstance(refusal, FormExpired):
            self.data = data = cast(QueryDict, self.data).copy()
            data[FIELD] = new_token(self.user)
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, str(refusal.message))


class ScopedFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """Inline rows; `user` is the person who views them.

    `query` is that of the URL: it chooses the page of the rows, if there are many.

    Rows that were removed since the page was opened are left out, so that the others
    can be saved. `vanished` counts them, without those that the user removed as well.
    """

    def __init__(
        self,
        data: QueryDict | None = None,
        files: Files | None = None,
        *,
        user: User,
        query: QueryDict,
        **options: Any,
    ) -> None:
        self.user, self.query = user, query
        super().__init__(data, files, **options)
        self.vanished = self._leave_out_vanished() if self.is_bound else 0

    def _leave_out_vanished(self) -> int:
        """Remove rows that no longer exist from the input, and renumber the others."""
        if not (count := self.initial_form_count()):
            return 0
        model: Any = self.model
        rows = [f"{self.prefix}-{index}-" for index in range(count)]
        ids = [self.data.get(f"{row}{model._meta.pk.name}", "") for row in rows]
        existing = {str(row.pk) for row in self.get_queryset()}
        vanished = [i for i in range(count) if is_id(ids[i]) and ids[i] not in existing]
        if vanished:
            removed = [f"{rows[index]}DELETE" in self.data for index in vanished]
            data = cast(QueryDict, self.data)
            self.data = without_rows(data, str(self.prefix), vanished)
            del self.management_form
            return removed.count(False)
        return 0


def without_rows(data: QueryDict, prefix: str, left_out: Sequence[int]) -> QueryDict:
    """Return the input of a formset without some of its existing rows."""
    of_row = re.compile(rf"(initial-)?{re.escape(prefix)}-(\d{{1,4}})-(.+)")
    kept = QueryDict(mutable=True)
    for name, values in data.lists():
        if not (found := of_row.fullmatch(name)):
            kept.setlist(name, values)
        elif (index := int(found[2])) not in left_out:
            index -= sum(other < index for other in left_out)
            kept.setlist(f"{found[1] or ''}{prefix}-{index}-{found[3]}", values)
    for count in (TOTAL_FORM_COUNT, INITIAL_FORM_COUNT):
        name = f"{prefix}-{count}"
        kept[name] = str(int(str(data[name])) - len(left_out))
    return kept


class RowChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A field to choose one row; a text that is no id of a row is an error."""

    def to_python(self, value: Any) -> Any:
        if value not in self.empty_values and not isinstance(value, Model):
            require_key(self, "invalid_choice", value)
        return super().to_python(value)


class RowChoices(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """A field to choose several rows; a text that is no id of a row is an error."""

    def _check_values(self, value: Any) -> Any:
        for text in value if isinstance(value, list | tuple) else ():
            require_key(self, "invalid_pk_value", text)
        return super()._check_values(value)  # type: ignore[misc]


def require_key(field: forms.ModelChoiceField[Any], code: str, value: object) -> None:
    """Raise ValidationError unless the value can be a key of the field's rows.

    SQLite fails on a number that is out of range.
    """
    if not is_key(field.queryset.model._meta.pk, value):  # type: ignore[union-attr]
        message, params = field.error_messages[code], {"value": value, "pk": value}
        raise forms.ValidationError(message, code=code, params=params)


class _ChoicesOfList(AutocompleteMixin):
    """An autocomplete widget that offers the choices of one list."""

    list_id: UUID | None = None
    known: Iterable[Model] = ()  # choices that need not be read to show them
    is_required: bool
    allow_multiple_selected: bool

    def get_url(self) -> str:
        url = super().get_url()
        return (
            f"{url}?{urlencode({'list': str(self.list_id)})}" if self.list_id else url
        )

    def optgroups(
        self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None
    ) -> Any:
        """Preselect only valid ids; the field reports other values as errors."""
        chosen = [v for v in value if is_id(str(v))]
        rows = [row for row in self.known if str(row.pk) in chosen]
        if len(rows) < len(chosen):
            return super().optgroups(name, chosen, attr)
        choices = [(row.pk, str(row), True) for row in rows]
        if not self.is_required and not self.allow_multiple_selected:
            choices.insert(0, ("", "", False))
        create_option = self.create_option  # type: ignore[attr-defined]
        options = [create_option(name, *choice, 0) for choice in choices]
        return [(None, options, 0)]


class Autocomplete(_ChoicesOfList, AutocompleteSelect):
    """Autocomplete for one row."""


class AutocompleteMany(_ChoicesOfList, AutocompleteSelectMultiple):
    """Autocomplete for several rows."""

"""Forms that collect and validate input; services write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, TypeAlias
from uuid import UUID

from django import forms
from django.contrib.admin.widgets import (
    AdminTextareaWidget,
    AutocompleteMixin,
    AutocompleteSelect,
    AutocompleteSelectMultiple,
)
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.http import urlencode

from core.errors import DomainError
from core.text import is_id
from core.users import User

Files: TypeAlias = "MultiValueDict[str, UploadedFile[Any]]"


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

    version = forms.CharField(required=False, widget=forms.HiddenInput)

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
        # Validation changes the instance; services need the row as it was read.
        self.row: Any = copy(self.instance)
        if not self.is_new:
            self.initial["version"] = self.state_of(self.instance)
            remember_initial(self)
        self.configure()

    @property
    def is_new(self) -> bool:
        return self.row._state.adding  # type: ignore[no-any-return]

    def configure(self) -> None:
        """Adapt the fields to the user and the row."""

    def state_of(self, row: Any) -> str:
        """Return the tag of the row's current state."""
        return str(row.etag)

    @property
    def values(self) -> dict[str, Any]:
        """Return the changed values, by the services' keyword arguments."""
        return {
            name: self.cleaned_data[name]
            for name in self.changed_data
            if name != "version"
        }

    @property
    def expected(self) -> set[str]:
        """Return the state of the row that the user saw, as a set for `expect`."""
        return {self.cleaned_data["version"]}

    def add_refusal(self, refusal: DomainError) -> None:
        """Show why a service refused, on the field that the refusal names, if any."""
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, str(refusal.message))


class ScopedFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """Inline rows; `user` is the person who views them.

    `query` is that of the URL: it chooses the page of the rows, if there are many.
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


class _ChoicesOfList(AutocompleteMixin):
    """An autocomplete widget that offers the choices of one list."""

    list_id: UUID | None = None

    def get_url(self) -> str:
        url = super().get_url()
        return (
            f"{url}?{urlencode({'list': str(self.list_id)})}" if self.list_id else url
        )

    def optgroups(
        self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None
    ) -> Any:
        """Preselect only valid ids; the field reports other values as errors."""
        return super().optgroups(name, [v for v in value if is_id(str(v))], attr)


class Autocomplete(_ChoicesOfList, AutocompleteSelect):
    """Autocomplete for one row."""


class AutocompleteMany(_ChoicesOfList, AutocompleteSelectMultiple):
    """Autocomplete for several rows."""

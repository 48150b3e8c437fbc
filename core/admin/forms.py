"""Forms that collect and check input; services write."""

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
from django.forms.renderers import BaseRenderer
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.http import urlencode

from core.errors import DomainError
from core.text import is_id
from core.users import User

Files: TypeAlias = "MultiValueDict[str, UploadedFile[Any]]"


def normalize_newlines(value: object) -> Any:
    """Return the text with LF: browsers send CR LF (HTML §4.10.21.4).

    Without this every save of an unchanged text would be a change.
    """
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


class HiddenTextarea(forms.HiddenInput):
    """A hidden field that may hold several lines."""

    def value_from_datadict(
        self, data: Mapping[str, Any], files: Files, name: str
    ) -> Any:
        return normalize_newlines(super().value_from_datadict(data, files, name))


class Textarea(AdminTextareaWidget):
    """A field for several lines."""

    def value_from_datadict(
        self, data: Mapping[str, Any], files: Files, name: str
    ) -> Any:
        return normalize_newlines(super().value_from_datadict(data, files, name))


def remember_initial(form: forms.BaseForm) -> None:
    """Let the form carry the values that its fields had when it was loaded.

    What the user changed is the difference to those, not to the row, which may have
    changed since. A form sent without them is compared with the row.
    """
    prefix = form.add_initial_prefix("")
    is_known = not form.is_bound or any(key.startswith(prefix) for key in form.data)
    for field in form.fields.values():
        if not field.widget.is_hidden:
            field.show_hidden_initial = is_known
            if field.hidden_widget is forms.HiddenInput:
                field.hidden_widget = HiddenTextarea


class ServiceForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form over one row that leaves the row alone: a service writes its values.

    `user` is who fills it in. Subclasses adapt their fields in `configure`.
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
        # Validation writes into the instance; services want the row as it was read.
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
        """Return the name of the row's current state."""
        return str(row.etag)

    @property
    def values(self) -> dict[str, Any]:
        """Return what was changed, as the services take it."""
        return {
            name: self.cleaned_data[name]
            for name in self.changed_data
            if name != "version"
        }

    @property
    def expected(self) -> set[str]:
        """Return the state in which the user saw the row."""
        return {self.cleaned_data["version"]}

    def add_refusal(self, refusal: DomainError) -> None:
        """Show why a service refused, at the field that it names if there is one."""
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, str(refusal.message))


class ScopedFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """Rows below another row; `user` is who looks at them."""

    def __init__(
        self,
        data: QueryDict | None = None,
        files: Files | None = None,
        *,
        user: User,
        **options: Any,
    ) -> None:
        super().__init__(data, files, **options)
        self.user = user


class SiteTemplate:
    """Render a widget with the site's templates: forms look into those of apps only."""

    def _render(
        self,
        template_name: str,
        context: dict[str, Any],
        renderer: BaseRenderer | None = None,
    ) -> str:
        return render_to_string(template_name, context)


class _ChoicesOfList(AutocompleteMixin):
    """Asks for the choices within one list."""

    list_id: UUID | None = None

    def get_url(self) -> str:
        url = super().get_url()
        return (
            f"{url}?{urlencode({'list': str(self.list_id)})}" if self.list_id else url
        )

    def optgroups(
        self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None
    ) -> Any:
        """Show as chosen only ids; anything else is an error of the field."""
        return super().optgroups(name, [v for v in value if is_id(str(v))], attr)


class Autocomplete(_ChoicesOfList, AutocompleteSelect):
    """One row, found by typing."""


class AutocompleteMany(_ChoicesOfList, AutocompleteSelectMultiple):
    """Several rows, found by typing."""

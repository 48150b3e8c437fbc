"""Forms that gather and check; services write."""

from __future__ import annotations

from copy import copy
from typing import Any

from django import forms
from django.contrib.admin.widgets import (
    AdminTextareaWidget,
    AutocompleteMixin,
    AutocompleteSelect,
    AutocompleteSelectMultiple,
)
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.http import urlencode

from core.errors import DomainError
from core.text import is_id
from core.users import User


def _hold_no_constraint(exclude: Any = None) -> None:
    """Stand in for the check of a model's constraints."""


class GatheringForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that checks fields and leaves the truths of rows to who guards them."""

    def _post_clean(self) -> None:
        # The database holds its constraints; services say in words what they refuse.
        self.instance.validate_constraints = _hold_no_constraint
        super()._post_clean()  # type: ignore[misc]
        del self.instance.validate_constraints


def given(form: Any, **attributes: Any) -> Any:
    """Return the class with what is known of this request alone."""
    kind: Any = type(form)
    return kind(form.__name__, (form,), attributes)


class HiddenLines(forms.HiddenInput):
    """A value sent along out of sight, with lines told apart as they are kept."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        return value.replace("\r\n", "\n") if isinstance(value, str) else value


def remember_initial(form: Any) -> None:
    """Let the form carry what its fields were when it was loaded.

    What the person changed is told by that, not by what the row is by now. A form
    that was sent without is compared with the row.
    """
    sent = form.add_initial_prefix("")
    is_known = not form.is_bound or any(key.startswith(sent) for key in form.data)
    for field in form.fields.values():
        if not field.widget.is_hidden:
            field.show_hidden_initial = is_known
            if field.hidden_widget is forms.HiddenInput:
                field.hidden_widget = HiddenLines


class ServiceForm(GatheringForm):
    """A form over one row that leaves the row alone.

    `request` and `refusal` are given by the page: who types, and what a service had
    to say about what was typed.
    """

    request: HttpRequest
    refusal: DomainError | None = None

    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})
        # Validation writes into the instance; services want the row as it was read.
        self.row = copy(self.instance)
        if not self.instance._state.adding:
            self.initial["version"] = self.state_of(self.instance)
            remember_initial(self)

    @property
    def user(self) -> User:
        return self.request.user  # type: ignore[return-value]

    def state_of(self, row: Any) -> str:
        """Return what names the state of the row."""
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
        return {self.cleaned_data["version"]}

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.refusal is not None:
            field = self.refusal.field if self.refusal.field in self.fields else None
            self.add_error(field, str(self.refusal.message))


class Lines(AdminTextareaWidget):
    """A text of several lines, told apart as they are kept.

    Browsers send CR LF (HTML §4.10.21.4); taken as typed, every save would be a change.
    """

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        return value.replace("\r\n", "\n") if isinstance(value, str) else value


class SiteTemplate:
    """Render a widget with the site's templates: forms look into those of apps only."""

    def _render(self, template_name: str, context: Any, renderer: Any = None) -> str:
        return render_to_string(template_name, context)


class _ChoicesOfList(AutocompleteMixin):
    """Asks for the choices within one list."""

    list_id: Any = None

    def get_url(self) -> str:
        url = super().get_url()
        return f"{url}?{urlencode({'list': self.list_id})}" if self.list_id else url

    def optgroups(self, name: Any, value: Any, attr: Any = None) -> Any:
        """Show as chosen what can be a key; the rest is an error of the field."""
        return super().optgroups(name, [v for v in value if is_id(str(v))], attr)


class Autocomplete(_ChoicesOfList, AutocompleteSelect):
    """One row, found by typing."""


class AutocompleteMany(_ChoicesOfList, AutocompleteSelectMultiple):
    """Several rows, found by typing."""

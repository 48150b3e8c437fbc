"""The forms of a page, for a row and the rows below it, and how they are built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import AdminErrorList, AdminForm
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR, InlineModelAdmin
from django.contrib.admin.utils import flatten_fieldsets
from django.forms import all_valid
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.admin.forms import ScopedFormSet, ServiceForm
from core.admin.permissions import Row, request_user
from core.text import space_scripts

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


class FormBuilder(Generic[Row, Form]):
    """Builds the forms of a page and what its template shows.

    Subclasses adapt them to the row and the user.
    """

    def __init__(self, model_admin: ModelAdmin[Any]) -> None:
        self.model_admin = model_admin

    # --- Hooks for subclasses ---------------------------------------------------

    def form_class(self, request: HttpRequest, row: Row | None) -> type[ServiceForm]:
        return self.model_admin.form  # type: ignore[return-value]

    def fieldsets(self, request: HttpRequest, row: Row | None) -> Any:
        return self.model_admin.fieldsets

    def readonly_fields(self, request: HttpRequest, row: Row | None) -> tuple[str, ...]:
        return ()

    def inlines(
        self, request: HttpRequest, row: Row | None
    ) -> tuple[type[InlineModelAdmin[Any, Any]], ...]:
        """Return the inlines of the page; there are none until the row exists."""
        return tuple(self.model_admin.inlines) if row else ()

    def initial(self, request: HttpRequest) -> dict[str, Any]:
        """Return the initial values of a new row."""
        return self.model_admin.get_changeform_initial_data(request)

    def context(self, request: HttpRequest, row: Row | None) -> dict[str, Any]:
        """Return additional template context."""
        return {}

    # --- The forms ----------------------------------------------------------------

    def unbound(self, request: HttpRequest, row: Row | None) -> FormPage[Row, Form]:
        form = self._class_of(request, row)(
            user=request_user(request),
            instance=row,
            initial=None if row else self.initial(request),
        )
        return self._with_formsets(request, row, form)

    def bound(self, request: HttpRequest, row: Row | None) -> FormPage[Row, Form]:
        form = self._class_of(request, row)(
            request.POST, request.FILES, user=request_user(request), instance=row
        )
        page = self._with_formsets(request, row, form)
        for formset in page.formsets:
            if formset.vanished:
                messages.warning(request, rows_vanished(formset))
        return page

    def _with_formsets(
        self, request: HttpRequest, row: Row | None, form: Form
    ) -> FormPage[Row, Form]:
        formsets, inlines = self.model_admin._create_formsets(  # type: ignore[attr-defined]
            request, form.instance, change=row is not None
        )
        return FormPage(row, form, formsets, inlines)

    def _class_of(self, request: HttpRequest, row: Row | None) -> type[Form]:
        """Return the form class with the fields that the user may see in this row."""
        fields = flatten_fieldsets(self.model_admin.get_fieldsets(request, row))
        return self.model_admin.get_form(  # type: ignore[return-value]
            request,
            row,
            change=row is not None,
            fields=fields,
            form=self.form_class(request, row),
        )

    def page_context(
        self, request: HttpRequest, page: FormPage[Row, Form]
    ) -> dict[str, Any]:
        """Return the context of Django's template of a changeform."""
        row, model_admin = page.row, self.model_admin
        fieldsets: Any = list(model_admin.get_fieldsets(request, row))
        readonly = (
            model_admin.get_readonly_fields(request, row)
            if row is None or model_admin.has_change_permission(request, row)
            else flatten_fieldsets(fieldsets)
        )
        form = AdminForm(page.form, fieldsets, {}, readonly, model_admin=model_admin)
        inline_formsets = model_admin.get_inline_formsets(
            request, page.formsets, page.inlines, row
        )
        media = model_admin.media + form.media
        for formset in inline_formsets:
            media += formset.media
        return {
            **model_admin.admin_site.each_context(request),
            "title": self.title(request, row),
            "subtitle": str(row) if row else None,
            "adminform": form,
            "object_id": str(row.pk) if row else None,
            "original": row,
            "is_popup": IS_POPUP_VAR in request.POST or IS_POPUP_VAR in request.GET,
            "to_field": to_field_of(request),
            "media": media,
            "inline_admin_formsets": inline_formsets,
            "errors": AdminErrorList(page.form, page.formsets),
            "preserved_filters": model_admin.get_preserved_filters(request),
            **self.context(request, row),
        }

    def title(self, request: HttpRequest, row: Row | None) -> str:
        if row is None:
            text = _("Add %s")
        elif self.model_admin.has_change_permission(request, row):
            text = _("Change %s")
        else:
            text = _("View %s")
        return space_scripts(text % self.model_admin.opts.verbose_name)


def to_field_of(request: HttpRequest) -> str | None:
    return request.POST.get(TO_FIELD_VAR, request.GET.get(TO_FIELD_VAR))

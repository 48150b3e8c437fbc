"""Pages of labels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.admin.permissions import person_of
from todos.admin.base import OfListAdmin, list_named, lists_to_write_in
from todos.admin.cells import list_cell
from todos.admin.colours import dot
from todos.admin.filters import ListFilter
from todos.admin.forms import LabelForm
from todos.models import Label
from todos.services.labels import add_label, edit_label, remove_label


@admin.register(Label)
class LabelAdmin(OfListAdmin):
    """Labels of the lists that the person sees."""

    form = LabelForm
    resource_type = "label"
    icon = "label"
    nav_order = 30
    list_display = ("shown", "in_list")
    sortable_by = ()
    ordering = ("name_key", "pk")
    list_filter = (ListFilter,)
    search_fields = ("name",)
    fieldsets = ((None, {"fields": ("name", "list", "colour")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("list",) if obj else ()

    def get_search_results(self, request: Any, queryset: Any, search_term: str) -> Any:
        term = search_term.strip()
        return (queryset.filter(name__icontains=term) if term else queryset), False

    def choices_for(self, request: HttpRequest, field: str) -> QuerySet[Any]:
        if field == "list":
            return lists_to_write_in(person_of(request))
        return super().choices_for(request, field)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"list": list_named(request)}

    @admin.display(description=_("name"))
    def shown(self, label: Label) -> str:
        return format_html(
            '<span class="chip">{}<span>{}</span></span>', dot(label.colour), label.name
        )

    @admin.display(description=_("list"))
    def in_list(self, label: Label) -> str:
        return list_cell(label.list)

    def add_row(self, actor: User, form: Any, now: datetime) -> Model:
        fields = form.cleaned_data
        return add_label(
            actor=actor,
            todo_list=fields["list"],
            name=fields["name"],
            colour=fields["colour"],
            now=now,
        )

    def change_row(self, actor: User, form: Any, now: datetime) -> None:
        edit_label(
            actor=actor, label=form.row, expected=form.expected, now=now, **form.values
        )

    def remove_row(self, actor: User, row: Any, now: datetime) -> None:
        remove_label(actor=actor, label=row, now=now)

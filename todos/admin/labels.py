"""Pages of labels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import User
from core.admin.changeform import ChangeForm
from core.admin.permissions import request_user
from core.admin.removal import Removal
from todos.admin import columns
from todos.admin.base import OfListAdmin, list_id_to_add_to, writable_lists
from todos.admin.filters import ListFilter
from todos.admin.forms import LabelForm
from todos.models import Label
from todos.services.labels import add_label, edit_label, remove_label


class LabelChangeForm(ChangeForm[Label, LabelForm]):
    """Adds and edits a label; it stays in its list."""

    def readonly_fields(
        self, request: HttpRequest, row: Label | None
    ) -> tuple[str, ...]:
        return ("list",) if row else ()

    def initial(self, request: HttpRequest) -> dict[str, Any]:
        return {"list": list_id_to_add_to(request)}

    def add(self, actor: User, form: LabelForm, now: datetime) -> Label:
        data = form.cleaned_data
        return add_label(
            actor=actor,
            todo_list=data["list"],
            name=data["name"],
            colour=data["colour"],
            now=now,
        )

    def change(self, actor: User, form: LabelForm, now: datetime) -> None:
        edit_label(
            actor=actor, label=form.row, expected=form.expected, now=now, **form.values
        )


class LabelRemoval(Removal[Label]):
    """Deletes a label."""

    def remove(self, actor: User, row: Label, now: datetime) -> None:
        remove_label(actor=actor, label=row, now=now)


@admin.register(Label)
class LabelAdmin(OfListAdmin[Label]):
    """Labels of the lists that the user sees."""

    changeform_class = LabelChangeForm
    removal_class = LabelRemoval
    form = LabelForm
    resource_type = "label"
    icon = "label"
    nav_order = 30
    list_display = (columns.label_name, columns.in_list)
    sortable_by = ()
    ordering = ("name_key", "pk")
    list_filter = (ListFilter,)
    search_fields = ("search_key",)
    fieldsets = ((None, {"fields": ("name", "list", "colour")}),)

    def choices_for(self, request: HttpRequest, field: str) -> QuerySet[Any]:
        if field == "list":
            return writable_lists(request_user(request))
        return super().choices_for(request, field)

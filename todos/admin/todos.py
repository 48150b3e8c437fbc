"""Pages of todos."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy

from core.admin.forms import Textarea, TimeInput
from core.admin.permissions import request_user
from todos.admin import columns
from todos.admin.base import OfListAdmin, choices_in, requested_list_id
from todos.admin.cells import local_now
from todos.admin.dashboard import dashboard
from todos.admin.filters import DueFilter
from todos.admin.forms import TodoForm
from todos.admin.inlines import CommentInline, SubtaskInline
from todos.admin.own_lists import own_lists
from todos.admin.quick_actions import QuickActions
from todos.admin.todo_actions import TodoBulkActions
from todos.admin.todo_changeform import TodoChangeForm, TodoRemoval
from todos.admin.todo_changelist import TodoChangelist
from todos.admin.trash import shows_trash
from todos.admin.uploads import Uploads
from todos.fields import SORT_KEYS
from todos.models import Todo


@admin.register(Todo)
class TodoAdmin(OfListAdmin[Todo]):
    """Todos of the user's own and shared lists."""

    changelist_class = TodoChangelist
    changeform_class = TodoChangeForm
    removal_class = TodoRemoval
    bulk_actions_class = TodoBulkActions

    form = TodoForm
    resource_type = "todo"
    icon = "check"
    nav_order = 10
    home_title = gettext_lazy("Today")
    rows = Todo.with_trash.all()
    inlines = (SubtaskInline, CommentInline)
    list_display = (
        columns.done,
        columns.content,
        columns.in_list,
        columns.due,
        columns.priority,
        columns.assignee,
        columns.labels,
    )
    list_display_links = (columns.content,)
    sortable_by = (columns.due, columns.priority)  # type: ignore[assignment]
    ordering = ("-created_at", "-pk")
    allowed_lookups = frozenset(DueFilter.bounds)
    search_fields = ("search_key",)
    search_help_text = gettext_lazy("In content, notes, comments and labels")
    formfield_overrides: ClassVar[Any] = {
        models.TextField: {"widget": Textarea(attrs={"rows": 6})},
        models.DateField: {
            "widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        },
        models.TimeField: {"widget": TimeInput},
    }
    fieldsets = (
        (None, {"fields": ("content", "list")}),
        (
            None,
            {
                "classes": ("cells",),
                "fields": (
                    ("due_on", "due_time", "priority"),
                    "assignee",
                    "labels",
                    "new_labels",
                ),
            },
        ),
        (None, {"fields": ("notes",)}),
        (
            gettext_lazy("More"),
            {"classes": ("collapse",), "fields": ("starts_on", "due_zone", "parent")},
        ),
    )

    def __init__(self, model: type[Todo], admin_site: AdminSite) -> None:
        super().__init__(model, admin_site)
        self.quick_actions = QuickActions(self)

    def get_urls(self) -> list[URLPattern]:
        trash = self.admin_site.admin_view(self.changelist_view)
        return [
            path("trash/", trash, name="todos_todo_trash"),
            *self.quick_actions.urls(),
            *Uploads(self).urls(),
            *super().get_urls(),
        ]

    def get_rows(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_rows(request)
        rows = rows.trashed() if shows_trash(request) else rows.active()
        return rows.prefetch_related("assignee", "finished_by", "labels")  # type: ignore[no-any-return]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        for key in SORT_KEYS:  # of sortable columns
            rows = rows.with_key(key)
        return rows  # type: ignore[no-any-return]

    def choices_for(self, request: HttpRequest, field: str) -> QuerySet[Any]:
        chosen = requested_list_id(request)
        if field == "labels" and not chosen:
            return super().choices_for(request, field).order_by("name_key", "pk")
        return choices_in(request_user(request), field, {chosen} if chosen else set())

    def has_finish_permission(self, request: HttpRequest) -> bool:
        return request_user(request).has_perm("todos.finish_todo")

    def home_context(self, request: HttpRequest) -> dict[str, Any]:
        user = request_user(request)
        if not user.has_perm("todos.view_todo"):
            return {}
        shown = dashboard(user, local_now(), own_lists(request))
        return shown | self.quick_actions.context(request)

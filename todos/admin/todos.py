"""Pages of todos."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.admin.forms import Lines
from core.admin.permissions import person_of
from core.site import NavItem
from todos.admin import cells
from todos.admin.actions import TodoActions
from todos.admin.base import OfListAdmin, choices_in, list_named, lists_to_write_in
from todos.admin.changelist import KeysetChangeList
from todos.admin.columns import TodoColumns
from todos.admin.dashboard import due_at_home
from todos.admin.filters import (
    DueFilter,
    LabelFilter,
    ListFilter,
    PriorityFilter,
    StateFilter,
    WhoFilter,
)
from todos.admin.forms import TodoForm
from todos.admin.inlines import CommentInline, SubtaskInline
from todos.admin.list_context import list_context
from todos.admin.new_labels import labels_named
from todos.admin.quick_actions import TRASH, TodoClicks
from todos.admin.trash import looks_into_trash
from todos.models import Todo
from todos.services.comments import add_comment
from todos.services.todos import add_todo, edit_todo
from todos.services.trash import trash_todo


def without_field(name: str, fieldsets: Any) -> list[Any]:
    """Return the fieldsets without a field."""

    def left(fields: Any) -> Any:
        if not isinstance(fields, tuple):
            return fields
        return tuple(left(field) for field in fields if field != name)

    return [
        (title, options | {"fields": left(options["fields"])})
        for title, options in fieldsets
    ]


def filtered_order(query: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the order whose index finds what a filter looks for.

    Where all have one date or priority, the newest come first: ids sort by time.
    """
    if query.get("due") == "none":
        return "-due_sort", "-pk"
    if "due" in query:
        return "due_sort", "pk"
    return ("-priority", "-pk") if "priority" in query else None


@admin.register(Todo)
class TodoAdmin(TodoColumns, TodoClicks, TodoActions, OfListAdmin):
    """Todos of one's own and of shared lists."""

    form = TodoForm
    resource_type = "todo"
    empty_value_display = ""
    icon = "check"
    nav_order = 10
    rows = Todo.with_trash.all()
    inlines = (SubtaskInline, CommentInline)
    list_display = (
        "done",
        "what",
        "in_list",
        "due",
        "how_much",
        "who",
        "label_chips",
    )
    list_display_links = ("what",)
    sortable_by = ("due", "how_much")
    ordering = ("-created_at", "-pk")
    search_fields = ("content",)
    search_help_text = gettext_lazy("In content and notes")
    formfield_overrides = {
        models.TextField: {"widget": Lines(attrs={"rows": 6})},
        models.DateField: {
            "widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        },
        models.TimeField: {
            "widget": forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
        },
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

    delete_words = gettext_lazy("Move to the trash")
    delete_done = gettext_lazy("“%s” is in the trash.")
    delete_consequence = gettext_lazy("Its subtasks go along. It can be restored.")

    # --- Reading

    def nav(self, request: HttpRequest) -> list[NavItem]:
        trash = NavItem(_("Trash"), reverse(f"admin:{TRASH}"), "trash", order=40)
        return [*super().nav(request), trash]

    def home_context(self, request: HttpRequest) -> dict[str, Any]:
        user = person_of(request)
        if not user.has_perm("todos.view_todo"):
            return {}
        return due_at_home(user, cells.now_here()) | self.quick_add_context(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        rows = rows.trashed() if looks_into_trash(request) else rows.active()
        return rows.prefetch_related("assignee", "labels")  # type: ignore[no-any-return]

    def get_changelist(self, request: HttpRequest, **_options: Any) -> Any:
        return KeysetChangeList

    def get_ordering(self, request: HttpRequest) -> Any:
        if looks_into_trash(request):
            return ("-deleted_at", "-pk")
        return filtered_order(request.GET) or self.ordering

    def get_sortable_by(self, request: HttpRequest) -> Any:
        return () if looks_into_trash(request) else self.sortable_by

    def get_list_display(self, request: HttpRequest) -> Any:
        if looks_into_trash(request):
            return ("what", "in_list", "since")
        told = {"in_list"} if list_named(request) else set()  # by the title
        return tuple(name for name in self.list_display if name not in told)

    def get_list_display_links(self, request: Any, list_display: Any) -> Any:
        return None if looks_into_trash(request) else self.list_display_links

    def get_list_filter(self, request: HttpRequest) -> Any:
        if looks_into_trash(request):
            return (ListFilter,)
        return (
            StateFilter,
            DueFilter,
            WhoFilter,
            ListFilter,
            LabelFilter,
            PriorityFilter,
        )

    def get_search_results(self, request: Any, queryset: Any, search_term: str) -> Any:
        term = search_term.strip()
        return (queryset.holding(term) if term else queryset), False

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def choices_for(self, request: HttpRequest, field: str) -> QuerySet[Any]:
        chosen = list_named(request)
        user = person_of(request)
        lists = {chosen} if chosen else set()
        if field == "labels" and not lists:
            return super().choices_for(request, field).order_by("name_key", "pk")
        return choices_in(user, field, lists)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        lists = lists_to_write_in(person_of(request))
        chosen = list_named(request)
        first = (lists.filter(pk=chosen) if chosen else lists).first()
        return {"list": first.pk if first else None}

    def changelist_view(
        self, request: Any, extra_context: dict[str, Any] | None = None
    ) -> Any:
        in_trash = looks_into_trash(request)
        context = {
            "in_trash": in_trash,
            "title": _("Trash") if in_trash else _("Todos"),
        }
        if not in_trash:
            context |= self.quick_add_context(request) | list_context(request)
        return super().changelist_view(request, context | (extra_context or {}))

    def change_form_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        context = super().change_form_context(request, row)
        if row is None:
            return context
        marks = {
            "done_box": cells.done_cell(row),
            "list_mark": cells.list_cell(row.list),
        }
        return context | marks

    # --- Writing

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        makes_labels = person_of(request).has_perm("todos.add_label")
        if makes_labels and (obj is None or self.has_change_permission(request, obj)):
            return self.fieldsets
        return without_field("new_labels", self.fieldsets)

    def add_row(self, actor: User, form: Any, now: datetime) -> Model:
        fields = dict(form.cleaned_data)
        del fields["version"]
        todo_list = fields.pop("list")
        names = form.label_names
        fields.pop("new_labels", None)
        labels = [*fields.pop("labels"), *labels_named(actor, todo_list, names, now)]
        return add_todo(
            actor=actor, todo_list=todo_list, labels=labels, now=now, **fields
        )

    def change_row(self, actor: User, form: Any, now: datetime) -> None:
        fields = form.values
        fields.pop("new_labels", None)
        target = fields.pop("list", None)
        if "labels" in fields:
            fields["labels"] = list(fields["labels"])
        if form.label_names and target is None:
            made = labels_named(actor, form.row.list, form.label_names, now)
            fields["labels"] = [*fields.get("labels", form.row.labels.all()), *made]
        todo = edit_todo(
            actor=actor,
            todo=form.row,
            todo_list=target,
            expected=form.expected,
            now=now,
            **fields,
        )
        if form.label_names and target is not None:  # they are of where it is now
            made = labels_named(actor, target, form.label_names, now)
            labels = [*todo.labels.all(), *made]
            edit_todo(actor=actor, todo=todo, labels=labels, now=now)

    def save_inline(self, actor: User, row: Any, formset: Any, now: datetime) -> None:
        todo = Todo.objects.select_related("list").get(pk=row.pk)  # it may have moved
        for form in formset.extra_forms:
            if not form.has_changed():
                continue
            if formset.model is Todo:
                content = form.cleaned_data["content"]
                add_todo(
                    actor=actor,
                    todo_list=todo.list,
                    parent=todo,
                    content=content,
                    now=now,
                )
            else:
                text = form.cleaned_data["text"]
                add_comment(actor=actor, todo=todo, text=text, now=now)

    def remove_row(self, actor: User, row: Any, now: datetime) -> None:
        trash_todo(actor=actor, todo=row, now=now)

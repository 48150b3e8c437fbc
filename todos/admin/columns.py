"""Columns of the changelists of todos, lists and labels.

The name of a function is part of the CSS class of its column.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin.changelist import grouped
from core.characters import isolate
from core.html import format_html
from core.text import listed
from todos.admin import cells
from todos.models import Label, MemberRole, Todo, TodoList


@admin.display(description=gettext_lazy("done"))
def done(todo: Todo) -> str:
    return cells.done_cell(todo)


@admin.display(description=gettext_lazy("content"))
def content(todo: Todo) -> str:
    return cells.content_cell(todo)


@admin.display(description=gettext_lazy("list"))
def in_list(row: Todo | Label) -> str:
    return cells.list_cell(row.list)


@admin.display(description=gettext_lazy("due"), ordering="due_key")
def due(todo: Todo) -> str:
    return cells.due_cell(todo, cells.local_now())


@admin.display(description=gettext_lazy("finished at"), ordering="finished_key")
def finished(todo: Todo) -> str:
    return cells.finished_cell(todo, cells.local_now())


@admin.display(description=gettext_lazy("priority"), ordering="priority")
def priority(todo: Todo) -> str:
    return cells.priority_cell(todo)


@admin.display(description=gettext_lazy("assignee"))
def assignee(todo: Todo) -> str:
    return cells.person_cell(todo.assignee)


@admin.display(description=gettext_lazy("labels"))
def labels(todo: Any) -> str:
    return cells.labels_cell(todo.shown_labels)


@admin.display(description=gettext_lazy("in the trash since"))
def trashed_at(todo: Todo) -> datetime | None:
    return todo.deleted_at


@admin.display(description=gettext_lazy("name"))
def list_name(row: TodoList) -> str:
    # A list in the trash has no todos to show.
    return cells.list_cell(row) if row.deleted_at else cells.list_link(row)


@admin.display(description=gettext_lazy("settings"))
def settings(row: TodoList) -> str:
    return format_html(
        '{} <span class="visually-hidden">{}</span>', _("Settings"), row.title
    )


@admin.display(description=gettext_lazy("open todos"))
def open_todos(row: TodoList) -> str:
    return grouped(row.open_count if row.is_counted else row.todos.open().count())


@admin.display(description=gettext_lazy("your role"))
def your_role(row: TodoList) -> str:
    return str(MemberRole(row.role).label)


@admin.display(description=gettext_lazy("shared with"))
def shared_with(row: TodoList) -> str:
    # The user is a member too: `ListTable` leaves them out.
    return listed(isolate(str(member.user)) for member in row.memberships.all())


@admin.display(description=gettext_lazy("state"))
def state(row: TodoList) -> str:
    if row.is_inbox:
        return _("inbox")
    return _("archived") if row.is_archived else ""


@admin.display(description=gettext_lazy("name"))
def label_name(label: Label) -> str:
    return cells.label_cell(label)

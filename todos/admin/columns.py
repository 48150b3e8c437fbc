"""The columns of the tables of todos and lists."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from todos.admin import cells
from todos.models import MemberRole, Todo


class TodoColumns:
    """What a row of the table tells of a todo."""

    @admin.display(description=gettext_lazy("done"))
    def done(self, todo: Todo) -> str:
        return cells.done_cell(todo)

    @admin.display(description=gettext_lazy("content"))
    def what(self, todo: Todo) -> str:
        return cells.what_cell(todo)

    @admin.display(description=gettext_lazy("list"))
    def in_list(self, todo: Todo) -> str:
        return cells.list_cell(todo.list)

    @admin.display(description=gettext_lazy("due"), ordering="due_sort")
    def due(self, todo: Todo) -> str:
        return cells.due_cell(todo, cells.now_here())

    @admin.display(description=gettext_lazy("priority"), ordering="priority")
    def how_much(self, todo: Todo) -> str:
        return cells.priority_cell(todo)

    @admin.display(description=gettext_lazy("assignee"))
    def who(self, todo: Todo) -> str:
        return cells.person_cell(todo.assignee)

    @admin.display(description=gettext_lazy("labels"))
    def label_chips(self, todo: Todo) -> str:
        return cells.label_cells(todo)

    @admin.display(description=gettext_lazy("in the trash since"))
    def since(self, todo: Todo) -> Any:
        return todo.deleted_at


class ListColumns:
    """What a row of the table tells of a list."""

    @admin.display(description=gettext_lazy("name"))
    def shown(self, row: Any) -> str:
        return cells.list_cell(row)

    @admin.display(description=gettext_lazy("you are"))
    def my_role(self, row: Any) -> str:
        return str(MemberRole(row.role).label)

    @admin.display(description=gettext_lazy("shared with"))
    def shared_with(self, row: Any) -> str:
        # Who looks is a member too: `get_queryset` leaves them out.
        return ", ".join(str(member.user) for member in row.memberships.all())

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: Any) -> str:
        if row.is_inbox:
            return _("inbox")
        return _("archived") if row.is_archived else ""

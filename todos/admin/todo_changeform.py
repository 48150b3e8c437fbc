"""The page of a todo, and moving it to the trash."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.admin.changeform import ChangeForm
from core.admin.forms import ScopedFormSet
from core.admin.permissions import request_user
from core.admin.removal import Removal
from todos.admin import cells
from todos.admin.base import as_id, list_id_to_add_to
from todos.admin.forms import TodoForm
from todos.admin.new_labels import get_or_add_labels
from todos.admin.own_lists import own_lists
from todos.admin.trash import trashed_todo
from todos.admin.uploads import Uploads
from todos.models import Label, Todo, TodoList
from todos.services.comments import add_comment
from todos.services.todos import add_todo, edit_todo
from todos.services.trash import trash_todo


class TodoChangeForm(ChangeForm[Todo, TodoForm]):
    """Adds and edits a todo; adds subtasks and comments below it."""

    def fieldsets(self, request: HttpRequest, row: Todo | None) -> Any:
        fieldsets = super().fieldsets(request, row)
        if request_user(request).has_perm("todos.add_label") and (
            row is None or self.model_admin.has_change_permission(request, row)
        ):
            return fieldsets
        return without_field("new_labels", fieldsets)

    def initial(self, request: HttpRequest) -> dict[str, Any]:
        lists = own_lists(request)
        if chosen := list_id_to_add_to(request):
            row = lists.find(chosen)
            return {"list": row if row and row.is_writable else None}
        return {"list": next(iter(lists.first(1, lambda row: row.is_writable)), None)}

    def context(self, request: HttpRequest, row: Todo | None) -> dict[str, Any]:
        if row is None:
            return {}
        return Uploads(self.model_admin).context(request, row) | {
            "done_cell": cells.done_cell(row),
            "list_cell": cells.list_link(row.list),
        }

    def offers_for_gone(
        self, request: HttpRequest, object_id: str
    ) -> list[tuple[str, str]]:
        pk = as_id(object_id)
        if pk is None or trashed_todo(request, pk) is None:
            return []
        url = reverse("admin:todos_todo_restore", args=[pk])
        return [(_("Restore it from the trash and continue editing"), url)]

    def add(self, actor: User, form: TodoForm, now: datetime) -> Todo:
        fields = form.input
        fields.pop("new_labels", None)
        todo_list = fields.pop("list")
        added = get_or_add_labels(actor, todo_list, form.label_names, now)
        labels = [*fields.pop("labels"), *added]
        return add_todo(
            actor=actor, todo_list=todo_list, labels=labels, now=now, **fields
        )

    def change(self, actor: User, form: TodoForm, now: datetime) -> None:
        fields = form.values
        fields.pop("new_labels", None)
        target: TodoList | None = fields.pop("list", None)
        if "labels" in fields:
            fields["labels"] = list(fields["labels"])
        if form.label_names and target is None:
            added = get_or_add_labels(actor, form.row.list, form.label_names, now)
            labels = fields.get("labels", form.row.labels.all())
            fields["labels"] = [*labels, *added]
        todo = edit_todo(
            actor=actor,
            todo=form.row,
            todo_list=target,
            expected=form.expected,
            now=now,
            **fields,
        )
        if form.label_names and target is not None:
            # New labels belong to the list that the todo is in now.
            self._add_labels(actor, todo, form.label_names, now)

    def _add_labels(
        self, actor: User, todo: Todo, names: list[str], now: datetime
    ) -> None:
        added = get_or_add_labels(actor, todo.list, names, now)
        labels: list[Label] = [*todo.labels.all(), *added]
        edit_todo(actor=actor, todo=todo, labels=labels, now=now)

    def save_inline(
        self, actor: User, row: Todo, formset: ScopedFormSet, now: datetime
    ) -> None:
        todo = Todo.objects.select_related("list").get(pk=row.pk)  # it may have moved
        new = [form for form in formset.extra_forms if form.has_changed()]
        for form in new:
            data = form.cleaned_data
            if formset.model is Todo:
                add_todo(
                    actor=actor,
                    todo_list=todo.list,
                    parent=todo,
                    content=data["content"],
                    now=now,
                )
            else:
                add_comment(actor=actor, todo=todo, text=data["text"], now=now)


class TodoRemoval(Removal[Todo]):
    """Moves a todo to the trash."""

    button = gettext_lazy("Move to the trash")
    done = gettext_lazy("“%s” was moved to the trash.")
    consequence = gettext_lazy("Its subtasks move with it. You can restore it later.")

    def remove(self, actor: User, row: Todo, now: datetime) -> None:
        trash_todo(actor=actor, todo=row, now=now)


Fields = Iterable[str | tuple[str, ...]]


def without_field(name: str, fieldsets: Any) -> list[Any]:
    """Return the fieldsets without a field."""

    def remaining(fields: Fields) -> tuple[str | tuple[str, ...], ...]:
        return tuple(
            tuple(one for one in field if one != name)
            if isinstance(field, tuple)
            else field
            for field in fields
            if field != name
        )

    return [
        (title, options | {"fields": remaining(options["fields"])})
        for title, options in fieldsets
    ]

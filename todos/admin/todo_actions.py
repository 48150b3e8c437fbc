"""Actions on many todos at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from core.admin.permissions import request_user
from core.errors import Invalid
from todos.admin.base import requested_list
from todos.admin.confirmation import confirmation_page
from todos.admin.forms import ChooseLabelForm, MoveForm
from todos.admin.trash import TrashActions
from todos.models import Label, Todo
from todos.services.todos import edit_todo, finish_todo, reopen_todo
from todos.services.trash import purge_todo, restore_todo, trash_todo


class LabelNotInList(Invalid):
    message = gettext_lazy("The list of the todo has no label with this name.")


def finished(count: int) -> str:
    return ngettext("%d todo finished.", "%d todos finished.", count) % count


def reopened(count: int) -> str:
    return ngettext("%d todo reopened.", "%d todos reopened.", count) % count


def trashed(count: int) -> str:
    return (
        ngettext("%d todo moved to the trash.", "%d todos moved to the trash.", count)
        % count
    )


def restored(count: int) -> str:
    return ngettext("%d todo restored.", "%d todos restored.", count) % count


def purged(count: int) -> str:
    return (
        ngettext("%d todo deleted permanently.", "%d todos deleted permanently.", count)
        % count
    )


def moved(count: int) -> str:
    return ngettext("%d todo moved.", "%d todos moved.", count) % count


def labelled(count: int) -> str:
    return ngettext("%d todo labelled.", "%d todos labelled.", count) % count


class TodoBulkActions(TrashActions):
    """Finish, reopen, move, label or trash todos."""

    row_name = "todo"
    names = ("finish", "reopen", "move", "label", "trash")
    trashing = (trash_todo, trashed)
    restoring = (restore_todo, restored)
    purging = (purge_todo, purged)
    purge_title = gettext_lazy("Delete permanently")

    def names_for(self, request: HttpRequest) -> Sequence[str]:
        todo_list = requested_list(request)
        if todo_list is not None and not todo_list.is_writable:
            return ()
        return super().names_for(request)

    def can_act_on(self, row: Model) -> bool:
        return isinstance(row, Todo) and row.list.is_writable

    @admin.action(permissions=["finish"], description=gettext_lazy("Finish"))
    def finish(
        self, model_admin: ModelAdmin[Any], request: HttpRequest, todos: QuerySet[Todo]
    ) -> HttpResponse | None:
        return self.apply(request, todos, finish_todo, finished)

    @admin.action(permissions=["finish"], description=gettext_lazy("Reopen"))
    def reopen(
        self, model_admin: ModelAdmin[Any], request: HttpRequest, todos: QuerySet[Todo]
    ) -> HttpResponse | None:
        return self.apply(request, todos, reopen_todo, reopened)

    @admin.action(permissions=["change"], description=gettext_lazy("Move to a list …"))
    def move(
        self, model_admin: ModelAdmin[Any], request: HttpRequest, todos: QuerySet[Todo]
    ) -> HttpResponse | None:
        data = request.POST if "confirmed" in request.POST else None
        form = MoveForm(request_user(request), data)
        if data is None or not form.is_valid():
            title = _("Move to a list")
            return confirmation_page(model_admin, request, todos, "move", title, form)
        target = form.cleaned_data["list"]

        def move_todo(*, actor: User, todo: Todo, now: datetime) -> None:
            edit_todo(actor=actor, todo=todo, todo_list=target, now=now)

        return self.apply(request, todos, move_todo, moved)

    @admin.action(permissions=["change"], description=gettext_lazy("Add a label …"))
    def label(
        self, model_admin: ModelAdmin[Any], request: HttpRequest, todos: QuerySet[Todo]
    ) -> HttpResponse | None:
        data = request.POST if "confirmed" in request.POST else None
        lists = set(todos.order_by().values_list("list_id", flat=True).distinct())
        form = ChooseLabelForm(request_user(request), lists, data)
        if data is None or not form.is_valid():
            title = _("Add a label")
            return confirmation_page(model_admin, request, todos, "label", title, form)
        key = form.cleaned_data["label"].name_key
        of_same_name = Label.objects.filter(list__in=lists, name_key=key)
        by_list = {label.list_id: label for label in of_same_name}

        def label_todo(*, actor: User, todo: Todo, now: datetime) -> None:
            if todo.list_id not in by_list:
                raise LabelNotInList
            labels = {*todo.labels.all(), by_list[todo.list_id]}
            edit_todo(actor=actor, todo=todo, labels=list(labels), now=now)

        return self.apply(request, todos, label_todo, labelled)

"""What can be done to many todos at once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.admin.permissions import person_of
from core.errors import Invalid
from todos.admin.base import may_edit
from todos.admin.confirmation import ask
from todos.admin.forms import LabelWithForm, MoveForm
from todos.admin.trash import TrashActions
from todos.models import Label, Todo
from todos.services.todos import edit_todo, finish_todo, reopen_todo
from todos.services.trash import purge_todo, restore_todo, trash_todo


class NoSuchLabel(Invalid):
    message = gettext_lazy("Their list has no label of this name.")


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
        ngettext("%d todo deleted for good.", "%d todos deleted for good.", count)
        % count
    )


def moved(count: int) -> str:
    return ngettext("%d todo moved.", "%d todos moved.", count) % count


def labelled(count: int) -> str:
    return ngettext("%d todo labelled.", "%d todos labelled.", count) % count


class TodoActions(TrashActions):
    """Finish, reopen, move, label, trash; in the trash restore and purge."""

    row_name = "todo"
    at_work = ("finish", "reopen", "move", "label", "trash")
    trashing = (trash_todo, trashed)
    restoring = (restore_todo, restored)
    purging = (purge_todo, purged)
    purge_question = gettext_lazy("Delete for good")

    def can_act_on(self, row: Any) -> bool:
        return may_edit(row.list)

    def get_actions(self, request: HttpRequest) -> Any:
        reads_only = getattr(request, "reads_only", False)
        return {} if reads_only else super().get_actions(request)

    def has_finish_permission(self, request: HttpRequest) -> bool:
        return person_of(request).has_perm("todos.finish_todo")

    @admin.action(permissions=["finish"], description=gettext_lazy("Finish"))
    def finish(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self.apply_to_each(request, queryset, finish_todo, finished)

    @admin.action(permissions=["finish"], description=gettext_lazy("Reopen"))
    def reopen(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self.apply_to_each(request, queryset, reopen_todo, reopened)

    @admin.action(permissions=["change"], description=gettext_lazy("Move to a list …"))
    def move(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        typed = request.POST if "confirmed" in request.POST else None
        form = MoveForm(person_of(request), typed)
        if typed is None or not form.is_valid():
            return ask(self, request, queryset, "move", _("Move to a list"), form)
        target = form.cleaned_data["list"]

        def move(*, actor: Any, todo: Todo, now: Any) -> None:
            edit_todo(actor=actor, todo=todo, todo_list=target, now=now)

        self.apply_to_each(request, queryset, move, moved)
        return None

    @admin.action(permissions=["change"], description=gettext_lazy("Add a label …"))
    def label(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        typed = request.POST if "confirmed" in request.POST else None
        lists = set(queryset.order_by().values_list("list_id", flat=True).distinct())
        form = LabelWithForm(person_of(request), lists, typed)
        if typed is None or not form.is_valid():
            return ask(self, request, queryset, "label", _("Add a label"), form)
        key = form.cleaned_data["label"].name_key
        same = Label.objects.filter(list__in=lists, name_key=key)
        of_list = {label.list_id: label for label in same}

        def carry(*, actor: Any, todo: Todo, now: Any) -> None:
            if todo.list_id not in of_list:
                raise NoSuchLabel
            labels = {*todo.labels.all(), of_list[todo.list_id]}
            edit_todo(actor=actor, todo=todo, labels=list(labels), now=now)

        self.apply_to_each(request, queryset, carry, labelled)
        return None

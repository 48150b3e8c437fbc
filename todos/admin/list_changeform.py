"""The page of a list, and moving it to the trash."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.admin.changeform import ChangeForm
from core.admin.forms import ScopedFormSet
from core.admin.permissions import request_user
from core.admin.removal import Removal
from core.admin.urls import page_url, with_filters
from todos.admin.forms import TodoListForm
from todos.models import MemberRole, Membership, TodoList
from todos.services.lists import add_list, edit_list, trash_list
from todos.services.sharing import change_member, remove_member, share_list


class ListChangeForm(ChangeForm[TodoList, TodoListForm]):
    """Adds and edits a list; shares it and changes its members."""

    def fieldsets(self, request: HttpRequest, row: TodoList | None) -> Any:
        fieldsets = super().fieldsets(request, row)
        return fieldsets if row and row.is_manageable else fieldsets[:1]

    def readonly_fields(
        self, request: HttpRequest, row: TodoList | None
    ) -> tuple[str, ...]:
        return () if row is None or row.role == MemberRole.OWNER else ("name",)

    def context(self, request: HttpRequest, row: TodoList | None) -> dict[str, Any]:
        """Offer only what the user may do: members save nothing but their colour."""
        if row is None:
            return {}
        sole_owner = row.sole_owner
        is_owned_alone = sole_owner and sole_owner.user_id == request_user(request).pk
        context: dict[str, Any] = {
            "can_leave": not row.is_inbox and not is_owned_alone,
            "sole_owner": sole_owner,
        }
        if row.role != MemberRole.OWNER:
            context |= dict.fromkeys(
                ("show_save_and_continue", "show_save_and_add_another"), False
            )
        return context

    def add(self, actor: User, form: TodoListForm, now: datetime) -> TodoList:
        data = form.cleaned_data
        return add_list(actor=actor, name=data["name"], colour=data["colour"], now=now)

    def change(self, actor: User, form: TodoListForm, now: datetime) -> None:
        edit_list(
            actor=actor,
            todo_list=form.row,
            expected=form.expected,
            now=now,
            **form.values,
        )

    def save_inline(
        self, actor: User, row: TodoList, formset: ScopedFormSet, now: datetime
    ) -> None:
        for form in formset.extra_forms:
            if form.has_changed():
                share_list(
                    actor=actor,
                    todo_list=row,
                    user=form.cleaned_data["person"],
                    role=form.cleaned_data["role"],
                    now=now,
                )
        for form in formset.initial_forms:
            if not {"role", "DELETE"}.isdisjoint(form.changed_data):
                self._save_member(actor, form, now)

    def _save_member(
        self, actor: User, form: ModelForm[Membership], now: datetime
    ) -> None:
        data = form.cleaned_data
        membership, expected = form.instance, {data["version"]}
        if data.get("DELETE"):
            remove_member(
                actor=actor, membership=membership, expected=expected, now=now
            )
        else:
            change_member(
                actor=actor,
                membership=membership,
                role=data["role"],
                expected=expected,
                now=now,
            )

    def after_change(self, request: HttpRequest, row: TodoList) -> HttpResponse:
        """Leave the page when the user has just left the list."""
        if self.model_admin.get_queryset(request).filter(pk=row.pk).exists():
            return super().after_change(request, row)
        url = page_url(TodoList, "changelist")
        return HttpResponseRedirect(with_filters(request, TodoList, url))


class ListRemoval(Removal[TodoList]):
    """Moves a list to the trash."""

    button = gettext_lazy("Move to the trash")
    done = gettext_lazy("“%s” was moved to the trash.")
    consequence = gettext_lazy("No member sees it until an owner restores it.")

    def remove(self, actor: User, row: TodoList, now: datetime) -> None:
        trash_list(actor=actor, todo_list=row, now=now)

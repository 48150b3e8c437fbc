"""Pages of single comments; they are read and added on the page of their todo."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.models import User
from todos.admin.base import OfListAdmin
from todos.admin.forms import CommentForm
from todos.models import Comment, MemberRole
from todos.services.comments import edit_comment, remove_comment


@admin.register(Comment)
class CommentAdmin(OfListAdmin):
    """A comment: changed by who wrote it, deleted by them or an owner of the list."""

    form = CommentForm
    resource_type = "comment"
    fieldsets = ((None, {"fields": ("text",)}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("todo")

    def has_add_permission(self, request: Any) -> bool:
        return False  # a comment begins on the page of its todo

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.created_by_id == request.user.pk)

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        if obj is None:
            return allowed
        own = obj.created_by_id == request.user.pk
        return allowed and (own or obj.list.role == MemberRole.OWNER)

    def changelist_view(
        self, request: Any, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the todos: comments have no table of their own."""
        if not self.has_view_permission(request):
            raise Http404
        return HttpResponseRedirect(reverse("admin:todos_todo_changelist"))

    def change_row(self, actor: User, form: Any, now: datetime) -> None:
        edit_comment(
            actor=actor,
            comment=form.row,
            text=form.cleaned_data["text"],
            expected=form.expected,
            now=now,
        )

    def remove_row(self, actor: User, row: Any, now: datetime) -> None:
        remove_comment(actor=actor, comment=row, now=now)

    def response_post_save_change(self, request: Any, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(
            reverse("admin:todos_todo_change", args=[obj.todo_id])
        )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        request.comment_of = obj.todo_id  # type: ignore[attr-defined]

    def response_delete(
        self, request: Any, obj_display: str, obj_id: Any
    ) -> HttpResponse:
        super().response_delete(request, obj_display, obj_id)  # for its message
        address = reverse("admin:todos_todo_change", args=[request.comment_of])
        return HttpResponseRedirect(address)

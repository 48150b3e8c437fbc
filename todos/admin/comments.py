"""Pages of single comments; they are read and added on the page of their todo."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern

from accounts.models import User
from core.admin.changeform import ChangeForm
from core.admin.permissions import request_user
from core.admin.removal import Removal
from core.admin.urls import page_url, with_filters
from todos.admin.base import OfListAdmin
from todos.admin.forms import CommentForm
from todos.admin.uploads import Uploads
from todos.models import Comment, Todo
from todos.services.comments import edit_comment, remove_comment


class CommentChangeForm(ChangeForm[Comment, CommentForm]):
    """Edits a comment and leads back to its todo."""

    def context(self, request: HttpRequest, row: Comment | None) -> dict[str, Any]:
        return Uploads(self.model_admin).context(request, row) if row else {}

    def change(self, actor: User, form: CommentForm, now: datetime) -> None:
        edit_comment(
            actor=actor,
            comment=form.row,
            text=form.cleaned_data["text"],
            expected=form.expected,
            now=now,
        )


class CommentRemoval(Removal[Comment]):
    """Deletes a comment and leads back to its todo."""

    def remove(self, actor: User, row: Comment, now: datetime) -> None:
        remove_comment(actor=actor, comment=row, now=now)

    def url_after(self, row: Comment) -> str:
        return page_url(Todo, "change", row.todo_id)


@admin.register(Comment)
class CommentAdmin(OfListAdmin[Comment]):
    """A comment: edited by its author, deleted by the author or an owner."""

    changeform_class = CommentChangeForm
    removal_class = CommentRemoval
    form = CommentForm
    resource_type = "comment"
    fieldsets = ((None, {"fields": ("text",)}),)

    def get_urls(self) -> list[URLPattern]:
        return [*Uploads(self).urls(), *super().get_urls()]

    def get_rows(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_rows(request).select_related("todo")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # comments are added on the page of their todo

    def can_edit(self, request: HttpRequest, row: Comment) -> bool:
        is_own = row.is_editable_by(request_user(request))
        return is_own and super().can_edit(request, row)

    def can_delete(self, request: HttpRequest, row: Comment) -> bool:
        user, role = request_user(request), row.list.role
        return row.list.is_writable and row.is_removable_by(user, role=role)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the todos: comments have no changelist."""
        if not self.has_view_permission(request):
            raise Http404
        return HttpResponseRedirect(page_url(Todo, "changelist"))

    def response_post_save_change(
        self, request: HttpRequest, obj: Comment
    ) -> HttpResponseRedirect:
        url = page_url(Todo, "change", obj.todo_id)
        return HttpResponseRedirect(with_filters(request, obj, url))

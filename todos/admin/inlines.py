"""What hangs below a todo or a list, on its page."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, QuerySet, When
from django.forms import BaseInlineFormSet
from django.http import HttpRequest

from core.admin.forms import given
from core.admin.permissions import ScopedInline, person_of
from todos.admin.base import with_own_list
from todos.admin.cells import dressed, now_here
from todos.admin.forms import MemberForm, NewCommentForm, NewSubtaskForm
from todos.models import Comment, MemberRole, Membership, Todo

MOST_SHOWN = 100
MOST_MEMBERS = 200
# Owners first, then editors, then viewers.
BY_ROLE = Case(
    When(role=MemberRole.OWNER, then=0), When(role=MemberRole.EDITOR, then=1), default=2
)
MEMBERS = (BY_ROLE, "created_at", "pk")


class AddingInline(ScopedInline):
    """Shows a bounded number of rows, each with its own page, and adds new ones."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.require_scope().none()

    def shown(self, request: HttpRequest, obj: Any) -> QuerySet[Any]:
        """Return what to show below the row."""
        raise NotImplementedError

    def dress(self, rows: list[Any]) -> list[Any]:
        return rows

    def get_formset(self, request: Any, obj: Any = None, **options: Any) -> Any:
        formset = super().get_formset(request, obj, **options)
        rows = list(self.shown(request, obj)[: MOST_SHOWN + 1]) if obj else []
        shown = self.dress(rows[:MOST_SHOWN])
        return given(formset, shown=shown, has_more=len(rows) > MOST_SHOWN)


class SubtaskInline(AddingInline):
    """Subtasks, with their boxes."""

    model = Todo
    fk_name = "parent"
    form = NewSubtaskForm
    fields = ("content",)
    template = "admin/todos/subtasks.html"

    def shown(self, request: HttpRequest, obj: Any) -> QuerySet[Any]:
        user = person_of(request)
        below = Todo.objects.visible_to(user).filter(parent=obj)
        rows: QuerySet[Todo] = below.order_by("is_finished", "rank", "pk")
        return rows.prefetch_related(with_own_list(user), "assignee", "labels")

    def dress(self, rows: list[Any]) -> list[Any]:
        for row in dressed(rows, now_here()):
            row.list_mark = ""  # it is the list of the page
        return rows


class CommentInline(AddingInline):
    """What members said, oldest first."""

    model = Comment
    form = NewCommentForm
    fields = ("text",)
    template = "admin/todos/comments.html"

    def shown(self, request: HttpRequest, obj: Any) -> QuerySet[Any]:
        comments = Comment.objects.visible_to(person_of(request)).filter(todo=obj)
        return comments.select_related("created_by").order_by("created_at", "pk")


class MemberFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """Members, owners first; more than the page holds are left to the API."""

    def get_queryset(self) -> Any:
        if not hasattr(self, "_bounded"):
            rows = super().get_queryset()
            self._bounded = rows.order_by(*MEMBERS)[:MOST_MEMBERS]
        return self._bounded


class MemberInline(ScopedInline):
    """Who shares the list, and as what."""

    model = Membership
    fk_name = "list"
    form = MemberForm
    formset = MemberFormSet
    fields = ("person", "role")
    can_delete = True
    template = "admin/todos/members.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        members = super().get_queryset(request)
        return members.select_related("user").order_by(*MEMBERS)

    def _commands(self, obj: Any) -> bool:
        return obj is not None and obj.role == MemberRole.OWNER and not obj.is_inbox

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        allowed = super().has_add_permission(request, obj)
        return allowed and self._commands(obj) and not obj.is_archived

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._commands(obj)

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._commands(obj)

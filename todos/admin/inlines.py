"""Subtasks and comments of a todo, members of a list, on their pages."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db.models import Case, QuerySet, When
from django.http import HttpRequest

from core.admin.forms import ScopedFormSet
from core.admin.inlines import ScopedInline
from core.admin.paginator import RowsBelow
from todos.admin.cells import local_now, with_cells
from todos.admin.forms import MemberForm, NewCommentForm, NewSubtaskForm
from todos.models import Comment, MemberRole, Membership, Todo, TodoList

MAX_ROWS = 100
MAX_MEMBERS = 200
# Owners first, then editors, then viewers.
BY_ROLE = Case(
    When(role=MemberRole.OWNER, then=0), When(role=MemberRole.EDITOR, then=1), default=2
)
MEMBER_ORDER = (BY_ROLE, "created_at", "pk")

COMMENT_COLUMNS = (
    "text",
    "created_at",
    "created_by__username",
    "created_by__display_name",
    "created_by__avatar",
)


class AddingFormSet(ScopedFormSet):
    """Adds new rows below a row; those that exist are shown and not edited."""

    ends_with_newest = False

    def rows(self) -> QuerySet[Any]:
        """Return the rows that exist, as the user sees them."""
        raise NotImplementedError

    def with_details(self, rows: list[Any]) -> list[Any]:
        """Add the attributes that the template shows; return the rows."""
        return rows

    @cached_property
    def below(self) -> RowsBelow:
        return RowsBelow(
            self.rows(),
            MAX_ROWS,
            self.query,
            str(self.prefix),
            ends_with_newest=self.ends_with_newest,
        )

    @cached_property
    def shown(self) -> list[Any]:
        return self.with_details(self.below.rows)


class SubtaskFormSet(AddingFormSet):
    def rows(self) -> QuerySet[Todo]:
        below = Todo.objects.visible_to(self.user).filter(parent=self.instance)
        return below.order_by("is_finished", "rank", "pk")  # type: ignore[no-any-return]

    def with_details(self, rows: list[Todo]) -> list[Any]:
        for row in rows:
            row.list = self.instance.list
        shown = with_cells(rows, local_now())
        for row in shown:
            row.list_cell = ""  # the same list as the page's todo
        return shown


class CommentFormSet(AddingFormSet):
    ends_with_newest = True

    def rows(self) -> QuerySet[Comment]:
        comments = Comment.objects.visible_to(self.user).filter(todo=self.instance)
        shown = comments.select_related("created_by").only(*COMMENT_COLUMNS)
        return shown.order_by("created_at", "pk")

    def with_details(self, rows: list[Any]) -> list[Any]:
        role = self.instance.list.role
        for row in rows:
            row.can_edit = row.is_editable_by(self.user)
            row.can_remove = row.is_removable_by(self.user, role=role)
        return rows


class AddingInline(ScopedInline):
    """Shows a bounded number of rows, each with its own page, and adds new ones."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.require_scope().none()  # nothing is edited here


class SubtaskInline(AddingInline):
    """Subtasks, open ones first."""

    model = Todo
    fk_name = "parent"
    form = NewSubtaskForm
    formset = SubtaskFormSet
    fields = ("content",)
    template = "admin/todos/subtasks.html"


class CommentInline(AddingInline):
    """Comments, oldest first."""

    model = Comment
    form = NewCommentForm
    formset = CommentFormSet
    fields = ("text",)
    template = "admin/todos/comments.html"


class MemberFormSet(ScopedFormSet):
    """Members, owners first, page by page."""

    @cached_property
    def below(self) -> RowsBelow:
        members = super().get_queryset().order_by(*MEMBER_ORDER)
        return RowsBelow(members, MAX_MEMBERS, self.query, str(self.prefix))

    def get_queryset(self) -> list[Membership]:  # type: ignore[override]
        return self.below.rows


class MemberInline(ScopedInline):
    """Members of the list and their roles."""

    model = Membership
    fk_name = "list"
    form = MemberForm
    formset = MemberFormSet
    fields = ("person", "role")
    can_delete = True
    template = "admin/todos/members.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        members = super().get_queryset(request)
        return members.select_related("user").order_by(*MEMBER_ORDER)

    def has_add_permission(
        self, request: HttpRequest, obj: TodoList | None = None
    ) -> bool:
        allowed = super().has_add_permission(request, obj)
        return allowed and obj is not None and obj.is_manageable and obj.is_writable

    def has_change_permission(
        self, request: HttpRequest, obj: TodoList | None = None
    ) -> bool:
        return super().has_change_permission(request, obj) and is_manageable(obj)

    def has_delete_permission(
        self, request: HttpRequest, obj: TodoList | None = None
    ) -> bool:
        return super().has_delete_permission(request, obj) and is_manageable(obj)


def is_manageable(row: TodoList | None) -> bool:
    return row is not None and row.is_manageable

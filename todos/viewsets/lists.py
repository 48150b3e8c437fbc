"""Endpoints of lists."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from core.api.filters import ChoiceFilter, StrictFilterSet
from core.api.viewsets import CompositeTagViewSet
from core.scoping import Order
from todos.models import TodoList
from todos.querysets import TodoListQuerySet
from todos.serializers.lists import NewListSerializer, TodoListSerializer
from todos.services.lists import add_list, edit_list, restore_list, trash_list
from todos.viewsets.base import ListScopedViewSet


class TodoListFilter(StrictFilterSet):
    """By state."""

    state = ChoiceFilter(
        choices=[
            ("active", _("active")),
            ("archived", _("archived")),
            ("trashed", _("in the trash")),
        ],
        method="filter_state",
        help_text="Active, archived or trashed lists; by default all but trashed ones.",
    )

    class Meta:
        model = TodoList
        fields: tuple[str, ...] = ()

    def filter_state(
        self, lists: TodoListQuerySet, _name: str, state: str
    ) -> TodoListQuerySet:
        if state == "trashed":
            return lists  # the view starts from the trash
        return lists.filter(is_archived=state == "archived")


class TodoListViewSet(CompositeTagViewSet[TodoList], ListScopedViewSet[TodoList]):
    """Lists that the person is a member of."""

    resource = "lists"
    required = {
        "list": "todos.view_todolist",
        "retrieve": "todos.view_todolist",
        "create": "todos.add_todolist",
        "partial_update": "todos.change_todolist",
        "destroy": "todos.delete_todolist",
        "restore": "todos.delete_todolist",
    }
    queryset = TodoList.objects.all()
    serializer_class = TodoListSerializer
    inputs = {"create": NewListSerializer, "partial_update": TodoListSerializer}
    examples = {
        "create": {"A list": {"name": "Garden", "colour": "#2e7d32"}},
        "partial_update": {"Archive": {"is_archived": True}},
    }
    filters = TodoListFilter
    orders = {"position": Order("position"), "-created_at": Order("created_at", True)}

    def get_queryset(self) -> TodoListQuerySet:
        owned = TodoList.objects.owned_by(self.user).with_membership()
        if self.action == "restore":  # restoring a list again changes nothing
            return owned
        if self.action == "list" and self.request.GET.get("state") == "trashed":
            return owned.trashed()
        return TodoList.objects.as_seen_by(self.user)

    def replayable(self, user: User) -> TodoListQuerySet:
        return TodoList.objects.owned_by(user)

    def list(self, request: Request) -> HttpResponseBase:
        """List your lists, in your own order."""
        return self.fresh_page(self.get_queryset())

    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one list."""
        return self.item(self.get_object())

    def create(self, request: Request) -> Response:
        """Add a list, which you own."""
        todo_list = add_list(actor=self.user, now=timezone.now(), **self.valid())
        return self.created(todo_list)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Rename or archive a list; colour and position are your own."""
        todo_list = self.get_object()
        changed = edit_list(
            actor=self.user,
            todo_list=todo_list,
            expected=self.expected,
            now=timezone.now(),
            **self.valid(todo_list),
        )
        return self.item(changed)

    def destroy(self, request: Request, pk: str) -> Response:
        """Move a list to the trash, which hides it from all members."""
        trash_list(
            actor=self.user,
            todo_list=self.get_object(),
            expected=self.expected,
            now=timezone.now(),
        )
        return Response(status=204)

    def restore(self, request: Request, pk: str) -> Response:
        """Restore a list from the trash."""
        restored = restore_list(
            actor=self.user,
            todo_list=self.get_object(),
            expected=self.expected,
            now=timezone.now(),
        )
        return self.item(restored)

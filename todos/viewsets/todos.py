"""Endpoints of todos."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Event, User
from accounts.scoping import Order
from accounts.serializers.people import EventSerializer
from accounts.viewsets.events import EventViewSet
from todos.filters import TodoFilter
from todos.models import Todo, streams_visible_to
from todos.serializers.todos import (
    PositionSerializer,
    TodoChangeSerializer,
    TodoSerializer,
)
from todos.services.moving import reposition_todo
from todos.services.todos import add_todo, edit_todo, finish_todo, reopen_todo
from todos.services.trash import purge_todo, restore_todo, trash_todo
from todos.viewsets.base import ListScopedViewSet

ORDERS = {
    "-created_at": Order("created_at", descending=True),
    "created_at": Order("created_at"),
    "due": Order("due_sort"),
    "-due": Order("due_sort", descending=True),
    "rank": Order("rank"),
    "-rank": Order("rank", descending=True),
    "-priority": Order("priority", descending=True),
    "priority": Order("priority"),
}
TRASH_ORDERS = {
    "-deleted_at": Order("deleted_at", descending=True),
    "deleted_at": Order("deleted_at"),
}


class TodoViewSet(ListScopedViewSet):
    """Todos of one's own and of shared lists."""

    resource = "todos"
    required = {
        "list": "todos.view_todo",
        "retrieve": "todos.view_todo",
        "create": "todos.add_todo",
        "update": "todos.change_todo",
        "partial_update": "todos.change_todo",
        "destroy": "todos.delete_todo",
        "finish": "todos.finish_todo",
        "reopen": "todos.finish_todo",
        "position": "todos.change_todo",
        "restore": "todos.delete_todo",
        "purge": "todos.delete_todo",
        "history": "todos.view_todo",
    }
    queryset = Todo.objects.all()
    serializer_class = TodoSerializer
    filterset_class = TodoFilter

    def get_queryset(self) -> Any:
        rows = Todo.with_trash.visible_to(self.user)
        in_trash = self.action in {"restore", "purge"} or self._asks_for_trash()
        # Restoring what is active already changes nothing: a retry finds it.
        if self.action not in {"restore", "purge"}:
            rows = rows.trashed() if in_trash else rows.active()
        return rows.prefetch_related("labels")

    def get_serializer_class(self) -> Any:
        changes = self.action in {"update", "partial_update"}
        return TodoChangeSerializer if changes else TodoSerializer

    def allowed_orders(self) -> dict[str, Order]:
        if self.action == "history":
            return EventViewSet.orders
        return TRASH_ORDERS if self._asks_for_trash() else ORDERS

    def replayable(self, user: User) -> Any:
        return Todo.with_trash.editable_by(user)

    def list(self, request: Request) -> HttpResponseBase:
        """List todos, newest first; `state` chooses open, finished or trashed ones."""
        return self.fresh_page(self.get_queryset())

    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one todo."""
        return self.item(self.get_object())

    def create(self, request: Request) -> Response:
        """Add a todo; without a list it lands in the inbox."""
        fields = self.valid(request.data)
        todo = add_todo(
            actor=self.user,
            todo_list=fields.pop("list", None),
            now=timezone.now(),
            **fields,
        )
        location = request.build_absolute_uri(f"{request.path}/{todo.pk}")
        return self.item(todo, status=201, Location=location)

    def update(self, request: Request, pk: str) -> Response:
        """Replace a todo: what the body leaves out is emptied; list and uid stay."""
        return self._edit(request, partial=False)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the fields that the body names; another list moves the todo there."""
        return self._edit(request, partial=True)

    def destroy(self, request: Request, pk: str) -> Response:
        """Move a todo to the trash, with its subtasks."""
        trash_todo(
            actor=self.user,
            todo=self.get_object(),
            expected=self.expected,
            now=timezone.now(),
        )
        return Response(status=204)

    def finish(self, request: Request, pk: str) -> Response:
        """Finish a todo. Doing so again changes nothing; subtasks stay as they are."""
        return self._answer(finish_todo)

    def reopen(self, request: Request, pk: str) -> Response:
        """Reopen a todo. Doing so again changes nothing."""
        return self._answer(reopen_todo)

    def position(self, request: Request, pk: str) -> Response:
        """Put a todo right before or right after another one of its list."""
        serializer = PositionSerializer(
            data=request.data, context=self.get_serializer_context()
        )
        serializer.is_valid(raise_exception=True)
        return self._answer(reposition_todo, **serializer.validated_data)

    def restore(self, request: Request, pk: str) -> Response:
        """Take a todo out of the trash, with what went there together with it."""
        todo = restore_todo(actor=self.user, todo=self.get_object(), now=timezone.now())
        return self.item(todo)

    def purge(self, request: Request, pk: str) -> Response:
        """Delete a trashed todo for good. Only owners of the list may."""
        purge_todo(actor=self.user, todo=self.get_object(), now=timezone.now())
        return Response(status=204)

    def history(self, request: Request, pk: str) -> Response:
        """List the events of a todo, of those lists that the person sees."""
        todo = self.get_object()
        streams = streams_visible_to(self.user)
        events = Event.objects.about("todo", todo.pk).filter(stream_id__in=streams)
        rows = self.paginate_queryset(events)
        context = self.get_serializer_context() | {"visible_streams": streams}
        data = EventSerializer(rows, many=True, context=context).data
        return self.get_paginated_response(data)

    def _asks_for_trash(self) -> bool:
        return self.action == "list" and self.request.GET.get("state") == "trashed"

    def _edit(self, request: Request, *, partial: bool) -> Response:
        todo = self.get_object()
        fields = self.valid(request.data, instance=todo, partial=partial)
        return self._answer(
            edit_todo, todo=todo, todo_list=fields.pop("list", None), **fields
        )

    def _answer(self, verb: Any, todo: Todo | None = None, **fields: Any) -> Response:
        changed = verb(
            actor=self.user,
            todo=todo or self.get_object(),
            expected=self.expected,
            now=timezone.now(),
            **fields,
        )
        return self.item(changed)

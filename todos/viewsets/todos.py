"""Endpoints of todos."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from core.errors import Missing
from core.scoping import Order
from todos.filters import TodoFilter
from todos.models import Todo
from todos.querysets import TodoQuerySet
from todos.reads import FilteredTodos, TodosInState, TodosOfList, find_todo
from todos.serializers.todos import (
    PositionSerializer,
    TodoBulkSerializer,
    TodoChangeSerializer,
    TodoResultsSerializer,
    TodoSerializer,
)
from todos.services.moving import reposition_todo
from todos.services.todos import (
    add_todo,
    add_todos,
    edit_todo,
    finish_todo,
    reopen_todo,
)
from todos.services.trash import purge_todo, restore_todo, trash_todo
from todos.viewsets.base import ListScopedViewSet

ORDERS = {
    "-created_at": Order("created_at", descending=True),
    "created_at": Order("created_at"),
    "due": Order("due_key"),
    "-due": Order("due_key", descending=True),
    "rank": Order("rank"),
    "-rank": Order("rank", descending=True),
    "-priority": Order("priority", descending=True),
    "priority": Order("priority"),
    "-finished_at": Order("finished_key", descending=True),
    "finished_at": Order("finished_key"),
}
TRASH_ORDERS = {
    "-deleted_at": Order("deleted_at", descending=True),
    "deleted_at": Order("deleted_at"),
}


_LIST = "01997f3a-6c2e-7d41-9a53-1f0c8e5b7a10"
_TODO = "01997f3a-8b1d-7e02-8c64-5d2a9f4e6b21"
_LABEL = "01997f3a-9d4c-7a93-b1e7-8a6f3c5d2e32"
EXAMPLES: dict[str, dict[str, dict[str, object]]] = {
    "create": {
        "In the inbox": {"content": "好好学习"},
        "With all details": {
            "list": _LIST,
            "content": "Renew the passport",
            "notes": "Two photos, the old passport.",
            "priority": 2,
            "due_on": "2026-03-31",
            "due_time": "09:30",
            "due_zone": "Europe/Berlin",
            "labels": [_LABEL],
        },
    },
    "bulk_create": {
        "A todo and its subtask": {
            "todos": [
                {"id": _TODO, "list": _LIST, "content": "Pack for the journey"},
                {"list": _LIST, "content": "Passport", "parent": _TODO},
            ]
        },
    },
    "update": {"Replace": {"content": "Renew both passports", "priority": 3}},
    "partial_update": {
        "Postpone": {"due_on": "2026-04-15"},
        "Move to another list": {"list": _LIST},
    },
    "position": {"Right after another todo": {"after": _TODO}},
}


class TodoViewSet(ListScopedViewSet[Todo]):
    """Todos of the lists that the person is a member of."""

    resource = "todos"
    required = {
        "list": "todos.view_todo",
        "retrieve": "todos.view_todo",
        "create": "todos.add_todo",
        "bulk_create": "todos.add_todo",
        "update": "todos.change_todo",
        "partial_update": "todos.change_todo",
        "destroy": "todos.delete_todo",
        "finish": "todos.finish_todo",
        "reopen": "todos.finish_todo",
        "position": "todos.change_todo",
        "restore": "todos.delete_todo",
        "purge": "todos.delete_todo",
    }
    queryset = Todo.objects.all()
    serializer_class = TodoSerializer
    inputs = {
        "create": TodoSerializer,
        "bulk_create": TodoBulkSerializer,
        "update": TodoChangeSerializer,
        "partial_update": TodoChangeSerializer,
        "position": PositionSerializer,
    }
    outputs = {"bulk_create": TodoResultsSerializer, "purge": None}
    creating = frozenset({"create", "bulk_create"})
    examples = EXAMPLES
    filters = TodoFilter
    orders = ORDERS | TRASH_ORDERS

    def get_queryset(self) -> TodoQuerySet:
        rows = Todo.with_trash.visible_to(self.user)
        # A retry of restore finds the todo outside the trash, and changes nothing.
        if self.action in {"restore", "purge"}:
            return rows
        return rows.trashed() if self._asks_for_trash() else rows.active()

    def allowed_orders(self) -> dict[str, Order]:
        """Return the orders; trashed and finished todos have their own default."""
        if self._asks_for_trash():
            return TRASH_ORDERS
        if self.request.GET.get("state") == "finished":
            return {"-finished_at": ORDERS["-finished_at"]} | ORDERS
        return ORDERS

    def replayable(self, user: User) -> TodoQuerySet:
        return Todo.with_trash.editable_by(user).prefetch_related("labels")

    def list(self, request: Request) -> HttpResponseBase:
        """List todos, newest first; a state chooses open, finished or trashed ones.

        Finished todos are sorted by when they were finished, the latest first.
        `ordering=due` compares date and time in each todo's own time zone: all-day
        todos come after timed todos of the same day, and todos without a due date come
        last.
        """
        return self.fresh_page(self.get_queryset())

    def page(self, source: Any) -> Response:
        """Respond with one page of the todos, which are read as values."""
        given, state = self.given_filters, self.request.GET.get("state")
        if given <= {"state"}:
            return super().page(TodosInState(self.user, state))
        if given <= {"state", "list"}:
            list_id = self.request.GET["list"]
            return super().page(TodosOfList(source, self.user, list_id, state))
        return super().page(FilteredTodos(source))

    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one todo."""
        todo = find_todo(self.user, pk)
        if todo is None:
            raise Missing
        return self.item(todo)

    def create(self, request: Request) -> Response:
        """Add a todo; without a list, to the inbox."""
        todo = add_todo(actor=self.user, now=timezone.now(), **self.valid())
        return self.created(todo)

    def bulk_create(self, request: Request) -> Response:
        """Add up to 1,000 todos at once: all of them, or none.

        Errors name the place of a todo in the request, beginning with 0:
        `todos.3.content`. With an `id`, a todo can be the `parent` of those after it.
        A repetition with the same `Idempotency-Key` shows the todos as they are then.
        """
        todos = add_todos(actor=self.user, now=timezone.now(), **self.valid())
        return Response(self.present_many(todos), status=201)

    def update(self, request: Request, pk: str) -> Response:
        """Replace a todo: fields left out are cleared, except list and uid."""
        return self._edit()

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the fields in the body; another list moves the todo there."""
        return self._edit()

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
        """Move a todo right before or right after another one of its list."""
        return self._answer(reposition_todo, **self.valid())

    def restore(self, request: Request, pk: str) -> Response:
        """Restore a trashed todo, with the subtasks that were trashed with it."""
        return self._answer(restore_todo)

    def purge(self, request: Request, pk: str) -> Response:
        """Delete a trashed todo permanently. Only owners of the list may."""
        purge_todo(
            actor=self.user,
            todo=self.get_object(),
            expected=self.expected,
            now=timezone.now(),
        )
        return Response(status=204)

    def _asks_for_trash(self) -> bool:
        return self.action == "list" and self.request.GET.get("state") == "trashed"

    def _edit(self) -> Response:
        todo = self.get_object()
        return self._answer(edit_todo, todo=todo, **self.valid(todo))

    def _answer(
        self, service: Callable[..., Todo], todo: Todo | None = None, **fields: object
    ) -> Response:
        changed = service(
            actor=self.user,
            todo=todo or self.get_object(),
            expected=self.expected,
            now=timezone.now(),
            **fields,
        )
        return self.item(changed)

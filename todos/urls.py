"""URL patterns of lists and todos, below /api/v1/."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path

from todos.viewsets.attachments import AttachmentViewSet
from todos.viewsets.base import ListScopedViewSet
from todos.viewsets.comments import CommentViewSet
from todos.viewsets.history import HistoryViewSet
from todos.viewsets.labels import LabelViewSet
from todos.viewsets.lists import TodoListViewSet
from todos.viewsets.members import MembershipViewSet
from todos.viewsets.todos import TodoViewSet

COLLECTION: dict[str, Any] = {"get": "list", "post": "create"}
ITEM: dict[str, Any] = {
    "get": "retrieve",
    "patch": "partial_update",
    "delete": "destroy",
}


def endpoint(
    route: str,
    viewset: type[ListScopedViewSet[Any]],
    actions: dict[str, Any],
    name: str,
) -> URLPattern:
    return path(route, viewset.as_view(actions, basename=name), name=name)


urlpatterns = [
    endpoint("lists", TodoListViewSet, COLLECTION, "lists"),
    endpoint("lists/<uuid:pk>", TodoListViewSet, ITEM, "list"),
    endpoint(
        "lists/<uuid:pk>/restore", TodoListViewSet, {"post": "restore"}, "list-restore"
    ),
    endpoint("lists/<uuid:list_pk>/members", MembershipViewSet, COLLECTION, "members"),
    endpoint(
        "lists/<uuid:list_pk>/members/<uuid:pk>", MembershipViewSet, ITEM, "member"
    ),
    endpoint("labels", LabelViewSet, COLLECTION, "labels"),
    endpoint("labels/<uuid:pk>", LabelViewSet, ITEM, "label"),
    endpoint("todos", TodoViewSet, COLLECTION, "todos"),
    endpoint("todos/bulk", TodoViewSet, {"post": "bulk_create"}, "todos-bulk"),
    endpoint("todos/<uuid:pk>", TodoViewSet, ITEM | {"put": "update"}, "todo"),
    endpoint(
        "todos/<uuid:pk>/finish",
        TodoViewSet,
        {"put": "finish", "delete": "reopen"},
        "todo-finish",
    ),
    endpoint(
        "todos/<uuid:pk>/position", TodoViewSet, {"put": "position"}, "todo-position"
    ),
    endpoint(
        "todos/<uuid:pk>/restore", TodoViewSet, {"post": "restore"}, "todo-restore"
    ),
    endpoint("todos/<uuid:pk>/purge", TodoViewSet, {"delete": "purge"}, "todo-purge"),
    endpoint(
        "todos/<uuid:todo_pk>/history", HistoryViewSet, {"get": "list"}, "todo-history"
    ),
    endpoint("todos/<uuid:todo_pk>/comments", CommentViewSet, COLLECTION, "comments"),
    endpoint(
        "todos/<uuid:todo_pk>/comments/<uuid:pk>", CommentViewSet, ITEM, "comment"
    ),
    endpoint(
        "todos/<uuid:todo_pk>/attachments",
        AttachmentViewSet,
        COLLECTION,
        "attachments",
    ),
    endpoint(
        "todos/<uuid:todo_pk>/attachments/<uuid:pk>",
        AttachmentViewSet,
        ITEM,
        "attachment",
    ),
    endpoint(
        "todos/<uuid:todo_pk>/attachments/<uuid:pk>/content",
        AttachmentViewSet,
        {"get": "content"},
        "attachment-content",
    ),
    endpoint(
        "todos/<uuid:todo_pk>/comments/<uuid:comment_pk>/attachments",
        AttachmentViewSet,
        {"post": "create_for_comment"},
        "comment-attachments",
    ),
]

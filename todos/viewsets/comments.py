"""Endpoints of comments, below their todo."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from core.scoping import Order
from todos.models import Comment, Todo
from todos.serializers.todos import CommentSerializer
from todos.services.comments import add_comment, edit_comment, remove_comment
from todos.viewsets.base import ListScopedViewSet


class CommentViewSet(ListScopedViewSet[Comment]):
    """Comments on todos."""

    resource = "comments"
    operation_prefix = "comments"
    required = {
        "list": "todos.view_comment",
        "retrieve": "todos.view_comment",
        "create": "todos.add_comment",
        "partial_update": "todos.change_comment",
        "destroy": "todos.delete_comment",
    }
    queryset = Comment.objects.all()
    serializer_class = CommentSerializer
    inputs = {"create": CommentSerializer, "partial_update": CommentSerializer}
    examples = {
        "create": {"A comment": {"text": "The office opens at eight."}},
        "partial_update": {"A correction": {"text": "The office opens at nine."}},
    }
    orders = {
        "created_at": Order("created_at"),
        "-created_at": Order("created_at", True),
    }

    def get_queryset(self) -> QuerySet[Comment]:
        return self.scope().filter(todo=self.kwargs["todo_pk"])

    def get_todo(self) -> Todo:
        """Return the todo in the URL, if the person can see it."""
        todo: Todo = get_object_or_404(
            Todo.objects.visible_to(self.user), pk=self.kwargs["todo_pk"]
        )
        return todo

    def list(self, request: Request, todo_pk: str) -> HttpResponseBase:
        """List the comments on a todo, oldest first."""
        self.get_todo()
        return self.fresh_page(self.get_queryset())

    def retrieve(self, request: Request, todo_pk: str, pk: str) -> Response:
        """Return one comment."""
        return self.item(self.get_object())

    def create(self, request: Request, todo_pk: str) -> Response:
        """Add a comment to a todo."""
        comment = add_comment(
            actor=self.user, todo=self.get_todo(), now=timezone.now(), **self.valid()
        )
        return self.created(comment)

    def partial_update(self, request: Request, todo_pk: str, pk: str) -> Response:
        """Change your own comment."""
        comment = self.get_object()
        changed = edit_comment(
            actor=self.user,
            comment=comment,
            text=self.valid(comment).get("text", comment.text),
            expected=self.expected,
            now=timezone.now(),
        )
        return self.item(changed)

    def destroy(self, request: Request, todo_pk: str, pk: str) -> Response:
        """Delete your own comment; owners of the list may delete any."""
        remove_comment(
            actor=self.user,
            comment=self.get_object(),
            expected=self.expected,
            now=timezone.now(),
        )
        return Response(status=204)

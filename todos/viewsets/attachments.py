"""Endpoints of attachments, below their todo."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.parsers import StrictMultiPartParser
from core.scoping import Order
from files.downloads import download
from files.uploads import NamedUploadParser, receiving
from todos.models import Attachment, Comment, Todo
from todos.serializers.attachments import AttachmentSerializer, UploadSerializer
from todos.services.attachments import (
    add_attachment,
    remove_attachment,
    rename_attachment,
)
from todos.viewsets.base import ListScopedViewSet


class AttachmentViewSet(ListScopedViewSet[Attachment]):
    """Files attached to todos and comments."""

    resource = "attachments"
    operation_prefix = "attachments"
    required = {
        "list": "todos.view_attachment",
        "retrieve": "todos.view_attachment",
        "content": "todos.view_attachment",
        "create": "todos.add_attachment",
        "create_for_comment": "todos.add_attachment",
        "partial_update": "todos.change_attachment",
        "destroy": "todos.delete_attachment",
    }
    queryset = Attachment.objects.select_related("file")
    serializer_class = AttachmentSerializer
    inputs = {
        "create": UploadSerializer,
        "create_for_comment": UploadSerializer,
        "partial_update": AttachmentSerializer,
    }
    creating = frozenset({"create", "create_for_comment"})
    downloads = frozenset({"content"})
    examples = {"partial_update": {"Another name": {"name": "Lease, signed.pdf"}}}
    orders = {
        "created_at": Order("created_at"),
        "-created_at": Order("created_at", True),
    }

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        with receiving(request):
            return super().dispatch(request, *args, **kwargs)

    def get_parsers(self) -> list[Any]:
        if self.request and self.request.method == "POST":
            return [StrictMultiPartParser(), NamedUploadParser()]
        return super().get_parsers()

    def get_queryset(self) -> QuerySet[Attachment]:
        return self.scope().filter(todo=self.kwargs["todo_pk"])

    def get_todo(self) -> Todo:
        """Return the todo in the URL, if the person can see it."""
        todo: Todo = get_object_or_404(
            Todo.objects.visible_to(self.user), pk=self.kwargs["todo_pk"]
        )
        return todo

    def list(self, request: Request, todo_pk: str) -> HttpResponseBase:
        """List the attachments of a todo and of its comments, oldest first."""
        self.get_todo()
        return self.fresh_page(self.get_queryset())

    def retrieve(self, request: Request, todo_pk: str, pk: str) -> Response:
        """Return what is known about one attachment."""
        return self.item(self.get_object())

    def content(self, request: Request, todo_pk: str, pk: str) -> HttpResponseBase:
        """Download an attachment, or a range of its bytes."""
        attachment = self.get_object()
        return download(request._request, attachment.file, name=attachment.name)

    def create(self, request: Request, todo_pk: str) -> Response:
        """Attach a file to a todo."""
        return self._attach(self.get_todo(), None)

    def create_for_comment(
        self, request: Request, todo_pk: str, comment_pk: str
    ) -> Response:
        """Attach a file to your own comment."""
        todo = self.get_todo()
        comments = Comment.objects.visible_to(self.user).filter(todo=todo)
        return self._attach(todo, get_object_or_404(comments, pk=comment_pk))

    def _attach(self, todo: Todo, comment: Comment | None) -> Response:
        attachment = add_attachment(
            actor=self.user,
            todo=todo,
            comment=comment,
            received=self.valid()["file"],
            now=timezone.now(),
        )
        url = reverse("api:attachment", args=[todo.pk, attachment.pk])
        location = self.request.build_absolute_uri(url)
        return self.item(attachment, status=201, Location=location)

    def partial_update(self, request: Request, todo_pk: str, pk: str) -> Response:
        """Rename an attachment."""
        attachment = self.get_object()
        changed = rename_attachment(
            actor=self.user,
            attachment=attachment,
            name=self.valid(attachment).get("name", attachment.name),
            expected=self.expected,
            now=timezone.now(),
        )
        return self.item(changed)

    def destroy(self, request: Request, todo_pk: str, pk: str) -> Response:
        """Delete an attachment permanently."""
        remove_attachment(
            actor=self.user,
            attachment=self.get_object(),
            expected=self.expected,
            now=timezone.now(),
        )
        return Response(status=204)

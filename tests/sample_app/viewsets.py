"""Endpoints of bookmarks."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.parsers import StrictMultiPartParser, UploadParser
from core.api.viewsets import ScopedViewSet
from core.errors import Invalid
from core.scoping import Order
from tests.sample_app.models import Bookmark
from tests.sample_app.serializers import BookmarkSerializer, DropSerializer
from tests.sample_app.services import add_bookmark, edit_bookmark, remove_bookmark

TITLE = re.compile(r"<title>\s*(.{1,200}?)\s*</title>", re.IGNORECASE | re.DOTALL)
HEAD = 64 * 1024  # bytes of a page that are searched for its title


class BookmarkViewSet(ScopedViewSet[Bookmark]):
    """The signed-in user's bookmarks."""

    resource = "bookmarks"
    required = {
        "list": "bookmarks.view_bookmark",
        "retrieve": "bookmarks.view_bookmark",
        "create": "bookmarks.add_bookmark",
        "partial_update": "bookmarks.change_bookmark",
        "destroy": "bookmarks.delete_bookmark",
    }
    queryset = Bookmark.objects.all()
    serializer_class = BookmarkSerializer
    inputs = {"create": BookmarkSerializer, "partial_update": BookmarkSerializer}
    orders = {"-created_at": Order("created_at", descending=True)}

    def list(self, request: Request) -> Response:
        """List bookmarks, newest first."""
        return self.page(self.query(self.get_queryset()))

    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one bookmark."""
        return self.item(self.get_object())

    def create(self, request: Request) -> Response:
        """Add a bookmark."""
        row = add_bookmark(actor=self.user, now=timezone.now(), **self.valid())
        return self.created(row)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the title or URL of a bookmark."""
        row = self.get_object()
        changed = edit_bookmark(
            actor=self.user,
            bookmark=row,
            expected=self.expected,
            now=timezone.now(),
            **self.valid(row),
        )
        return self.item(changed)

    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a bookmark permanently."""
        remove_bookmark(
            actor=self.user,
            bookmark=self.get_object(),
            expected=self.expected,
            now=timezone.now(),
        )
        return Response(status=204)


class DropViewSet(ScopedViewSet[Bookmark]):
    """Accepts saved pages, which may be large."""

    resource = "bookmarks"
    required = {"create": "bookmarks.add_bookmark"}
    queryset = Bookmark.objects.all()
    serializer_class = BookmarkSerializer
    inputs = {"create": DropSerializer}
    parser_classes = (StrictMultiPartParser, UploadParser)

    def create(self, request: Request) -> Response:
        """Store a saved page under its title."""
        page = self.valid()["file"]
        row = add_bookmark(
            actor=self.user, title=title_of(page), size=page.size, now=timezone.now()
        )
        address = reverse("api:bookmark", args=[row.pk])
        return self.item(row, status=201, Location=request.build_absolute_uri(address))


def title_of(page: Any) -> str:
    """Return the title of an HTML page; raise Invalid if it has none."""
    found = TITLE.search(page.read(HEAD).decode(errors="replace").replace("\0", ""))
    if found is None:
        raise Invalid("The page has no title.", field="file")
    return unescape(found[1])[:200]

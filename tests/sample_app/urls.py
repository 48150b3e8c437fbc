"""URLs of bookmarks, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from tests.sample_app.viewsets import BookmarkViewSet

urlpatterns = [
    path(
        "bookmarks",
        BookmarkViewSet.as_view({"get": "list", "post": "create"}),
        name="bookmarks",
    ),
    path(
        "bookmarks/<uuid:pk>",
        BookmarkViewSet.as_view(
            {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
        ),
        name="bookmark",
    ),
]

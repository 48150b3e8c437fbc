"""URLs of the door for saved pages, below /."""

from __future__ import annotations

from django.urls import path

from tests.sample_app.viewsets import DropViewSet

urlpatterns = [path("drop/pages", DropViewSet.as_view({"post": "create"}), name="drop")]

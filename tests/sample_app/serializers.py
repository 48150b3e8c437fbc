"""Bookmarks as the API shows them."""

from __future__ import annotations

from rest_framework import serializers

from core.api.serializers import StrictModelSerializer, StrictSerializer
from tests.sample_app.models import Bookmark


class BookmarkSerializer(StrictModelSerializer):
    """A saved web page."""

    class Meta:
        model = Bookmark
        fields = ("id", "title", "url", "size", "created_at", "updated_at", "version")
        read_only_fields = ("id", "size", "created_at", "updated_at", "version")


class DropSerializer(StrictSerializer):
    """A saved page: the whole body, or a field of a form."""

    file = serializers.FileField()

"""Attachments as the API shows them."""

from __future__ import annotations

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.api.serializers import StrictModelSerializer, StrictSerializer
from files.uploads import UploadOf
from todos.models import Attachment


class AttachmentSerializer(StrictModelSerializer):
    """A file attached to a todo, or to a comment on it."""

    size = serializers.IntegerField(
        source="file.size", read_only=True, help_text="Bytes."
    )
    media_type = serializers.CharField(
        source="file.media_type",
        read_only=True,
        help_text="By the content of the file, not as the client declared it.",
    )
    sha256 = serializers.CharField(
        source="file.sha256",
        read_only=True,
        help_text="SHA-256 of the content, in hexadecimal.",
    )

    class Meta:
        model = Attachment
        fields = (
            "id",
            "todo",
            "comment",
            "name",
            "size",
            "media_type",
            "sha256",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
            "version",
        )
        read_only_fields = tuple(name for name in fields if name != "name")


class UploadSerializer(StrictSerializer):
    """A file: the part `file` of a form, or the whole body of the request.

    A body of any media type other than a form's is the file itself; its name comes from
    `Content-Disposition: attachment; filename="…"`.
    """

    file = serializers.FileField(allow_empty_file=True, max_length=None)

    def validate_file(self, file: object) -> object:
        if not isinstance(file, UploadOf):
            raise serializers.ValidationError(_("Send one file."), code="not_a_file")
        return file.received

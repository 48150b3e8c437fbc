"""Endpoints of the requesting person's picture, and the files of pictures."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.images import square_image
from accounts.models import User
from accounts.serializers.people import ImageSerializer, MeSerializer
from accounts.services.avatars import file_content, remove_avatar, set_avatar
from core.api.parsers import StrictMultiPartParser, UploadParser
from core.api.viewsets import CompositeTagViewSet


class AvatarViewSet(CompositeTagViewSet[User]):
    """The picture of the requesting person."""

    resource = "profile"
    required = {"update": None, "destroy": None}
    queryset = User.objects.all()
    serializer_class = MeSerializer
    inputs = {"update": ImageSerializer}
    outputs = {"destroy": MeSerializer}
    parser_classes = (StrictMultiPartParser, UploadParser)

    def update(self, request: Request) -> Response:
        """Set your picture: a JPEG, PNG, WebP or GIF image of at most 8 MiB.

        Send it as the body, or as the field `file` of a form. Its middle square is
        kept, without metadata. Pictures are public: anyone who knows the address of
        one can read it without signing in. The response is your profile.
        """
        person = set_avatar(
            actor=self.user,
            image=square_image(self.valid()["file"].read()),
            expected=self.expected,
            now=timezone.now(),
        )
        return self.item(person)

    def destroy(self, request: Request) -> Response:
        """Remove your picture. Doing so again changes nothing."""
        person = remove_avatar(
            actor=self.user,
            person=self.user,
            expected=self.expected,
            now=timezone.now(),
        )
        return self.item(person)


@require_safe
def avatar_file(request: HttpRequest, name: str, size: str) -> HttpResponse:
    """Return a picture, and keep it as a file that the web server sends next time."""
    image = file_content(name, int(size))
    if image is None:
        raise Http404
    headers: dict[str, Any] = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return HttpResponse(image, content_type="image/webp", headers=headers)

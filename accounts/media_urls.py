"""URLs of public files, below /: those that the web server does not have yet."""

from __future__ import annotations

from django.urls import re_path

from accounts.images import SIZES
from accounts.models import AVATAR_NAME
from accounts.viewsets.avatars import avatar_file

_SIZES = "|".join(map(str, SIZES))

urlpatterns = [
    re_path(
        rf"^media/public/avatars/(?P<name>[0-9a-f]{{{AVATAR_NAME}}})"
        rf"-(?P<size>{_SIZES})\.webp\Z",
        avatar_file,
        name="avatar_file",
    )
]

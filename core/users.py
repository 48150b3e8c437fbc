"""The user model, which the kernel knows only as settings.AUTH_USER_MODEL."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The type checker's plugin reads it as the class that AUTH_USER_MODEL names.
    from django.contrib.auth.models import _User as User
else:
    from typing import Any as User

__all__ = ["User"]

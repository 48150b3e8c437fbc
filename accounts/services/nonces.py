"""Let each signed request take effect once."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import ApiKey, UsedNonce


def use_nonce(*, key: ApiKey, nonce: str, signed_at: datetime) -> bool:
    """Return whether the key has not used this nonce before; note that it has now.

    The database decides, so one of several concurrent requests is the first, whichever
    processes serve them.
    """
    try:
        with transaction.atomic():
            UsedNonce.objects.create(key=key, nonce=nonce, signed_at=signed_at)
    except IntegrityError:
        return False
    return True

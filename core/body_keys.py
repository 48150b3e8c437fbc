"""The service's own keys for encrypted bodies: published, rotated and deleted.

Each generation has one key for each algorithm. They are replaced by
`manage.py rotatebodykeys`, while the service runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from joserfc.jwk import ECKey, RSAKey

from core.jwk import ALGORITHMS, Key, generate, public_members
from core.models import BodyKey, Installation, StoredSecret
from core.secrets import read_secret, store_secret


def published_keys(now: datetime) -> list[dict[str, Any]]:
    """Return the current public keys (RFC 7517); the first call creates them."""
    if not BodyKey.objects.current().exists():
        _replace(_new_keys(), now=now, only_if_none=True)
    return [
        {**key.public_key, "kid": key.kid, "use": "enc", "alg": key.algorithm}
        for key in BodyKey.objects.current().order_by("algorithm")
    ]


def find_key(kid: str, now: datetime) -> Key | None:
    """Return the private key to which a body may be encrypted, or None."""
    accepted = BodyKey.objects.accepted(now).select_related("secret")
    found = accepted.filter(kid=kid).first()
    if found is None:
        return None
    return _imported(found.public_key["kty"], read_secret(found.secret))


def rotate_keys(*, now: datetime, forget_previous: bool = False) -> int:
    """Replace the current keys; return how many of the others were deleted.

    Bodies encrypted to the previous keys are accepted for `GRACE`, unless they are to
    be forgotten.
    """
    _replace(_new_keys(), now=now)
    others = BodyKey.objects.exclude(retired_at=None)
    return _delete(others if forget_previous else BodyKey.objects.ended(now))


def delete_ended_keys(now: datetime) -> Iterator[int]:
    """Delete the keys that are not accepted any more; yield how many there were."""
    if count := _delete(BodyKey.objects.ended(now)):
        yield count


def _new_keys() -> list[Key]:
    # This takes long, so it is done before anything is locked.
    return [generate(key_type) for key_type in ALGORITHMS]


@transaction.atomic
def _replace(keys: Iterable[Key], *, now: datetime, only_if_none: bool = False) -> None:
    # Of two first calls at once, the second waits here and then finds the keys.
    Installation.objects.select_for_update(no_key=True).first()
    current = BodyKey.objects.current()
    if only_if_none and current.exists():
        return
    current.update(retired_at=now)
    for key in keys:
        BodyKey.objects.create(
            kid=key.thumbprint(),
            algorithm=ALGORITHMS[key.key_type],
            public_key=public_members(key),
            secret=store_secret(key.as_der(private=True), now=now),
            created_at=now,
        )


@transaction.atomic
def _delete(keys: QuerySet[BodyKey]) -> int:
    secrets = list(keys.values_list("secret", flat=True))
    keys.delete()
    return StoredSecret.objects.filter(pk__in=secrets).delete()[0]


@lru_cache(maxsize=16)
def _imported(key_type: str, private: bytes) -> Key:
    # Checking an RSA key takes longer than decrypting with it.
    kind = ECKey if key_type == "EC" else RSAKey
    return kind.import_key(private)

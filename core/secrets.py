"""Secrets at rest: encrypted with a stored key, which SECRET_KEY encrypts.

SECRET_KEY is not in the database, so neither the database nor a backup of it reveals a
secret. Keys are replaced by `manage.py rotatekeys`, while the service runs.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from core.models import EncryptionKey, Installation, StoredSecret

BATCH = 500
PURPOSE = b"keys of stored secrets"


class Unreadable(Exception):
    """A secret cannot be decrypted: its SECRET_KEY is missing, or it was damaged."""


def store_secret(secret: bytes, *, now: datetime) -> StoredSecret:
    """Store a secret, encrypted with the newest key; the first call creates one."""
    key = _newest_key(now)
    stored = StoredSecret(key=key, ciphertext=_cipher(key.pk).encrypt(secret))
    stored.save(force_insert=True)
    return stored


def read_secret(stored: StoredSecret) -> bytes:
    """Return a stored secret; raise Unreadable if that is impossible."""
    try:
        return _cipher(stored.key_id).decrypt(bytes(stored.ciphertext))
    except InvalidToken:
        raise Unreadable(f"The secret {stored.pk} cannot be decrypted.") from None


def create_key(now: datetime) -> EncryptionKey:
    """Create the key that encrypts all secrets from now on."""
    ciphertext = _root().encrypt(Fernet.generate_key())
    return EncryptionKey.objects.create(ciphertext=ciphertext, created_at=now)


def encrypt_again(key: EncryptionKey) -> Iterator[int]:
    """Encrypt all secrets with this key, in batches; yield the size of each.

    Each batch has a transaction of its own, so an interrupted run can be continued.
    """
    others = StoredSecret.objects.exclude(key=key).order_by("pk")
    while done := _encrypt_batch(key, others.select_for_update()):
        yield done


def delete_unused_keys(*, before: datetime) -> int:
    """Delete the keys created before a moment that encrypt nothing; count them."""
    old = EncryptionKey.objects.filter(created_at__lt=before, secrets=None)
    return old.delete()[0]


def find_unreadable() -> Iterator[str]:
    """Yield a sentence for each secret that cannot be read, "" for each that can."""
    for stored in StoredSecret.objects.order_by("pk").iterator(chunk_size=BATCH):
        try:
            read_secret(stored)
        except Unreadable as problem:
            yield str(problem)
        else:
            yield ""


@transaction.atomic
def _encrypt_batch(key: EncryptionKey, secrets: QuerySet[StoredSecret]) -> int:
    batch = list(secrets[:BATCH])
    for stored in batch:
        stored.ciphertext = _cipher(key.pk).encrypt(read_secret(stored))
        stored.key = key
    StoredSecret.objects.bulk_update(batch, ["key", "ciphertext"])
    return len(batch)


def _newest_key(now: datetime) -> EncryptionKey:
    if (found := EncryptionKey.objects.order_by("created_at", "pk").last()) is None:
        return _first_key(now)
    return found


@transaction.atomic
def _first_key(now: datetime) -> EncryptionKey:
    # Of two first calls at once, the second waits here and then finds the key.
    Installation.objects.select_for_update(no_key=True).first()
    found = EncryptionKey.objects.order_by("created_at", "pk").last()
    return found or create_key(now)


@lru_cache(maxsize=32)
def _cipher(key_id: UUID) -> Fernet:
    """Return the cipher of a key; the key of an id never changes."""
    key = EncryptionKey.objects.get(pk=key_id)
    try:
        return Fernet(_root().decrypt(bytes(key.ciphertext)))
    except InvalidToken:
        raise Unreadable(
            f"The encryption key {key_id} belongs to another SECRET_KEY. Set that one, "
            "or add it to SECRET_KEY_FALLBACKS."
        ) from None


def _root() -> MultiFernet:
    return _root_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _root_of(secret_keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(secret)) for secret in secret_keys])


def _derived(secret_key: str) -> bytes:
    # A plain derivation is enough: SECRET_KEY is random, not a password.
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE)
    return urlsafe_b64encode(derivation.derive(secret_key.encode()))

"""Secrets that are stored encrypted, and the keys that encrypt them."""

from __future__ import annotations

from django.db import models

from core.ids import new_id


class EncryptionKey(models.Model):
    """A key that encrypts secrets; the newest one encrypts new secrets."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ciphertext = models.BinaryField(
        db_comment="The key, encrypted with a key derived from SECRET_KEY (Fernet)"
    )
    created_at = models.DateTimeField(db_comment="UTC")

    class Meta:
        default_permissions = ()
        db_table_comment = "Keys that encrypt the stored secrets"

    def __str__(self) -> str:
        return str(self.pk)


class StoredSecret(models.Model):
    """A secret of a few bytes, such as the key of a file; see `core.secrets`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.ForeignKey(
        EncryptionKey,
        models.PROTECT,
        related_name="secrets",
        db_comment="The key that it is encrypted with",
    )
    ciphertext = models.BinaryField(db_comment="The encrypted secret (Fernet)")

    class Meta:
        default_permissions = ()
        db_table_comment = "Secrets of files, API keys and others"

    def __str__(self) -> str:
        return str(self.pk)

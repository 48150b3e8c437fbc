"""Check that a key has one credential, and index the secrets of keys."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q

from core.db.migrations_online import AddCheck, BuildIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0006_signed_only_keys")]

    operations = [
        BuildIndex(
            model_name="apikey",
            index=models.Index(
                condition=Q(secret__isnull=False),
                fields=["secret"],
                name="apikey_secret",
            ),
        ),
        AddCheck(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=(
                    (
                        Q(public_key=None, secret=None, signature=None)
                        & ~Q(secret_hash="")
                    )
                    | Q(
                        public_key=None,
                        secret__isnull=False,
                        secret_hash="",
                        signature="hmac-sha256",
                    )
                    | Q(
                        public_key__isnull=False,
                        secret=None,
                        secret_hash="",
                        signature="ed25519",
                    )
                ),
                name="apikey_has_one_credential",
            ),
        ),
    ]

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_pictures_of_people"),
        ("core", "0005_stored_secrets"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="public_key",
            field=models.CharField(
                blank=True,
                db_comment="Ed25519 public key of the client, base64url",
                max_length=43,
                null=True,
                verbose_name="public key",
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="secret",
            field=models.ForeignKey(
                db_comment="The secret of an HMAC",
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="core.storedsecret",
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="signature",
            field=models.CharField(
                blank=True,
                choices=[
                    ("hmac-sha256", "HMAC-SHA256: a secret that both sides know"),
                    ("ed25519", "Ed25519: a key pair of the client"),
                ],
                db_comment="Algorithm that signs every request; NULL if there is a"
                " token",
                max_length=16,
                null=True,
                verbose_name="signature",
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="secret_hash",
            field=models.CharField(
                db_comment="SHA-256 of the secret, hexadecimal; empty if signed only",
                editable=False,
                max_length=64,
            ),
        ),
        migrations.CreateModel(
            name="UsedNonce",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "nonce",
                    models.CharField(
                        db_comment="What the client chose", max_length=64
                    ),
                ),
                (
                    "signed_at",
                    models.DateTimeField(db_comment="When it was signed, UTC"),
                ),
                (
                    "key",
                    models.ForeignKey(
                        db_comment="The key that signed",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.apikey",
                    ),
                ),
            ],
            options={
                "db_table_comment": "Nonces of signed requests, for a few minutes",
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["signed_at"], name="usednonce_age")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("key", "nonce"), name="usednonce_once"
                    )
                ],
            },
        ),
    ]

"""Answers to POST requests with an Idempotency-Key, kept for their retries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models

from core.ids import new_id


class IdempotentAnswerQuerySet(models.QuerySet["IdempotentAnswer"]):
    def forget(self, ids: Iterable[Any]) -> int:
        """Remove the content of answers about purged rows."""
        about = self.filter(resource_id__in=[str(pk) for pk in ids])
        return about.update(body=None, headers={})


class IdempotentAnswer(models.Model):
    """The answer to a POST that carried an Idempotency-Key, for its retries."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        db_index=False,
        db_comment="Who asked",
    )
    key = models.CharField(
        max_length=255, db_comment="What the client called the request"
    )
    fingerprint = models.CharField(
        max_length=64, db_comment="SHA-256 of method, address and body"
    )
    status = models.PositiveSmallIntegerField(null=True, db_comment="HTTP status")
    resource_id = models.CharField(
        max_length=64, blank=True, db_comment="Id of the row that it made or changed"
    )
    # NULL if the answer held a secret, or after its row was purged.
    body = models.JSONField(null=True, db_comment="What was answered")
    headers = models.JSONField(default=dict, db_comment="Location and ETag")
    created_at = models.DateTimeField(db_comment="UTC")

    objects = IdempotentAnswerQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        db_table_comment = "Answers that a retried POST gets again"
        indexes = [
            models.Index(fields=["created_at"], name="idempotentanswer_age"),
            models.Index(fields=["resource_id"], name="idempotentanswer_resource"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "key"], name="idempotentanswer_once"
            )
        ]

    def __str__(self) -> str:
        return self.key

"""Todos of people."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Todo(models.Model):
    """A todo of one person."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="todos", db_index=False
    )
    content = models.CharField(max_length=200)
    priority = models.IntegerField(default=0)
    is_finished = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "-created_at"], name="newest")]

    def __str__(self) -> str:
        return self.content

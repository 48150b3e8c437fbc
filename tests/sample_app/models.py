"""Bookmarks: web pages that people save."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.fields import SearchField
from core.models import Recorded
from core.scoping import ScopedQuerySet
from core.text import validate_storable, validate_visible
from core.users import User


class BookmarkQuerySet(ScopedQuerySet["Bookmark"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(owner=user)

    def editable_by(self, user: User) -> Self:
        return self.visible_to(user)

    def orphaned(self) -> Self:
        """Keep the bookmarks of removed people."""
        return self.exclude(owner__removed_at=None).order_by("pk")


class Bookmark(Recorded):
    """A saved web page with its title; only its owner sees it."""

    recorded = ("title", "url", "size")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="bookmarks",
        editable=False,
        db_index=False,  # the index of the order begins with it
        db_comment="Who keeps it",
    )
    title = models.CharField(
        _("title"),
        max_length=200,
        validators=[validate_storable, validate_visible],
        db_comment="As shown",
    )
    search_key = SearchField(
        of=("title",), db_comment="Words of the title, for searching"
    )
    url = models.CharField(
        _("address"),
        max_length=2000,
        blank=True,
        validators=[URLValidator(["http", "https"])],
        db_comment="Where the page is",
    )
    size = models.PositiveBigIntegerField(
        _("size"),
        null=True,
        editable=False,
        db_comment="Bytes of the saved page; NULL if none was dropped",
    )

    objects = BookmarkQuerySet.as_manager()

    class Meta:
        verbose_name = _("bookmark")
        verbose_name_plural = _("bookmarks")
        db_table_comment = "Pages that people want to keep"
        indexes = [
            models.Index(fields=["owner", "created_at", "id"], name="bookmark_newest")
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="bookmark_has_title")
        ]

    def __str__(self) -> str:
        return self.title

"""Labels of a list."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.fields import FoldedField, SearchField
from core.models import Recorded
from core.text import validate_storable, validate_visible
from todos.models.lists import TodoList, colour_validator
from todos.querysets import OfListQuerySet

NAME_LENGTH = 100  # characters


class Label(Recorded):
    """A label for the todos of a list; everyone who sees the list sees it."""

    recorded = ("name", "colour")

    list = models.ForeignKey(
        TodoList,
        models.CASCADE,
        related_name="labels",
        verbose_name=_("list"),
        db_index=False,  # the unique constraint begins with it
        db_comment="The list it belongs to",
    )
    name = models.CharField(
        _("name"),
        max_length=NAME_LENGTH,
        validators=[validate_storable, validate_visible],
        db_comment="As shown",
    )
    name_key = FoldedField(of=("name",), db_comment="Folded name, for comparing")
    search_key = SearchField(
        of=("name",), db_default="", db_comment="Words of the name, for searching"
    )
    colour = models.CharField(
        _("colour"),
        max_length=7,
        blank=True,
        validators=[colour_validator],
        db_comment="#rrggbb",
    )

    objects = OfListQuerySet.as_manager()

    class Meta:
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        db_table_comment = "Labels for the todos of a list"
        constraints = [
            models.UniqueConstraint(fields=["list", "name_key"], name="label_once"),
            models.CheckConstraint(
                condition=Q(name__length__gte=1, name__length__lte=NAME_LENGTH),
                name="label_name_length",
            ),
        ]

    def __str__(self) -> str:
        return self.name

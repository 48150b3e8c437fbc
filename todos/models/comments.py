"""Comments on todos."""

from __future__ import annotations

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.fields import LongText
from core.models import Recorded
from core.text import validate_storable, validate_visible
from todos.models.lists import MemberRole, TodoList
from todos.models.todos import Todo
from todos.querysets import CommentQuerySet

COMMENT_LENGTH = 10_000  # characters


class Comment(Recorded):
    """A comment of a member on a todo."""

    recorded = ("todo", "text")

    list = models.ForeignKey(
        TodoList,
        models.CASCADE,
        related_name="+",
        editable=False,
        db_comment="The list of its todo",
    )
    todo = models.ForeignKey(
        Todo,
        models.CASCADE,
        related_name="comments",
        editable=False,
        db_index=False,
        verbose_name=_("todo"),
        db_comment="The todo that it is about",
    )
    text = LongText(
        _("text"),
        validators=[
            MaxLengthValidator(COMMENT_LENGTH),
            validate_storable,
            validate_visible,
        ],
        db_comment="Text of the comment",
    )

    objects = CommentQuerySet.as_manager()

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        db_table_comment = "Comments on todos"
        indexes = [
            models.Index(fields=["todo", "created_at", "id"], name="comment_of_todo")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(text__length__gte=1, text__length__lte=COMMENT_LENGTH),
                name="comment_text_length",
            )
        ]

    def __str__(self) -> str:
        return str(self.text[:80])

    def is_editable_by(self, user: User) -> bool:
        """Return whether a member who may edit the list may edit this comment."""
        return self.created_by_id == user.pk

    def is_removable_by(self, user: User, *, role: str) -> bool:
        """Return whether a member with this role may delete the comment."""
        return self.is_editable_by(user) or role == MemberRole.OWNER

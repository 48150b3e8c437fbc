"""Files attached to todos and comments."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.models import Recorded
from core.text import MaxBytes, validate_storable, validate_visible
from files.content import NAME_BYTES
from files.models import StoredFile
from todos.models.comments import Comment
from todos.models.lists import MemberRole, TodoList
from todos.models.todos import Todo
from todos.querysets import AttachmentQuerySet


class Attachment(Recorded):
    """A file attached to a todo, or to a comment on it."""

    recorded = ("todo", "comment", "name")

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
        related_name="attachments",
        editable=False,
        db_index=False,
        verbose_name=_("todo"),
        db_comment="The todo that it belongs to",
    )
    comment = models.ForeignKey(
        Comment,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="attachments",
        editable=False,
        db_index=False,
        verbose_name=_("comment"),
        db_comment="The comment that it belongs to; NULL for the todo itself",
    )
    file: Any = models.OneToOneField(
        StoredFile,
        models.PROTECT,
        related_name="+",
        editable=False,
        verbose_name=_("file"),
        db_comment="Its content, in the file store",
    )
    name = models.CharField(
        _("name"),
        max_length=NAME_BYTES,
        validators=[MaxBytes(NAME_BYTES), validate_storable, validate_visible],
        db_comment="Name of the file",
    )

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        db_table_comment = "Files attached to todos and comments"
        indexes = [
            models.Index(
                fields=["todo", "created_at", "id"], name="attachment_of_todo"
            ),
            models.Index(
                fields=["comment"],
                condition=Q(comment__isnull=False),
                name="attachment_of_comment",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="attachment_has_name")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def kind(self) -> str:
        """Return the ending of the name, as a short description of the file."""
        _stem, dot, ending = self.name.rpartition(".")
        return ending[:4].upper() if dot else ""

    def is_editable_by(self, user: User) -> bool:
        """Return whether a member who may edit the list may rename or delete this.

        What belongs to a comment belongs to its author.
        """
        return self.comment_id is None or self.created_by_id == user.pk

    def is_removable_by(self, user: User, *, role: str) -> bool:
        """Return whether a member with this role may delete the attachment."""
        return self.is_editable_by(user) or role == MemberRole.OWNER

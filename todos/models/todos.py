"""Todos."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.validators import (
    MaxLengthValidator,
    MaxValueValidator,
    MinValueValidator,
)
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from core.fields import LongText
from core.models import Recorded, person_field
from core.text import MaxBytes, validate_storable, validate_visible
from core.timezones import validate_zone
from todos.due import EARLIEST, LATEST, Due
from todos.fields import (
    DueKey,
    FinishedKey,
    IndexedSearchField,
    OctetLength,
    RankField,
)
from todos.models.labels import Label
from todos.models.lists import TodoList
from todos.querysets import ActiveTodoManager, TodoQuerySet

UID_LENGTH = 255  # characters
CONTENT_LENGTH = 500  # characters
CONTENT_BYTES = 1500  # in UTF-8
NOTES_LENGTH = 20_000  # characters
MAX_DEPTH = 5

_day = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
_active = Q(deleted_at=None)


class Priority(models.IntegerChoices):
    """How urgent a todo is."""

    NONE = 0, _("none")
    LOW = 1, _("low")
    MEDIUM = 2, _("medium")
    HIGH = 3, _("high")

    @classmethod
    def legend(cls) -> str:
        """Return what each number means, in English."""
        return ", ".join(f"{one.value} {one.name.lower()}" for one in cls)


class Todo(Recorded):
    """Something to do, in a list."""

    recorded = (
        "list",
        "uid",
        "parent",
        "content",
        "notes",
        "priority",
        "due_on",
        "due_time",
        "due_zone",
        "starts_on",
        "rank",
        "assignee",
        "is_finished",
        "finished_at",
        "finished_by",
        "deleted_at",
    )

    list = models.ForeignKey(
        TodoList,
        models.CASCADE,
        related_name="todos",
        verbose_name=_("list"),
        db_index=False,  # every index below begins with it
        db_comment="The list that it is in",
    )
    uid = models.CharField(
        _("uid"),
        max_length=UID_LENGTH,
        blank=True,
        validators=[validate_storable],
        db_comment="Id in other systems; unique in the list (RFC 5545 §3.8.4.7)",
    )
    parent = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="subtasks",
        verbose_name=_("subtask of"),
        db_comment="The todo that this is a subtask of, in the same list",
    )
    content = models.CharField(
        _("content"),
        max_length=CONTENT_LENGTH,
        validators=[MaxBytes(CONTENT_BYTES), validate_storable, validate_visible],
        db_comment="What is to be done",
    )
    notes = LongText(
        _("notes"),
        blank=True,
        validators=[
            MaxLengthValidator(NOTES_LENGTH),
            validate_storable,
            validate_visible,
        ],
        db_comment="Further text",
    )
    search_extra = models.TextField(
        editable=False,
        default="",
        db_default="",
        db_comment="Words of its labels and comments, for searching",
    )
    search_key = IndexedSearchField(
        of=("content", "notes", "search_extra"),
        db_comment="Words of the todo, its labels and comments, for searching",
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"),
        choices=Priority,
        default=Priority.NONE,
        db_comment=Priority.legend(),
    )
    due_on = models.DateField(
        _("due on"),
        null=True,
        blank=True,
        validators=_day,
        db_comment="Date in its zone",
    )
    due_time = models.TimeField(
        _("due time"), null=True, blank=True, db_comment="Local time; NULL for all day"
    )
    due_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_zone],
        db_comment="IANA zone of the time; empty without a time",
    )
    due_at = models.DateTimeField(
        _("due at"), null=True, editable=False, db_comment="Moment of the due time, UTC"
    )
    starts_on = models.DateField(
        _("starts on"), null=True, blank=True, validators=_day, db_comment="Not before"
    )
    rank = RankField(
        _("rank"),
        max_length=255,
        editable=False,
        db_comment="Position in the list, compared by bytes",
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="assigned_todos",
        verbose_name=_("assignee"),
        db_index=False,
        db_comment="Who does it: a member of the list",
    )
    labels = models.ManyToManyField(
        Label, blank=True, related_name="todos", verbose_name=_("labels")
    )
    is_finished = models.BooleanField(
        _("finished"), default=False, db_comment="Whether it is done"
    )
    finished_at = models.DateTimeField(
        _("finished at"), null=True, editable=False, db_comment="UTC"
    )
    finished_by = person_field("Who finished it", _("finished by"))
    deleted_at = models.DateTimeField(
        _("deleted at"), null=True, editable=False, db_comment="In the trash since, UTC"
    )

    objects = ActiveTodoManager()
    with_trash = models.Manager.from_queryset(TodoQuerySet)()

    class Meta:
        verbose_name = _("todo")
        verbose_name_plural = _("todos")
        base_manager_name = "with_trash"
        permissions = [("finish_todo", _("Can finish and reopen todos"))]
        db_table_comment = "Todos"
        # One for each order, read in both directions. The state comes second: a page
        # of open and finished todos is merged from both. An index by a key includes
        # its columns: without them PostgreSQL reads each row, not the index alone.
        indexes = [
            models.Index(
                fields=["list", "is_finished", "created_at", "id"],
                condition=_active,
                name="todo_newest",
            ),
            models.Index(
                "list",
                "is_finished",
                DueKey(),
                "id",
                include=DueKey.columns,
                condition=_active,
                name="todo_by_due_key",
            ),
            models.Index(
                "list",
                "is_finished",
                FinishedKey(),
                "id",
                include=FinishedKey.columns,
                condition=_active,
                name="todo_by_finished_key",
            ),
            models.Index(
                fields=["list", "is_finished", "rank", "id"],
                condition=_active,
                name="todo_by_rank",
            ),
            models.Index(
                fields=["list", "is_finished", "priority", "id"],
                condition=_active,
                name="todo_by_priority",
            ),
            models.Index(
                fields=["list", "is_finished", "deleted_at", "id"],
                condition=~_active,
                name="todo_in_trash",
            ),
            models.Index(
                fields=["assignee", "list", "is_finished"],
                condition=_active & Q(assignee__isnull=False),
                name="todo_of_assignee",
            ),
            models.Index(
                fields=["deleted_at"], condition=~_active, name="todo_trash_age"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["list", "uid"], name="todo_uid_once"),
            models.CheckConstraint(
                condition=Q(
                    content__length__gte=1, content__length__lte=CONTENT_LENGTH
                ),
                name="todo_content_length",
            ),
            models.CheckConstraint(
                condition=models.lookups.LessThanOrEqual(
                    OctetLength("content"), CONTENT_BYTES
                ),
                name="todo_content_bytes",
            ),
            models.CheckConstraint(
                condition=Q(notes__length__lte=NOTES_LENGTH), name="todo_notes_length"
            ),
            models.CheckConstraint(
                condition=Q(priority__in=Priority.values), name="todo_priority_known"
            ),
            models.CheckConstraint(
                condition=Q(due_time=None, due_zone="", due_at=None)
                | Q(due_on__isnull=False, due_time__isnull=False, due_at__isnull=False)
                & ~Q(due_zone=""),
                name="todo_due_time_has_date_and_zone",
            ),
            models.CheckConstraint(
                condition=Q(starts_on=None)
                | Q(due_on=None)
                | Q(starts_on__lte=F("due_on")),
                name="todo_starts_before_due",
            ),
            models.CheckConstraint(
                condition=Q(is_finished=True, finished_at__isnull=False)
                | Q(is_finished=False, finished_at=None, finished_by=None),
                name="todo_finished_has_moment",
            ),
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("id")),
                name="todo_not_own_parent",
            ),
            models.CheckConstraint(condition=~Q(uid=""), name="todo_has_uid"),
            models.CheckConstraint(condition=~Q(rank=""), name="todo_has_rank"),
        ]

    def __str__(self) -> str:
        return self.content

    @property
    def due(self) -> Due:
        return Due(on=self.due_on, time=self.due_time, zone=self.due_zone)

    def is_overdue(self, now: datetime) -> bool:
        """Return whether it is open and overdue: the offset of `now` sets the day."""
        return not self.is_finished and self.due.is_overdue(now)

    @cached_property
    def label_ids(self) -> Sequence[UUID]:
        return [label.pk for label in self.labels.all()]

    @property
    def is_trashed(self) -> bool:
        return self.deleted_at is not None

"""Lists and the people who share them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.fields import SearchField
from core.models import Recorded
from core.scoping import IsAmong
from core.text import validate_storable, validate_visible
from todos.counters import COUNTERS, Event, differences
from todos.fields import RankField
from todos.querysets import EDITING_ROLES, MembershipQuerySet, TodoListQuerySet
from todos.ranks import rank_between

models.CharField.register_lookup(Length)
models.TextField.register_lookup(Length)

colour_validator = RegexValidator(r"\A#[0-9a-f]{6}\Z", _("Give a colour as #rrggbb."))


NAME_LENGTH = 200  # characters
# The columns that every event in a list writes.
ADVANCED = ("revision", "counted_revision", *COUNTERS.values(), "last_rank")


class TodoList(Recorded):
    """A list of todos, seen by its members."""

    recorded = ("name", "is_archived", "requires_encrypted_writes", "deleted_at")

    name = models.CharField(
        _("name"),
        max_length=NAME_LENGTH,
        validators=[validate_storable, validate_visible],
        db_comment="As shown",
    )
    search_key = SearchField(
        of=("name",), db_default="", db_comment="Words of the name, for searching"
    )
    is_archived = models.BooleanField(
        _("archived"), default=False, db_comment="Whether it is read-only"
    )
    requires_encrypted_writes = models.BooleanField(
        _("encrypted writes only"),
        default=False,
        db_default=False,
        help_text=_(
            "Programs that use the API must encrypt what they write to this list. "
            "Pages work as before."
        ),
        db_comment="Whether the API refuses bodies that are not encrypted (RFC 7516)",
    )
    revision = models.PositiveBigIntegerField(
        _("revision"),
        default=0,
        editable=False,
        db_comment="Number of its last event; raised by every change in the list",
    )
    counted_revision = models.BigIntegerField(
        null=True,
        editable=False,
        db_comment="Revision that the counters are of; if another, they are outdated",
    )
    open_count = models.IntegerField(
        default=0, db_default=0, editable=False, db_comment="Number of open todos"
    )
    finished_count = models.IntegerField(
        default=0, db_default=0, editable=False, db_comment="Number of finished todos"
    )
    trashed_count = models.IntegerField(
        default=0,
        db_default=0,
        editable=False,
        db_comment="Number of todos in the trash",
    )
    last_rank = RankField(
        max_length=255,
        blank=True,
        editable=False,
        db_comment="The highest rank given to a todo; the next one comes after it",
    )
    inbox_of = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="inbox",
        db_comment="Whose inbox it is; NULL for other lists",
    )
    deleted_at = models.DateTimeField(
        _("deleted at"), null=True, editable=False, db_comment="In the trash since, UTC"
    )

    # Of the member for whom the list was loaded: see `as_seen_by`.
    role: str
    position: str
    colour: str

    objects = TodoListQuerySet.as_manager()

    class Meta:
        verbose_name = _("list")
        verbose_name_plural = _("lists")
        db_table_comment = "Lists of todos"
        indexes = [
            models.Index(
                fields=["deleted_at"],
                condition=Q(deleted_at__isnull=False),
                name="todolist_trash",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(name__length__gte=1, name__length__lte=NAME_LENGTH),
                name="todolist_name_length",
            ),
            models.CheckConstraint(
                condition=Q(inbox_of=None) | Q(is_archived=False, deleted_at=None),
                name="todolist_inbox_stays",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Return the name as pages show it: that of an inbox is translated.

        It is stored in the language that its owner had at first, unless renamed.
        """
        is_unnamed = self.is_inbox and self.name in inbox_names()
        return gettext("Inbox") if is_unnamed else self.name

    @property
    def is_inbox(self) -> bool:
        return self.inbox_of_id is not None

    @property
    def is_writable(self) -> bool:
        """Return whether the member may add and change rows: see `writable_by`."""
        return self.role in EDITING_ROLES and not self.is_archived

    @property
    def is_manageable(self) -> bool:
        """Return whether the member may share, archive and delete the list."""
        return self.role == MemberRole.OWNER and not self.is_inbox

    @property
    def sole_owner(self) -> Membership | None:
        """Return the only owner, who can neither leave nor lose the role."""
        owners = Membership.objects.filter(list=self.pk).owners()[:2]
        return owners[0] if len(owners) == 1 else None

    @property
    def is_counted(self) -> bool:
        """Return whether the counters are right: see `TodoListQuerySet.counted`."""
        return self.counted_revision == self.revision

    def advance(self, events: Sequence[Event]) -> None:
        """Raise the revision by one for each event, count its todos, and save.

        Counters that are outdated stay so; a scheduled task counts the todos.
        """
        revision = self.revision + len(events)
        if self.is_counted:
            self.counted_revision = revision
            for name, difference in differences(events).items():
                setattr(self, name, getattr(self, name) + difference)
        self.revision = revision
        self.save(update_fields=ADVANCED)

    def take_rank(self) -> str:
        """Return a rank after all others; the caller saves the list."""
        self.last_rank = rank = rank_between(self.last_rank or None, None)
        return rank

    @property
    def etag(self) -> str:
        """Return the state of the list, with the member's own if it was loaded."""
        own = getattr(self, "membership_version", None)
        return super().etag if own is None else f"{self.version}-{own}"


@cache
def inbox_names() -> frozenset[str]:
    """Return the name of a new inbox in every language."""
    names = set()
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            names.add(gettext("Inbox"))
    return frozenset(names)


class MemberRole(models.TextChoices):
    """The roles in a list; each includes the rights of the next."""

    OWNER = "owner", _("owner")
    EDITOR = "editor", _("editor")
    VIEWER = "viewer", _("viewer")


class Membership(Recorded):
    """A member of a list, with the member's own position and colour of the list."""

    recorded = ("user", "role", "position", "colour")

    list = models.ForeignKey(
        TodoList,
        models.CASCADE,
        related_name="memberships",
        editable=False,
        verbose_name=_("list"),
        db_index=False,  # the unique constraint begins with it
        db_comment="The list",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="memberships",
        verbose_name=_("person"),
        db_comment="The member",
    )
    role = models.CharField(
        _("role"),
        max_length=16,
        choices=MemberRole,
        default=MemberRole.EDITOR,
        db_comment="owner, editor or viewer",
    )
    position = RankField(
        _("position"),
        max_length=255,
        default="a0",
        editable=False,
        db_comment="Rank of the list among this person's lists",
    )
    colour = models.CharField(
        _("colour"),
        max_length=7,
        blank=True,
        validators=[colour_validator],
        db_comment="Of the list, for this person; #rrggbb",
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        db_table_comment = "Members of lists and their roles"
        constraints = [
            models.UniqueConstraint(fields=["list", "user"], name="membership_once"),
            models.CheckConstraint(
                condition=Q(role__in=MemberRole.values), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


def colleagues_of(user: User) -> Any:
    """Return the ids of the people who share a list with the person."""
    own = Membership.objects.filter(user=user, list__deleted_at=None)
    shared = Membership.objects.filter(IsAmong("list_id", own.values("list")))
    return shared.values("user").distinct()


def streams_visible_to(user: User) -> frozenset[Any]:
    """Return the ids of the lists whose events the person may read in full."""
    return frozenset(TodoList.objects.visible_to(user).values_list("pk", flat=True))

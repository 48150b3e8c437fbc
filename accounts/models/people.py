"""People, and who may see and manage them."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, Permission, PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.images import SIZES
from core.fields import FoldedField, SearchField
from core.freshness import changed
from core.models.base import Recorded
from core.registry import registry
from core.scoping import IsAmong, ScopedQuerySet
from core.text import fold, validate_storable, validate_visible
from core.timezones import validate_zone

AVATAR_NAME = 32  # characters


def permissions_beyond(user: User) -> models.QuerySet[Permission]:
    """Return the permissions that the user does not have: none for superusers."""
    if user.is_superuser:
        return Permission.objects.none()
    granted = Permission.objects.filter(group__user=user)
    return Permission.objects.exclude(pk__in=granted.values("pk"))


class UserQuerySet(ScopedQuerySet["User"]):
    def visible_to(self, user: User) -> Self:
        """Keep the person and those who share a list with them; for managers, all."""
        if user.has_perm("accounts.change_user"):
            return self
        seen = Q(pk=user.pk)
        for others in registry.users_visible_to(user):
            seen |= Q(IsAmong("pk", others))
        return self.filter(seen)

    def editable_by(self, user: User) -> Self:
        if user.has_perm("accounts.change_user"):
            return self.manageable_by(user)
        return self.filter(pk=user.pk)

    def manageable_by(self, user: User) -> Self:
        """Keep the people who may do nothing that the user may not do.

        Nobody manages a person who may do more, nor that person's keys: every page,
        action and service that manages people asks this.
        """
        if user.is_superuser:
            return self
        has_more = self.model.groups.through._default_manager.filter(
            group__in=Group.objects.filter(permissions__in=permissions_beyond(user))
        )
        return self.filter(is_superuser=False).exclude(pk__in=has_more.values("user"))

    def named(self, name: str) -> User | None:
        """Return the active person with this user name or email address.

        Return None if it is the user name of one person and the address of another,
        so that a list is never shared with the wrong person.
        """
        key = fold(name).strip()
        matches = Q(username_key=key) | Q(email_key=key)
        found = list(self.filter(matches, is_active=True)[:2])
        return found[0] if len(found) == 1 else None

    def touch_access(self) -> int:
        """Increment the access version of people whose set of visible lists changed.

        The rows are locked in the order of their ids, which prevents deadlocks.
        """
        rows = self.order_by("pk").select_for_update(of=("self",), no_key=True)
        ids = [user.pk for user in rows.only("pk")]
        touched: Self = self.model._default_manager.filter(pk__in=ids)
        changed(*ids)
        return touched.update(access_version=models.F("access_version") + 1)


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Creates people for Django's own code, such as the createsuperuser command."""

    def create_user(
        self,
        username: str,
        email: str = "",
        password: str | None = None,
        **fields: object,
    ) -> User:
        user: User = self.model(
            username=self.model.normalize_username(username), email=email
        )
        for name, value in fields.items():
            setattr(user, name, value)
        user.set_password(password)  # hashed before the transaction begins
        user.stamp(by=None, at=timezone.now())
        with transaction.atomic(using=self._db):
            user.save(using=self._db)
        return user

    def create_superuser(
        self,
        username: str,
        email: str = "",
        password: str | None = None,
        **fields: object,
    ) -> User:
        return self.create_user(username, email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        user: User = self.get(username_key=fold(username or ""))
        return user


class User(AbstractBaseUser, PermissionsMixin, Recorded):
    """A person who signs in. Removing one anonymises the row and keeps it."""

    recorded = (
        "username",
        "email",
        "display_name",
        "time_zone",
        "language",
        "is_active",
    )

    username = models.CharField(
        _("user name"),
        max_length=150,
        unique=True,
        validators=[UnicodeUsernameValidator(), validate_storable, validate_visible],
        error_messages={"unique": _("A person with that user name already exists.")},
        db_comment="For signing in",
    )
    username_key = FoldedField(
        of=("username",),
        unique=True,
        db_comment="Folded user name: bob and BOB are the same",
    )
    email = models.EmailField(
        _("email address"),
        blank=True,
        validators=[validate_storable],
        db_comment="As entered",
    )
    email_key = FoldedField(
        of=("email",), null=True, unique=True, db_comment="Folded email, for comparing"
    )
    display_name = models.CharField(
        _("display name"),
        max_length=150,
        blank=True,
        validators=[validate_storable, validate_visible],
        db_comment="Shown to others",
    )
    search_key = SearchField(
        of=("username", "display_name"),
        db_default="",
        db_comment="Words of both names, for searching",
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="UTC",
        validators=[validate_zone],
        db_comment="IANA name",
    )
    language = models.CharField(
        _("language"),
        max_length=16,
        default="en",
        choices=settings.LANGUAGES,
        db_comment="Of pages and mail",
    )
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Whether the person may sign in."),
        db_comment="Whether the person may sign in",
    )
    avatar = models.CharField(
        _("picture"),
        max_length=AVATAR_NAME,
        blank=True,
        default="",
        db_default="",
        editable=False,
        db_comment="Name of the picture's files, empty without one",
    )
    removed_at = models.DateTimeField(
        _("removed at"),
        null=True,
        editable=False,
        db_comment="When it was anonymised, UTC",
    )
    access_version = models.PositiveBigIntegerField(
        default=1,
        editable=False,
        db_comment="Raised when the set of visible lists changes",
    )
    session_stamp = models.UUIDField(
        null=True,
        editable=False,
        db_comment="Renewed whenever a session of theirs is written or ends",
    )
    session_generation = models.IntegerField(
        default=0,
        db_default=0,
        editable=False,
        db_comment="Raised when all sessions so far end, as when a person is disabled",
    )

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        db_table_comment = "People who sign in"
        indexes = [models.Index(fields=["created_at", "id"], name="user_newest")]
        constraints = [
            models.CheckConstraint(condition=~Q(username=""), name="user_has_username"),
            models.CheckConstraint(
                condition=Q(removed_at=None) | Q(is_active=False, email=""),
                name="user_removed_is_anonymous",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return the hash that a session must have to be valid, as Django does.

        In the first generation it is Django's own, which the previous release knows.
        """
        if not self.session_generation:
            return super()._get_session_auth_hash(secret)  # type: ignore[misc,no-any-return]
        text = f"{self.session_generation}:{self.password}"
        salt = "accounts.models.User.session_generation"
        return salted_hmac(salt, text, secret=secret, algorithm="sha256").hexdigest()

    @cached_property
    def role_names(self) -> list[str]:
        """Return the names of the roles, sorted."""
        return sorted(self.groups.values_list("name", flat=True))

    @property
    def is_staff(self) -> bool:
        """Let everyone who may sign in use the admin, which scopes its rows."""
        return self.is_active

    def avatar_path(self, size: int) -> str:
        """Return the path of the picture, `size` pixels or wider; empty without one."""
        if not self.avatar:
            return ""
        wide_enough = next((side for side in SIZES if side >= size), SIZES[-1])
        return f"{settings.MEDIA_URL}public/avatars/{self.avatar}-{wide_enough}.webp"

    def get_short_name(self) -> str:
        return str(self)

    def get_full_name(self) -> str:
        return str(self)

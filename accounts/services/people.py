"""Add, change and remove people."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime
from typing import Any, Unpack

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import avatar_files
from accounts.models import ApiKey, Avatar, Role, User
from accounts.services.attempts import reset_account_attempts
from accounts.services.fields import PersonDetails, PersonFields, ProfileFields
from accounts.services.keys import revoke_keys_of
from accounts.services.passwords import PasswordHash
from accounts.signals import person_leaves, person_removed
from core import events
from core.errors import Conflict, Forbidden, Invalid, Missing
from core.keywords import require_known
from core.models import Changes, IdempotentAnswer
from core.rights import permission_names, require, require_no_escalation
from core.text import fold
from core.timezones import zone_names


class CannotRemoveYourself(Conflict):
    code = "cannot_remove_yourself"
    message = _("You cannot remove or disable yourself. Ask another manager.")


class UsernameTaken(Invalid):
    code = "username_taken"
    message = _("A person with that user name already exists.")

    def __init__(self) -> None:
        super().__init__(field="username")


class EmailTaken(Invalid):
    code = "email_taken"
    message = _("A person with that email address already exists.")

    def __init__(self) -> None:
        super().__init__(field="email")


@transaction.atomic
def add_person(
    *,
    actor: User | None,
    username: str,
    password_hash: PasswordHash,
    now: datetime,
    roles: Iterable[Role] = (),
    **fields: Unpack[PersonDetails],
) -> User:
    """Add a person; the hash of no password lets nobody sign in yet."""
    require_known(fields, PersonDetails)
    require(actor, "accounts.add_user")
    _require_may_make_superuser(actor, fields)
    roles = list(roles)
    require_no_escalation(actor, permissions_of(roles))
    require_free_username(username)
    require_free_email(fields.get("email", ""))
    person = User(username=User.normalize_username(username), **fields)
    person.password = password_hash
    person.stamp(by=actor, at=now)
    person.save()
    person.groups.set(roles)
    changes = person.created_changes() | {"roles": [None, names_of(roles)]}
    events.record(
        actor=actor, verb="user.created", target=person, changes=changes, at=now
    )
    return person


@transaction.atomic
def change_person(
    *,
    actor: User | None,
    person: User,
    now: datetime,
    expected: Container[str] | None = None,
    roles: Iterable[Role] | None = None,
    keep_keys: bool = False,
    **fields: Unpack[PersonFields],
) -> User:
    """Change a person and, if `roles` is given, their roles.

    Disabling a person ends all their sessions. Enabling the person again restores none
    of them, and revokes their previous keys unless `keep_keys` is true.
    """
    require_known(fields, PersonFields)
    person = lock_person(actor=actor, person=person, expected=expected)
    _require_may_make_superuser(actor, fields)
    if person == actor and fields.get("is_active") is False:
        raise CannotRemoveYourself
    if "username" in fields:
        fields["username"] = User.normalize_username(fields["username"])
        require_free_username(fields["username"], exclude=person)
    require_free_email(fields.get("email", ""), exclude=person)
    role_changes = {} if roles is None else _set_roles(actor, person, list(roles))
    is_active = fields.get("is_active", person.is_active)
    if person.is_active and not is_active:
        _end_sessions(person)
    if is_active and not person.is_active and not keep_keys:
        revoke_keys_of(person, actor=actor, now=now)
    if changes := person.change(by=actor, at=now, extra_changes=role_changes, **fields):
        events.record(
            actor=actor, verb="user.changed", target=person, changes=changes, at=now
        )
    return person


@transaction.atomic
def change_profile(
    *,
    actor: User,
    now: datetime,
    expected: Container[str] | None = None,
    **fields: Unpack[ProfileFields],
) -> User:
    """Change the actor's own profile."""
    require_known(fields, ProfileFields)
    person: User = User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    person.expect(expected)
    changes = person.change(by=person, at=now, **fields)
    if changes:
        events.record(
            actor=person, verb="user.changed", target=person, changes=changes, at=now
        )
    return person


def adopt_settings(
    *, person: User, time_zone: str, language: str, now: datetime
) -> None:
    """Set the zone and language of a person's browser where they have the defaults."""
    offered = {"time_zone": time_zone, "language": language}
    known = {"time_zone": zone_names(), "language": dict(settings.LANGUAGES)}
    untouched = User()
    fields: Any = {
        name: value
        for name, value in offered.items()
        if value in known[name] and getattr(person, name) == getattr(untouched, name)
    }
    if fields:
        change_profile(actor=person, now=now, **fields)


@transaction.atomic
def set_password(
    *, actor: User | None, person: User, password_hash: PasswordHash, now: datetime
) -> None:
    """Set a new password, which ends the person's sessions; the log never has it.

    If somebody else sets it, earlier failed attempts no longer lock the person out.
    """
    if actor != person:
        person = lock_person(actor=actor, person=person)
        reset_account_attempts(person.username)
    person.password = password_hash
    person.save(update_fields=["password"])
    events.record(
        actor=actor, verb="user.password_changed", target=person, changes={}, at=now
    )


@transaction.atomic
def remove_person(*, actor: User | None, person: User, now: datetime) -> None:
    """Anonymise a person permanently; shared lists stay.

    Their name and address, their keys and the lists that only they could see are
    deleted, including their content in the event log.
    """
    require(actor, "accounts.delete_user")
    if person == actor:
        raise CannotRemoveYourself
    person_leaves.send(User, person=person)
    person = lock_person(actor=actor, person=person, permission="accounts.delete_user")
    if person.removed_at is not None:
        return
    person_removed.send(User, person=person, actor=actor, now=now)
    _remove_keys(person, actor, now)
    IdempotentAnswer.objects.filter(user=person).delete()
    _anonymise(person, actor, now)


def lock_person(
    *,
    actor: User | None,
    person: User,
    expected: Container[str] | None = None,
    permission: str = "accounts.change_user",
) -> User:
    """Lock the person and return the current row, if the actor may change them."""
    require(actor, permission)
    try:
        # With no_key, rows that refer to the person can still be written.
        person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    except User.DoesNotExist:
        raise Missing from None
    if actor is not None and not _manages(actor, person):
        raise Forbidden
    person.expect(expected)
    return person


def _end_sessions(person: User) -> None:
    person.session_generation += 1
    person.save(update_fields=["session_generation"])


def _manages(actor: User, person: User) -> bool:
    managed: bool = User.objects.manageable_by(actor).filter(pk=person.pk).exists()
    return managed


def permissions_of(roles: Iterable[Group]) -> set[str]:
    """Return app.codename of every permission that the roles grant."""
    granted = Permission.objects.filter(group__in=[role.pk for role in roles])
    return set(permission_names(granted.select_related("content_type")))


def names_of(roles: Iterable[Group]) -> list[str]:
    return sorted(role.name for role in roles)


def _set_roles(actor: User | None, person: User, roles: list[Role]) -> Changes:
    before, after = names_of(person.groups.all()), names_of(roles)
    if before == after:
        return {}
    require_no_escalation(actor, permissions_of(roles))
    person.groups.set(roles)
    return {"roles": [before, after]}


def require_free_username(username: str, *, exclude: User | None = None) -> None:
    """Refuse a user name that another person has, in any case or width."""
    others = User.objects.exclude(pk=exclude.pk) if exclude else User.objects.all()
    if others.filter(username_key=fold(username).strip()).exists():
        raise UsernameTaken


def require_free_email(email: str, *, exclude: User | None = None) -> None:
    """Refuse an address that another person has, in any case or width."""
    others = User.objects.exclude(pk=exclude.pk) if exclude else User.objects.all()
    if (key := fold(email).strip()) and others.filter(email_key=key).exists():
        raise EmailTaken


def _require_may_make_superuser(actor: User | None, fields: PersonDetails) -> None:
    """Refuse to create a superuser, unless the actor is one."""
    if fields.get("is_superuser") and actor is not None and not actor.is_superuser:
        raise Forbidden


def _remove_keys(person: User, actor: User | None, now: datetime) -> None:
    keys = list(ApiKey.objects.filter(user=person))
    events.redact(resource_type="apikey", ids=[key.pk for key in keys])
    for key in keys:
        events.record(
            actor=actor, verb="apikey.removed", target=key, changes={}, at=now
        )
    ApiKey.objects.filter(user=person).delete()


def _anonymise(person: User, actor: User | None, now: datetime) -> None:
    label = f"removed-{person.pk.hex[-12:]}"
    Avatar.objects.filter(user=person).delete()
    avatar_files.forget_after_commit(person.avatar)
    person.set_unusable_password()
    person.save(update_fields=["password"])
    person.change(
        by=actor,
        at=now,
        username=label,
        email="",
        display_name="",
        time_zone="UTC",
        language="en",
        is_active=False,
        avatar="",
        removed_at=now,
    )
    person.groups.clear()
    events.redact(resource_type="user", ids=[person.pk])
    events.redact_actor(actor_id=person.pk, label=label)
    events.record(actor=actor, verb="user.removed", target=person, changes={}, at=now)

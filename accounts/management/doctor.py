"""Doctor checks of permissions, shipped roles and pictures."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Model

from accounts.models import Avatar, Role, ShippedGrant, User
from accounts.roles import shipped_roles, sync_roles
from core.registry import DoctorCheck, RowCounter, registry
from core.rights import permission_names


def find_missing_permissions(_counter: RowCounter) -> Iterator[str]:
    for label in sorted(_missing_permissions()):
        yield f"The permission {label} does not exist."


def find_missing_grants(_counter: RowCounter) -> Iterator[str]:
    given = set(ShippedGrant.objects.values_list("role", "permission"))
    roles = set(Role.objects.values_list("name", flat=True))
    for name, labels in shipped_roles().items():
        if (name, "") not in given:
            yield f"The role {name} was never created."
        elif name in roles:  # a role that an administrator deleted stays deleted
            for label in sorted(labels):
                if (name, label) not in given:
                    yield f"The role {name} was never granted {label}."


def find_wrong_pictures(counter: RowCounter) -> Iterator[str]:
    named = dict(User.objects.exclude(avatar="").values_list("pk", "avatar"))
    stored = dict(Avatar.objects.values_list("user", "name"))
    counter.add(len(named))
    for pk in sorted(named.keys() | stored.keys()):
        if named.get(pk) != stored.get(pk):
            yield (
                f"User {pk} has the picture {named.get(pk, 'none')}, but "
                f"{stored.get(pk, 'none')} is stored."
            )


def count_people_with_picture() -> int:
    return int(User.objects.exclude(avatar="").count())


@transaction.atomic
def repair_permissions() -> None:
    """Create missing permissions, and grant them to the shipped roles again."""
    missing = _missing_permissions()
    for label in registry.apps:
        create_permissions(apps.get_app_config(label), verbosity=0)
    ShippedGrant.objects.filter(permission__in=missing).delete()
    sync_roles()


def _missing_permissions() -> set[str]:
    wanted = {
        f"{label}.{codename}"
        for label in registry.apps
        for model in apps.get_app_config(label).get_models()
        for codename in _codenames(model)
    }
    existing = Permission.objects.select_related("content_type")
    return wanted.difference(permission_names(existing))


def _codenames(model: type[Model]) -> list[str]:
    options = model._meta
    usual = [f"{name}_{options.model_name}" for name in options.default_permissions]
    return [*usual, *(name for name, _text in options.permissions)]


CHECKS = (
    DoctorCheck("pictures", find_wrong_pictures, size=count_people_with_picture),
    DoctorCheck(
        "permissions",
        find_missing_permissions,
        repair_permissions,
        "creates the missing permissions and grants them to the shipped roles",
    ),
    DoctorCheck(
        "roles", find_missing_grants, sync_roles, "grants what was never granted"
    ),
)

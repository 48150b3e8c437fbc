"""Checks of what the service stands on: settings, cache, rights, triggers."""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_hex

from django.apps import apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.checks import WARNING, Tags, run_checks
from django.db import transaction
from django.db.models import Model

from accounts.models import Role, ShippedGrant
from accounts.roles import shipped_roles, sync_roles
from core.append_only import install_triggers, missing_triggers
from core.registry import registry
from core.rights import permission_names
from todos.management.doctor.check import Check, Counter

TAGS = [Tags.security, Tags.caches, Tags.database, Tags.files]
# What follows from serving plain HTTP, which HTTPS=false chose.
PLAIN_HTTP = {f"security.{code}" for code in ("W004", "W008", "W012", "W016")}


def find_odd_settings(_counter: Counter) -> Iterator[str]:
    chosen = set() if settings.SECURE_SSL_REDIRECT else PLAIN_HTTP
    found = run_checks(tags=TAGS, include_deployment_checks=True, databases=["default"])
    for message in found:
        is_heard = message.level >= WARNING and not message.is_silenced()
        if is_heard and message.id not in chosen:
            yield f"{message.msg} ({message.id})"


def find_cache_that_forgets(_counter: Counter) -> Iterator[str]:
    key, value = f"doctor-{token_hex(8)}", token_hex(8)
    try:
        cache = caches["default"]
        cache.set(key, value, timeout=60)
        kept = cache.get(key)
        cache.delete(key)
    except Exception as error:
        yield f"The cache cannot be reached: {type(error).__name__}."
        return
    # None is used, by choice, where there are no others to share it with.
    if kept != value and not isinstance(cache, DummyCache):
        yield "The cache does not give back what was put into it."


def find_missing_permissions(_counter: Counter) -> Iterator[str]:
    for label in sorted(_missing_permissions()):
        yield f"The permission {label} does not exist."


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


def find_missing_grants(_counter: Counter) -> Iterator[str]:
    given = set(ShippedGrant.objects.values_list("role", "permission"))
    roles = set(Role.objects.values_list("name", flat=True))
    for name, labels in shipped_roles().items():
        if (name, "") not in given:
            yield f"The role {name} was never made."
        elif name in roles:  # one that an administrator deleted stays away
            for label in sorted(labels):
                if (name, label) not in given:
                    yield f"The role {name} was never given {label}."


def find_missing_triggers(_counter: Counter) -> Iterator[str]:
    for name in missing_triggers():
        yield f"The trigger {name} is missing: the event log can be changed."


@transaction.atomic
def mend_permissions() -> None:
    """Make them again; what was lost with them is given again, as it shipped."""
    missing = _missing_permissions()
    for label in registry.apps:
        create_permissions(apps.get_app_config(label), verbosity=0)
    ShippedGrant.objects.filter(permission__in=missing).delete()
    sync_roles()


CHECKS = (
    Check("settings", find_odd_settings),
    Check("cache", find_cache_that_forgets),
    Check(
        "permissions",
        find_missing_permissions,
        mend_permissions,
        "makes the missing permissions, and gives them as shipped",
    ),
    Check("roles", find_missing_grants, sync_roles, "gives what was never given"),
    Check(
        "triggers", find_missing_triggers, install_triggers, "puts the triggers back"
    ),
)

"""Check the installation: settings, cache, triggers."""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_hex

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.checks import WARNING, Tags, run_checks

from core.append_only import install_triggers, missing_triggers
from core.registry import DoctorCheck, RowCounter

TAGS = [Tags.security, Tags.caches, Tags.database, Tags.files]
# Warnings that follow from serving plain HTTP, as chosen by HTTPS=false.
PLAIN_HTTP = {f"security.{code}" for code in ("W004", "W008", "W012", "W016")}


def find_odd_settings(_counter: RowCounter) -> Iterator[str]:
    chosen = set() if settings.SECURE_SSL_REDIRECT else PLAIN_HTTP
    found = run_checks(tags=TAGS, include_deployment_checks=True, databases=["default"])
    for message in found:
        matters = message.level >= WARNING and not message.is_silenced()
        if matters and message.id not in chosen:
            yield f"{message.msg} ({message.id})"


def find_cache_failures(_counter: RowCounter) -> Iterator[str]:
    key, value = f"doctor-{token_hex(8)}", token_hex(8)
    try:
        cache = caches["default"]
        cache.set(key, value, timeout=60)
        kept = cache.get(key)
        cache.delete(key)
    except Exception as error:
        yield f"The cache cannot be reached: {type(error).__name__}."
        return
    # An installation may have chosen to have no cache.
    if kept != value and not isinstance(cache, DummyCache):
        yield "The cache does not return the values stored in it."


def find_missing_triggers(_counter: RowCounter) -> Iterator[str]:
    for name in missing_triggers():
        yield f"The trigger {name} is missing: the event log can be changed."


CHECKS = (
    DoctorCheck("settings", find_odd_settings),
    DoctorCheck("cache", find_cache_failures),
    DoctorCheck(
        "triggers", find_missing_triggers, install_triggers, "restores the triggers"
    ),
)

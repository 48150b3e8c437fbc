"""Limits on evaluating passwords: one set of counters for every way to try one.

An attempt is counted in a transaction of its own before the password is evaluated, and
no longer counted if it succeeds. So parallel guesses cannot exceed a limit, and no
rollback or restart forgets one. See docs/decisions/0027.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from django.db import transaction
from django.db.models import Model
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import AttemptCounter, User
from core import events
from core.errors import TooMany
from core.text import fold


@dataclass(frozen=True)
class Limit:
    """How many attempts may fail before the window that the first one opened ends."""

    count: int
    window: timedelta


# An account is limited tightly at each address and on each known device. In total it is
# limited loosely, and so is an address, behind which hundreds of people may be.
LIMITS = {
    "device": Limit(10, timedelta(minutes=15)),
    "pair": Limit(10, timedelta(minutes=15)),
    "account": Limit(100, timedelta(hours=1)),
    "address": Limit(1000, timedelta(hours=1)),
}


class TooManyAttempts(TooMany):
    code = "too_many_attempts"
    message = _("Too many failed attempts. Try again later.")

    def __init__(self, retry_after: int) -> None:
        minutes = math.ceil(retry_after / 60)
        message = ngettext(
            "Too many failed attempts. Try again in %d minute.",
            "Too many failed attempts. Try again in %d minutes.",
            minutes,
        )
        super().__init__(message % minutes, retry_after=retry_after)


@dataclass(frozen=True)
class Attempt:
    """An attempt to sign in to an account, from an address or a known device."""

    name: str
    address: str
    device: str = ""

    @property
    def account(self) -> str:
        return digest("account", fold(self.name).strip())

    @property
    def kinds(self) -> dict[str, str]:
        """Return the kind of each counter that limits the attempt, by its key.

        A known device has only its own counter: guesses made elsewhere cannot lock out
        the person who uses it.
        """
        if self.device:
            return {digest("device", self.account, self.device): "device"}
        network = network_of(self.address)
        return {
            self.account: "account",
            digest("pair", self.account, network): "pair",
            digest("address", network): "address",
        }


def digest(*parts: str) -> str:
    """Return a keyed hash, which reveals the parts to nobody without the key."""
    salt = "accounts.services.attempts"
    return salted_hmac(salt, "\n".join(parts), algorithm="sha256").hexdigest()


def network_of(address: str) -> str:
    """Return an IPv4 address or the IPv6 /64 of one, which a client usually owns."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(ip_network((found, 64), strict=False))


def count_attempt(attempt: Attempt, *, now: datetime) -> None:
    """Count an attempt before its password is evaluated.

    Raise TooManyAttempts, and count nothing, where a limit is reached.
    """
    with transaction.atomic(durable=True):
        counters = _lock(attempt, now)
        kinds = attempt.kinds
        full = [row for row in counters if row.count >= LIMITS[kinds[row.key]].count]
        for row in counters:
            row.count += not full
        for row in full:
            _report(row, attempt, now)
        _save(counters)
    if full:
        ends = max(row.resets_at for row in full)
        raise TooManyAttempts(math.ceil((ends - now).total_seconds()))


def uncount_attempt(attempt: Attempt, *, now: datetime) -> None:
    """Uncount a successful attempt; reset its counter for the device or the pair."""
    with transaction.atomic(durable=True):
        counters = _lock(attempt, now)
        for row in counters:
            is_own = attempt.kinds[row.key] in {"device", "pair"}
            row.count = 0 if is_own else max(row.count - 1, 0)
        _save(counters)


def reset_account_attempts(name: str) -> None:
    """Forget all failures of an account, which has got another password."""
    account = digest("account", fold(name).strip())
    AttemptCounter.objects.filter(account=account).update(count=0)


def _lock(attempt: Attempt, now: datetime) -> list[AttemptCounter]:
    """Return the locked counters of the attempt, reset if their window has ended.

    They are created and locked in the order of their keys, which prevents deadlocks.
    """
    kinds = attempt.kinds
    new = [
        AttemptCounter(
            key=key,
            account="" if kinds[key] == "address" else attempt.account,
            resets_at=now + LIMITS[kinds[key]].window,
        )
        for key in sorted(kinds)
    ]
    AttemptCounter.objects.bulk_create(new, ignore_conflicts=True)
    locked = AttemptCounter.objects.select_for_update().filter(key__in=kinds)
    rows = list(locked.order_by("key"))
    for row in rows:
        if row.resets_at <= now:
            row.count, row.is_reported = 0, False
        if not row.count:
            row.resets_at = now + LIMITS[kinds[row.key]].window
    return rows


def _save(counters: Collection[AttemptCounter]) -> None:
    columns = ["count", "resets_at", "is_reported"]
    AttemptCounter.objects.bulk_update(counters, columns)


def _report(row: AttemptCounter, attempt: Attempt, now: datetime) -> None:
    """Record the lockout, once in each window.

    The event is about the person, if there is one with that user name. The name itself
    is not recorded: people type passwords into the wrong field.
    """
    if row.is_reported:
        return
    row.is_reported = True
    person = User.objects.filter(username_key=fold(attempt.name).strip()).first()
    target: Model = row if person is None or not row.account else person
    verb = "user.locked_out" if target is person else "attempts.locked_out"
    changes: dict[str, list[object]] = {
        "address": [None, attempt.address],
        "until": [None, row.resets_at.isoformat()],
    }
    events.record(actor=None, verb=verb, target=target, changes=changes, at=now)

"""Refusals: requests that the rules do not allow.

Each refusal is a class next to the service that raises it. Its base class is the kind
of refusal; `core.api.problems` maps kinds to HTTP statuses. A class that API clients
have to distinguish has its own `code`. All codes are listed in the OpenAPI document and
in docs/errors.md.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import ClassVar

from django.db import IntegrityError, OperationalError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


class DomainError(Exception):
    """A request that the rules refuse; nothing was changed.

    A refusal is expected, so it is not logged unless the class sets `log_level`.
    """

    code = "refused"
    message: Text = _("This cannot be done.")
    log_level: ClassVar[int | None] = None

    def __init__(
        self, message: Text | None = None, *, field: str | None = None
    ) -> None:
        self.message = message or self.message
        self.field = field
        super().__init__(str(self.message))


class Invalid(DomainError):
    """The input breaks a rule; `field` names the field, if there is one."""

    code = "invalid"
    message = _("The input is not valid.")


class Forbidden(DomainError):
    """The actor may know of the row or resource, but may not do this."""

    code = "permission_denied"
    message = _("You do not have permission to perform this action.")


class Missing(DomainError):
    """The row does not exist, or the actor may not see it: the response is the same."""

    code = "not_found"
    message = _("Not found.")


class Conflict(DomainError):
    """The rows are in a state that does not allow this."""

    code = "conflict"
    message = _("This conflicts with the current state.")


class Stale(Conflict):
    """The row changed since the version that the actor saw."""

    code = "version_mismatch"
    message = _("This was changed in the meantime. Reload it and try again.")


class Mismatch(DomainError):
    """The request is well formed, but contradicts an earlier one."""

    code = "mismatch"
    message = _("This contradicts an earlier request.")


class Busy(DomainError):
    """The database did not answer in time; the same request may succeed later."""

    code = "busy"
    message = _("The service is busy. Try again in a moment.")
    log_level = logging.WARNING


class TooLarge(DomainError):
    """The input is larger than the service accepts."""

    code = "too_large"
    message = _("The request is too large.")


class Broken(DomainError):
    """What is stored is damaged; an operator has to look."""

    code = "damaged"
    message = _("The stored data is damaged. The operator of this service can help.")
    log_level = logging.ERROR


class TooMany(DomainError):
    """The actor did this too often; it is possible again after some seconds."""

    code = "throttled"
    message = _("Too many requests. Try later.")

    def __init__(self, message: Text | None = None, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def refusal_of(error: DomainError | IntegrityError | OperationalError) -> DomainError:
    """Return the refusal for an error of a write."""
    match error:
        case DomainError():
            return error
        case OperationalError():
            return Busy()
        case _:  # another writer won a race for the same constraint
            return Conflict()


def refusals_below(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    """Yield the loaded subclasses of a refusal, at any depth."""
    for refusal in kind.__subclasses__():
        yield refusal
        yield from refusals_below(refusal)

"""Refusals of the domain. What HTTP status each becomes is the handler's business."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


class DomainError(Exception):
    """A request that the rules refuse; nothing was changed."""

    code = "refused"
    message: Text = _("This cannot be done.")

    def __init__(
        self, message: Text | None = None, *, field: str | None = None
    ) -> None:
        self.message = message or self.message
        self.field = field
        super().__init__(str(self.message))


class Invalid(DomainError):
    """The input breaks a rule; `field` names the culprit where there is one."""

    code = "invalid"
    message = _("The input is not valid.")


class Forbidden(DomainError):
    """The actor sees the row, or knows of the resource, but may not do this."""

    code = "permission_denied"
    message = _("You do not have permission to perform this action.")


class Missing(DomainError):
    """No such row, or none that the actor may see: the answer is the same."""

    code = "not_found"
    message = _("Not found.")


class Conflict(DomainError):
    """The rows are in a state that does not allow this."""

    code = "conflict"
    message = _("This conflicts with the current state.")


class Stale(Conflict):
    """The row changed since the version that the actor saw."""

    code = "version_mismatch"
    message = _("This was changed in the meantime. Load it again, then repeat.")


class Mismatch(DomainError):
    """The request is well formed, but contradicts an earlier one."""

    code = "mismatch"
    message = _("This contradicts an earlier request.")


class Busy(DomainError):
    """Too much is going on at once; the same request may succeed in a moment."""

    code = "busy"
    message = _("The service is busy. Try again in a moment.")

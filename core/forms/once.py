"""One-time tokens: a form that is sent twice has one effect.

Each form carries a token that is signed for the user who opened it. The effect of a
form is written together with a row of its token and content. A double click, a reload
or a retry sends the same token and content again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.signing import BadSignature, TimestampSigner
from django.db import IntegrityError
from django.http import QueryDict
from django.utils.crypto import get_random_string, salted_hmac
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict
from core.models import IdempotentAnswer
from core.users import User

FIELD = "once"
Claim = IdempotentAnswer
# They do not change what a form does: the button decides which page comes next.
_UNCOUNTED = frozenset({FIELD, "csrfmiddlewaretoken", "next"})


class SentBefore(Conflict):
    """The form had its effect already."""

    message = _("This form was already saved.")


class FormExpired(Conflict):
    """The form is older than the records of used tokens, or another user's."""

    message = _("This form has expired. Check it and save again.")


def new_token(user: User) -> str:
    return _signer(user).sign(get_random_string(22))


def is_from(user: User | AnonymousUser, data: QueryDict) -> bool:
    """Return whether the form was opened by this user, and has not expired."""
    try:
        # The token expires before the record of its use is pruned.
        age = timedelta(days=settings.IDEMPOTENCY_DAYS)
        _signer(user).unsign(data.get(FIELD, ""), max_age=age)
    except BadSignature:
        return False
    return True


def claim(user: User, data: QueryDict, now: datetime) -> Claim:
    """Record that the form takes effect, in the transaction of the effect.

    Raise SentBefore if it did already, and FormExpired if the token is not valid.
    """
    if not is_from(user, data):
        raise FormExpired
    key, fingerprint = _key_of(data), _fingerprint_of(data)
    try:
        return Claim.objects.create(
            user=user, key=key, fingerprint=fingerprint, created_at=now
        )
    except IntegrityError:
        raise SentBefore from None


def find_claim(user: User, data: QueryDict) -> Claim | None:
    """Return the claim of a form that took effect before, with the row it added."""
    return Claim.objects.filter(user=user, key=_key_of(data)).first()


def note_row(answer: Claim, pk: Any) -> None:
    """Remember which row the form added."""
    answer.resource_id = str(pk)
    answer.save(update_fields=["resource_id"])


def _signer(user: User | AnonymousUser) -> TimestampSigner:
    return TimestampSigner(salt=f"core.forms.once.{user.pk}")


def _key_of(data: QueryDict) -> str:
    # The space separates it from the Idempotency-Keys of clients.
    return f"form {data.get(FIELD, '')} {_fingerprint_of(data)[:32]}"


def _fingerprint_of(data: QueryDict) -> str:
    sent = sorted(
        (name, values)
        for name, values in data.lists()
        if name not in _UNCOUNTED and not name.startswith("_")
    )
    # With the secret key, because the content may hold a password.
    digest = salted_hmac("core.forms.once", repr(sent), algorithm="sha256")
    return digest.hexdigest()

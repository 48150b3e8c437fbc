"""A POST repeated with the same Idempotency-Key takes effect once."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.renderers import as_json
from core.errors import Conflict, Invalid, Mismatch, Missing
from core.models import IdempotentAnswer
from core.users import User

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("Location", "ETag")


class KeyMalformed(Invalid):
    code = "idempotency_key_malformed"
    message = _("The Idempotency-Key must be 1 to 255 visible ASCII characters.")


class KeyReused(Mismatch):
    code = "idempotency_key_reused"
    message = _("This Idempotency-Key was already used for a different request.")


class StillRunning(Conflict):
    code = "idempotency_in_progress"
    message = _("The first request with this Idempotency-Key is still running.")


class SecretAlreadyShown(Conflict):
    code = "secret_already_shown"
    message = _("The response contained a secret, which is shown only once.")


def answer_once(
    handler: Callable[..., Response],
    view: Any,
    request: Request,
    *args: Any,
    **kwargs: Any,
) -> Response:
    """Call `handler`, or replay the response to the first request with this key.

    The key and its effects are written in one transaction, so a refusal leaves
    neither. A concurrent request with the same key waits in the database for the first.
    """
    key = request.headers[HEADER]
    if not _KEY.fullmatch(key):
        raise KeyMalformed
    digest = fingerprint(request)
    with transaction.atomic():
        answer, is_first = _claim(view.user, key, digest)
        if not is_first:
            return _replay(answer, view, request, digest)
        response = handler(request, *args, **kwargs)
        _keep(answer, view, response)
        return response


def fingerprint(request: Request) -> str:
    """Return a SHA-256 of the request's method, URL and content.

    Of a file, only the field, media type and bytes matter. File names, the order of
    parts and the boundary are ignored, since a retry may build the form again.
    """
    data: Any = request.data
    content = dict(data.lists()) if isinstance(data, QueryDict) else data
    if request.FILES:
        content = {name: _without_names(value) for name, value in content.items()}
    text = json.dumps(
        [request.method, request.get_full_path(), content], sort_keys=True, default=str
    )
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _without_names(value: Any) -> list[Any]:
    """Return a field's texts, then its files as media type and SHA-256."""
    values = value if isinstance(value, list) else [value]
    files = [one for one in values if isinstance(one, UploadedFile)]
    texts = [one for one in values if one not in files]
    return texts + sorted([str(file.content_type), _digest(file)] for file in files)


def _digest(file: UploadedFile[Any]) -> str:
    if known := getattr(file, "sha256", ""):
        return str(known)  # its content was stored while it arrived
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _claim(user: User, key: str, digest: str) -> tuple[IdempotentAnswer, bool]:
    try:
        with transaction.atomic():
            answer = IdempotentAnswer.objects.create(
                user=user, key=key, fingerprint=digest, created_at=timezone.now()
            )
    except IntegrityError:
        return IdempotentAnswer.objects.get(user=user, key=key), False
    except OperationalError as error:  # the first outlasted the lock timeout
        raise StillRunning from error
    return answer, True


def _replay(
    answer: IdempotentAnswer, view: Any, request: Request, digest: str
) -> Response:
    if answer.fingerprint != digest:
        raise KeyReused
    headers = answer.headers | {"Idempotency-Replayed": "true"}
    rows = view.replayable(view.user)
    if not answer.resource_id:
        body = _show_again(answer, rows, view)
        return Response(body, status=answer.status, headers=headers)
    if not rows.filter(pk=answer.resource_id).exists():
        raise Missing
    if answer.body is None:
        raise SecretAlreadyShown
    return Response(answer.body, status=answer.status, headers=headers)


def _show_again(answer: IdempotentAnswer, rows: QuerySet[Any], view: Any) -> Any:
    """Return the rows of a response that showed many, as they are now.

    Only their ids are kept: the rows would take a megabyte, and their content would
    have to be removed when one of them is purged.
    """
    body: dict[str, list[str]] = answer.body or {}
    ids = body["ids"]
    found = {str(row.pk): row for row in rows.filter(pk__in=ids)}
    if len(found) < len(ids):
        raise Missing
    return view.present_many([found[pk] for pk in ids])


def _keep(answer: IdempotentAnswer, view: Any, response: Response) -> None:
    answer.status = response.status_code
    if (rows := response.data.get("results")) is not None:
        answer.body = {"ids": [str(row["id"]) for row in rows]}
        answer.save()
        return
    answer.resource_id = str(response.data["id"])
    answer.headers = {
        name: response[name] for name in _KEPT_HEADERS if name in response
    }
    if not view.answers_with_secret:
        answer.body = json.loads(as_json(response.data))
    answer.save()

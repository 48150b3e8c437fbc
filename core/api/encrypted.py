"""Encrypted bodies (RFC 7516): of requests to us, and of answers to clients.

Requests are encrypted to one of our public keys, answers to the key that the client
has registered for its API key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import (
    NotAcceptable,
    ParseError,
    UnsupportedMediaType,
)
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from core import events
from core.api.jose import Message, decrypt, encrypt, read_compact, read_json
from core.api.negotiation import ENCRYPTED, wants_encryption
from core.api.parsers import (
    StrictJSONParser,
    parse_form,
    parse_json,
    request_of,
    require_bounded,
)
from core.body_keys import find_key
from core.errors import Forbidden, Invalid
from core.utf8 import is_utf8_when_decoded


class BodyKeyUnknown(Invalid):
    code = "body_key_unknown"
    message = _(
        "The body is encrypted to a key that is not known, or not accepted any more. "
        "Fetch the current keys and encrypt it again."
    )


class BodySenderMismatch(Forbidden):
    code = "body_sender_mismatch"
    message = _("The body was encrypted for requests with another API key.")


class EncryptionKeyMissing(NotAcceptable):
    default_code = "encryption_key_missing"
    default_detail = _("This API key has no public key to encrypt the response to.")


class JoseParser(BaseParser):
    """An encrypted body in the compact serialisation."""

    media_type = ENCRYPTED

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        require_bounded(parser_context)
        message = read_compact(stream.read())
        return parse_encrypted(message, request_of(parser_context))


class JoseJSONParser(StrictJSONParser):
    """An encrypted body in the JSON serialisation."""

    media_type = "application/jose+json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        value = super().parse(stream, media_type, parser_context)
        return parse_encrypted(read_json(value), request_of(parser_context))


def parse_encrypted(message: Message, request: Request) -> Any:
    """Decrypt a message, and parse its content like any other body."""
    require_sender(message, request)
    key = find_key(message.kid, timezone.now())
    if key is None:
        raise BodyKeyUnknown
    content = decrypt(message, key)
    events.note_decrypted_body()
    match message.header.get("cty", "json").lower().removeprefix("application/"):
        case "json":
            return parse_json(content)
        case "x-www-form-urlencoded":
            if not is_utf8_when_decoded(content):
                raise ParseError(_("The body is not UTF-8."))
            return parse_form(content)
        case other:
            raise UnsupportedMediaType(other)


def require_sender(message: Message, request: Request) -> None:
    """Refuse a message that names another API key as its sender.

    Otherwise, who has recorded it could send it with a key of their own, and read in
    the response what is inside.
    """
    sender = message.header.get("iss")
    if sender is not None and sender != getattr(request.auth, "public_id", None):
        raise BodySenderMismatch


def lacks_encryption_key(request: HttpRequest) -> bool:
    """Return whether the client wants an encrypted response, but has no key for it."""
    return is_encryption_wanted(request) and key_of_client(request) is None


def is_encryption_wanted(request: HttpRequest) -> bool:
    return wants_encryption(request.headers.get("Accept", ""))


def key_of_client(request: HttpRequest) -> Mapping[str, str] | None:
    """Return the public key that was registered for the API key of the request."""
    return getattr(getattr(request, "auth", None), "encryption_key", None)


def encrypted_response(
    response: HttpResponseBase, key: Mapping[str, str]
) -> HttpResponseBase:
    """Encrypt the body of a response, if it has one, and adapt its headers.

    Its entity tag stays that of the content, and becomes weak: each encryption has
    other bytes.
    """
    etag = response.headers.get("ETag", "")
    if etag.startswith('"'):
        response.headers["ETag"] = f"W/{etag}"
    if isinstance(response, HttpResponse) and response.content:
        content_type = response.headers["Content-Type"].partition(";")[0]
        response.content = encrypt(response.content, to=key, content_type=content_type)
        response.headers["Content-Type"] = ENCRYPTED
        response.headers["Content-Length"] = str(len(response.content))
        patch_cache_control(response, no_transform=True)
    return response

"""Encrypted bodies (RFC 7516): of requests to us, and of answers to clients.

Requests are encrypted to one of our public keys, answers to the key that the client
has registered for its API key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser

from core.api.jose import Message, decrypt, read_compact, read_json
from core.api.parsers import StrictJSONParser, parse_form, parse_json, require_bounded
from core.body_keys import find_key
from core.errors import Invalid
from core.utf8 import is_utf8_when_decoded

COMPACT, JSON = "application/jose", "application/jose+json"
ENCRYPTED = frozenset({COMPACT, JSON})


class BodyKeyUnknown(Invalid):
    code = "body_key_unknown"
    message = _(
        "The body is encrypted to a key that is not known, or not accepted any more. "
        "Fetch the current keys and encrypt it again."
    )


class JoseParser(BaseParser):
    """An encrypted body in the compact serialisation."""

    media_type = COMPACT

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        require_bounded(parser_context)
        return parse_encrypted(read_compact(stream.read()))


class JoseJSONParser(StrictJSONParser):
    """An encrypted body in the JSON serialisation."""

    media_type = JSON

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        value = super().parse(stream, media_type, parser_context)
        return parse_encrypted(read_json(value))


def parse_encrypted(message: Message) -> Any:
    """Decrypt a message, and parse its content like any other body."""
    key = find_key(message.kid, timezone.now())
    if key is None:
        raise BodyKeyUnknown
    content = decrypt(message, key)
    match message.header.get("cty", "json").lower().removeprefix("application/"):
        case "json":
            return parse_json(content)
        case "x-www-form-urlencoded":
            if not is_utf8_when_decoded(content):
                raise ParseError(_("The body is not UTF-8."))
            return parse_form(content)
        case other:
            raise UnsupportedMediaType(other)

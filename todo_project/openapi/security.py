"""How requests authenticate."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension

from accounts.models.keys import PREFIX
from accounts.signatures.verification import MAX_AGE


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A key in the Authorization header."""

    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": f"{PREFIX}_<public id>_<secret>",
            "description": f"`Authorization: Bearer {PREFIX}_…`. Create a key on the "
            "pages, with `manage.py createapikey`, or with `me_keys_create`.",
        }


class SignatureScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A signature by a signed-only key."""

    target_class = "accounts.authentication.SignatureAuthentication"
    name = "signature"

    def get_security_definition(self, auto_schema: object) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Signature",
            "description": "For signed-only keys: an HTTP Message Signature (RFC 9421) "
            "in `Signature-Input` and `Signature`, instead of a token. It covers "
            "`@method` and `@target-uri`, with a body `content-digest` and "
            "`content-type` as well, and has the parameters `created` (at most "
            f"{MAX_AGE.seconds} seconds ago), `nonce` (never used before) and `keyid` "
            "(the public id of the key).",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The session of a browser that signed in."""

    target_class = "accounts.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: object) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "For the pages of this service. Requests that change "
            "something need the header `X-CSRFToken` as well.",
        }

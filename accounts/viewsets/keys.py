"""Endpoints of a person's own API keys."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey
from accounts.serializers.people import (
    ApiKeySerializer,
    IssuedKeySerializer,
    KeyChangeSerializer,
)
from accounts.services.keys import issue_key, revoke_key, set_encryption_key
from core.api.viewsets import CompositeTagViewSet
from core.scoping import Order


class MyKeyViewSet(CompositeTagViewSet[ApiKey]):
    """The keys of the requesting person."""

    resource = "keys"
    required = {
        "list": "accounts.view_apikey",
        "retrieve": "accounts.view_apikey",
        "create": "accounts.add_apikey",
        "partial_update": "accounts.change_apikey",
        "destroy": "accounts.delete_apikey",
    }
    queryset = ApiKey.objects.all()
    serializer_class = ApiKeySerializer
    inputs = {"create": ApiKeySerializer, "partial_update": KeyChangeSerializer}
    outputs = {"create": IssuedKeySerializer}
    examples = {
        "create": {
            "A key that only reads": {
                "name": "wall display",
                "scopes": ["profile:read", "users:read"],
                "expires_at": "2027-01-01T00:00:00Z",
            },
            "A key whose requests are signed": {
                "name": "payroll",
                "signature": "hmac-sha256",
            },
        },
        "partial_update": {
            "A public key for responses": {
                "encryption_key": {
                    "kty": "EC",
                    "crv": "P-256",
                    "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
                    "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
                }
            },
            "None": {"encryption_key": None},
        },
    }
    answers_with_secret = True
    orders = {
        "-created_at": Order("created_at", True),
        "created_at": Order("created_at"),
    }

    def get_queryset(self) -> QuerySet[ApiKey]:
        return self.scope().filter(user=self.user)

    def list(self, request: Request) -> Response:
        """List your keys, including revoked ones."""
        return self.page(self.query(self.get_queryset()))

    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one key."""
        return self.item(self.get_object())

    def create(self, request: Request) -> Response:
        """Create a key; only this response contains its token, or the secret that
        signs.
        """
        with_key = request.auth if isinstance(request.auth, ApiKey) else None
        key, shown = issue_key(
            actor=self.user,
            user=self.user,
            issued_with=with_key,
            now=timezone.now(),
            **self.valid(),
        )
        is_signed = key.signature is not None
        key.token = None if is_signed else shown  # type: ignore[attr-defined]
        key.signing_secret = shown or None if is_signed else None  # type: ignore[attr-defined]
        return self.created(key)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Set or remove the public key to which responses are encrypted."""
        key = self.get_object()
        fields = {"encryption_key": key.encryption_key} | self.valid(key)
        changed = set_encryption_key(
            actor=self.user,
            key=key,
            expected=self.expected,
            now=timezone.now(),
            **fields,
        )
        return self.item(changed)

    def destroy(self, request: Request, pk: str) -> Response:
        """Revoke a key; it stops working with the next request."""
        key = self.get_object()
        key.expect(self.expected)
        revoke_key(actor=self.user, key=key, now=timezone.now())
        return Response(status=204)

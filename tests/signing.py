"""A client that signs its requests (RFC 9421) without the service's library."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import UsedNonce, User
from accounts.services.keys import issue_key
from tests.problems import assert_problem
from todos.models import Todo

Sign = Callable[[bytes], bytes]
URL = "http://testserver"
TODOS = "/api/v1/todos"
BODY = b'{"content": "Plant a tree"}'


def base64(data: bytes) -> str:
    return f":{b64encode(data).decode()}:"


def digest_of(body: bytes, algorithm: str = "sha-256") -> str:
    name = algorithm.replace("-", "")
    return f"{algorithm}={base64(hashlib.new(name, body).digest())}"


@dataclass
class Signer:
    """What a client knows: the key's public id, and how to sign with it."""

    key_id: str
    sign: Sign

    def headers(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        components: list[str] | None = None,
        left_out: str = "",
        **parameters: Any,
    ) -> dict[str, str]:
        """Return the headers of a signed request, among them the given ones."""
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if body:
            sent.setdefault("content-digest", digest_of(body))
        values = {"@method": method, "@target-uri": url} | sent
        covered = list(values) if components is None else components
        covered = [name for name in covered if name != left_out]
        given = {
            "created": int(time.time()),
            "keyid": self.key_id,
            "nonce": secrets.token_urlsafe(16),
        } | parameters
        given.pop(left_out, None)
        names = " ".join(f'"{name}"' for name in covered)
        described = f"({names})" + "".join(
            f";{name}={value}" if isinstance(value, int) else f';{name}="{value}"'
            for name, value in given.items()
        )
        lines = [f'"{name}": {values[name]}' for name in covered]
        base = "\n".join([*lines, f'"@signature-params": {described}'])
        signature = base64(self.sign(base.encode()))
        return sent | {
            "signature-input": f"sig={described}",
            "signature": f"sig={signature}",
        }


def with_secret(user: User, **options: Any) -> Signer:
    """Return a signer with an HMAC key of this person."""
    key, secret = issue_key(
        actor=None,
        user=user,
        name="signs",
        now=timezone.now(),
        signature="hmac-sha256",
        **options,
    )
    return Signer(key.public_id, hmac_signer(secret))


def with_key_pair(user: User, **options: Any) -> Signer:
    """Return a signer with an Ed25519 key of this person."""
    private = Ed25519PrivateKey.generate()
    key, _nothing = issue_key(
        actor=None,
        user=user,
        name="signs",
        now=timezone.now(),
        signature="ed25519",
        public_key=b64encode(private.public_key().public_bytes_raw()).decode(),
        **options,
    )
    return Signer(key.public_id, private.sign)


def hmac_signer(secret: str) -> Sign:
    return lambda base: hmac.digest(secret.encode(), base, "sha256")


@dataclass
class Prepared:
    """A signed request that can be changed before it is sent."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, client: APIClient | None = None) -> Any:
        """Send it as it is, with the path undecoded as servers pass it on."""
        type_ = self.headers.get("content-type", "")
        path, _mark, query = self.path.partition("?")
        others = {n: v for n, v in self.headers.items() if n != "content-type"}
        sender: Any = client or APIClient()
        return sender.generic(
            self.method,
            path,
            self.body,
            content_type=type_,
            headers=others,
            QUERY_STRING=query,
            RAW_URI=self.path,
        )


def prepare(
    signer: Signer,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    **options: Any,
) -> Prepared:
    if body:
        headers = {"content-type": "application/json"} | dict(headers or {})
    signed = signer.headers(method, URL + path, body, headers, **options)
    return Prepared(method, path, body, signed)


def write(signer: Signer, **options: Any) -> Prepared:
    """Return a request that adds a todo."""
    return prepare(signer, "POST", TODOS, BODY, **options)


def assert_refused(answer: Any, code: str, status: int = 401) -> None:
    """Check the code, and that nothing was written, not even a nonce."""
    assert_problem(answer, status, code)
    assert not Todo.objects.exists()
    assert not UsedNonce.objects.exists()

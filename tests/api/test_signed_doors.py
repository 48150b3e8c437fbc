"""Every operation of the API refuses a request whose signature does not fit."""

from __future__ import annotations

import re

import pytest

from accounts.models import UsedNonce
from core.ids import new_id
from core.models import Event
from core.registry import registry
from tests.problems import assert_problem
from tests.signing import Signer, prepare, with_secret
from todo_project.openapi.views import document

METHODS = ("get", "post", "put", "patch", "delete")
OPERATIONS = [
    (method.upper(), path)
    for path, operations in document()["paths"].items()
    for method in METHODS
    if method in operations
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_wrong_signature_is_refused_without_effect(owner, method, path):
    signer = with_secret(owner, scopes=list(registry.scopes))
    stolen = Signer(signer.key_id, lambda base: b"x" * 32)
    some_id = "1" if "/roles/" in path else str(new_id())
    address = re.sub(r"\{\w+\}", some_id, path)
    body = b"{}" if method in {"POST", "PUT", "PATCH"} else b""
    before = Event.objects.count()
    request = prepare(stolen, method, address, body)
    assert_problem(request.send(), 401, "signature_invalid")
    assert Event.objects.count() == before
    assert not UsedNonce.objects.exists()


def test_there_are_operations_of_every_resource():
    assert len(OPERATIONS) > 40

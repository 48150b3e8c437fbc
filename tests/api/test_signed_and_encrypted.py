"""Signatures, encrypted bodies and Idempotency-Keys combine."""

from __future__ import annotations

import json

import pytest
from rest_framework.test import APIClient

from tests import jose
from tests.conftest import NOW
from tests.problems import assert_problem
from tests.signing import TODOS, prepare, with_key_pair, with_secret
from todos.models import Todo
from todos.services.lists import edit_list

pytestmark = pytest.mark.django_db
HEADERS = {"content-type": "application/jose", "idempotency-key": "one"}


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    jose.generate_once(monkeypatch)


@pytest.fixture(params=[with_secret, with_key_pair])
def signer(request, owner):
    return request.param(owner)


def encrypted(**fields: object) -> bytes:
    key = jose.our_keys(APIClient())[jose.EC]
    body: str = jose.encrypt(key, {"content": "Plant a tree"} | fields)
    return body.encode()


def test_a_request_is_encrypted_then_signed_and_takes_effect_once(signer):
    """A retry is encrypted and signed again, and is still the same request."""
    first = prepare(signer, "POST", TODOS, encrypted(), HEADERS).send()
    again = prepare(signer, "POST", TODOS, encrypted(), HEADERS).send()
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Todo.objects.count() == 1


def test_another_content_with_the_same_idempotency_key_is_refused(signer):
    prepare(signer, "POST", TODOS, encrypted(), HEADERS).send()
    other = encrypted(content="Water it")
    answer = prepare(signer, "POST", TODOS, other, HEADERS).send()
    assert_problem(answer, 422, "idempotency_key_reused")


def test_a_signature_of_other_ciphertext_is_refused_before_decryption(signer):
    request = prepare(signer, "POST", TODOS, encrypted(), HEADERS)
    request.body = encrypted(content="Water it")
    assert_problem(request.send(), 400, "content_digest_mismatch")
    assert not Todo.objects.exists()


def test_a_signature_without_the_idempotency_key_still_holds(signer):
    """The header may be added later: it limits the effect and adds none."""
    request = prepare(
        signer, "POST", TODOS, encrypted(), {"content-type": "application/jose"}
    )
    request.headers["idempotency-key"] = "two"
    assert request.send().status_code == 201


def test_a_list_that_requires_encryption_accepts_signed_encrypted_requests(
    signer, owner, todo_list
):
    edit_list(actor=owner, todo_list=todo_list, now=NOW, requires_encrypted_writes=True)
    body = encrypted(list=str(todo_list.pk))
    assert prepare(signer, "POST", TODOS, body, HEADERS).send().status_code == 201
    plain = json.dumps({"content": "x", "list": str(todo_list.pk)}).encode()
    answer = prepare(signer, "POST", TODOS, plain).send()
    assert_problem(answer, 403, "encrypted_body_required")

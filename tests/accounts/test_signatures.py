"""Signed requests: what is accepted, and everything that is refused without effect."""

from __future__ import annotations

import time

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiKey, UsedNonce
from accounts.services.keys import issue_key, revoke_key
from accounts.services.people import change_person
from tests.problems import assert_problem
from tests.signing import (
    TODOS,
    Signer,
    assert_refused,
    hmac_signer,
    prepare,
    with_key_pair,
    with_secret,
    write,
)
from todos.models import Todo

pytestmark = pytest.mark.django_db


def test_signed_requests_are_accepted(signer, owner):
    assert prepare(signer, "GET", "/api/v1/me").send().json()["username"] == "olga"
    assert write(signer).send().status_code == 201
    assert Todo.objects.get().created_by == owner
    assert ApiKey.objects.get().last_used_at is not None


@pytest.mark.parametrize("header", ["signature", "signature-input"])
def test_a_missing_signature_is_refused(signer, header):
    request = write(signer)
    del request.headers[header]
    assert_refused(request.send(), "signature_missing")


def test_a_request_without_any_signature_is_refused(signer):
    request = write(signer)
    del request.headers["signature"], request.headers["signature-input"]
    assert_refused(request.send(), "not_authenticated")


def test_the_token_of_a_signed_only_key_is_no_substitute_for_a_signature(signer):
    for secret in ("x" * 43, "", signer.key_id):
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer tdo_{signer.key_id}_{secret}")
        answer = client.post(TODOS, {"content": "x"})
        assert_refused(answer, "signature_required")
        assert '"@method" "@target-uri"' in answer["Accept-Signature"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("signature", "sig=:AAAA:"),
        ("signature", "sig=1"),
        ("signature", "other=:AAAA:"),
        ("signature", "nonsense ("),
        ("signature", ""),
    ],
)
def test_an_unfitting_signature_is_refused(signer, name, value):
    request = write(signer)
    request.headers[name] = value
    code = "signature_invalid" if value else "signature_missing"
    assert_refused(request.send(), code)


@pytest.mark.parametrize(
    "value",
    [
        "nonsense (",
        'sig=("@method");created=1',
        "sig=1;keyid=2",
        "sig=()",
        "a=(), b=()",
    ],
)
def test_an_unreadable_signature_input_is_refused(signer, value):
    request = write(signer)
    request.headers["signature-input"] = value
    assert_refused(request.send(), "signature_malformed")


def test_several_signatures_are_refused(signer):
    request = write(signer)
    for name in ("signature", "signature-input"):
        one = request.headers[name]
        request.headers[name] = f"{one}, {one.replace('sig=', 'other=', 1)}"
    assert_refused(request.send(), "signature_malformed")


# --- Time ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (-302, "signature_too_old"),
        (-(10**9), "signature_too_old"),
        (30, "signature_from_future"),
        (10**9, "signature_from_future"),
    ],
)
def test_signatures_of_other_times_are_refused(signer, seconds, code):
    created = int(time.time()) + seconds
    assert_refused(write(signer, created=created).send(), code)


@pytest.mark.parametrize("seconds", [-290, 2])
def test_clocks_may_differ_a_little(signer, seconds):
    created = int(time.time()) + seconds
    assert write(signer, created=created).send().status_code == 201


def test_a_signature_expires_when_it_says_so(signer):
    past = int(time.time()) - 1
    assert_refused(write(signer, expires=past).send(), "signature_too_old")
    assert write(signer, expires=past + 60).send().status_code == 201


@pytest.mark.parametrize("created", [10**15 - 1, -(10**14)])
def test_a_time_outside_the_calendar_is_refused(signer, created):
    assert_refused(write(signer, created=created).send(), "signature_malformed")


# --- Keys ----------------------------------------------------------------------


def test_a_signature_by_another_key_is_refused(signer, owner):
    for other in (with_secret(owner), with_key_pair(owner)):
        stolen = Signer(signer.key_id, other.sign)
        assert_refused(write(stolen).send(), "signature_invalid")


def test_unknown_revoked_and_expired_keys_get_the_same_response(signer, owner, editor):
    token_key, token = issue_key(actor=None, user=owner, name="x", now=timezone.now())
    revoked, disabled = with_secret(owner), with_secret(editor)
    key = ApiKey.objects.get(public_id=revoked.key_id)
    revoke_key(actor=owner, key=key, now=timezone.now())
    change_person(actor=None, person=editor, now=timezone.now(), is_active=False)
    for wrong in (
        Signer("0" * 16, signer.sign),
        Signer("x" * 500, signer.sign),
        Signer(token_key.public_id, hmac_signer(token.split("_", 2)[2])),
        revoked,
        disabled,
    ):
        assert_refused(write(wrong).send(), "invalid_key")
    named = APIClient(HTTP_AUTHORIZATION=f"Bearer tdo_{revoked.key_id}_x")
    assert_refused(named.get("/api/v1/me"), "invalid_key")


def test_another_algorithm_is_refused(signer):
    for name in ("rsa-pss-sha512", "hmac-sha256", "ed25519"):
        key = ApiKey.objects.get()
        expected = 201 if name == key.signature else 401
        assert write(signer, alg=name).send().status_code == expected


def test_a_request_with_a_token_is_not_a_signed_one(owner, owner_api):
    """A proxy may sign what it passes on, for others to verify."""
    headers = {"Signature-Input": "sig=()", "Signature": "sig=:AAAA:"}
    assert owner_api.get("/api/v1/me", headers=headers).status_code == 200


def test_a_key_may_do_what_its_scopes_allow(owner):
    signer = with_secret(owner, scopes=["todos:read"])
    assert prepare(signer, "GET", TODOS).send().status_code == 200
    assert_problem(write(signer).send(), 403, "scope_missing")


# --- Nonces ----------------------------------------------------------------------


def test_a_request_takes_effect_once(signer):
    request = write(signer)
    assert request.send().status_code == 201
    assert_problem(request.send(), 401, "nonce_reused")
    assert Todo.objects.count() == UsedNonce.objects.count() == 1
    other = prepare(signer, "GET", TODOS, nonce=UsedNonce.objects.get().nonce)
    assert_problem(other.send(), 401, "nonce_reused")


def test_two_keys_may_use_the_same_nonce(signer, owner):
    for one in (signer, with_secret(owner)):
        assert write(one, nonce="same").send().status_code == 201


@pytest.mark.parametrize("nonce", ["", "x" * 65])
def test_nonces_have_a_length(signer, nonce):
    assert_refused(write(signer, nonce=nonce).send(), "signature_malformed")


def test_a_retry_with_an_idempotency_key_is_signed_again(signer):
    headers = {"Idempotency-Key": "first"}
    first, again = (write(signer, headers=headers).send() for _ in range(2))
    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Todo.objects.count() == 1
    assert UsedNonce.objects.count() == 2


def test_a_refused_request_has_used_its_nonce(signer):
    request = prepare(signer, "POST", TODOS, b'{"content": ""}')
    assert_problem(request.send(), 400, "invalid", "content")
    assert_problem(request.send(), 401, "nonce_reused")

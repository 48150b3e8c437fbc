"""Signed-only keys: how they are made, and what is kept of them."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiKey, UsedNonce
from accounts.services.keys import issue_key, revoke_key
from accounts.services.maintenance import remove_dead_keys
from accounts.tasks import prune
from core.models import Event, StoredSecret
from tests.problems import assert_problem
from tests.signing import (
    Signer,
    hmac_signer,
    prepare,
    with_key_pair,
    with_secret,
)

pytestmark = pytest.mark.django_db


KEY = {"name": "x", "scopes": ["profile:read"]}


def test_a_key_pair_stays_with_the_client(owner):
    private = Ed25519PrivateKey.generate()
    raw = b64encode(private.public_key().public_bytes_raw()).decode()
    client = key_maker(owner)
    body = KEY | {"signature": "ed25519", "public_key": raw}
    made = client.post("/api/v1/me/keys", body).json()
    assert (made["token"], made["signing_secret"]) == (None, None)
    signer = Signer(made["public_id"], private.sign)
    assert prepare(signer, "GET", "/api/v1/me").send().status_code == 200


def test_the_secret_of_a_key_is_shown_once_and_stored_encrypted(owner):
    client = key_maker(owner)
    body = KEY | {"signature": "hmac-sha256"}
    headers = {"Idempotency-Key": "once"}
    made = client.post("/api/v1/me/keys", body, headers=headers).json()
    assert made["token"] is None
    again = client.post("/api/v1/me/keys", body, headers=headers)
    assert_problem(again, 409, "secret_already_shown")
    secret = made["signing_secret"]
    key = ApiKey.objects.select_related("secret").get(pk=made["id"])
    assert key.secret is not None
    assert secret.encode() not in bytes(key.secret.ciphertext)
    shown = client.get(f"/api/v1/me/keys/{key.pk}").json()
    assert "signing_secret" not in shown
    signer = Signer(made["public_id"], hmac_signer(secret))
    assert prepare(signer, "GET", "/api/v1/me").send().status_code == 200


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"signature": "rsa"}, "signature"),
        ({"signature": "ed25519"}, "public_key"),
        ({"signature": "ed25519", "public_key": "AAAA"}, "public_key"),
        ({"signature": "ed25519", "public_key": "A" * 43}, "public_key"),
        ({"signature": "hmac-sha256", "public_key": "A" * 43}, "public_key"),
        ({"public_key": "A" * 43}, "public_key"),
    ],
)
def test_an_unfitting_public_key_is_refused(owner, given, field):
    answer = key_maker(owner).post("/api/v1/me/keys", KEY | given)
    assert_problem(answer, 400, "invalid", field)
    assert ApiKey.objects.count() == 1


def test_a_signed_only_key_creates_only_signed_only_keys(owner):
    signer = with_secret(owner, scopes=["keys:write", "profile:read"])
    for given, status in (({}, 400), ({"signature": "hmac-sha256"}, 201)):
        body = json.dumps(KEY | given).encode()
        answer = prepare(signer, "POST", "/api/v1/me/keys", body).send()
        assert answer.status_code == status


def test_a_removed_key_takes_its_secret_and_nonces_along(owner):
    signer = with_secret(owner)
    assert prepare(signer, "GET", "/api/v1/me").send().status_code == 200
    now = timezone.now()
    revoke_key(actor=owner, key=ApiKey.objects.get(), now=now)
    later = now + timedelta(days=1)
    assert sum(remove_dead_keys(before=later, now=later)) == 1
    assert not StoredSecret.objects.exists()
    assert not UsedNonce.objects.exists()


def test_nonces_are_pruned_when_their_signatures_are_too_old(owner):
    signer = with_secret(owner)
    assert prepare(signer, "GET", "/api/v1/me").send().status_code == 200
    UsedNonce.objects.create(
        key=ApiKey.objects.get(),
        nonce="old",
        signed_at=timezone.now() - timedelta(minutes=16),
    )
    prune.apply()
    assert UsedNonce.objects.get().nonce != "old"


def test_events_contain_the_algorithm_and_the_public_key_but_no_secret(owner):
    with_key_pair(owner)
    with_secret(owner)
    pair, secret = ApiKey.objects.order_by("created_at")
    changes = Event.objects.about("apikey", pair.pk).get().changes
    assert changes["signature"] == [None, "ed25519"]
    assert changes["public_key"] == [None, pair.public_key]
    changes = Event.objects.about("apikey", secret.pk).get().changes
    assert changes["signature"] == [None, "hmac-sha256"]
    assert changes.keys().isdisjoint({"secret", "secret_hash", "public_key"})


def key_maker(owner: Any) -> APIClient:
    _key, token = issue_key(
        actor=None,
        user=owner,
        name="maker",
        now=timezone.now(),
        scopes=["keys:read", "keys:write", "profile:read"],
    )
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")

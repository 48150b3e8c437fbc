"""Signed requests: what is accepted, and everything that is refused without effect."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiKey, UsedNonce
from accounts.services.keys import issue_key, revoke_key
from accounts.services.maintenance import remove_dead_keys
from accounts.services.people import change_person
from accounts.tasks import prune
from core.models import Event, StoredSecret
from tests.problems import assert_problem
from tests.signing import (
    Prepared,
    Signer,
    digest_of,
    hmac_signer,
    prepare,
    with_key_pair,
    with_secret,
)
from todos.models import Todo

pytestmark = pytest.mark.django_db

TODOS = "/api/v1/todos"
BODY = json.dumps({"content": "Plant a tree"}).encode()


@pytest.fixture(params=[with_secret, with_key_pair])
def signer(request: pytest.FixtureRequest, owner: Any) -> Signer:
    made: Signer = request.param(owner)
    return made


def write(signer: Signer, **options: Any) -> Prepared:
    return prepare(signer, "POST", TODOS, BODY, **options)


def assert_refused(answer: Any, code: str, status: int = 401) -> None:
    """Check the code, and that nothing was written, not even a nonce."""
    assert_problem(answer, status, code)
    assert not Todo.objects.exists()
    assert not UsedNonce.objects.exists()


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


# --- One changed byte ----------------------------------------------------------


def flipped(text: str) -> list[str]:
    """Return the text with each of its characters replaced by another one."""
    return [
        text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
        for at in range(len(text))
    ]


def test_each_changed_byte_of_the_body_is_detected(signer):
    request = write(signer)
    for at in range(len(BODY)):
        body = bytearray(BODY)
        body[at] ^= 1
        changed = replace(request, body=bytes(body))
        assert_refused(changed.send(), "content_digest_mismatch", 400)
    shorter = replace(request, body=BODY[:-1])
    assert_refused(shorter.send(), "content_digest_mismatch", 400)
    assert_refused(
        replace(request, body=BODY + b" ").send(), "content_digest_mismatch", 400
    )


def test_a_removed_body_is_detected(signer):
    assert_refused(
        replace(write(signer), body=b"").send(), "content_digest_mismatch", 400
    )


def test_each_changed_byte_of_the_query_is_detected(signer, owner):
    path = f"{TODOS}?page_size=10"
    request = prepare(signer, "GET", path)
    for query in flipped("page_size=10"):
        changed = replace(request, path=f"{TODOS}?{query}")
        assert_refused(changed.send(), "signature_invalid")
    for other in (TODOS, f"{TODOS}?", f"{path}&", f"{TODOS}?page%5Fsize=10"):
        assert_refused(replace(request, path=other).send(), "signature_invalid")
    assert request.send().status_code == 200


def test_each_changed_byte_of_the_path_is_detected(signer, todo):
    path = f"{TODOS}/{todo.pk}"
    request = prepare(signer, "DELETE", path)
    hyphenless = len(TODOS) + 1
    for at, other in enumerate(flipped(path)):
        if at < hyphenless or path[at] == "-":
            continue  # the address leads elsewhere, so nobody asks for the signature
        assert_problem(replace(request, path=other).send(), 401, "signature_invalid")
    same_path = path.replace("todos", "%74odos")
    changed = Prepared("DELETE", path, headers=request.headers)
    answer = APIClient().generic(
        "DELETE", path, headers=changed.headers, RAW_URI=same_path
    )
    assert_problem(answer, 401, "signature_invalid")
    assert Todo.objects.get().deleted_at is None
    assert request.send().status_code == 204


def test_a_changed_method_is_detected(signer, todo):
    request = prepare(signer, "GET", f"{TODOS}/{todo.pk}")
    assert_problem(replace(request, method="DELETE").send(), 401, "signature_invalid")
    assert Todo.objects.get().deleted_at is None


@pytest.mark.parametrize("name", ["content-type", "content-digest", "idempotency-key"])
def test_each_changed_byte_of_a_covered_header_is_detected(signer, name):
    request = write(signer, headers={"Idempotency-Key": "first"})
    for value in flipped(request.headers[name]):
        changed = replace(request, headers=request.headers | {name: value})
        answer = changed.send()
        assert_refused(answer, "signature_invalid")


def test_each_changed_parameter_is_detected(signer):
    request = write(signer)
    stated = request.headers["signature-input"]
    for name in ("created=1", 'nonce="'):
        at = stated.index(name) + len(name)
        other = "A" if stated[at] != "A" else "B"
        digit = "0" if stated[at] != "0" else "1"
        changed = (
            stated[:at] + (digit if name == "created=1" else other) + stated[at + 1 :]
        )
        headers = request.headers | {"signature-input": changed}
        assert_refused(replace(request, headers=headers).send(), "signature_invalid")


def test_another_host_is_detected(signer):
    request = write(signer)
    request.headers["host"] = "localhost"
    assert_refused(request.send(), "signature_invalid")


# --- What must be covered -------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["@method", "@target-uri", "content-digest", "content-type", "created", "nonce"],
)
def test_what_is_not_covered_is_named(signer, name):
    answer = write(signer, left_out=name).send()
    assert_refused(answer, "component_not_signed")
    assert f"cover: {name}." in answer.json()["detail"]
    assert "content-digest" in answer["Accept-Signature"]


def test_parts_of_a_component_do_not_cover_it(signer):
    components = ["@method", "@path", "content-digest", "content-type"]
    request = prepare(signer, "POST", TODOS, BODY)
    signed = signer.headers(
        "POST",
        "http://testserver" + TODOS,
        BODY,
        {"content-type": "application/json"},
        components=["@method", "content-digest", "content-type"],
    )
    assert components[1] not in signed["signature-input"]
    assert_refused(replace(request, headers=signed).send(), "component_not_signed")


def test_a_body_that_is_added_to_a_read_must_be_covered(signer):
    request = prepare(signer, "GET", TODOS)
    changed = replace(request, body=b"{}")
    changed.headers["content-type"] = "application/json"
    assert_refused(changed.send(), "component_not_signed")


@pytest.mark.parametrize("algorithm", ["sha-256", "sha-512"])
def test_both_algorithms_of_digests_are_accepted(signer, algorithm):
    digest = {"content-digest": digest_of(BODY, algorithm)}
    assert write(signer, headers=digest).send().status_code == 201


@pytest.mark.parametrize("value", ["md5=:AAAA:", "sha-256=1", "nonsense ("])
def test_other_digests_are_refused(signer, value):
    answer = write(signer, headers={"content-digest": value}).send()
    assert_refused(answer, "content_digest_unknown", 400)


def test_all_known_digests_must_fit(signer):
    both = f"{digest_of(BODY)}, {digest_of(b'other', 'sha-512')}"
    answer = write(signer, headers={"content-digest": both}).send()
    assert_refused(answer, "content_digest_mismatch", 400)


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


# --- Kinds of bodies --------------------------------------------------------------


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"content=Plant+a+tree"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="content"\r\n\r\n'
            b"Plant a tree\r\n--x--\r\n",
        ),
    ],
)
def test_forms_are_compared_byte_by_byte(signer, media_type, body):
    headers = {"content-type": media_type}
    request = prepare(signer, "POST", TODOS, body, headers)
    at = body.index(b"tree")
    changed = body[:at] + b"flea" + body[at + 4 :]
    refused = replace(request, body=changed).send()
    assert_refused(refused, "content_digest_mismatch", 400)
    assert request.send().status_code == 201


# --- Making keys -------------------------------------------------------------------

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

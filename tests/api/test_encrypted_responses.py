"""Responses encrypted to the client's public key, if it accepts application/jose."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from rest_framework.test import APIClient

from accounts.models import ApiKey
from accounts.services.keys import issue_key
from core.models import Event
from core.registry import registry
from tests import jose
from tests.problems import assert_problem
from todos.models import Todo

pytestmark = pytest.mark.django_db

TODOS, KEYS = "/api/v1/todos", "/api/v1/me/keys"
COMPACT = "application/jose"
ENCRYPTED = {"Accept": COMPACT}
EC, RSA = ECKey.generate_key(), RSAKey.generate_key(2048)
BOTH = pytest.mark.parametrize("private", [EC, RSA], ids=["EC", "RSA"])


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    jose.generate_once(monkeypatch)


def public(key: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False)}


def client_with(user, private):
    _key, token = issue_key(
        actor=None,
        user=user,
        name="phone",
        scopes=registry.scopes,
        encryption_key=private and public(private),
        now=timezone.now(),
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def api(owner):
    return client_with(owner, EC)


@pytest.fixture
def keyless(owner):
    return client_with(owner, None)


def opened(answer, private=EC):
    """Return the header and the content of an encrypted response."""
    assert answer["Content-Type"] == COMPACT
    assert answer["Content-Length"] == str(len(answer.content))
    assert "no-transform" in answer["Cache-Control"]
    assert "Accept" in answer["Vary"]
    header, content = jose.decrypt(private, answer.content)
    return header, json.loads(content)


@BOTH
def test_a_response_is_encrypted_to_the_registered_key(owner, todo, private):
    api = client_with(owner, private)
    plain = api.get(TODOS).json()
    answer = api.get(TODOS, headers=ENCRYPTED)
    header, content = opened(answer, private)
    assert content == plain
    assert header["cty"] == "json"
    assert header["kid"] == private.thumbprint()
    assert todo.content.encode() not in answer.content
    assert answer.content != api.get(TODOS, headers=ENCRYPTED).content


def test_a_write_can_be_encrypted_both_ways(api):
    body = jose.encrypt(jose.our_keys(api)[jose.EC], {"content": "种树"})
    answer = api.generic("POST", TODOS, body, content_type=COMPACT, headers=ENCRYPTED)
    assert answer.status_code == 201
    _header, content = opened(answer)
    assert answer["Location"].endswith(content["id"])
    assert content["content"] == Todo.objects.get().content == "种树"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"{TODOS}?state=odd", 400, "invalid"),
        ("GET", f"{TODOS}/none", 404, "not_found"),
        ("POST", TODOS, 400, "invalid"),
        ("POST", "/api/v1/me", 405, "method_not_allowed"),
        ("GET", "/api/v1/docs", 406, "not_acceptable"),
    ],
)
def test_a_refusal_is_encrypted_as_soon_as_the_key_is_known(
    api, method, path, status, code
):
    answer = api.generic(method, path, headers=ENCRYPTED)
    assert answer.status_code == status
    if answer["Content-Type"] == COMPACT:
        header, content = opened(answer)
        assert header["cty"] == "problem+json"
    else:  # the address was not found before anybody asked for the key
        content = answer.json()
    assert content["code"] == code


def test_without_a_registered_key_nothing_is_shown_and_nothing_happens(keyless, todo):
    events = Event.objects.count()
    for method, path in (
        ("GET", TODOS),
        ("GET", f"{TODOS}/{todo.pk}"),
        ("POST", TODOS),
        ("PUT", f"{TODOS}/{todo.pk}/finish"),
    ):
        answer = keyless.generic(method, path, headers=ENCRYPTED)
        assert_problem(answer, 406, "encryption_key_missing")
    assert keyless.head(TODOS, headers=ENCRYPTED).status_code == 406
    assert Event.objects.count() == events
    answer = keyless.delete(f"{TODOS}/{todo.pk}", headers=ENCRYPTED)
    assert answer.status_code == 204


def test_without_a_valid_api_key_a_refusal_is_plain(client, owner_browser):
    answer = client.get(TODOS, headers=ENCRYPTED)
    assert_problem(answer, 401, "not_authenticated")
    answer = owner_browser.get(TODOS, headers=ENCRYPTED)
    assert_problem(answer, 406, "encryption_key_missing")


def test_a_page_is_never_encrypted(owner_browser):
    answer = owner_browser.get("/admin/", headers=ENCRYPTED)
    assert answer["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("accept", "is_encrypted"),
    [
        ("application/jose", True),
        ("Application/JOSE;q=0.5, application/json", True),
        ("application/json, application/jose", True),
        ("application/jose;q=0, application/json", False),
        ("application/*", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_accept_decides_whether_a_response_is_encrypted(api, accept, is_encrypted):
    answer = api.get(TODOS, headers={"Accept": accept})
    expected = COMPACT if is_encrypted else "application/json"
    assert answer["Content-Type"] == expected
    assert "Accept" in answer["Vary"]


def test_other_encrypted_types_are_not_available(api):
    answer = api.get(TODOS, headers={"Accept": "application/jose+json"})
    assert_problem(answer, 406, "not_acceptable")


def test_the_entity_tag_is_that_of_the_content_and_weak(api, todo):
    path = f"{TODOS}/{todo.pk}"
    plain, answer = api.get(path), api.get(path, headers=ENCRYPTED)
    assert answer["ETag"] == f"W/{plain['ETag']}"
    for headers in (ENCRYPTED, {}):
        known = headers | {"If-None-Match": answer["ETag"]}
        unchanged = api.get(path, headers=known)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
    headers = ENCRYPTED | {"If-Match": answer["ETag"]}
    changed = api.patch(path, {"content": "Changed"}, headers=headers)
    assert opened(changed)[1]["content"] == "Changed"
    stale = api.patch(path, {"content": "Again"}, headers=headers)
    assert opened(stale)[1]["code"] == "version_mismatch"


def test_a_repeated_post_gets_its_response_encrypted_again(api):
    headers = ENCRYPTED | {"Idempotency-Key": "one"}
    first, again = (
        api.post(TODOS, {"content": "x"}, headers=headers) for _ in range(2)
    )
    assert opened(first)[1] == opened(again)[1]
    assert first.content != again.content
    assert again["Idempotency-Replayed"] == "true"


def test_a_file_is_not_sent_plain_to_who_wants_it_encrypted(api, todo):
    path = f"{TODOS}/{todo.pk}/attachments"
    added = api.generic("POST", path, b"secret", content_type="text/plain").json()
    answer = api.get(f"{path}/{added['id']}/content", headers=ENCRYPTED)
    assert answer.status_code == 406
    assert opened(answer)[1]["code"] == "not_acceptable"


def test_a_token_is_shown_only_to_the_holder_of_the_private_key(api):
    answer = api.post(KEYS, {"name": "tablet"}, headers=ENCRYPTED)
    assert opened(answer)[1]["token"].startswith("tdo_")
    assert "no-store" in answer["Cache-Control"]


# --- Registering a key -----------------------------------------------------------


@BOTH
def test_a_public_key_is_registered_replaced_and_removed(api, private):
    answer = api.post(KEYS, {"name": "tablet", "encryption_key": public(private)})
    assert answer.status_code == 201
    given = answer.json()["encryption_key"]
    assert given == public(private) | {"kid": private.thumbprint()}
    path = f"{KEYS}/{answer.json()['id']}"
    named = public(ECKey.generate_key()) | {"kid": "tablet 2", "use": "enc"}
    for value, expected in ((named, "tablet 2"), (None, None)):
        answer = api.patch(path, {"encryption_key": value}, format="json")
        shown = answer.json()["encryption_key"]
        assert api.get(path).json()["encryption_key"] == shown
        assert (shown and shown["kid"]) == expected
    assert Event.objects.filter(verb="apikey.changed").count() == 2


def test_a_new_public_key_is_used_from_the_next_request_on(api):
    own = ApiKey.objects.get(name="phone")
    other = ECKey.generate_key()
    path = f"{KEYS}/{own.pk}"
    answer = api.patch(path, {"encryption_key": public(other)}, headers=ENCRYPTED)
    assert opened(answer)[1]["encryption_key"]["x"] == public(other)["x"]
    assert opened(api.get(path, headers=ENCRYPTED), other)[1]["id"] == str(own.pk)


SHORT = {"kty": "RSA", "e": "AQAB", "n": jose.b64((2**1023 + 1).to_bytes(128, "big"))}
REFUSED_KEYS: dict[str, tuple[Any, str]] = {
    "private EC key": (EC.as_dict(private=True), "private_key_sent"),
    "private RSA key": (RSA.as_dict(private=True), "private_key_sent"),
    "symmetric key": (OctKey.generate_key(256).as_dict(), "private_key_sent"),
    "other curve": (public(ECKey.generate_key("P-384")), "public_key_refused"),
    "Ed25519": (public(OKPKey.generate_key("Ed25519")), "public_key_refused"),
    "X25519": (public(OKPKey.generate_key("X25519")), "public_key_refused"),
    "no type": ({"crv": "P-256"}, "public_key_refused"),
    "no member": ({"kty": "EC", "crv": "P-256", "x": "AA"}, "public_key_refused"),
    "off the curve": (public(EC) | {"x": public(EC)["y"]}, "public_key_refused"),
    "short RSA key": (SHORT, "public_key_refused"),
    "small exponent": (public(RSA) | {"e": "Aw"}, "public_key_refused"),
    "to sign": (public(EC) | {"use": "sig"}, "public_key_refused"),
    "other algorithm": (public(EC) | {"alg": "ECDH-ES"}, "public_key_refused"),
    "unknown member": (public(EC) | {"x5u": "https://x"}, "public_key_refused"),
    "long kid": (public(EC) | {"kid": "k" * 129}, "public_key_refused"),
    "kid with a tab": (public(EC) | {"kid": "a\tb"}, "public_key_refused"),
}


@pytest.mark.parametrize("name", REFUSED_KEYS)
def test_a_key_that_is_not_allowed_is_refused(api, name):
    key, code = REFUSED_KEYS[name]
    answer = api.post(KEYS, {"name": "tablet", "encryption_key": key}, format="json")
    assert answer.status_code == 400
    assert answer.json()["code"] == code
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("value", ["text", [], {}, {"kty": 1}, {"kty": ["EC"]}])
def test_what_is_not_a_json_web_key_is_refused(api, value):
    answer = api.post(KEYS, {"name": "tablet", "encryption_key": value}, format="json")
    assert_problem_in(answer, "encryption_key")


def assert_problem_in(answer, field):
    assert answer.status_code == 400
    named = {error["field"].partition(".")[0] for error in answer.json()["errors"]}
    assert named <= {field, "kty"}
    assert named


def test_only_the_public_key_of_an_api_key_can_change(api):
    path = f"{KEYS}/{ApiKey.objects.get().pk}"
    answer = api.patch(path, {"name": "mine", "scopes": []}, format="json")
    assert_problem(answer, 400, "invalid", "name", "scopes")


def test_the_key_of_another_person_cannot_be_given_a_public_key(api, outsider_api):
    other = ApiKey.objects.exclude(name="phone").get()
    body = {"encryption_key": public(EC)}
    answer = api.patch(f"{KEYS}/{other.pk}", body, format="json")
    assert_problem(answer, 404, "not_found")

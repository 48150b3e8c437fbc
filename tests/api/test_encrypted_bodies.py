"""Encrypted bodies of requests (RFC 7516): accepted like plain ones, or refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests import jose
from tests.problems import assert_problem
from todos.models import Todo

pytestmark = pytest.mark.django_db

TODOS = "/api/v1/todos"
COMPACT, JSON = "application/jose", "application/jose+json"
BOTH = pytest.mark.parametrize("algorithm", [jose.EC, jose.RSA])


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    jose.generate_once(monkeypatch)


def send(api, body, content_type=COMPACT, path=TODOS, method="POST", **headers):
    body = json.dumps(body) if isinstance(body, dict) else body
    return api.generic(method, path, body, content_type=content_type, headers=headers)


@BOTH
def test_an_encrypted_body_is_read_like_a_plain_one(owner_api, algorithm):
    key = jose.our_keys(owner_api)[algorithm]
    for encrypt in (jose.encrypt, jose.encrypt_by_hand):
        content = json.dumps({"content": "种一棵树"}).encode()
        answer = send(owner_api, encrypt(key, content))
        assert answer.status_code == 201
        assert answer.json()["content"] == "种一棵树"


@BOTH
@pytest.mark.parametrize("general", [True, False])
def test_both_json_serialisations_are_read(owner_api, algorithm, general):
    key = jose.our_keys(owner_api)[algorithm]
    message = jose.encrypt_json(key, {"content": "Plant a tree"}, general=general)
    assert send(owner_api, message, JSON).json()["content"] == "Plant a tree"


@pytest.mark.parametrize(
    "cty", ["x-www-form-urlencoded", "application/x-www-form-urlencoded"]
)
def test_an_encrypted_form_is_read_like_a_plain_one(owner_api, cty):
    key = jose.our_keys(owner_api)[jose.EC]
    form = urlencode({"content": "Plant a tree", "priority": "2", "due_on": ""})
    answer = send(owner_api, jose.encrypt(key, form.encode(), cty=cty))
    assert answer.status_code == 201
    assert (answer.json()["priority"], answer.json()["due_on"]) == (2, None)


def test_a_row_is_replaced_changed_and_deleted_with_encrypted_bodies(owner_api, todo):
    key, path = jose.our_keys(owner_api)[jose.EC], f"{TODOS}/{todo.pk}"
    for method in ("PUT", "PATCH"):
        body = jose.encrypt(key, {"content": method})
        answer = send(owner_api, body, path=path, method=method)
        assert answer.json()["content"] == method
    body = jose.encrypt(key, {})
    assert send(owner_api, body, path=path, method="DELETE").status_code == 204


REFUSED_CONTENTS: dict[str, Any] = {
    "unknown field": (
        b'{"content": "x", "colour": "red"}',
        {},
        400,
        "invalid",
        "colour",
    ),
    "missing field": (b"{}", {}, 400, "invalid", "content"),
    "no JSON": (b"{", {}, 400, "parse_error"),
    "a name twice": (b'{"content": "x", "content": "y"}', {}, 400, "parse_error"),
    "no UTF-8": (b'{"content": "\xff"}', {}, 400, "parse_error"),
    "NUL": (b'{"content": "\\u0000"}', {}, 400, "parse_error"),
    "infinite": (b'{"content": "x", "priority": Infinity}', {}, 400, "parse_error"),
    "too deep": (b"[" * 100_000, {}, 400, "parse_error"),
    "form that is not UTF-8": (
        b"content=%FF",
        {"cty": "x-www-form-urlencoded"},
        400,
        "parse_error",
    ),
    "multipart": (
        b"--b",
        {"cty": "multipart/form-data"},
        415,
        "unsupported_media_type",
    ),
    "a message in a message": (b"x", {"cty": "JWE"}, 415, "unsupported_media_type"),
    "empty": (b"", {}, 400, "parse_error"),
}


@pytest.mark.parametrize("name", REFUSED_CONTENTS)
def test_the_content_is_checked_like_a_plain_body(owner_api, name):
    content, header, status, code, *fields = REFUSED_CONTENTS[name]
    key = jose.our_keys(owner_api)[jose.EC]
    answer = send(owner_api, jose.encrypt(key, content, **header))
    assert_problem(answer, status, code, *fields)
    assert not Todo.objects.exists()


def parts_of(owner_api, algorithm=jose.EC):
    key = jose.our_keys(owner_api)[algorithm]
    return jose.encrypt(key, {"content": "x"}).split(".")


@BOTH
@pytest.mark.parametrize("index", range(5))
def test_a_message_with_one_changed_bit_is_refused(owner_api, algorithm, index):
    parts = parts_of(owner_api, algorithm)
    changed = bytearray(jose.unb64(parts[index]))
    changed[-2 if index else -3] ^= 1
    parts[index] = jose.b64(bytes(changed))
    answer = send(owner_api, ".".join(parts))
    expected = {"body_malformed", "body_key_unknown"} if index == 0 else set()
    assert answer.status_code == 400
    assert answer.json()["code"] in expected | {"body_not_decryptable"}
    assert not Todo.objects.exists()


def test_a_wrong_key_and_a_wrong_tag_get_the_same_answer(owner_api):
    """An attacker must not learn which step failed (RFC 7516 §11.5)."""
    answers = []
    for algorithm in (jose.EC, jose.RSA):
        head, key, iv, text, tag = parts_of(owner_api, algorithm)
        short, noise = jose.b64(b"x" * 24), jose.b64(b"\x01" * len(jose.unb64(key)))
        for parts in (
            (head, key, iv, text, jose.b64(b"\0" * 16)),
            (head, short, iv, text, tag),
            (head, noise, iv, text, tag),
            (head, "", iv, text, tag),
        ):
            answer = send(owner_api, ".".join(parts)).json()
            answer.pop("request_id")
            answers.append(answer)
    assert answers == answers[:1] * len(answers)
    assert answers[0]["code"] == "body_not_decryptable"


def test_the_content_key_must_have_256_bits(owner_api):
    key = jose.our_keys(owner_api)[jose.RSA]
    body = jose.encrypt_by_hand(key, b'{"content": "x"}', content_key=b"k" * 16)
    assert_problem(send(owner_api, body), 400, "body_not_decryptable")


def with_header(owner_api, change, algorithm=jose.EC):
    """Return a message whose header was changed, and the tag with it."""
    key = jose.our_keys(owner_api)[algorithm]
    return jose.encrypt_by_hand(key, b'{"content": "x"}', header=change)


OFF_CURVE = {
    "kty": "EC",
    "crv": "P-256",
    "x": jose.b64(b"\1" * 32),
    "y": jose.b64(b"\1" * 32),
}
ZERO = {"kty": "EC", "crv": "P-256", "x": jose.b64(bytes(32)), "y": jose.b64(bytes(32))}
LONG = {"kty": "EC", "crv": "P-256", "x": "A" * 3000, "y": "A" * 43}
REFUSED_HEADERS = {
    "alg none": ({"alg": "none"}, "body_algorithm_refused"),
    "alg missing": ({"alg": ""}, "body_algorithm_refused"),
    "alg dir": ({"alg": "dir"}, "body_algorithm_refused"),
    "alg RSA1_5": ({"alg": "RSA1_5"}, "body_algorithm_refused"),
    "alg RSA-OAEP": ({"alg": "RSA-OAEP"}, "body_algorithm_refused"),
    "alg A128KW": ({"alg": "A128KW"}, "body_algorithm_refused"),
    "alg ECDH-ES": ({"alg": "ECDH-ES"}, "body_algorithm_refused"),
    "alg ECDH-ES+A128KW": ({"alg": "ECDH-ES+A128KW"}, "body_algorithm_refused"),
    "alg PBES2": (
        {"alg": "PBES2-HS256+A128KW", "p2c": 2**31 - 1, "p2s": "AAAA"},
        "body_algorithm_refused",
    ),
    "alg of the other key": ({"alg": jose.RSA}, "body_algorithm_refused"),
    "alg a list": ({"alg": [jose.EC]}, "body_malformed"),
    "enc CBC": ({"enc": "A128CBC-HS256"}, "body_algorithm_refused"),
    "enc A128GCM": ({"enc": "A128GCM"}, "body_algorithm_refused"),
    "enc null": ({"enc": None}, "body_malformed"),
    "zip DEF": ({"zip": "DEF"}, "body_compressed"),
    "zip null": ({"zip": None}, "body_compressed"),
    "crit": ({"crit": ["exp"], "exp": 1}, "body_header_refused"),
    "crit empty": ({"crit": []}, "body_header_refused"),
    "jku": ({"jku": "https://example.com/keys"}, "body_header_refused"),
    "jwk": ({"jwk": ZERO}, "body_header_refused"),
    "x5u": ({"x5u": "https://example.com/"}, "body_header_refused"),
    "unknown": ({"later": True}, "body_header_refused"),
    "kid unknown": ({"kid": "nobody"}, "body_key_unknown"),
    "kid missing": ({"kid": ""}, "body_key_unknown"),
    "kid a number": ({"kid": 1}, "body_malformed"),
    "kid with NUL": ({"kid": "\0"}, "body_malformed"),
    "kid long": ({"kid": "k" * 129}, "body_malformed"),
    "cty a number": ({"cty": 7}, "body_malformed"),
    "apu no base64url": ({"apu": "+++"}, "body_not_decryptable"),
    "apu other than used": ({"apu": "QWxpY2U"}, "body_not_decryptable"),
    "nested": ({"typ": [[[]]]}, "body_malformed"),
}


@pytest.mark.parametrize("name", REFUSED_HEADERS)
def test_a_header_that_is_not_allowed_is_refused(owner_api, name):
    change, code = REFUSED_HEADERS[name]
    assert_problem(send(owner_api, with_header(owner_api, change)), 400, code)
    assert not Todo.objects.exists()


EPHEMERAL_KEYS = {
    "missing": None,
    "text": "P-256",
    "incomplete": {"kty": "EC"},
    "private": ECKey.generate_key().as_dict(private=True),
    "off the curve": OFF_CURVE,
    "at infinity": ZERO,
    "long": LONG,
    "another curve": ECKey.generate_key("P-384").as_dict(private=False),
    "unknown curve": ZERO | {"crv": "P-257"},
    "no base64url": ZERO | {"x": "=="},
    "another type": ZERO | {"kty": "RSA"},
    "symmetric": {"kty": "oct", "k": "AAAA"},
}


@pytest.mark.parametrize("name", EPHEMERAL_KEYS)
def test_an_ephemeral_key_that_is_not_on_the_curve_is_refused(owner_api, name):
    head, *rest = parts_of(owner_api)
    header = json.loads(jose.unb64(head)) | {"epk": EPHEMERAL_KEYS[name]}
    body = ".".join([jose.b64(json.dumps(header).encode()), *rest])
    assert_problem(send(owner_api, body), 400, "body_malformed")


MALFORMED = {
    "four parts": b"a.b.c.d",
    "six parts": b"a.b.c.d.e.f",
    "dots": b"....",
    "JSON": b'{"content": "x"}',
    "no UTF-8": b"\xff.\xff.\xff.\xff.\xff",
    "line break": b"e30\n....",
    "header is a list": b"W10.AA.AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA",
    "header is nested": jose.b64(b'{"a":' * 30_000).encode() + b"....",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_a_message_is_refused(owner_api, name):
    assert_problem(send(owner_api, MALFORMED[name]), 400, "body_malformed")


def test_base64_is_read_strictly(owner_api):
    body = ".".join(parts_of(owner_api))
    for changed in (f"{body}=", f"{body} ", f"{body}\n", body.replace(".", ".=", 1)):
        assert_problem(send(owner_api, changed), 400, "body_malformed")


def test_names_in_a_header_are_unique(owner_api):
    head, *rest = parts_of(owner_api)
    text = jose.unb64(head).replace(b'{"alg"', b'{"kid":"x","alg"')
    body = ".".join([jose.b64(text), *rest])
    assert_problem(send(owner_api, body), 400, "body_malformed")


def json_message(owner_api, general=False):
    key = jose.our_keys(owner_api)[jose.EC]
    return jose.encrypt_json(key, {"content": "x"}, general=general)


REFUSED_JSON = {
    "two recipients": lambda it: it | {"recipients": it["recipients"] * 2},
    "no recipient": lambda it: it | {"recipients": []},
    "recipients of both kinds": lambda it: it | {"encrypted_key": "AA"},
    "recipient is text": lambda it: it | {"recipients": ["AA"]},
    "no tag": lambda it: {name: it[name] for name in it if name != "tag"},
    "tag is a number": lambda it: it | {"tag": 1},
    "tag is short": lambda it: it | {"tag": it["tag"][:16]},
    "iv is long": lambda it: it | {"iv": it["iv"] + "AAAA"},
    "unknown member": lambda it: it | {"signature": "AA"},
    "parameter twice": lambda it: it | {"unprotected": {"typ": "JOSE"}},
    "sender unprotected": lambda it: it | {"unprotected": {"iss": "x"}},
    "content type unprotected": lambda it: it | {"unprotected": {"cty": "json"}},
    "header is a list": lambda it: it | {"unprotected": []},
}


@pytest.mark.parametrize("name", REFUSED_JSON)
def test_a_json_message_that_is_not_allowed_is_refused(owner_api, name):
    message = REFUSED_JSON[name](json_message(owner_api, general=True))
    assert_problem(send(owner_api, message, JSON), 400, "body_malformed")


@pytest.mark.parametrize("name", ["zip", "crit"])
def test_an_unprotected_parameter_is_refused_as_well(owner_api, name):
    message = json_message(owner_api) | {"unprotected": {name: ["exp"]}}
    code = {"zip": "body_compressed", "crit": "body_header_refused"}[name]
    assert_problem(send(owner_api, message, JSON), 400, code)


def test_changed_additional_data_is_refused(owner_api):
    message = json_message(owner_api) | {"aad": jose.b64(b"for the kitchen")}
    assert_problem(send(owner_api, message, JSON), 400, "body_not_decryptable")


def test_a_json_message_with_a_name_twice_is_refused(owner_api):
    text = json.dumps(json_message(owner_api)).replace("{", '{"tag": "AA", ', 1)
    assert_problem(send(owner_api, text, JSON), 400, "parse_error")


def test_a_message_of_another_algorithm_is_refused_whole(owner_api):
    """The example of RFC 7516 A.3, and a message with a shared key."""
    example = (
        "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0."
        "6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ."
        "AxY8DCtDaGlsbGljb3RoZQ."
        "KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY."
        "U0m_YmjN04DJvceFICbCVQ"
    )
    shared = jwe.encrypt_compact(
        {"alg": "dir", "enc": "A256GCM"}, b"{}", OctKey.generate_key(256)
    )
    for body in (example, shared):
        assert_problem(send(owner_api, body), 400, "body_algorithm_refused")


def test_a_compressed_message_is_refused_before_anything_grows(owner_api):
    bomb = b" " * 50_000_000
    key = jose.our_keys(owner_api)[jose.EC]
    body = jose.encrypt(key, bomb, zip="DEF")
    assert len(body) < 200_000
    assert_problem(send(owner_api, body), 400, "body_compressed")


def test_a_large_message_is_accepted_up_to_the_limit_of_bodies(owner_api):
    key = jose.our_keys(owner_api)[jose.EC]
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    spaces = b" " * (most * 3 // 4 - 2000)
    body = jose.encrypt(key, b'{"content": "x"' + spaces + b"}")
    assert send(owner_api, body).status_code == 201
    assert_problem(send(owner_api, "A" * (most + 1)), 413, "too_large")


@BOTH
def test_a_retry_that_is_encrypted_again_has_no_further_effect(owner_api, algorithm):
    key = jose.our_keys(owner_api)[algorithm]
    headers = {"Idempotency-Key": "one"}
    bodies = [jose.encrypt(key, {"content": "x"}) for _ in range(2)]
    assert bodies[0] != bodies[1]
    first, again = (send(owner_api, body, **headers) for body in bodies)
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    other = jose.encrypt(key, {"content": "y"})
    answer = send(owner_api, other, **headers)
    assert_problem(answer, 422, "idempotency_key_reused")
    assert Todo.objects.count() == 1


def test_an_encrypted_retry_of_a_plain_request_is_the_same_request(owner_api):
    headers = {"Idempotency-Key": "one"}
    first = send(owner_api, {"content": "x"}, "application/json", **headers)
    body = jose.encrypt(jose.our_keys(owner_api)[jose.EC], {"content": "x"})
    assert send(owner_api, body, **headers).json() == first.json()


@BOTH
def test_a_recorded_message_is_of_no_use_to_another_person(
    owner_api, editor_api, owner_browser, owner, algorithm
):
    key, sender = jose.our_keys(owner_api)[algorithm], owner.api_keys.get().public_id
    body = jose.encrypt(key, {"content": "secret"}, iss=sender)
    assert_problem(send(editor_api, body), 403, "body_sender_mismatch")
    assert_problem(send(owner_browser, body), 403, "body_sender_mismatch")
    head, *rest = body.split(".")
    other = editor_api.get("/api/v1/me/keys").json()["results"][0]["public_id"]
    for change in ({"iss": other}, {"iss": None}):
        header = json.loads(jose.unb64(head)) | change
        named = {name: value for name, value in header.items() if value}
        forged = ".".join([jose.b64(json.dumps(named).encode()), *rest])
        assert_problem(send(editor_api, forged), 400, "body_not_decryptable")
    assert send(owner_api, body).status_code == 201


def test_a_browser_needs_its_csrf_token_for_an_encrypted_body(owner):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    body = jose.encrypt(jose.our_keys(browser)[jose.EC], {"content": "x"})
    assert_problem(send(browser, body), 403, "csrf_failed")


def test_the_agreed_key_is_that_of_the_standard():
    """RFC 7518 Appendix C, which the tests' own encryption must follow as well."""
    alice = "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"
    bob = {
        "kty": "EC",
        "crv": "P-256",
        "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
        "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
    }
    number = int.from_bytes(jose.unb64(alice), "big")
    secret = ec.derive_private_key(number, ec.SECP256R1())
    agreed = secret.exchange(ec.ECDH(), jose.point(bob))
    key = jose.derive(agreed, "A128GCM", bits=128, apu=b"Alice", apv=b"Bob")
    assert jose.b64(key) == "VqqN6vgjbSBcIijNcacQGg"


@hypothesis_settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    content=st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]))
    .map(lambda text: f"x{text}"[:200])
    .map(str.strip),
    algorithm=st.sampled_from([jose.EC, jose.RSA]),
)
def test_any_text_arrives_as_it_was_encrypted(owner_api, content, algorithm):
    key = jose.our_keys(owner_api)[algorithm]
    plain = send(owner_api, {"content": content}, "application/json")
    encrypted = send(owner_api, jose.encrypt(key, {"content": content}))
    assert encrypted.status_code == plain.status_code
    assert encrypted.json().get("content") == plain.json().get("content")


@hypothesis_settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    parts=st.lists(st.binary(max_size=40), min_size=4, max_size=4),
    header=st.dictionaries(
        st.sampled_from(["alg", "enc", "kid", "epk", "cty", "apu", "zip", "crit"]),
        st.sampled_from([jose.EC, jose.RSA, jose.GCM, "json", ZERO, None, 1, [], "="]),
    ),
)
def test_no_message_is_a_fault_of_the_service(owner_api, parts, header):
    text = jose.b64(json.dumps(header).encode())
    answer = send(owner_api, ".".join([text, *map(jose.b64, parts)]))
    assert answer.status_code == 400
    assert answer.json()["code"].startswith("body_")


def test_the_service_decrypts_with_rsa_keys_of_3072_bits(owner_api):
    key = RSAKey.import_key(dict(jose.our_keys(owner_api)[jose.RSA]))
    assert key.public_key.key_size == 3072

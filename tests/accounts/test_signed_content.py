"""Signed requests that were changed on their way, or are not covered as a whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rest_framework.test import APIClient

from tests.problems import assert_problem
from tests.signing import (
    BODY,
    TODOS,
    Prepared,
    assert_refused,
    digest_of,
    prepare,
    write,
)
from todos.models import Todo

pytestmark = pytest.mark.django_db


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

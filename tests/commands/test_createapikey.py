"""The command createapikey."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone
from joserfc.jwk import ECKey
from rest_framework.test import APIClient

from accounts.models import ApiKey
from accounts.services.people import change_person
from core.models import Event
from core.registry import registry
from tests.commands.running import refusal, run, shell
from tests.conftest import make_person, secret_in
from tests.problems import assert_problem
from tests.signing import Signer, hmac_signer, prepare


def client_with(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token.strip()}")
    return client


def test_the_printed_key_authenticates_api_requests(owner):
    printed = run("createapikey", "olga")
    assert printed.err == ""
    assert client_with(printed.out).get("/api/v1/me").json()["username"] == "olga"


def test_a_key_is_limited_to_its_scopes(owner):
    token = run("createapikey", "olga", "--scope", "todos:read").out
    client = client_with(token)
    assert client.get("/api/v1/todos").status_code == 200
    answer = client.post("/api/v1/todos", {"content": "Plant a tree"})
    assert answer.status_code == 403


def test_scope_can_be_repeated_and_has_a_default(owner):
    run("createapikey", "olga", "--scope", "todos:write", "--scope", "lists:read")
    run("createapikey", "olga@example.com", "--name", "usual")
    chosen, usual = ApiKey.objects.order_by("created_at")
    assert chosen.scopes == ["lists:read", "todos:write"]
    assert (usual.name, usual.scopes) == ("usual", sorted(registry.default_scopes))


def test_creating_a_key_is_recorded_without_its_secret(owner):
    token = run("createapikey", "olga").out.strip()
    event = Event.objects.get(verb="apikey.created")
    assert (event.source, event.actor_id) == ("command", None)
    assert event.request_id.startswith("command-")
    assert secret_in(token) not in str(event.changes)


@pytest.mark.parametrize(
    ("text", "expires_at"),
    [
        ("2999-01-31", datetime(2999, 2, 1, tzinfo=UTC)),
        ("2999-01-31T18:00:00+08:00", datetime(2999, 1, 31, 10, tzinfo=UTC)),
        ("2999-01-31T18:00:00Z", datetime(2999, 1, 31, 18, tzinfo=UTC)),
    ],
)
def test_a_key_expires_at_the_end_of_the_day_or_at_the_given_time(
    owner, text, expires_at
):
    run("createapikey", "olga", "--expires", text)
    assert ApiKey.objects.get().expires_at == expires_at


def test_a_key_expires_after_a_duration(owner):
    before = timezone.now()
    run("createapikey", "olga", "--expires", "30d")
    expires_at = ApiKey.objects.get().expires_at
    assert expires_at is not None
    assert before <= expires_at - timedelta(days=30) <= timezone.now()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30",
        "30m",
        "-1d",
        "9999999d",
        "2027-02-30",
        "2027-01-31T18:00",
        "soon",
        "٣d",
    ],
)
def test_an_invalid_expiry_is_refused(owner, text):
    assert "is not a valid moment" in refusal(
        "createapikey", "olga", f"--expires={text}"
    )
    assert not ApiKey.objects.exists()


def test_an_expiry_in_the_past_is_refused(owner):
    assert "must be in the future" in refusal(
        "createapikey", "olga", "--expires", "2001-01-01"
    )
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "No user has the user name or email address nobody."),
        (["olga", "--scope", "todos:eat"], "invalid choice: 'todos:eat'"),
        (["olga", "--name", ""], "This field cannot be blank."),
        (["olga", "--name", "x" * 101], "at most 100 characters"),
        (["olga", "--name", "a\x00b"], "Null characters"),
    ],
)
def test_invalid_arguments_are_reported_in_one_line(owner, arguments, message):
    assert message in refusal("createapikey", *arguments)
    assert not ApiKey.objects.exists()


def test_no_key_is_created_for_a_disabled_person(owner):
    change_person(actor=None, person=owner, now=timezone.now(), is_active=False)
    assert refusal("createapikey", "olga") == "olga is disabled."


def test_no_key_is_created_for_an_ambiguous_name(owner):
    make_person("olga@example.com")
    assert "the address of another" in refusal("createapikey", "olga@example.com")
    assert not ApiKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_stdout_contains_only_the_key(owner):
    done = shell("createapikey", "olga", LOG_LEVEL="DEBUG")
    assert done.returncode == 0
    assert [line[:4] for line in done.stdout.splitlines()] == ["tdo_"]

    revoked = shell("revokeapikey", "-", stdin=done.stdout)
    assert (revoked.returncode, revoked.stdout) == (0, "")
    assert "was revoked" in revoked.stderr
    assert_problem(client_with(done.stdout).get("/api/v1/me"), 401, "invalid_key")

    refused = shell("createapikey", "nobody")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "No user has the user name" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_signed_only_key_is_printed_as_its_public_id_and_secret(owner):
    printed = run("createapikey", "olga", "--signature", "hmac-sha256").out
    public_id, secret = printed.split()
    signer = Signer(public_id, hmac_signer(secret))
    assert prepare(signer, "GET", "/api/v1/me").send().json()["username"] == "olga"
    run("revokeapikey", f"{public_id} {secret}")
    assert_problem(prepare(signer, "GET", "/api/v1/me").send(), 401, "invalid_key")


def test_of_a_key_pair_only_the_public_id_is_printed(owner, tmp_path):
    private = Ed25519PrivateKey.generate()
    public = tmp_path / "public.pem"
    public.write_bytes(
        private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
    )
    options = ("--signature", "ed25519", "--public-key", str(public))
    public_id = run("createapikey", "olga", *options).out.strip()
    signer = Signer(public_id, private.sign)
    assert prepare(signer, "GET", "/api/v1/me").send().status_code == 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--signature", "rsa"], "invalid choice: 'rsa'"),
        (["--signature", "ed25519"], "Give a public key with Ed25519"),
        (["--public-key", "{folder}/missing.pem"], "cannot be read"),
        (["--signature", "ed25519", "--public-key", "{folder}/x"], "not an Ed25519"),
    ],
)
def test_an_unfitting_signature_is_reported_in_one_line(
    owner, tmp_path, options, message
):
    (tmp_path / "x").write_text("nonsense")
    arguments = [option.format(folder=tmp_path) for option in options]
    assert message in refusal("createapikey", "olga", *arguments)
    assert not ApiKey.objects.exists()


def test_a_public_key_for_responses_is_read_from_a_file(owner, tmp_path):
    path = tmp_path / "public.json"
    public = ECKey.generate_key().as_dict(private=False)
    path.write_text(json.dumps(public))
    run("createapikey", "olga", "--encryption-key", str(path))
    stored: Any = ApiKey.objects.get().encryption_key
    assert {name: stored[name] for name in ("kty", "crv", "x", "y")} == public


@pytest.mark.parametrize("text", ["", "[]", '{"kty": "EC"}', '{"kty": "oct", "k": ""}'])
def test_a_file_without_a_public_key_is_refused(owner, tmp_path, text):
    path = tmp_path / "public.json"
    path.write_text(text)
    refusal("createapikey", "olga", "--encryption-key", str(path))
    refusal("createapikey", "olga", "--encryption-key", str(tmp_path / "missing"))
    assert not ApiKey.objects.exists()

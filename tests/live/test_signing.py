"""Signed requests through nginx and several app servers, and the documented clients."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.checkout import REPOSITORY
from tests.live.embedded import GUNICORN, UWSGI, Embedded
from tests.live.stack import Client, Stack
from tests.signing import Signer, hmac_signer

GUIDE = REPOSITORY / "docs" / "api" / "signing.md"
PROGRAMS = {"python": [sys.executable, "-"], "js": ["node", "-"], "sh": ["sh"]}
TODOS = "/api/v1/todos"
BODY = b'{"content": "Plant a tree"}'
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def _person(started_stack: Stack) -> None:
    started_stack.add_user("sina", "correct horse battery staple")


@pytest.fixture(scope="module")
def secret(started_stack: Stack, _person: None) -> tuple[str, str]:
    """The public id and the secret of an HMAC key."""
    public_id, secret = made(started_stack, "--signature", "hmac-sha256").split()
    return public_id, secret


@pytest.fixture(scope="module")
def key_pair(
    started_stack: Stack, _person: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """The public id of an Ed25519 key, and the file with the private key."""
    folder = tmp_path_factory.mktemp("keys")
    private, public = folder / "private.pem", folder / "public.pem"
    for command in re.findall("^openssl .*$", GUIDE.read_text(), re.MULTILINE):
        subprocess.run(command.split(), cwd=folder, check=True)  # noqa: S603
    options = ("--signature", "ed25519", "--public-key", str(public))
    return made(started_stack, *options), private


def made(stack: Stack, *options: str) -> str:
    done = stack.manage("createapikey", "sina", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def signer(secret: tuple[str, str]) -> Signer:
    return Signer(secret[0], hmac_signer(secret[1]))


def signed(
    server: Any, signer: Signer, method: str = "POST", path: str = TODOS, **options: Any
) -> dict[str, str]:
    body = BODY if method == "POST" else b""
    headers = JSON if method == "POST" else {}
    given: dict[str, str] = signer.headers(
        method, server.url + path, body, headers, **options
    )
    return given


def code_of(answer: Any) -> str:
    return str(answer.json()["code"])


def count(stack: Stack) -> int:
    """Return how many todos there are."""
    return int(stack.sql("SELECT count(*) FROM todos_todo")[0][0])


# --- The documented clients -----------------------------------------------------


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_documented_client_adds_a_todo(
    stack: Stack, language: str, secret: Any, key_pair: Any
):
    block = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    (program,) = block.findall(GUIDE.read_text())
    uses_secret = "TODO_SECRET" in program
    certificate = str(stack.certificate)
    done = subprocess.run(  # noqa: S603
        PROGRAMS[language],
        input=program,
        env={
            "PATH": stack.env["PATH"],
            "TODO_URL": stack.url,
            "TODO_KEY_ID": secret[0] if uses_secret else key_pair[0],
            "TODO_SECRET": secret[1],
            "TODO_PRIVATE_KEY": str(key_pair[1]),
            "SSL_CERT_FILE": certificate,
            "NODE_EXTRA_CA_CERTS": certificate,
            "CURL_CA_BUNDLE": certificate,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "Buy milk" in done.stdout


# --- Refusals ---------------------------------------------------------------------


def test_one_of_many_copies_of_a_request_has_an_effect(stack: Stack, signer: Signer):
    with stack.client() as client, ThreadPoolExecutor(8) as pool:
        before = count(stack)
        headers = signed(stack, signer)
        sends = [
            pool.submit(client.post, TODOS, data=BODY, headers=headers)
            for _ in range(24)
        ]
        answers = [send.result() for send in sends]
        assert Counter(a.status_code for a in answers) == {201: 1, 401: 23}
        refused = {code_of(a) for a in answers if a.status_code == 401}
        assert refused == {"nonce_reused"}
        assert count(stack) == before + 1


def test_what_was_changed_on_its_way_is_refused(stack: Stack, signer: Signer):
    path = f"{TODOS}?page_size=1"
    with stack.client() as client:
        before = count(stack)
        for other in (BODY.replace(b"t", b"T", 1), BODY + b" ", b""):
            answer = client.post(TODOS, data=other, headers=signed(stack, signer))
            assert code_of(answer) == "content_digest_mismatch"
        reads = signed(stack, signer, "GET", path)
        for other_path in (
            TODOS,
            f"{path}&",
            path.replace("1?", "%31?").replace("page", "p%61ge"),
            path.replace("/todos", "//todos"),
            path.replace("/todos", "/./todos"),
            path.replace("todos", "%74odos"),
        ):
            raw = raw_get(client, stack, other_path, reads)
            assert code_of(raw) == "signature_invalid", other_path
        headers = signed(stack, signer) | {"content-type": "application/json "}
        assert client.post(TODOS, data=BODY, headers=headers).status_code == 201
        headers = signed(stack, signer) | {"content-type": "text/plain"}
        answer = client.post(TODOS, data=BODY, headers=headers)
        assert code_of(answer) == "signature_invalid"
        assert client.get(path, headers=reads).status_code == 200
        assert count(stack) == before + 1


def raw_get(client: Client, server: Any, path: str, headers: dict[str, str]) -> Any:
    """Send a path as it is: the client would normalize it."""
    prepared = client.prepare_request(
        requests.Request("GET", server.url + TODOS, headers=headers)
    )
    prepared.url = server.url + path
    return client.send(prepared, verify=client.verify, timeout=40)


def test_other_addresses_of_the_same_server_are_other_requests(
    stack: Stack, signer: Signer
):
    headers = signed(stack, signer)
    with stack.client() as client:
        for host in ("localhost", "todo.test"):
            port = stack.places.https_port
            answer = client.post(
                TODOS, data=BODY, headers=headers | {"host": f"{host}:{port}"}
            )
            assert code_of(answer) == "signature_invalid"
        upper = headers | {"host": f"127.0.0.1:{stack.places.https_port}"}
        assert client.post(TODOS, data=BODY, headers=upper).status_code == 201


def test_another_key_or_none_is_refused(stack: Stack, signer: Signer):
    wrong = Signer(signer.key_id, hmac_signer("another"))
    with stack.client() as client:
        answer = client.post(TODOS, data=BODY, headers=signed(stack, wrong))
        assert code_of(answer) == "signature_invalid"
        token = {"Authorization": f"Bearer tdo_{signer.key_id}_x"}
        for _ in range(3):  # also for the part that answers before Django
            answer = client.get(TODOS, headers=token)
            assert code_of(answer) == "signature_required"
            assert "@target-uri" in answer.headers["Accept-Signature"]


def test_a_repeated_request_of_the_proxy_is_refused_and_can_be_signed_again(
    stack: Stack, signer: Signer
):
    """nginx repeats what a dying app server has not answered, with the same nonce."""
    key = {"Idempotency-Key": "one-todo"}
    with stack.client() as client:
        lost = signed(stack, signer) | key
        assert client.post(TODOS, data=BODY, headers=lost).status_code == 201
        repeated = client.post(TODOS, data=BODY, headers=lost)
        assert code_of(repeated) == "nonce_reused"
        again = client.post(TODOS, data=BODY, headers=signed(stack, signer) | key)
        assert again.status_code == 201
        assert again.headers["Idempotency-Replayed"] == "true"


def test_without_redis_the_same_is_refused(stack: Stack, signer: Signer):
    stack.supervisor("stop", "redis")
    try:
        test_one_of_many_copies_of_a_request_has_an_effect(stack, signer)
        test_what_was_changed_on_its_way_is_refused(stack, signer)
        test_another_key_or_none_is_refused(stack, signer)
    finally:
        stack.supervisor("start", "redis")


# --- The simple installation -----------------------------------------------------


@pytest.mark.parametrize(
    ("command", "base"), [(GUNICORN, "/todo"), (UWSGI, "")], ids=["gunicorn", "uwsgi"]
)
def test_both_servers_know_the_address_as_it_was_sent(
    tmp_path: Path, command: list[str], base: str
):
    with Embedded(tmp_path, BASE_PATH=base) as server:
        (tmp_path / "run").mkdir()
        for prepare in ("migrate --no-input", "collectstatic --no-input", "welcome"):
            server.manage(*prepare.split(), "--skip-checks")
        server.start(command)
        made = server.manage("createapikey", "admin", "--signature", "hmac-sha256")
        public_id, secret = made.split()
        signer = Signer(public_id, hmac_signer(secret))
        path = f"{base}{TODOS}?search=a%2Bb%20c"
        headers = signer.headers("GET", server.url + path)
        with server.client() as client:
            other = f"{base}{TODOS}?search=a%2Bb+c"
            refused = raw_get(client, server, other, headers)
            assert code_of(refused) == "signature_invalid"
            assert raw_get(client, server, path, headers).status_code == 200
            headers = signer.headers("POST", server.url + base + TODOS, BODY, JSON)
            answer = client.post(base + TODOS, data=BODY, headers=headers)
            assert answer.status_code == 201

"""Encrypted bodies through nginx, with several processes, while keys are rotated."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests import jose
from tests.live.stack import Stack
from tests.live.stack.client import Client

TODOS = "/api/v1/todos"
COMPACT = {"Content-Type": "application/jose"}
ACCEPTED = {"Accept": "application/jose"}
OWN = ECKey.generate_key()
CLIENTS = 4


@pytest.fixture(scope="module")
def token(started_stack: Stack, key: Any, tmp_path_factory: Any) -> str:
    """An API key with a public key for encrypted responses."""
    path = tmp_path_factory.mktemp("keys") / "public.json"
    path.write_text(json.dumps(OWN.as_dict(private=False)))
    done = started_stack.manage("createapikey", "olga", "--encryption-key", str(path))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def keys_of(client: Client) -> dict[str, Any]:
    answer = client.get(jose.KEY_SET, headers={"Authorization": ""})
    assert answer.status_code == 200
    return {one["alg"]: one for one in answer.json()["keys"]}


@pytest.mark.parametrize("algorithm", [jose.EC, jose.RSA])
def test_a_todo_is_written_and_read_encrypted(stack: Stack, token: str, algorithm):
    with stack.client(key=token) as client:
        body = jose.encrypt_by_hand(keys_of(client)[algorithm], b'{"content": "Will"}')
        added = client.post(TODOS, body, headers=COMPACT | ACCEPTED)
        assert added.status_code == 201
        row = json.loads(jose.decrypt(OWN, added.content)[1])
        for _ in range(6):  # in all processes, and before Django
            page = client.get(TODOS, headers=ACCEPTED)
            assert page.headers["Content-Type"] == "application/jose"
            assert "Content-Encoding" not in page.headers
            assert "Accept" in page.headers["Vary"]
            found = json.loads(jose.decrypt(OWN, page.content)[1])["results"]
            assert client.get(TODOS).json()["results"] == found
        assert client.get(f"{TODOS}/{row['id']}").json() == row


def test_refusals_at_the_address_of_the_keys_are_problems(stack: Stack):
    with stack.client() as client:
        for answer, code in (
            (client.post(jose.KEY_SET), "method_not_allowed"),
            (client.get(jose.KEY_SET, headers={"X": "x" * 9000}), "headers_too_large"),
        ):
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["code"] == code


def test_a_rotation_loses_no_request(stack: Stack, token: str):
    """Clients go on with the keys that they know, and fetch new ones now and then."""
    is_over = Event()

    def write(number: int) -> list[int]:
        statuses: list[int] = []
        with stack.client(key=token) as client:
            keys = keys_of(client)
            while not is_over.is_set():
                if len(statuses) % 25 == 24:
                    keys = keys_of(client)
                algorithm = (jose.EC, jose.RSA)[(number + len(statuses)) % 2]
                body = jose.encrypt(keys[algorithm], {"content": "Will"})
                statuses.append(client.post(TODOS, body, headers=COMPACT).status_code)
        return statuses

    with stack.client() as client:
        before = keys_of(client)
        with ThreadPoolExecutor(CLIENTS) as pool:
            work = [pool.submit(write, number) for number in range(CLIENTS)]
            try:
                for command in ("rotatebodykeys", "rotatekeys", "rotatebodykeys"):
                    done = stack.manage(command)
                    assert done.returncode == 0, done.stderr
            finally:
                is_over.set()
            statuses = [status for one in work for status in one.result()]
        assert not {k["kid"] for k in before.values()} & {
            k["kid"] for k in keys_of(client).values()
        }
    assert len(statuses) > CLIENTS
    assert set(statuses) == {201}

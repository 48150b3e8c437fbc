"""The service that is measured: its rows, its users, its targets."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.ours import Instance
from benchmarks.rungs import Rung
from benchmarks.targets import Pids, Roots, Senders, Target
from tests.live.embedded import GUNICORN, Embedded
from tests.live.stack import Client, Stack

# A load balancer that has received HTTPS; nginx and uWSGI trust it.
FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
PASSWORD = secrets.token_urlsafe(16)
COLLECTOR = "collector"
COLLECTED = 106_000  # todos of this person, of which 5 % are in the trash
SEED = """
from benchmarks.seed import seed
print(seed(people={people}, todos={todos}, collected={collected},
           password={password!r}))
"""


def seed(
    stack: Stack, rungs: Sequence[Rung], folder: Path, *, people: int, todos: int
) -> Senders:
    """Fill the database; return those who send the requests of the rungs."""
    wanted = {rung.sender for rung in rungs}
    collected = COLLECTED if COLLECTOR in wanted else 0
    code = seed_code(people=people, todos=todos, collected=collected)
    done = stack.manage("shell", "--verbosity", "0", "--command", code)
    if done.returncode:
        raise RuntimeError(done.stderr)
    seeded = read_seed(done.stdout)
    keys = folder / "keys"
    keys.write_text("\n".join(seeded["everyone"]))
    headers = {"all": FORWARDED} | {
        sender: credentials(stack, seeded, sender)
        for sender in wanted
        if sender in seeded or sender.endswith(" page")
    }
    return Senders(headers, keys=keys, todo=seeded["todo"])


def credentials(stack: Stack, seeded: dict[str, Any], sender: str) -> dict[str, str]:
    """Return the header by which a request is known to be the sender's."""
    name, _, kind = sender.partition(" ")
    if kind == "page":
        return {"Cookie": sign_in(stack.client(), name)}
    return {} if name == "everyone" else bearer(seeded[name])


def seed_code(*, people: int, todos: int, collected: int = 0) -> str:
    return SEED.format(
        people=people, todos=todos, collected=collected, password=PASSWORD
    )


def read_seed(output: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def sign_in(client: Client, name: str) -> str:
    """Sign in as a browser does; return the cookies."""
    with client:
        client.get("/admin/login/").raise_for_status()
        typed = {
            "csrfmiddlewaretoken": client.cookies["csrftoken"],
            "username": name,
            "password": PASSWORD,
        }
        headers = {"Referer": f"{client.url}/admin/login/"}
        answer = client.post(
            "/admin/login/", typed, headers=headers, allow_redirects=False
        )
        answer.raise_for_status()
        return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def web_masters(pids: Pids) -> list[int]:
    """Return the masters of the deployment's app servers."""
    return [pid for program, pid in pids.items() if program.startswith("web:")]


def targets(
    stack: Stack, ways: Mapping[str, Instance], senders: Senders, plain: int
) -> dict[str, Target]:
    """Return the deployment, at the port `plain` without TLS, and the other ways."""

    def deployed(url: str) -> Target:
        return Target(url, roots=web_masters, senders=senders)

    return {
        "nginx-uwsgi": deployed(f"http://127.0.0.1:{plain}"),
        "nginx-tls": deployed(stack.url),
    } | {
        name: Target(f"http://127.0.0.1:{each.port}", roots(each), senders)
        for name, each in ways.items()
    }


def roots(instance: Instance) -> Roots:
    return lambda pids: [pids[instance.name]]


@contextmanager
def embedded(folder: Path, *, todos: int) -> Iterator[Target]:
    """Run the simple installation, which has rows of its own."""
    folder.mkdir()
    server = Embedded(folder)
    server.manage("migrate", "--no-input", "--verbosity", "0")
    code = seed_code(people=0, todos=todos)
    output = server.manage("shell", "--verbosity", "0", "--command", code)
    headers = {"all": {}, "reader": bearer(read_seed(output)["reader"])}
    with server:
        server.start(GUNICORN)
        yield Target(server.url, lambda _pids: [server.pid], Senders(headers))

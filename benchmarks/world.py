"""Everything that a run measures, started together and stopped together."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import front
from benchmarks.load import Request
from benchmarks.ours import WAYS, Instance, instances
from benchmarks.peers.databases import TOKEN, databases
from benchmarks.peers.servers import (
    DRF,
    FLASK,
    Peer,
    PeerServer,
    Site,
    peers,
    worker_classes,
)
from benchmarks.processes import Groups, pss, trees
from benchmarks.results import APPLICATION, NGINX, POSTGRESQL, REDIS
from benchmarks.rungs import Rung
from benchmarks.targets import Senders, Target
from tests.live.embedded import GUNICORN, Embedded
from tests.live.stack import Client, Stack
from tests.live.stack.places import RUN_USER, make_folder

# A load balancer that has received HTTPS; nginx and uWSGI trust it.
FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
PASSWORD = secrets.token_urlsafe(16)
COLLECTED = 106_000  # todos of one more person, of which 5 % are in the trash
SEED = """
from benchmarks.seed import seed
print(seed(people={people}, todos={todos}, collected={collected},
           password={password!r}))
"""


@dataclass
class World:
    """The running services."""

    stack: Stack
    folder: Path
    targets: dict[str, Target]

    def request(self, rung: Rung) -> Request:
        return self.targets[rung.target].request(rung, self.folder)

    def groups(self, target: Target) -> Groups:
        """Return the processes whose CPU time is measured."""
        return {APPLICATION: target.roots()} | {
            name: self._pids(name) for name in (NGINX, REDIS, POSTGRESQL)
        }

    def all_roots(self) -> list[int]:
        found = [pid for target in self.targets.values() for pid in target.roots()]
        return found + [
            pid for name in (NGINX, REDIS, POSTGRESQL) for pid in self._pids(name)
        ]

    def backends(self) -> int:
        """Return how many connections PostgreSQL has."""
        [(count,)] = self.stack.sql("SELECT sum(numbackends) FROM pg_stat_database")
        return int(count)

    def memory(self) -> list[float]:
        """Return the memory of each worker of the deployment, in MiB (PSS)."""
        masters = web_masters(self.stack)
        workers = trees({APPLICATION: masters})[APPLICATION]
        return sorted(pss(pid) for pid in workers if pid not in masters)

    def empty_cache(self) -> None:
        self.stack.redis.flushdb()

    def _pids(self, program: str) -> list[int]:
        pid = self.stack.supervised.pid(program)
        return [] if pid is None else [pid]


@contextmanager
def opened(
    stack: Stack,
    rungs: Sequence[Rung],
    *,
    environments: Mapping[str, Path],
    people: int,
    todos: int,
) -> Iterator[World]:
    """Start what the rungs are about, beside a running stack, with its rows."""
    wanted = {rung.target for rung in rungs}
    with ExitStack() as held:
        folder = stack.folder / "benchmarks"
        make_folder(folder, owner=RUN_USER, mode=0o755)
        held.callback(shutil.rmtree, folder)
        servers = _start_peers(held, stack, folder, wanted, environments, todos)
        ways = held.enter_context(instances(stack, wanted & WAYS.keys()))
        plain = held.enter_context(front.front(stack, *_nginx_servers(servers, ways)))
        collected = COLLECTED if "collector" in {it.sender for it in rungs} else 0
        seeded = read_seed(manage(stack, seed_code(people, todos, collected)))
        senders = _senders(stack, folder, seeded, rungs)
        targets = (
            _peer_targets(servers, environments, wanted)
            | _own_targets(stack, ways, senders, plain)
            | _embedded_target(held, folder, wanted, todos)
        )
        yield World(stack, folder, {name: targets[name] for name in wanted})


# --- Peers -------------------------------------------------------------------------


def _start_peers(
    held: ExitStack,
    stack: Stack,
    folder: Path,
    wanted: set[str],
    environments: Mapping[str, Path],
    todos: int,
) -> list[PeerServer]:
    settings = stack.places.settings
    site = Site(
        database_host=stack.places.postgresql,
        redis_url=f"{settings['REDIS_URL'].rpartition('/')[0]}/5",
        sockets=folder,
        environments=environments,
        workers=int(settings["WEB_INSTANCES"]) * int(settings["WEB_PROCESSES"]),
    )
    chosen = {
        name: peer
        for name, peer in _peers(environments).items()
        if name in wanted and _is_possible(peer, environments)
    }
    packages = {peer.package for peer in chosen.values()}
    held.enter_context(databases(site, todos=todos, packages=packages))
    servers = [PeerServer(name, peer, site) for name, peer in chosen.items()]
    for server in servers:
        held.callback(server.stop)
        server.start()
    return servers


def _peers(environments: Mapping[str, Path]) -> dict[str, Peer]:
    classes = worker_classes(environments[FLASK]) if FLASK in environments else ["sync"]
    return peers(best=classes[0])


def _is_possible(peer: Peer, environments: Mapping[str, Path]) -> bool:
    return peer.package == DRF or peer.worker_class in (
        "",
        *worker_classes(environments[FLASK]),
    )


def _nginx_servers(
    servers: Sequence[PeerServer], ways: Mapping[str, Instance]
) -> list[str]:
    return [
        front.peer_over_uwsgi(each.socket, each.port)
        if each.peer.package == DRF
        else front.peer_over_http(each.name, each.socket, each.port)
        for each in servers
        if each.peer.behind_nginx
    ] + [
        front.server(each.port, each.location())
        for each in ways.values()
        if each.way.protocol
    ]


def _peer_targets(
    servers: Sequence[PeerServer],
    environments: Mapping[str, Path],
    wanted: set[str],
) -> dict[str, Target]:
    token = {"Authorization": f"Token {TOKEN}"}
    senders = Senders({"all": {}, "nobody": {}, "token": token})
    missing = "its worker class is not installed"
    absent = {name: Target(missing=missing) for name in _peers(environments)}
    return absent | {
        each.name: Target(
            url=f"http://127.0.0.1:{each.port}",
            roots=lambda each=each: [each.pid],  # type: ignore[misc]
            senders=senders,
        )
        for each in servers
    }


# --- The service -------------------------------------------------------------------


def web_masters(stack: Stack) -> list[int]:
    count = int(stack.places.settings["WEB_INSTANCES"])
    return [stack.pid(f"web:web-{number}") for number in range(count)]


def seed_code(people: int, todos: int, collected: int = 0) -> str:
    return SEED.format(
        people=people, todos=todos, collected=collected, password=PASSWORD
    )


def manage(stack: Stack, code: str) -> str:
    done = stack.manage("shell", "--verbosity", "0", "--command", code)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def read_seed(output: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _senders(
    stack: Stack, folder: Path, seeded: dict[str, Any], rungs: Sequence[Rung]
) -> Senders:
    keys = folder / "keys"
    keys.write_text("\n".join(seeded["everyone"]))
    wanted = {rung.sender for rung in rungs}
    headers = {
        name: bearer(seeded[name])
        for name in ("reader", "writer", "collector")
        if name in wanted
    }
    for sender in wanted:
        name, _, kind = sender.partition(" ")
        if kind == "page":
            headers[sender] = {"Cookie": sign_in(stack.client(), name)}
    return Senders({"all": FORWARDED} | headers, keys=keys, todo=seeded["todo"])


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
        options = {"headers": headers, "allow_redirects": False}
        client.post("/admin/login/", typed, **options).raise_for_status()
        return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def _own_targets(
    stack: Stack, ways: Mapping[str, Instance], senders: Senders, plain: int
) -> dict[str, Target]:
    def deployed(url: str) -> Target:
        return Target(url, roots=lambda: web_masters(stack), senders=senders)

    return {
        "nginx-uwsgi": deployed(f"http://127.0.0.1:{plain}"),
        "nginx-tls": deployed(stack.url),
    } | {
        name: Target(
            url=f"http://127.0.0.1:{each.port}",
            roots=lambda each=each: [each.pid()],  # type: ignore[misc]
            senders=senders,
        )
        for name, each in ways.items()
    }


def _embedded_target(
    held: ExitStack, folder: Path, wanted: set[str], todos: int
) -> dict[str, Target]:
    """Start the simple installation, which has rows of its own."""
    if "embedded" not in wanted:
        return {}
    data = folder / "embedded"
    data.mkdir()
    server = Embedded(data)
    server.manage("migrate", "--no-input", "--verbosity", "0")
    code = seed_code(0, todos)
    output = server.manage("shell", "--verbosity", "0", "--command", code)
    key = read_seed(output)["reader"]
    held.enter_context(server)
    server.start(GUNICORN)
    senders = Senders({"all": {}, "reader": bearer(key)})
    return {"embedded": Target(server.url, lambda: [server.pid], senders)}

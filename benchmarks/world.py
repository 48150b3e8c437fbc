"""Everything that a run measures, started together and stopped together."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import service
from benchmarks.files import attach, write_file
from benchmarks.front import file_alone, front
from benchmarks.load import Request
from benchmarks.ours import WAYS, instances
from benchmarks.ours import nginx_servers as servers_of_ways
from benchmarks.peers import running as peers
from benchmarks.peers.entries import Site
from benchmarks.processes import Groups, pss, trees
from benchmarks.results import APPLICATION, NGINX, POSTGRESQL, REDIS
from benchmarks.rungs import Rung
from benchmarks.targets import Pids, Target
from tests.live.stack import Stack
from tests.live.stack.places import RUN_USER, free_ports, make_folder

FILES = "web:web-files"  # the app server of uploads and downloads
PAGE = 6200  # bytes of a first page, without headers
PROGRAMS = (NGINX, REDIS, POSTGRESQL)
RUNNING = re.compile(r"^(\S+) +RUNNING +pid (\d+)", re.MULTILINE)


@dataclass
class World:
    """The running services."""

    stack: Stack
    folder: Path
    targets: dict[str, Target]

    def request(self, rung: Rung) -> Request:
        return self.targets[rung.target].request(rung, self.folder)

    def pids(self) -> Pids:
        """Return the processes of the running programs."""
        found = RUNNING.findall(self.stack.supervisor("status"))
        return {name: int(pid) for name, pid in found}

    def groups(self, target: Target, pids: Pids) -> Groups:
        """Return the processes whose CPU time is measured."""
        return {APPLICATION: target.roots(pids)} | {
            name: [pids[name]] if name in pids else [] for name in PROGRAMS
        }

    def all_roots(self, pids: Pids) -> list[int]:
        """Return the first process of everything that may be measured."""
        groups = [self.groups(target, pids) for target in self.targets.values()]
        return [pid for group in groups for roots in group.values() for pid in roots]

    def backends(self) -> int:
        """Return how many connections PostgreSQL has."""
        [(count,)] = self.stack.sql("SELECT sum(numbackends) FROM pg_stat_database")
        return int(count)

    def memory(self) -> list[float]:
        """Return the memory of each worker for pages and the API, in MiB (PSS)."""
        pids = self.pids()
        masters = service.web_masters({k: v for k, v in pids.items() if k != FILES})
        workers = trees({APPLICATION: masters})[APPLICATION]
        return sorted(pss(pid) for pid in workers if pid not in masters)

    def empty_cache(self) -> None:
        self.stack.redis.flushdb()


@contextmanager
def opened(
    stack: Stack,
    rungs: Sequence[Rung],
    *,
    environments: Mapping[str, Path],
    people: int,
    todos: int,
) -> Iterator[World]:
    """Start what the rungs are about, beside a running stack, and add its rows."""
    wanted = {rung.target for rung in rungs}
    folder = stack.folder / "benchmarks"
    make_folder(folder, owner=RUN_USER, mode=0o755)
    site = site_of(stack, folder, environments)
    with ExitStack() as held:
        held.callback(shutil.rmtree, folder)
        servers = held.enter_context(peers.running(site, wanted, todos=todos))
        ways = held.enter_context(instances(stack, wanted & WAYS.keys()))
        further = [*peers.nginx_servers(servers), *servers_of_ways(ways)]
        page_port, file_port, tls_port = free_ports(3)
        page, file = folder / "page.json", folder / "file.bin"
        page.write_text("x" * PAGE)
        further += [
            file_alone(page, page_port),
            file_alone(file, file_port),
            file_alone(file, tls_port, tls="ssl"),
        ]
        plain = held.enter_context(front(stack, *further))
        senders = service.seed(stack, rungs, folder, people=people, todos=todos)
        if any("{attachment}" in rung.path for rung in rungs):
            write_file(file)
            senders = attach(stack, senders, file)
        targets = peers.targets(site, servers)
        targets |= service.targets(stack, ways, senders, plain)
        targets |= {
            "nginx-alone": Target(f"http://127.0.0.1:{page_port}", senders=senders),
            "file-alone": Target(f"http://127.0.0.1:{file_port}", senders=senders),
            "file-tls": Target(f"https://127.0.0.1:{tls_port}", senders=senders),
        }
        if "embedded" in wanted:
            simple = service.embedded(folder / "embedded", todos=todos)
            targets["embedded"] = held.enter_context(simple)
        yield World(stack, folder, {name: targets[name] for name in wanted})


def site_of(stack: Stack, folder: Path, environments: Mapping[str, Path]) -> Site:
    settings = stack.places.settings
    return Site(
        database_host=stack.places.postgresql,
        redis_url=f"{settings['REDIS_URL'].rpartition('/')[0]}/5",
        sockets=folder,
        environments=environments,
        workers=int(settings["WEB_INSTANCES"]) * int(settings["WEB_PROCESSES"]),
    )

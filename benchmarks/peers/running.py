"""Start the peers that a run needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from benchmarks import front
from benchmarks.peers.databases import TOKEN, databases
from benchmarks.peers.entries import DRF, Site, is_possible, peers
from benchmarks.peers.servers import PeerServer
from benchmarks.targets import Roots, Senders, Target

MISSING = Target(missing="its worker class is not installed")
SENDERS = Senders(
    {"all": {}, "nobody": {}, "token": {"Authorization": f"Token {TOKEN}"}}
)


@contextmanager
def running(site: Site, wanted: set[str], *, todos: int) -> Iterator[list[PeerServer]]:
    """Run the wanted peers that are possible, with so many todos each."""
    chosen = {
        name: peer
        for name, peer in peers(site).items()
        if name in wanted and is_possible(peer, site)
    }
    packages = {peer.package for peer in chosen.values()}
    with ExitStack() as held:
        held.enter_context(databases(site, todos=todos, packages=packages))
        servers = [PeerServer(name, peer, site) for name, peer in chosen.items()]
        for server in servers:
            held.callback(server.stop)
            server.start()
        yield servers


def nginx_servers(servers: Iterable[PeerServer]) -> list[str]:
    """Return the servers of nginx for those that are behind it."""
    return [
        front.peer_over_uwsgi(each.socket, each.port)
        if each.peer.package == DRF
        else front.peer_over_http(each.name, each.socket, each.port)
        for each in servers
        if each.peer.behind_nginx
    ]


def targets(site: Site, servers: Iterable[PeerServer]) -> dict[str, Target]:
    """Return all peers as targets; those that do not run are missing."""
    return dict.fromkeys(peers(site), MISSING) | {
        each.name: Target(f"http://127.0.0.1:{each.port}", roots(each), SENDERS)
        for each in servers
    }


def roots(server: PeerServer) -> Roots:
    return lambda _pids: [server.pid]

"""The servers of the peers, one entry each."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FLASK, DRF = "flask_todo", "drf_todo"
PLAIN_DATABASE, INDEXED_DATABASE, DRF_DATABASE = "peer_plain", "peer", "peer_drf"
WORKER_CLASSES = {"meinheld": "meinheld.gmeinheld.MeinheldWorker", "gevent": "gevent"}


@dataclass(frozen=True)
class Peer:
    """A server: `worker_class` is gunicorn's, empty for Flask's own server."""

    package: str
    worker_class: str = ""
    is_indexed: bool = True
    behind_nginx: bool = False
    is_cached: bool = False


@dataclass(frozen=True)
class Site:
    """What the peers share: databases, Redis, environments, a folder of sockets."""

    database_host: Path
    redis_url: str
    sockets: Path
    environments: Mapping[str, Path]
    workers: int  # of plain DRF: as many as ours


def peers(site: Site) -> dict[str, Peer]:
    """Return the servers by name; the last ones have the best workers there are."""
    best = next(iter(installed_classes(site)), "sync")
    return {
        "flask": Peer(FLASK, is_indexed=False),
        "flask-indexed": Peer(FLASK),
        "flask-gunicorn": Peer(FLASK, "sync"),
        "flask-gevent": Peer(FLASK, WORKER_CLASSES["gevent"]),
        "flask-meinheld": Peer(FLASK, WORKER_CLASSES["meinheld"]),
        "flask-nginx": Peer(FLASK, best, behind_nginx=True),
        "flask-cached": Peer(FLASK, best, behind_nginx=True, is_cached=True),
        "drf": Peer(DRF, behind_nginx=True),
    }


def is_possible(peer: Peer, site: Site) -> bool:
    """Return whether the packages are installed that it needs."""
    kind = peer.worker_class
    return kind not in WORKER_CLASSES.values() or kind in installed_classes(site)


def installed_classes(site: Site) -> list[str]:
    """Return the worker classes whose packages are installed, the fastest first."""
    environment = site.environments.get(FLASK)
    if environment is None:
        return []
    return [
        kind for module, kind in WORKER_CLASSES.items() if _has(environment, module)
    ]


def _has(environment: Path, module: str) -> bool:
    done = subprocess.run(  # noqa: S603
        [environment / "bin" / "python", "-c", f"import {module}"],
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return not done.returncode

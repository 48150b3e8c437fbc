"""What a report says about the machine and the versions."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.measuring import Plan
from benchmarks.peers.entries import FLASK
from tests.checkout import REPOSITORY
from tests.live.stack.engines import postgresql_program

OURS = ("django", "djangorestframework", "psycopg", "redis", "uwsgi", "gunicorn")
PEERS = ("flask", "flask-sqlalchemy", "gevent", "meinheld")


def facts_of(
    command: str, plan: Plan, environments: Mapping[str, Path]
) -> dict[str, Any]:
    """Return what was run, where, and with which versions."""
    return {
        "command": command,
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": commit(),
        "plan": asdict(plan),
        "machine": machine(),
        "versions": programs() | packages(environments[FLASK]),
    }


def commit() -> str:
    """Return the commit, with a plus sign if files have changed since."""
    short = _output("git", "-C", REPOSITORY, "rev-parse", "--short=12", "HEAD")
    changed = _output("git", "-C", REPOSITORY, "status", "--porcelain")
    return f"{short or 'unknown'}{'+' if changed else ''}"


def machine() -> dict[str, Any]:
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "cpu": cpu[1] if cpu else platform.machine(),
        "memory_mib": memory // 2**20,
        "kernel": platform.release(),
    }


def programs() -> dict[str, str]:
    """Return the versions of the programs, as they print them."""
    printed = {
        "nginx": _output("nginx", "-v"),
        "PostgreSQL": _output(postgresql_program("postgres"), "--version"),
        "Redis": _output("redis-server", "--version"),
        "wrk": _output("wrk", "--version"),
    }
    found = {name: re.search(r"\d+[.\d]+", text) for name, text in printed.items()}
    return {"Python": platform.python_version()} | {
        name: match[0] for name, match in found.items() if match
    }


def packages(environment: Path) -> dict[str, str]:
    """Return the versions of our packages and, from its environment, of Flask's."""
    folders = environment.glob("lib/python*/site-packages/*.dist-info")
    installed = dict(folder.stem.lower().split("-", 1) for folder in folders)
    theirs = {name: installed.get(name.replace("-", "_")) for name in PEERS}
    return {name: version(name) for name in OURS} | {
        name: found for name, found in theirs.items() if found
    }


def _output(*command: str | Path) -> str:
    """Return what a command prints, on whichever stream; empty if it is missing."""
    try:
        done = subprocess.run(  # noqa: S603
            [str(part) for part in command],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except OSError:
        return ""
    return (done.stdout + done.stderr).strip() if not done.returncode else done.stdout

"""A service that is measured: where it is, who asks it, and which processes it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load import NOTHING, Request
from benchmarks.rungs import Rung

Pids = Mapping[str, int]  # of the programs of the stack's supervisor
Roots = Callable[[Pids], list[int]]
JSON = {"Content-Type": "application/json"}
UNCACHED = {"Cache-Control": "no-cache"}


@dataclass(frozen=True)
class Senders:
    """Those who send requests: their headers by name, and a file of many keys.

    `todo` is the id of a todo of theirs, `attachment` that of a file attached to it.
    """

    headers: dict[str, dict[str, str]]
    keys: Path = NOTHING
    todo: str = ""
    attachment: str = ""


@dataclass(frozen=True)
class Target:
    """`roots` returns the first process of each of its app servers.

    `missing` says why it cannot be measured.
    """

    url: str = ""
    roots: Roots = lambda _pids: []
    senders: Senders = field(default_factory=lambda: Senders({}))
    missing: str = ""

    def request(self, rung: Rung, bodies: Path) -> Request:
        """Return the request of a rung; its body is stored in the folder `bodies`."""
        everyone = rung.sender == "everyone"
        headers = {} if everyone else self.senders.headers[rung.sender]
        headers = self.senders.headers["all"] | headers
        headers |= (JSON if rung.body else {}) | (UNCACHED if rung.uncached else {})
        body = NOTHING
        if rung.body:
            body = bodies / f"{rung.name}.json"
            body.write_text(rung.body)
        return Request(
            url=self.url,
            path=rung.path.format(
                todo=self.senders.todo, attachment=self.senders.attachment
            ),
            method=rung.method,
            headers=headers,
            body=body,
            keys=self.senders.keys if everyone else NOTHING,
        )

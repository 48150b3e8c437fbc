"""Measure the rungs one after the other, round by round."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import requests
import urllib3

from benchmarks.load import Outcome, Request, send_in_turn, send_many
from benchmarks.processes import Sample, connections, settle
from benchmarks.results import Line, Numbers, Results, numbers_of
from benchmarks.rungs import Rung
from benchmarks.states import STATES
from benchmarks.world import World

WARM_UP = 1  # seconds
COLD = 20  # requests


@dataclass(frozen=True)
class Plan:
    """How much is measured: `seconds` for each line and round."""

    rounds: int
    seconds: int
    most_connections: int


class NotAvailable(Exception):
    """The service does not answer the request as the rung expects."""


def run(world: World, rungs: Sequence[Rung], plan: Plan) -> Results:
    """Measure every rung once in each round, so that all see the same machine.

    If it is interrupted, return what has been measured.
    """
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    pairs = [
        (rung, Line(rung.name, rung.title, rung.section, count))
        for rung in rungs
        for count in rung.connections
        if count <= plan.most_connections
    ]
    try:
        for number in range(plan.rounds):
            _measure_round(world, pairs, plan, number)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; this is what has been measured.\n")
    for _rung, line in pairs:
        if not line.rounds:
            line.missing = line.missing or "not measured"
    return Results([line for _rung, line in pairs], memory=world.memory())


def _measure_round(
    world: World, pairs: Sequence[tuple[Rung, Line]], plan: Plan, number: int
) -> None:
    for rung, line in pairs:
        if not line.missing:
            _measure_line(world, rung, line, plan, is_first=number == 0)
            _report(f"{number + 1}/{plan.rounds}", line)


def _report(number: str, line: Line) -> None:
    result = line.missing or f"{line.rounds[-1]['requests_per_second']:.0f} requests/s"
    place = f"{line.section.partition(':')[0]}, {line.title}, c={line.connections}"
    sys.stderr.write(f"{number}  {place}: {result}\n")


def _measure_line(
    world: World, rung: Rung, line: Line, plan: Plan, *, is_first: bool
) -> None:
    if missing := world.targets[rung.target].missing:
        line.missing = missing
        return
    with STATES[rung.state](world.stack):
        try:
            request = prepared(world.request(rung), rung)
        except NotAvailable as error:
            line.missing = f"not available: {error}"
            return
        send = _cold(world, request) if rung.cold else _hot(request, line, plan)
        if is_first and not rung.cold:
            send_many(request, connections=min(line.connections, 10), seconds=WARM_UP)
        line.rounds.append(measure(world, rung, send))


def prepared(request: Request, rung: Rung) -> Request:
    """Send the request once; raise NotAvailable unless the status is the expected one.

    Return the request, with the ETag of that response if it is to be conditional.
    """
    with requests.Session() as session:
        session.trust_env = False
        response = request.send(session)
        if rung.conditional:
            tag = response.headers.get("ETag", "")
            headers = request.headers | {"If-None-Match": tag}
            request = replace(request, headers=headers)
            response = request.send(session)
    if response.status_code != rung.status:
        raise NotAvailable(f"status {response.status_code}")
    return request


Send = Callable[[Callable[[], None]], Outcome]


def _hot(request: Request, line: Line, plan: Plan) -> Send:
    return lambda meanwhile: send_many(
        request,
        connections=line.connections,
        seconds=plan.seconds,
        meanwhile=meanwhile,
    )


def _cold(world: World, request: Request) -> Send:
    def send(meanwhile: Callable[[], None]) -> Outcome:
        meanwhile()
        return send_in_turn(request, count=COLD, before_each=world.empty_cache)

    return send


def measure(world: World, rung: Rung, send: Send) -> Numbers:
    """Return what the load costs, once the load before it has been worked off."""
    pids = world.pids()
    settle(set(world.all_roots(pids)))
    groups = world.groups(world.targets[rung.target], pids)
    seen: list[int] = []
    before = Sample.take(groups)
    outcome = send(lambda: seen.append(connections() + world.backends()))
    after = Sample.take(groups)
    return numbers_of(outcome, before, after, seen[0])

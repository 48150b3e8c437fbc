"""Run the benchmarks for script/bench, and store the report."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.facts import facts_of
from benchmarks.goals import verdicts
from benchmarks.measuring import Plan, run
from benchmarks.report import as_json, markdown
from benchmarks.results import Results
from benchmarks.rungs import chosen
from benchmarks.tuning import production_like
from benchmarks.world import opened
from tests.checkout import REPOSITORY
from tests.live.stack import Stack

FULL = Plan(rounds=3, seconds=2, most_connections=1000)
QUICK = Plan(rounds=3, seconds=2, most_connections=100)
PEOPLE, TODOS = 1000, 10_000
PACKAGES = ("flask_todo", "drf_todo")


def main() -> None:
    options = arguments()
    # As Ctrl-C does, TERM stops what was started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rungs = chosen(quick=options.quick)
    plan = QUICK if options.quick else FULL
    environments = {name: options.environments / name for name in PACKAGES}
    say("Starting the service and its peers …")
    with Stack() as stack:
        production_like(stack)
        with opened(
            stack, rungs, environments=environments, people=PEOPLE, todos=TODOS
        ) as world:
            results = run(world, rungs, plan)
    command = "script/bench quick" if options.quick else "script/bench"
    store(results, facts_of(command, plan, environments), options.folder)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "var" / "bench")
    parser.add_argument("--environments", type=Path, required=True)
    return parser.parse_args()


def store(results: Results, facts: dict[str, Any], folder: Path) -> None:
    """Print the tables, and write both forms of the report to the folder."""
    goals = verdicts(results)
    text = markdown(results, goals, facts)
    document = as_json(results, goals, facts)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    (folder / f"{name}.md").write_text(text)
    (folder / f"{name}.json").write_text(json.dumps(document, indent=2))
    sys.stdout.write(text)
    say(f"Stored in {folder}/{name}.md and .json.")


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


main()

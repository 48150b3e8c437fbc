"""Measure how costs grow, for `script/bench growth`, and draw the curves."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.growth.svg import Curve, drawn
from benchmarks.postgresql import connected
from benchmarks.tuning import production_like
from tests.checkout import REPOSITORY
from tests.live.stack import Stack

RESULTS = REPOSITORY / "var" / "bench" / "growth.json"
SIZES = (10_000, 1_000_000, 5_000_000)
CODE = """
from benchmarks.growth.measuring import measure
print(measure({todos}))
"""
READING = (
    "first page", "by due date", "usual priority, by due date", "search, rare word",
    "overdue", "comments", "admin: todos",
)  # fmt: skip
WRITING = ("add", "edit", "move", "finish")
Times = dict[str, dict[str, list[float]]]


def main() -> None:
    options = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    found: dict[int, Times] = {}
    with Stack() as stack:
        production_like(stack)
        for todos in options.sizes:
            say(f"Measuring with {todos:,} todos …")
            found[todos] = measured(stack, todos)
            store(found, options.folder)
    sys.stdout.write("\n\n".join(tables(found)) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench growth")
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    images = REPOSITORY / "docs" / "images"
    parser.add_argument("--folder", type=Path, default=images)
    return parser.parse_args()


def measured(stack: Stack, todos: int) -> Times:
    """Return the times with so many todos, in a database of their own."""
    name = f"growth_{todos}"
    host = stack.places.postgresql
    with connected(host) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    env = stack.env | {
        "DATABASE_URL": f"postgres://postgres@/{name}?host={host}",
        "LOG_LEVEL": "ERROR",
    }
    try:
        manage(env, "migrate", "--verbosity", "0")
        code = CODE.format(todos=todos)
        output = manage(env, "shell", "--verbosity", "0", "--command", code)
    finally:
        with connected(host) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
    times: Times = json.loads(output.splitlines()[-1])
    return times


def manage(env: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603  (our own arguments)
        [sys.executable, "manage.py", *arguments],
        cwd=REPOSITORY,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def tables(found: dict[int, Times]) -> list[str]:
    """Return a table for each kind of person: all time and that of the database."""
    parts = []
    for kind, shapes in next(iter(found.values())).items():
        head = [kind, *(f"{todos:,}" for todos in found)]
        rows = [
            [shape, *(_both(times[kind][shape]) for times in found.values())]
            for shape in shapes
        ]
        parts.append("\n".join(map(_row, [head, ["---"] * len(head), *rows])))
    return parts


def store(found: dict[int, Times], folder: Path) -> None:
    """Write what is known so far: the last size takes most of the time."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=2))
    draw(found, folder)
    say(f"Stored in {RESULTS} and {folder}/growth-*.svg.")


def draw(found: dict[int, Times], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, title, shapes in (
        ("growth-reads", "Reads of a person with 100,000 todos", READING),
        ("growth-writes", "Writes of a person with 100,000 todos", WRITING),
    ):
        curves = {shape: curve_of(found, "owner of many", shape) for shape in shapes}
        if name == "growth-reads":
            few = curve_of(found, "owner of few", "first page")
            curves["first page, with 20 todos"] = few
        (folder / f"{name}.svg").write_text(drawn(title, "todos of all people", curves))
    last: dict[str, Any] = found[max(found)]
    pages = {
        "skipping rows": _by_number(last["skipping"]),
        "from a known place": _by_number(last["known"]),
    }
    title = "Pages of ten, with 100,000 todos"
    (folder / "growth-pages.svg").write_text(drawn(title, "number of the page", pages))


def curve_of(found: dict[int, Times], kind: str, shape: str) -> Curve:
    return [(todos, times[kind][shape][0]) for todos, times in found.items()]


def _by_number(times: dict[str, list[float]]) -> Curve:
    return [(int(number), both[0]) for number, both in times.items()]


def _both(times: list[float]) -> str:
    return " / ".join(f"{each:.1f}" for each in times)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


main()

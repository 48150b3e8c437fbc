"""Run calls concurrently, each in a thread with its own connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Barrier, Event, Thread
from time import monotonic
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Model

from core.errors import DomainError
from core.timeouts import no_statement_timeout


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run all concurrently; return the result or refusal of each."""
    start, answers = Barrier(len(acts)), [None] * len(acts)
    threads = [
        Thread(target=_run, args=(act, index, start, answers))
        for index, act in enumerate(acts)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    return answers


def _run(
    act: Callable[[], Any], index: int, start: Barrier, answers: list[Any]
) -> None:
    try:
        with no_statement_timeout():
            wait_long()
            start.wait(60)
            answers[index] = act()
    except (DomainError, OperationalError) as refusal:
        answers[index] = refusal
    finally:
        connection.close()


def wait_long() -> None:
    """Let this thread wait for locks as long as a busy machine needs.

    SQLite allows one writer at a time, in no particular order. Deadlocks are still
    found: PostgreSQL detects them.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA busy_timeout = 60000")
        else:
            cursor.execute("SET lock_timeout = '60s'")
            cursor.execute("SET statement_timeout = 0")


def refusals(answers: Sequence[Any]) -> list[type[Exception]]:
    return [type(answer) for answer in answers if isinstance(answer, Exception)]


@contextmanager
def held(row: Model) -> Iterator[None]:
    """Lock a row in another transaction; on SQLite, the whole database."""
    is_held, may_go = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            rows = type(row)._base_manager.filter(pk=row.pk)
            assert rows.select_for_update(of=("self",)).exists()
            is_held.set()
            may_go.wait(60)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(_and_close, hold)
        try:
            assert is_held.wait(60)
            yield
        finally:
            may_go.set()
            running.result(60)


def in_background(act: Callable[[], Any]) -> Callable[[], Any]:
    """Run the call in another transaction; return a function that waits for its end.

    It returns once the call waits for a lock, which SQLite does not show.
    """
    pool = ThreadPoolExecutor(1)
    running = pool.submit(_and_close, act)
    pool.shutdown(wait=False)
    deadline = monotonic() + 60
    while not (running.done() or _is_anyone_waiting()):
        assert monotonic() < deadline
    return partial(running.result, 60)


def _and_close(act: Callable[[], Any]) -> Any:
    try:
        with no_statement_timeout():
            wait_long()
            return act()
    finally:
        connection.close()


def _is_anyone_waiting() -> bool:
    if connection.vendor == "sqlite":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        return bool(cursor.fetchone()[0])

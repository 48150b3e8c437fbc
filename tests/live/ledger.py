"""Writers that record acknowledged writes, to compare them with the database later."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random
from uuid import uuid4

import requests

from tests.live.stack import Client, Stack

PAUSE = 0.1  # seconds; what was killed needs a processor to start again
TIMEOUT = 90  # seconds after which a request that never succeeds is a failure
AGAIN = {409, 429, 502, 503, 504}  # the answers after which a client asks again


@dataclass
class Entry:
    """What a todo must be by all that was acknowledged."""

    content: str
    is_finished: bool = False


@dataclass
class Ledger:
    """What was acknowledged, by id, how often it was asked again, and why it ended."""

    entries: dict[str, Entry] = field(default_factory=dict)
    acknowledged: int = 0
    retries: int = 0
    refusals: list[str] = field(default_factory=list)


class Writer(threading.Thread):
    """One client: adds todos, edits and finishes what it has added, in turn."""

    def __init__(self, client: Client, name: str, done: threading.Event) -> None:
        super().__init__(name=name)
        self.client = client
        self.done = done
        self.ledger = Ledger()
        self.random = Random(name)  # noqa: S311

    def run(self) -> None:
        try:
            for number in count():
                self.write(f"{self.name}-{number}")
                if self.done.wait(PAUSE):
                    return
        except Exception as error:  # the test reports it
            self.ledger.refusals.append(f"{type(error).__name__}: {error}")
        finally:
            self.client.close()

    def write(self, content: str) -> None:
        made = self.send("POST", "/api/v1/todos", {"content": content})
        self.ledger.entries[made["id"]] = Entry(content)
        pk = self.random.choice(list(self.ledger.entries))
        if self.random.random() < 0.5:
            self.send("PUT", f"/api/v1/todos/{pk}/finish", None)
            self.ledger.entries[pk].is_finished = True
        else:
            self.send("PATCH", f"/api/v1/todos/{pk}", {"content": f"{content}!"})
            self.ledger.entries[pk].content = f"{content}!"

    def send(self, method: str, path: str, body: object) -> dict[str, str]:
        """Send until it is acknowledged, like a client that got no response."""
        headers = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                answer = self.client.request(
                    method, path, json=body, headers=headers, timeout=10
                )
            except requests.RequestException as error:
                failure = repr(error)
            else:
                if answer.ok:
                    self.ledger.acknowledged += 1
                    return dict(answer.json())
                failure = f"{answer.status_code} {answer.text[:300]}"
                if answer.status_code not in AGAIN:
                    raise AssertionError(f"{method} {path}: {failure}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path}: {failure}")
            self.ledger.retries += 1
            time.sleep(0.1)


@contextmanager
def writers_on(stack: Stack, key: str, number: int = 8) -> Iterator[list[Writer]]:
    """Write as long as the block lasts, then let each writer end what it has begun."""
    done = threading.Event()
    run = uuid4().hex[:8]
    writers = [
        Writer(stack.client(key=key), f"{run}-{letter}", done)
        for letter in "abcdefghijklmnopqrstuvwxyz"[:number]
    ]
    for writer in writers:
        writer.start()
    try:
        yield writers
    finally:
        done.set()
        for writer in writers:
            writer.join(TIMEOUT + 20)


def compare(stack: Stack, writers: list[Writer]) -> None:
    """Assert that the database holds what was acknowledged, once, and nothing else."""
    run = writers[0].name.partition("-")[0]
    rows = {
        str(pk): (content, finished)
        for pk, content, finished in stack.sql(
            "SELECT id, content, is_finished FROM todos_todo WHERE content LIKE %s",
            f"{run}-%",
        )
    }
    wanted = {
        pk: (entry.content, entry.is_finished)
        for writer in writers
        for pk, entry in writer.ledger.entries.items()
    }
    assert [w.ledger.refusals for w in writers if w.ledger.refusals] == []
    assert {pk: wanted[pk] for pk in wanted if rows.get(pk) != wanted[pk]} == {}
    assert rows.keys() == wanted.keys()  # nothing was added twice

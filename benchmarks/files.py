"""A file of 100 MB: attached to a todo of the service, and as it is for nginx."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from benchmarks.targets import Senders
from tests.live.stack import Stack

PIECE, PIECES = 1024 * 1024, 100  # bytes, and how many of them


def write_file(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(PIECES):
            file.write(os.urandom(PIECE))


def attach(stack: Stack, senders: Senders, file: Path) -> Senders:
    """Attach the file to the todo of the senders; return them with its id."""
    path = f"/api/v1/todos/{senders.todo}/attachments"
    headers = {"Content-Type": "application/octet-stream"} | senders.headers["reader"]
    with stack.client() as client, file.open("rb") as content:
        answer = client.post(path, data=content, headers=headers)
    answer.raise_for_status()
    return replace(senders, attachment=answer.json()["id"])

"""An app server that returns what it received, or fails on request."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment


def application(
    environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Answer with the environment, and with the headers that the query asks for.

    `?die=FILE` leaves one line in FILE; who finds none there dies without an answer.
    `?status=503` is the status, `?size=N` makes a body of N bytes.
    """
    query = {k: v[0] for k, v in parse_qs(environ["QUERY_STRING"]).items()}
    body = environ["wsgi.input"].read()
    if "die" in query:
        die_unless_second(Path(query["die"]))
    received = {key: value for key, value in environ.items() if isinstance(value, str)}
    content = (
        b"x" * int(query.get("size", "0"))
        or json.dumps(received | {"body": body.decode("latin-1")}).encode()
    )
    headers = [("Content-Type", "application/json")]
    start_response(f"{query.get('status', '200')} Told", headers)
    return [content]


def die_unless_second(tries: Path) -> None:
    is_first = not tries.exists()
    with tries.open("a") as stream:
        stream.write("tried\n")
    if is_first:
        os.kill(os.getpid(), signal.SIGKILL)

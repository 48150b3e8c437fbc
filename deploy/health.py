"""Health check of a container: `health.py web|worker|beat` exits with 0 if it is well.

web: this app server responds. worker, beat: no app server reports at /readyz that it
failed. `health.py drain` makes nginx use the other app servers. All of this speaks the
uwsgi protocol itself, because loading Django takes a second.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
from pathlib import Path

RUN = Path(os.environ["DATA_DIR"]) / "run"
TIMEOUT = 4  # seconds
QUEUE_TIMEOUT = 35  # seconds; as long as nginx waits for those in the queue


def main(part: str) -> int:
    """Return 0 if the part is healthy, else 1."""
    if part == "drain":
        drain(RUN / f"web-{os.environ['INSTANCE']}.sock")
        drain(RUN / f"web-{os.environ['INSTANCE']}.api.sock")
        return 0
    if part == "web":
        own = RUN / f"web-{os.environ['INSTANCE']}.sock"
        return 0 if answer(by_tcp() or own, "/livez") is not None else 1
    for server in sorted(RUN.glob("web-*.sock")):
        body = answer(server, "/readyz")
        if body is not None:
            # A part is not to blame if its state is unknown because another one fails.
            return 0 if json.loads(body)["checks"][part] != "failed" else 1
    return 1


def drain(path: Path) -> None:
    """Remove the socket; return when all connections in its queue have been accepted.

    The server still listens. When it answers our connection, it has accepted all
    earlier ones. The empty file is there because the server removes it when it exits.
    """
    moved = path.with_suffix(".draining")
    if not path.is_socket():
        return
    path.rename(moved)
    path.touch()
    answer(moved, "/livez", QUEUE_TIMEOUT)
    moved.unlink()


def by_tcp() -> tuple[str, int] | None:
    """Return the address of an app server that listens on TCP, or None."""
    if os.environ["INSTANCE"] == "files":  # it uses only its socket (deploy/serve)
        return None
    host, _, port = os.environ.get("LISTEN", "").rpartition(":")
    return (host.strip("[]"), int(port)) if port else None


def connect(server: Path | tuple[str, int], timeout: float) -> socket.socket:
    if isinstance(server, tuple):
        return socket.create_connection(server, timeout)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(timeout)
    connection.connect(str(server))
    return connection


def answer(
    server: Path | tuple[str, int], path: str, timeout: float = TIMEOUT
) -> bytes | None:
    """Return the body of a response with status 200 or 503; None if there is none."""
    try:
        with connect(server, timeout) as connection:
            connection.sendall(request(path))
            raw = connection.makefile("rb").read()
    except OSError:
        return None
    head, _, body = raw.partition(b"\r\n\r\n")
    return body if head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 503")) else None


def request(path: str) -> bytes:
    """Return a GET request in the uwsgi protocol: a header, then the variables."""
    variables = {
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": path,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "443",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTPS": "on",
        "HTTP_HOST": "localhost",
    }
    block = b"".join(
        struct.pack("<H", len(part)) + part
        for pair in variables.items()
        for part in map(str.encode, pair)
    )
    return struct.pack("<BHB", 0, len(block), 0) + block


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

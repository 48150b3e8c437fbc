"""Large files, sent and received without holding them in memory."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.live.stack import Client, Stack

MEGABYTE = 1024 * 1024
SIZE = 100 * MEGABYTE
# In every kilobyte of all contents, so that it would be found wherever plaintext is.
MARKER = b"plaintext-of-the-live-tests"
PIECE = (MARKER + os.urandom(1024 - len(MARKER))) * 1024


class Content:
    """The content of a file, made while it is read; `halfway` is called in between."""

    def __init__(self, size: int, halfway: Callable[[], None] | None = None) -> None:
        self.size, self.position = size, 0
        self.halfway = halfway
        self._digest = hashlib.sha256()

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(MEGABYTE), b"")

    def read(self, size: int = -1) -> bytes:
        if self.halfway and self.position > self.size // 2:
            self.halfway()
            self.halfway = None
        left = self.size - self.position
        start = self.position % len(PIECE)
        piece = PIECE[start : start + min(left, size if size >= 0 else left)]
        self.position += len(piece)
        self._digest.update(piece)
        return piece

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def upload(client: Client, url: str, content: Content) -> Any:
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": 'attachment; filename="large.bin"',
    }
    return client.post(url, data=content, headers=headers)


def download(client: Client, url: str) -> str:
    """Return the SHA-256 of what is downloaded."""
    digest = hashlib.sha256()
    with client.get(url, stream=True) as answer:
        answer.raise_for_status()
        for piece in answer.iter_content(MEGABYTE):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def connection_to(stack: Stack, head: str) -> Iterator[ssl.SSLSocket]:
    """Send the lines of a request; the small buffer does not take much of a file."""
    context = ssl.create_default_context(cafile=str(stack.certificate))
    with socket.socket() as plain:
        plain.settimeout(40)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        plain.connect(("127.0.0.1", stack.places.https_port))
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n")
            yield connection


@contextmanager
def half_uploaded(stack: Stack, url: str, key: str) -> Iterator[ssl.SSLSocket]:
    """Send the headers and a part of a file; yield the connection."""
    head = (
        f"POST {url} HTTP/1.1\nHost: localhost\nAuthorization: Bearer {key}\n"
        f"Content-Type: application/octet-stream\nContent-Length: {10 * MEGABYTE}\n"
    )
    with connection_to(stack, head) as connection:
        connection.sendall(PIECE)
        yield connection


@contextmanager
def unread_download(stack: Stack, url: str, key: str) -> Iterator[ssl.SSLSocket]:
    """Ask for a file and read only the status; yield the connection."""
    head = f"GET {url} HTTP/1.1\nHost: localhost\nAuthorization: Bearer {key}\n"
    with connection_to(stack, head) as connection:
        assert connection.recv(12) == b"HTTP/1.1 200"
        yield connection

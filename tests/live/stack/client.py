"""The client of the stack."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter


class Client(requests.Session):
    """A session that knows the stack's address and trusts its certificate."""

    def __init__(
        self, url: str, *, key: str | None, certificate: Path | None = None
    ) -> None:
        super().__init__()
        self.trust_env = False  # else the machine's certificates take precedence
        self.verify = str(certificate) if certificate else True
        self.mount("https://", Adapter())
        self.url = url
        if key:
            self.headers["Authorization"] = f"Bearer {key}"

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> Any:
        """Send a request; a path is one of the stack's."""
        whole = self.url + url if url.startswith("/") else url
        return super().request(method, whole, *args, **({"timeout": 40} | options))


class Adapter(HTTPAdapter):
    """Connections that leave nothing open when their server dies."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        context = ssl.create_default_context()
        context.sslsocket_class = ClosingSocket
        super().init_poolmanager(*args, ssl_context=context, **options)


class ClosingSocket(ssl.SSLSocket):
    """A socket that is closed when it is garbage-collected.

    Python before 3.11.8 and 3.12.2 forgets to close the one whose server is killed
    between the connection and the handshake: github.com/python/cpython/issues/113280.
    """

    def __del__(self) -> None:
        self.close()

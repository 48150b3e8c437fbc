"""gunicorn for one machine: script/server starts it."""

from __future__ import annotations

import os
from typing import Any

host = os.environ.get("HOST", "127.0.0.1")
port = int(os.environ.get("PORT", "8000"))
address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

wsgi_app = "todo_project.wsgi:application"
bind = [address]

# SQLite has one writer at a time, so more processes would only wait for each other.
# Threads let reads go on meanwhile, and slow clients hold up nobody.
workers = 1
worker_class = "gthread"
threads = 8

# Whoever connects from this machine is no proxy that may say where we are mounted.
forwarder_headers = ""

# Nothing steers it from outside; a socket in the home folder would be left behind.
control_socket_disable = True

# Ready and failing are told below and by the log of the service.
loglevel = "warning"


def post_worker_init(worker: Any) -> None:
    """Say where it serves, once: a worker that takes over is older news."""
    if worker.age == 1:
        print(f"\n  Todo service: http://{address}  (Ctrl-C ends it)\n", flush=True)  # noqa: T201

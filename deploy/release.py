"""Bind a worker of uWSGI to one release, before it loads the application.

APP may lead through a link that an upgrade turns. A worker that began with one release
must not import the rest of its modules from the next.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
import traceback
from pathlib import Path

import uwsgi

PAUSE = 5  # seconds between two tries; uWSGI makes one a second, which takes a core


def has_served() -> bool:
    """Tell whether anybody has loaded the application since this instance started."""
    workers = uwsgi.workers()
    return (
        os.environ["UWSGI_RELOADS"] != "0"
        or workers[uwsgi.worker_id() - 1]["respawn_count"] > 0
        or any(worker["apps"] for worker in workers)
    )


def load(release: Path) -> None:
    """Load the application, or end the worker; note for script/upgrade which of both.

    What does not load ends the whole instance where uWSGI finds out, with what the
    other workers are answering and what waits at its socket. Here the worker is tried
    again instead, until APP leads to a release that loads.
    """
    name = f"web-{os.environ.get('INSTANCE', '0')}.release"
    note = Path(os.environ["DATA_DIR"], "run", name)
    try:
        importlib.import_module("todo_project.wsgi")
    except Exception:
        traceback.print_exc()
        note.write_text(f"{release} failed\n")
        time.sleep(PAUSE)
        os._exit(1)
    note.write_text(f"{release} loaded\n")
    # Else the master finds out within a second, and turns to the next worker only then.
    uwsgi.accepting()
    os.kill(uwsgi.masterpid(), signal.SIGCHLD)


release = Path(os.environ["APP"]).resolve()
# uWSGI puts the working directory first, where nothing of ours lies.
sys.path[:] = [str(Path(folder).resolve()) for folder in sys.path if folder != "."]

if has_served():
    load(release)

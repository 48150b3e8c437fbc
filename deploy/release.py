"""Bind a uWSGI worker to one release before it loads the application.

APP may contain a symbolic link that an upgrade replaces. A worker that has imported
modules of one release must not import others from the next.
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

PAUSE = 5  # seconds between two attempts; uWSGI's one per second would use a whole core


def has_served() -> bool:
    """Return whether a worker of this instance has loaded the application before."""
    workers = uwsgi.workers()
    return (
        os.environ["UWSGI_RELOADS"] != "0"
        or workers[uwsgi.worker_id() - 1]["respawn_count"] > 0
        or any(worker["apps"] for worker in workers)
    )


def load(release: Path) -> None:
    """Load the application or end the worker; record the result for script/upgrade.

    If uWSGI itself finds that an application does not load, it ends the whole instance,
    with the running requests of other workers. Here only this worker ends, and is
    started again until APP points to a release that loads.
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
    # Otherwise the master would notice only within a second, before the next worker.
    uwsgi.accepting()
    os.kill(uwsgi.masterpid(), signal.SIGCHLD)


release = Path(os.environ["APP"]).resolve()
# uWSGI adds the working directory, which contains no modules.
sys.path[:] = [str(Path(folder).resolve()) for folder in sys.path if folder != "."]

if has_served():
    load(release)

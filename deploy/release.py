"""Bind a worker of uWSGI to one release, before it loads the application.

APP may lead through a link that an upgrade turns. A worker that began with one release
must not import the rest of its modules from the next.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

# uWSGI puts the working directory first, where nothing of ours lies.
sys.path[:] = [str(Path(folder).resolve()) for folder in sys.path if folder != "."]

# Until it has loaded the application a worker does not hear that it is to end, and its
# master would wait for it without end. uWSGI puts its own answer in the place of this.
signal.signal(signal.SIGHUP, lambda *_: os._exit(0))

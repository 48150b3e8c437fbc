"""Bind a worker of uWSGI to one release, before it loads the application.

APP may lead through a link that an upgrade turns. A worker that began with one release
must not import the rest of its modules from the next.
"""

from __future__ import annotations

import sys
from pathlib import Path

# uWSGI puts the working directory first, where nothing of ours lies.
sys.path[:] = [str(Path(folder).resolve()) for folder in sys.path if folder != "."]

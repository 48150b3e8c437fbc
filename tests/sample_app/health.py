"""Is there room for uploads?"""

from __future__ import annotations

import shutil
import tempfile

from core.registry import Unready

LEAST = 100 * 1024 * 1024  # bytes


def require_room() -> None:
    if shutil.disk_usage(tempfile.gettempdir()).free < LEAST:
        raise Unready("no room for uploads")

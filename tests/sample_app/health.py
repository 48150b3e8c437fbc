"""Readiness check: is there enough disk space for uploads?"""

from __future__ import annotations

import shutil
import tempfile

from core.registry import Unready

LEAST = 100 * 1024 * 1024  # bytes


def require_space() -> None:
    if shutil.disk_usage(tempfile.gettempdir()).free < LEAST:
        raise Unready("not enough disk space for uploads")

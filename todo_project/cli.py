"""Entry point of manage.py and of the installed command `todo`."""

from __future__ import annotations

import errno
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db.utils import OperationalError

CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES}


def main() -> None:
    """Run a management command; exit with one line for errors an operator can fix."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "todo_project.settings")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, OperationalError, OSError) as error:
        message = operator_message(error)
        if message is None or "--traceback" in sys.argv:
            raise
        sys.exit(message)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)  # 128 + SIGINT, as in shells


def operator_message(error: Exception) -> str | None:
    """Return one line for an error that an operator can fix; None for other errors."""
    if isinstance(error, ImproperlyConfigured):
        return f"Configuration: {error}"
    if isinstance(error, OperationalError):
        return f"Database: {' '.join(str(error).split())}"
    if isinstance(error, OSError) and error.errno in CANNOT_WRITE:
        return f"Data folder: {error}"
    return None

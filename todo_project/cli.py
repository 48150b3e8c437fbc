"""What manage.py and the installed `todo` run: a management command."""

from __future__ import annotations

import errno
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db.utils import OperationalError

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES}


def main() -> None:
    """Run the command; what an operator can mend ends it with one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "todo_project.settings")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, OperationalError, OSError) as error:
        told = sentence(error)
        if told is None or "--traceback" in sys.argv:
            raise
        sys.exit(told)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)  # 128 + SIGINT, as shells have it


def sentence(error: Exception) -> str | None:
    """Return what to tell of the error; None if it is nothing of the operator's."""
    if isinstance(error, ImproperlyConfigured):
        return f"Configuration: {error}"
    if isinstance(error, OperationalError):
        return f"Database: {' '.join(str(error).split())}"
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return f"Data folder: {error}"
    return None

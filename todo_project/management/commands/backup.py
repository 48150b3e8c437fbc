"""Write a backup, or verify one."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from core.management.base import ServiceCommand, amount
from core.models import Installation
from core.timeouts import no_statement_timeout
from todo_project.archive import (
    Archive,
    BadArchive,
    Head,
    later_migrations,
    write_archive,
)


class Command(ServiceCommand):
    help = (
        "Write a consistent snapshot of all rows and all uploaded files to one archive "
        "while the service runs, without blocking its writers, and print the "
        "archive's path. The default folder is backups in DATA_DIR. The archive "
        "contains user content and the hashes of passwords and keys: protect it like "
        "the database. It does not contain the SECRET_KEY: store that separately; "
        "without it, files and stored secrets cannot be read. With --verify, check an "
        "archive and list its content instead. The time of the last backup is recorded "
        "for /metrics. Exit status: 0 success, 1 refused."
    )
    examples = """
  manage.py backup
  manage.py backup --output /mnt/backups
  manage.py backup --verify /mnt/backups/todo-0.1.0-20270131T180000Z.tar"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--output",
            type=Path,
            metavar="PATH",
            help="A folder (the file name is generated) or a new .tar file.",
        )
        what.add_argument(
            "--verify", type=Path, metavar="FILE", help="Check this archive only."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verify"]:
            self._verify(options["verify"])
        else:
            self._write(options["output"])

    def _write(self, output: Path | None) -> None:
        now = timezone.now()
        try:
            path = output_path(output, now)
            with no_statement_timeout():
                head = write_archive(path, now=now, start_progress=self.progress)
        except OSError as error:
            raise CommandError(f"No backup was written. {reason(error)}") from error
        self._report(head, path)
        # The age of the last backup is a metric, so this comes after everything else.
        Installation.objects.update(backed_up_at=now)

    def _report(self, head: Head, path: Path) -> None:
        rows = sum(head.rows.values())
        contents = f"{amount(rows, 'row')} and {amount(head.files, 'file')}"
        self.say(f"{contents}, {size_of(path)}.")
        if later := later_migrations(head.migrations):
            self.say(
                "The database has migrations of a later release: "
                f"{', '.join(later)}. Their tables and columns are included; restore "
                "this archive with that release."
            )
        self.answer(str(path))

    def _verify(self, path: Path) -> None:
        with verified_archive(self, path) as archive:
            self.answer(summary_of(archive))


def output_path(output: Path | None, now: datetime) -> Path:
    """Return the file to write: the given one, or a generated name in the folder."""
    if output is None:
        output = Path(settings.DATA_DIR) / "backups"
        output.mkdir(mode=0o700, parents=True, exist_ok=True)
    if output.is_dir():
        return output / f"todo-{settings.RELEASE}-{now:%Y%m%dT%H%M%SZ}.tar"
    if output.suffix != ".tar":  # more likely a missing folder than a file name
        raise CommandError(f"{output} is neither a folder nor the name of a .tar file.")
    return output


@contextmanager
def verified_archive(command: ServiceCommand, path: Path) -> Iterator[Archive]:
    """Open and verify an archive; raise CommandError if it is damaged or unreadable."""
    with ExitStack() as opened:
        try:
            stream = opened.enter_context(path.open("rb"))
            with command.progress("Checking", path.stat().st_size) as progress:
                archive = Archive(stream, progress.add)
            with command.progress("Unpacking", archive.size) as progress:
                archive.check(progress.add)
        except BadArchive as error:
            raise CommandError(f"{path} is refused. {error}") from error
        except OSError as error:
            raise CommandError(f"{path} cannot be read. {reason(error)}") from error
        yield archive


def reason(error: OSError) -> str:
    """Return the error's message, with the file name if it is known."""
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror}{where}."


def summary_of(archive: Archive) -> str:
    head = archive.head
    width = max(map(len, head.tables))
    lines = [
        f"made at   {head.made_at}",
        f"release   {head.release}",
        f"engine    {head.engine}",
        f"files     {head.files:,} ({head.size:,} bytes)",
        f"rows      {sum(head.rows.values()):,}",
        *(f"  {name:<{width}}  {count:>12,}" for name, count in head.rows.items()),
    ]
    return "\n".join(lines)


def size_of(path: Path) -> str:
    return f"{path.stat().st_size:,} bytes"

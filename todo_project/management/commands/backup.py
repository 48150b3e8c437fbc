"""Write a backup, or look whether one is whole."""

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

from core.management.base import ServiceCommand
from core.timeouts import no_statement_timeout
from todo_project.archive import Archive, BadArchive, write_archive


class Command(ServiceCommand):
    help = (
        "Write every row of one moment, and every file that people gave, to one "
        "archive, beside a running service and without slowing its writers; print "
        "its name. Without --output it goes to the folder backups in DATA_DIR. It "
        "holds what people wrote, and the hashes of passwords and keys: keep it like "
        "the database. The SECRET_KEY is not in it: keep that apart, since without "
        "it everyone signs in anew. --verify looks at an archive instead, and tells "
        "what it holds. Exit status: 0 all is well, 1 it was refused."
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
            help="A folder, in which it gets a name of its own, or a new file in .tar.",
        )
        what.add_argument(
            "--verify", type=Path, metavar="FILE", help="Check it, and change nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verify"]:
            self._verify(options["verify"])
        else:
            self._write(options["output"])

    def _write(self, output: Path | None) -> None:
        now = timezone.now()
        try:
            path = place_for(output, now)
            with no_statement_timeout():
                head = write_archive(path, now=now, shown=self.progress)
        except OSError as error:
            raise CommandError(f"No backup was made. {reason(error)}") from error
        rows = sum(head.rows.values())
        self.say(f"{rows:,} rows and {head.files:,} files, in {size_of(path)}.")
        self.answer(str(path))

    def _verify(self, path: Path) -> None:
        with checked(self, path) as archive:
            self.answer(described(archive))


def place_for(output: Path | None, now: datetime) -> Path:
    """Return the file to write: as named, or with a name in the folder."""
    if output is None:
        output = Path(settings.DATA_DIR) / "backups"
        output.mkdir(mode=0o700, parents=True, exist_ok=True)
    if output.is_dir():
        return output / f"todo-{settings.RELEASE}-{now:%Y%m%dT%H%M%SZ}.tar"
    if output.suffix != ".tar":  # a folder that is missing, more likely than a name
        raise CommandError(f"{output} is no folder, and no name of a file in .tar.")
    return output


@contextmanager
def checked(command: ServiceCommand, path: Path) -> Iterator[Archive]:
    """Open an archive that is whole; raise CommandError, with its name, for others."""
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
    """Return what went wrong, and with which file where that is known."""
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror}{where}."


def described(archive: Archive) -> str:
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

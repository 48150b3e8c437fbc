"""What every command of this service has in common."""

from __future__ import annotations

import os
import sys
from argparse import RawDescriptionHelpFormatter
from contextlib import nullcontext
from textwrap import fill
from typing import Any, ClassVar
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
    OutputWrapper,
)
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from core import events
from core.errors import DomainError
from core.models import Source
from core.progress import Progress
from core.timeouts import no_statement_timeout

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
PIPE_CLOSED = 141  # 128 + SIGPIPE


class HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Keep the lines of examples as they are written."""


class ServiceCommand(BaseCommand):
    """A command whose changes are recorded as its own, and whose stdout is its answer.

    A refusal of the rules becomes a sentence on stderr and exit code 1; an
    interruption rolls back what was not complete and exits with 130.
    """

    examples: ClassVar[str] = ""
    # A request has seconds, a command that goes through everything has hours.
    takes_long: ClassVar[bool] = False
    quiet = False

    def create_parser(
        self, prog_name: str, subcommand: str, **kwargs: Any
    ) -> CommandParser:
        if self.examples:
            kwargs["epilog"] = f"examples:\n{self.examples.strip(chr(10))}"
        kwargs["formatter_class"] = HelpFormatter
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.description = fill(self.help, 78)
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except KeyboardInterrupt:
            self.stderr.write("Interrupted.")
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            give_up_stdout()
            sys.exit(PIPE_CLOSED)

    def execute(self, *args: Any, **options: Any) -> str | None:
        self.quiet = options.get("verbosity", 1) == 0
        try:
            with (
                events.origin(Source.COMMAND, f"command-{uuid4().hex}"),
                no_statement_timeout() if self.takes_long else nullcontext(),
            ):
                answer = super().execute(*args, **options)
        except (DomainError, ValidationError) as error:
            raise CommandError(sentence(error)) from error
        except DatabaseError as error:
            raise_if_unmigrated(error)
            raise
        self.stdout.flush()
        return answer

    def answer(self, text: str) -> None:
        """Print what was asked for; a reader who left is noticed now, not later."""
        if sys.stdout is None:
            raise CommandError("The answer has nowhere to go: stdout is closed.")
        try:
            self.stdout.write(text)
            self.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            give_up_stdout()
            raise CommandError(
                f"The answer cannot be written: {error.strerror}."
            ) from error

    def say(self, text: str) -> None:
        """Tell a person what goes on, beside the answer."""
        if not self.quiet:
            self.stderr.write(text, style_func=str)

    def progress(self, what: str, total: int | None) -> Progress:
        return Progress(what, total, stream=Plain(self.stderr), quiet=self.quiet)


def give_up_stdout() -> None:
    """Drop what could not be written; Python would try once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Plain:
    """A stream that writes what it is given: Django's adds an end of line to it."""

    def __init__(self, wrapper: OutputWrapper) -> None:
        self.wrapper = wrapper

    def write(self, text: str) -> None:
        self.wrapper.write(text, style_func=str, ending="")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.wrapper, name)


def sentence(error: DomainError | ValidationError) -> str:
    """Return what the refusal says."""
    if isinstance(error, DomainError):
        return str(error.message)
    return " ".join(error.messages)


def raise_if_unmigrated(error: DatabaseError) -> None:
    """Name the likeliest reason of an error: tables or columns that do not exist."""
    if unapplied_migrations():
        raise CommandError(
            "The database is not up to date; run manage.py migrate first."
        ) from error


def unapplied_migrations() -> list[str]:
    """Return app.name of the migrations that the database has not seen."""
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return []
    return [f"{migration.app_label}.{migration.name}" for migration, _back in plan]

"""The base class of the service's management commands."""

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
from core.text import escape_controls
from core.timeouts import no_statement_timeout

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
PIPE_CLOSED = 141  # 128 + SIGPIPE


class HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Keep the lines of examples as they are written."""


class ServiceCommand(BaseCommand):
    """A command with its own origin in the event log; stdout is only for results.

    A refusal prints its message to stderr and exits with 1. An interruption rolls back
    incomplete work and exits with 130.
    """

    examples: ClassVar[str] = ""
    # Disables the statement timeout, for commands that process whole tables.
    takes_long: ClassVar[bool] = False
    quiet = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.stdout = TerminalOutput.around(self.stdout)
        self.stderr = TerminalOutput.around(self.stderr)

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
            discard_stdout()
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
        """Write the result to stdout; flush, so that a closed pipe is noticed now."""
        if sys.stdout is None:
            raise CommandError("The output cannot be written: stdout is closed.")
        try:
            self.stdout.write(text)
            self.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            discard_stdout()
            raise CommandError(
                f"The output cannot be written: {error.strerror}."
            ) from error

    def say(self, text: str) -> None:
        """Write a status message to stderr, unless the command is quiet."""
        if not self.quiet:
            self.stderr.write(text, style_func=str)

    def progress(self, what: str, total: int | None) -> Progress:
        return Progress(what, total, stream=Plain(self.stderr), quiet=self.quiet)


def amount(number: int, noun: str, plural: str = "") -> str:
    """Return the number with its noun: 1 key, 1,200 keys."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def discard_stdout() -> None:
    """Redirect stdout to /dev/null, or Python would flush it again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class TerminalOutput(OutputWrapper):
    """Output that may contain people's texts: they cannot control a terminal."""

    @classmethod
    def around(cls, wrapper: OutputWrapper) -> TerminalOutput:
        """Return the same stream and style, with escaped control characters."""
        stream: Any = wrapper._out
        output = cls(stream, ending=wrapper.ending)
        output.style_func = wrapper.style_func
        return output

    def write(self, msg: str = "", *args: Any, **options: Any) -> None:  # type: ignore[override]
        super().write(escape_controls(msg) if self.isatty() else msg, *args, **options)


class Plain:
    """A stream that writes text unchanged; Django's wrapper would add a newline."""

    def __init__(self, wrapper: OutputWrapper) -> None:
        self.wrapper = wrapper

    def write(self, text: str) -> None:
        out: Any = self.wrapper._out
        out.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.wrapper, name)


def sentence(error: DomainError | ValidationError) -> str:
    """Return the refusal's message."""
    if isinstance(error, DomainError):
        return str(error.message)
    return " ".join(error.messages)


def raise_if_unmigrated(error: DatabaseError) -> None:
    """Raise CommandError if missing migrations are the likely cause of the error."""
    if unapplied_migrations():
        raise CommandError(
            "The database is not up to date; run manage.py migrate first."
        ) from error


def unapplied_migrations() -> list[str]:
    """Return the migrations that are not applied, as app.name."""
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return []
    return [f"{migration.app_label}.{migration.name}" for migration, _back in plan]

"""Check the installation."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError, connection

from core.errors import DomainError
from core.management.base import ServiceCommand, unapplied_migrations
from core.registry import DoctorCheck, registry

EXAMPLES = 5  # of what a check found
FOUND = 1
COULD_NOT_RUN = 2


@dataclass
class Result:
    """What one check found, and what is left after a repair."""

    name: str
    found: int
    left: int
    remedy: str
    examples: list[str] = field(default_factory=list)
    failure: str = ""


class Command(ServiceCommand):
    help = (
        "Check settings, database, cache, permissions and triggers, the rules that no "
        "constraint can enforce, and whether the rows match the event log. Reads in "
        "batches while the service runs, and checks suspect rows again under a lock. "
        "--repair repairs what can be repaired without guessing. Exit status: 0 no "
        "problems, 1 problems remain, 2 a check could not run."
    )
    examples = """
  manage.py doctor
  manage.py doctor --repair
  manage.py doctor --json --only triggers --only search"""
    takes_long = True
    requires_system_checks = []  # the check of settings runs them

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--repair", action="store_true", help="Repair what is safe to repair."
        )
        parser.add_argument(
            "--json", action="store_true", help="Print a JSON document."
        )
        parser.add_argument(
            "--only",
            action="append",
            choices=[check.name for check in registry.doctor_checks()],
            metavar="CHECK",
            help="Run only this check; may be repeated: %(choices)s.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self._require_database()
        only = options["only"]
        results = [
            self._run(check, repair=options["repair"])
            for check in registry.doctor_checks()
            if only is None or check.name in only
        ]
        self.answer(as_json(results) if options["json"] else as_text(results))
        if failed := [result.name for result in results if result.failure]:
            raise CommandError(
                f"Could not run: {', '.join(failed)}.", returncode=COULD_NOT_RUN
            )
        if left := sum(result.left for result in results):
            raise CommandError(f"Problems remaining: {left:,}.", returncode=FOUND)

    def _require_database(self) -> None:
        try:
            connection.ensure_connection()
        except DatabaseError as error:
            raise CommandError(
                f"The database cannot be reached: {' '.join(str(error).split())}",
                returncode=COULD_NOT_RUN,
            ) from error
        if names := unapplied_migrations():
            raise CommandError(
                f"Run manage.py migrate first; not applied: {', '.join(names)}.",
                returncode=COULD_NOT_RUN,
            )

    def _run(self, check: DoctorCheck, *, repair: bool) -> Result:
        result = Result(check.name, 0, 0, check.remedy)
        try:
            result.found, result.examples = self._count(check)
            result.left = result.found
            if repair and check.repair and result.found:
                check.repair()
                result.left, result.examples = self._count(check)
        except (DatabaseError, DomainError) as error:
            result.failure = f"{type(error).__name__}: {error}"
        return result

    def _count(self, check: DoctorCheck) -> tuple[int, list[str]]:
        found = 0
        examples: list[str] = []
        total = check.size() if check.size else None
        with self.progress(check.name, total) as progress:
            for text in check.find(progress):
                found += 1
                if len(examples) < EXAMPLES:
                    examples.append(text)
        return found, examples


def as_json(results: list[Result]) -> str:
    document = {"checks": [asdict(result) for result in results]}
    return json.dumps(document, ensure_ascii=False, indent=2)


def as_text(results: list[Result]) -> str:
    width = max((len(result.name) for result in results), default=0)
    return "\n".join(
        line for result in results for line in _lines(result, f"{{:<{width}}}")
    )


def _lines(result: Result, name: str) -> list[str]:
    head = f"{name.format(result.name)}  {_verdict(result)}"
    return [head, *(f"    {example}" for example in result.examples)]


def _verdict(result: Result) -> str:
    if result.failure:
        return f"could not run: {result.failure}"
    if not result.found:
        return "ok"
    verdict = f"found {result.found:,}"
    if result.left < result.found:
        verdict += f", repaired {result.found - result.left:,}"
    elif result.remedy:
        verdict += f"; --repair {result.remedy}"
    return verdict

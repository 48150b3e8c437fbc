"""Write events to stdout."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from core.api.event_serializers import EventSerializer
from core.management.base import ServiceCommand
from core.management.datetimes import MOMENTS, moment_ago
from core.models import Event, plain
from core.models.events import EventQuerySet
from core.scoping import Order

BATCH = 2000
# As in the API; `changes` already includes the names in `fields_changed`.
COLUMNS = [name for name in EventSerializer.Meta.fields if name != "fields_changed"]
# Characters that start a formula in a spreadsheet.
FORMULAS = tuple("=+-@\t\r\n＝＋－＠")
BYTE_ORDER_MARK = "\ufeff"  # without it, Excel does not read the file as UTF-8


class Command(ServiceCommand):
    help = (
        "Write events to stdout, oldest first, in constant memory: as JSON Lines with "
        "the field names of the API, or as CSV for spreadsheets: in UTF-8 with a byte "
        "order mark, and with an apostrophe before a cell that would be a formula. A "
        "terminal shows control characters in people's texts as \\u009b."
    )
    examples = """
  manage.py exportevents > events.jsonl
  manage.py exportevents --since 2027-01-01 --until 2027-02-01 --format csv
  manage.py exportevents --since 7d | grep '"verb":"user.removed"'"""
    takes_long = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since",
            metavar="WHEN",
            help=f"Only events from this moment on: {MOMENTS}; 30d means 30 days ago.",
        )
        parser.add_argument(
            "--until", metavar="WHEN", help="Only events before this moment."
        )
        parser.add_argument(
            "--format",
            choices=("jsonl", "csv"),
            default="jsonl",
            help="Output format (%(default)s).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        events = self._chosen(options["since"], options["until"])
        is_csv = options["format"] == "csv"
        write = self._write_csv if is_csv else self._write_lines
        if is_csv:
            self.answer(BYTE_ORDER_MARK + ",".join(COLUMNS) + "\r\n")
        with self.progress("Events", None) as progress:
            for batch in batches(events):
                write(batch)
                progress.add(len(batch))

    def _chosen(self, since: str | None, until: str | None) -> EventQuerySet:
        now = timezone.now()
        # Without an end, events recorded during the export would prolong it.
        end = now if until is None else moment_ago(until, now=now)
        events: EventQuerySet = Event.objects.filter(at__lt=end)
        if since is not None:
            events = events.filter(at__gte=moment_ago(since, now=now))
        return events

    def _write_lines(self, events: Sequence[Event]) -> None:
        self.answer(
            "\n".join(
                json.dumps(as_dict(event), ensure_ascii=False, separators=(",", ":"))
                for event in events
            )
        )

    def _write_csv(self, events: Sequence[Event]) -> None:
        text = StringIO()
        table = csv.writer(text)
        for event in events:
            cells = as_dict(event)
            cells["changes"] = json.dumps(cells["changes"], ensure_ascii=False)
            table.writerow(defused(value) for value in cells.values())
        self.answer(text.getvalue())


def batches(events: EventQuerySet) -> Iterator[Sequence[Event]]:
    """Yield the events in batches, oldest first."""
    order, position = Order("at"), None
    while page := events.keyset_page(order, after=position, offset=0, limit=BATCH):
        yield page
        position = order.position_of(page[-1])


def as_dict(event: Event) -> dict[str, Any]:
    return {name: plain(getattr(event, name)) for name in COLUMNS}


def defused(value: Any) -> str:
    """Return the cell as text that spreadsheets do not read as a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULAS) else text

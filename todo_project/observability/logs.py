"""Logging: every line names the request it belongs to, and none quotes content."""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import OperationalError

request_id: ContextVar[str] = ContextVar("request_id", default="-")

# Bytes, the line's end included. So much reaches a pipe whole, whoever else writes to
# it; of anything longer, the pieces of several processes would mix.
LINE = 4096

# What every record has; the rest was given with `extra`.
_USUAL = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def logging_settings(*, level: str, form: str) -> dict[str, Any]:
    """Return the configuration (PEP 391): to stderr, as `json` or as `line`."""
    formatter = {"json": JsonFormatter, "line": LineFormatter}[form]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request_id": {"()": RequestIdFilter},
            "one_line": {"()": OneLineFilter},
            "raised": {"()": RaisedFilter},
        },
        "formatters": {"usual": {"()": formatter}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "usual",
                "filters": ["request_id", "one_line"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level, "propagate": True},
            # A refused request is an answer, not news; what fails is told.
            "django.request": {"level": "ERROR", "filters": ["raised"]},
            # It quotes the parameters of statements; slow ones are told without.
            "django.db.backends": {"level": "INFO"},
            # Every tick, taken and done: /metrics counts them.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }


class RequestIdFilter(logging.Filter):
    """Give every record the id of the request that is being answered."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "request_id"):
            # Django tells of a failure when the request has left the middleware.
            request = getattr(record, "request", None)
            record.request_id = getattr(request, "id", request_id.get())
        return True


class OneLineFilter(logging.Filter):
    """Tell in a line, without a traceback, what is no fault of ours.

    That is a refused request, and a database that is busy or away: its errors quote
    the statement, which may hold what people wrote.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = error_of(record)
        if record.name == "celery.app.trace" and error:
            # Celery's sentence holds the whole error, and with it the row.
            record.task = record.__dict__.get("data", {}).get("name")
            record.msg, record.args = "task failed", ()
        if isinstance(error, OperationalError):
            record.reason = str(error).partition("\n")[0]
            record.exc_info = None
        elif record.name.startswith("django.security"):
            record.exc_info = None
        return True


class RaisedFilter(logging.Filter):
    """Leave out that an answer says 5xx: who made it of a failure has told of that."""

    def filter(self, record: logging.LogRecord) -> bool:
        return bool(record.exc_info)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (RFC 3339, UTC), level, logger, message, fields."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": told_time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
        }
        entry = entry | extras_of(record) | entry  # its own names first, and for itself
        if error := error_of(record):
            entry["exception"] = told_error(error)
        return fitted(entry)


def fitted(entry: dict[str, Any]) -> str:
    """Return the entry in one line; what is longest in it is halved until that fits.

    Of an exception the end is kept, of all else the beginning.
    """
    while len(line := json.dumps(entry)) >= LINE:
        name = max(entry, key=lambda name: len(str(entry[name])))
        text = str(entry[name])
        half = len(text) // 2
        entry[name] = text[half:] if name == "exception" else text[:half]
    return line


class LineFormatter(logging.Formatter):
    """A line for the eye; an exception stands below it."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [
            f"{told_time(record)} {record.levelname} {record.name}",
            f"[{getattr(record, 'request_id', '-')}] {record.getMessage()}",
            *(f"{name}={value}" for name, value in extras_of(record).items()),
        ]
        # Whoever reads a log in a terminal should not be steered by it.
        line = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", " ".join(parts))
        error = error_of(record)
        return f"{line}\n{told_error(error)}" if error else line


def told_time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(
        timespec="milliseconds"
    )


def extras_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the plain values given with `extra`.

    Anything else is left out: a request shows its query, a task its arguments.
    """
    return {
        name: str(value) if isinstance(value, UUID) else value
        for name, value in record.__dict__.items()
        if name not in _USUAL and name != "request_id"
        if isinstance(value, str | int | float | UUID | None)
    }


def error_of(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def told_error(error: BaseException) -> str:
    """Return the traceback, causes first, each message cut to its first line.

    What follows in a database's message quotes the row or the statement.
    """
    told = []
    for link in islice(chain_of(error), 10):
        reason = str(link).partition("\n")[0]
        trace = "".join(traceback.format_tb(link.__traceback__))
        told.append(f"{trace}{type(link).__name__}: {reason}")
    return "\n\n".join(reversed(told))


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error, what it came from, what that came from, and so on."""
    while error is not None:
        yield error
        hidden = error.__suppress_context__
        error = error.__cause__ or (None if hidden else error.__context__)

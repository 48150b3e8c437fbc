"""Logging: every line has a request id, and no line contains users' content."""

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

# Bytes, including the line end. Linux writes up to this size to a pipe atomically
# (PIPE_BUF); longer lines of several processes could be interleaved.
LINE = 4096

# Attributes of every record; all others were passed with `extra`.
_STANDARD = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def logging_settings(*, level: str, form: str) -> dict[str, Any]:
    """Return the logging configuration (PEP 391): to stderr, as `json` or `line`."""
    formatter = {"json": JsonFormatter, "line": LineFormatter}[form]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request_id": {"()": RequestIdFilter},
            "one_line": {"()": OneLineFilter},
            "has_exception": {"()": HasExceptionFilter},
        },
        "formatters": {"default": {"()": formatter}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "default",
                "filters": ["request_id", "one_line"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level, "propagate": True},
            # Only errors: refused requests (4xx) are part of normal operation.
            "django.request": {"level": "ERROR", "filters": ["has_exception"]},
            # At DEBUG it logs statements with their parameters.
            "django.db.backends": {"level": "INFO"},
            # These log every task twice; /metrics counts tasks instead.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }


class RequestIdFilter(logging.Filter):
    """Add the id of the current request to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "request_id"):
            # Django logs a failure after the request has left the middleware.
            request = getattr(record, "request", None)
            record.request_id = getattr(request, "id", request_id.get())
        return True


class OneLineFilter(logging.Filter):
    """Remove the traceback where it does not point to a bug.

    These are refused requests, and a database that is busy or unavailable, whose
    errors quote the statement, which may contain users' content.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = error_of(record)
        if record.name == "celery.app.trace" and error:
            # Celery's own message contains the whole error, which may quote the row.
            record.task = record.__dict__.get("data", {}).get("name")
            record.msg, record.args = "task failed", ()
        if isinstance(error, OperationalError):
            record.reason = str(error).partition("\n")[0]
            record.exc_info = None
        elif record.name.startswith("django.security"):
            record.exc_info = None
        return True


class HasExceptionFilter(logging.Filter):
    """Drop "5xx response" lines without an exception: their cause is logged already."""

    def filter(self, record: logging.LogRecord) -> bool:
        return bool(record.exc_info)


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time (RFC 3339, UTC), level, message, fields."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": format_time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
        }
        # The standard fields come first, and no extra field can replace them.
        entry = entry | extra_fields(record) | entry
        if error := error_of(record):
            entry["exception"] = format_exception(error)
        return dump_bounded(entry)


def dump_bounded(entry: dict[str, Any]) -> str:
    """Return the entry as one line of JSON; halve the longest value until it fits.

    An exception keeps its end, every other value its beginning.
    """
    while len(line := json.dumps(entry)) >= LINE:
        name = max(entry, key=lambda name: len(str(entry[name])))
        text = str(entry[name])
        half = len(text) // 2
        entry[name] = text[half:] if name == "exception" else text[:half]
    return line


class LineFormatter(logging.Formatter):
    """One human-readable line, followed by the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [
            f"{format_time(record)} {record.levelname} {record.name}",
            f"[{getattr(record, 'request_id', '-')}] {record.getMessage()}",
            *(f"{name}={value}" for name, value in extra_fields(record).items()),
        ]
        # Escape control characters: they could manipulate the reader's terminal.
        line = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", " ".join(parts))
        error = error_of(record)
        return f"{line}\n{format_exception(error)}" if error else line


def format_time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(
        timespec="milliseconds"
    )


def extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return the plain values passed with `extra`.

    Other objects are left out: the repr of a request contains its query, that of a
    task its arguments.
    """
    return {
        name: str(value) if isinstance(value, UUID) else value
        for name, value in record.__dict__.items()
        if name not in _STANDARD and name != "request_id"
        if isinstance(value, str | int | float | UUID | None)
    }


def error_of(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def format_exception(error: BaseException) -> str:
    """Return the traceback, causes first, with only the first line of each message.

    The further lines of a database error quote the row or the statement.
    """
    parts = []
    for link in islice(exception_chain(error), 10):
        message = str(link).partition("\n")[0]
        trace = "".join(traceback.format_tb(link.__traceback__))
        parts.append(f"{trace}{type(link).__name__}: {message}")
    return "\n\n".join(reversed(parts))


def exception_chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error, its cause, the cause of that, and so on."""
    while error is not None:
        yield error
        is_hidden = error.__suppress_context__
        error = error.__cause__ or (None if is_hidden else error.__context__)

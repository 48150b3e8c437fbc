"""Logging: every line names the request it belongs to."""

from __future__ import annotations

import logging
from contextvars import ContextVar

from django.db import OperationalError

request_id: ContextVar[str] = ContextVar("request_id", default="-")


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
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, OperationalError):
            reason = str(error).partition("\n")[0]
            record.msg, record.args = f"{record.getMessage()}: {reason}", ()
            record.exc_info = None
        elif record.name.startswith("django.security"):
            record.exc_info = None
        return True

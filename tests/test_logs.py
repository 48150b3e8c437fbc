"""A line of the log names its request and quotes no statement."""

from __future__ import annotations

import logging
from types import SimpleNamespace

from django.core.exceptions import DisallowedHost
from django.db import OperationalError

from todo_project.logs import OneLineFilter, RequestIdFilter


def record_of(error, name="django.request", **extra):
    record = logging.LogRecord(
        name, logging.ERROR, "", 0, "failed: %s", ("/x",), (type(error), error, None)
    )
    record.__dict__.update(extra)
    assert RequestIdFilter().filter(record)
    assert OneLineFilter().filter(record)
    return record


def test_a_busy_database_is_told_in_one_line_without_its_statement():
    error = OperationalError("canceling statement\nLINE 1: UPDATE … 'pbkdf2_sha256$1'")
    record = record_of(error)
    assert record.getMessage() == "failed: /x: canceling statement"
    assert record.exc_info is None


def test_a_refused_request_is_told_without_a_traceback():
    record = record_of(DisallowedHost("x"), name="django.security.DisallowedHost")
    assert record.exc_info is None


def test_a_fault_of_ours_keeps_its_traceback():
    assert record_of(ValueError("x")).exc_info


def test_a_line_names_the_request_that_has_left_the_middleware():
    request = SimpleNamespace(id="abc")
    assert record_of(ValueError("x"), request=request).request_id == "abc"
    assert record_of(ValueError("x")).request_id == "-"

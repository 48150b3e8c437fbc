"""A log line names its request and contains no user content."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from contextvars import copy_context
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.exceptions import DisallowedHost
from django.db import IntegrityError, OperationalError

from todo_project.celery import app
from todo_project.observability.logs import (
    JsonFormatter,
    LineFormatter,
    OneLineFilter,
    RequestIdFilter,
)

ROOT = Path(__file__).resolve().parent.parent


def record_of(error=None, name="django.request", **extra):
    exc_info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord(
        name, logging.ERROR, "", 0, "failed: %s", ("/x",), exc_info
    )
    record.__dict__.update(extra)
    assert RequestIdFilter().filter(record)
    assert OneLineFilter().filter(record)
    return record


def raised(error, cause=None):
    try:
        raise error from cause
    except Exception as caught:
        return caught


def test_a_busy_database_is_logged_in_one_line_without_its_statement():
    error = OperationalError("canceling statement\nLINE 1: UPDATE … 'pbkdf2_sha256$1'")
    record = record_of(error)
    assert record.exc_info is None
    for formatter in (JsonFormatter(), LineFormatter()):
        line = formatter.format(record)
        assert "canceling statement" in line
        assert "pbkdf2" not in line


def test_a_refused_request_is_logged_without_a_traceback():
    record = record_of(DisallowedHost("x"), name="django.security.DisallowedHost")
    assert record.exc_info is None


def test_a_bug_keeps_its_traceback():
    assert record_of(ValueError("x")).exc_info


def test_a_line_names_the_request_that_has_left_the_middleware():
    request = SimpleNamespace(id="abc")
    assert record_of(ValueError("x"), request=request).request_id == "abc"
    assert record_of(ValueError("x")).request_id == "-"


@pytest.mark.urls("tests.api.failing")
@pytest.mark.parametrize(
    ("how", "level", "status"), [("bug", "ERROR", 500), ("locked", "WARNING", 503)]
)
def test_a_failure_of_the_api_is_logged_once(owner_api, caplog, how, level, status):
    owner_api.raise_request_exception = False
    answer = owner_api.get(f"/api/v1/fail/{how}")
    logged = [r for r in caplog.records if r.message == "request failed"]
    assert [r.levelname for r in logged] == [level]
    assert (logged[0].path, logged[0].status) == (f"/api/v1/fail/{how}", status)
    assert logged[0].request_id == answer.headers["X-Request-ID"]
    assert not [r for r in caplog.records if r.name == "django.request"]


def test_json_contains_the_event_and_its_fields():
    record = record_of(request_id="abc", ms=1.5, route="api:todos", user=None)
    record.created = 1767225600.25
    assert json.loads(JsonFormatter().format(record)) == {
        "time": "2026-01-01T00:00:00.250+00:00",
        "level": "ERROR",
        "logger": "django.request",
        "message": "failed: /x",
        "request_id": "abc",
        "ms": 1.5,
        "route": "api:todos",
        "user": None,
    }


def test_a_field_cannot_replace_those_of_the_event():
    logged = json.loads(JsonFormatter().format(record_of(time="noon", level="fine")))
    assert logged["level"] == "ERROR"
    assert logged["time"] != "noon"


@pytest.mark.parametrize("text", ["x" * 9000, "字" * 9000, '"' * 4000 + "\n" * 4000])
def test_a_line_is_short_enough_for_an_atomic_write_to_a_pipe(text):
    record = record_of(plan=text, sql=text[:3000], ms=12)
    line = JsonFormatter().format(record)
    logged = json.loads(line)
    assert 1000 < len(line.encode()) < 4096
    assert (logged["ms"], logged["message"]) == (12, "failed: /x")
    assert logged["plan"] in text


def test_a_long_exception_keeps_its_end():
    logged = json.loads(
        JsonFormatter().format(record_of(raised(ValueError("x" * 5000))))
    )
    assert logged["exception"].endswith("xxx")


def test_requests_and_task_arguments_are_not_logged():
    request = SimpleNamespace(id="abc", path="/x?search=secret")
    record = record_of(request=request, data={"args": ["secret"]})
    for formatter in (JsonFormatter(), LineFormatter()):
        assert "secret" not in formatter.format(record)


def test_an_exception_is_one_field_that_starts_with_its_cause():
    error = raised(ValueError("second"), raised(KeyError("first")))
    text = JsonFormatter().format(record_of(error))
    assert "\n" not in text
    trace = json.loads(text)["exception"]
    assert trace.index("KeyError: 'first'") < trace.index("ValueError: second")
    assert "in raised" in trace


def test_a_row_that_the_database_refused_is_not_logged():
    message = 'violates "todo_x"\nDETAIL:  Failing row contains (1, secret\n\ntext).'
    record = record_of(raised(IntegrityError(message), raised(ValueError(message))))
    for formatter in (JsonFormatter(), LineFormatter()):
        line = formatter.format(record)
        assert "secret" not in line
        assert "todo_x" in line


def test_a_failed_task_is_logged_without_the_row(caplog):
    error = IntegrityError('violates "todo_x"\nDETAIL:  (1, secret)')

    @app.task(name="tests.failing")
    def failing():
        raise error

    copy_context().run(failing.apply)  # a task leaves its id in the context
    app.tasks.unregister("tests.failing")
    (record,) = [r for r in caplog.records if r.name == "celery.app.trace"]
    OneLineFilter().filter(record)
    for formatter in (JsonFormatter(), LineFormatter()):
        line = formatter.format(record)
        assert "task failed" in line
        assert "tests.failing" in line
        assert "todo_x" in line
        assert "secret" not in line


def test_a_failure_outside_the_task_is_logged_without_the_row():
    error = IntegrityError('violates "todo_x"\nDETAIL:  (1, secret)')
    record = record_of(error, name="celery.app.trace", args=(error,))
    line = JsonFormatter().format(record)
    assert "task failed" in line
    assert "todo_x" in line
    assert "secret" not in line


def test_control_characters_in_a_readable_line_are_escaped():
    record = record_of(route="x\n2026 INFO forged \x1b[2J")
    line = LineFormatter().format(record)
    assert line.endswith(r"failed: /x route=x\x0a2026 INFO forged \x1b[2J")
    assert "\n" not in line


def test_the_format_is_a_setting_and_json_without_a_terminal(tmp_path):
    code = (
        "import django, logging; django.setup();"
        "logging.getLogger('x').warning('hello', extra={'a': 1})"
    )
    lines = {}
    for log_format in ("line", "json", None):
        environment = os.environ | {
            "DATA_DIR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "todo_project.settings",
        }
        environment.pop("LOG_FORMAT", None)
        if log_format:
            environment["LOG_FORMAT"] = log_format
        run = subprocess.run(  # noqa: S603
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        lines[log_format] = run.stderr
    assert lines["line"].endswith("WARNING x [-] hello a=1\n")
    assert json.loads(lines["json"])["a"] == json.loads(lines[None])["a"] == 1

"""/readyz reports the state of each part, and the causes of failures to operators."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from core.models import Heartbeat
from tests.redis_server import RedisServer
from todo_project.observability import health

TOKEN = "a-token-of-operators-that-nobody-guesses"
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def _token(settings, monkeypatch) -> None:
    settings.OPERATOR_TOKEN = TOKEN
    monkeypatch.setattr(health, "_last_causes", {})
    monkeypatch.setattr(health, "_found", None)
    monkeypatch.setattr(health, "CACHE_SECONDS", 0)


@pytest.fixture
def server(settings) -> Iterator[RedisServer]:
    server = RedisServer()
    settings.REDIS_URL = settings.BROKER_URL = server.url
    settings.REDIS_TIMEOUT = 5  # seconds; the machine may be busy
    yield server
    server.remove()


@pytest.fixture
def all_alive(db) -> None:
    for name in ("beat", "worker", "background"):
        Heartbeat.objects.beat(name, timezone.now())


def ask(**headers: str) -> Any:
    return Client().get("/readyz", headers=headers)


def checks() -> Any:
    return ask().json()["checks"]


@pytest.mark.usefixtures("all_alive")
def test_without_redis_the_parts_are_database_migrations_and_background():
    answer = ask()
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "checks": dict.fromkeys(
            ("database", "migrations", "writes", "background"), "ok"
        ),
    }


@pytest.mark.usefixtures("all_alive", "server")
def test_with_redis_its_uses_and_their_processes_are_parts():
    answer = ask()
    assert answer.status_code == 200
    parts = ["database", "migrations", "writes", "cache", "broker", "beat", "worker"]
    assert answer.json() == {"status": "ok", "checks": dict.fromkeys(parts, "ok")}


@pytest.mark.usefixtures("all_alive")
@pytest.mark.parametrize("failure", ["kill", "freeze", "fill"])
def test_a_redis_failure_degrades_the_service_until_it_ends(server, failure):
    getattr(server, failure)()
    answer = ask()
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["cache"] == "failed"
    assert answer.json()["checks"]["broker"] == "failed"
    {"kill": server.start, "freeze": server.unfreeze, "fill": server.empty}[failure]()
    assert ask().json()["status"] == "ok"


def at(name: str, *, seconds: int) -> None:
    """Set the last heartbeat of a process to so many seconds ago."""
    Heartbeat.objects.beat(name, timezone.now() - timedelta(seconds=seconds))


@pytest.mark.usefixtures("all_alive", "server")
@pytest.mark.parametrize(
    ("ages", "beat", "worker"),
    [
        # The worker has not answered for a while, although beat sends ticks.
        ({"worker": 70, "tick": 60}, "ok", "no answer to a tick for 40 s"),
        ({"worker": 70, "tick": 30}, "ok", "ok"),
        # Beat is frozen: at first its heartbeat still counts, then it is to blame.
        ({"beat": 39, "tick": 45, "worker": 44}, "ok", "ok"),
        ({"beat": 60, "tick": 61, "worker": 60}, "no heartbeat for 40 s", "unknown"),
        # Beat runs again after it was frozen, and the worker is about to answer.
        ({"beat": 0, "tick": 0, "worker": 300}, "ok", "ok"),
    ],
)
def test_the_process_that_failed_is_blamed(ages, beat, worker):
    for name, seconds in ages.items():
        at(name, seconds=seconds)
    answer = ask(**OPERATOR)
    found = answer.json()["checks"] | answer.json()["causes"]
    assert (found["beat"], found["worker"]) == (beat, worker)
    assert answer.status_code == 200


@pytest.mark.usefixtures("all_alive")
def test_a_broker_that_fails_is_blamed_instead_of_the_worker(server):
    at("worker", seconds=70)
    at("tick", seconds=60)
    server.kill()
    found = checks()
    assert (found["broker"], found["beat"], found["worker"]) == (
        "failed",
        "ok",
        "unknown",
    )


@pytest.mark.django_db
def test_a_tick_is_answered_by_the_next_heartbeat_of_the_worker():
    now = timezone.now()
    waited = Heartbeat.objects.unanswered_since
    for seconds in range(0, 30, 10):
        Heartbeat.objects.note_tick(now + timedelta(seconds=seconds))
        assert waited(now + timedelta(seconds=seconds)) == now  # the first one
    Heartbeat.objects.beat("worker", now + timedelta(seconds=31))
    assert waited(now + timedelta(seconds=40)) is None
    Heartbeat.objects.note_tick(now + timedelta(seconds=40))
    assert waited(now + timedelta(seconds=41)) == now + timedelta(seconds=40)
    Heartbeat.objects.forget_tick()
    assert waited(now + timedelta(seconds=41)) is None


@pytest.mark.usefixtures("all_alive")
def test_a_database_that_cannot_be_written_is_unavailable():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = 1")
        try:
            answer = ask(**OPERATOR)
        finally:
            cursor.execute("PRAGMA query_only = 0")
    assert answer.status_code == 503
    found = answer.json()
    assert (found["status"], found["checks"]) == (
        "unavailable",
        {
            "database": "ok",
            "migrations": "ok",
            "writes": "failed",
            "background": "unknown",
        },
    )
    assert found["causes"] == {"writes": "attempt to write a readonly database"}
    assert ask().json()["status"] == "ok"


@pytest.mark.usefixtures("all_alive")
def test_many_probes_share_one_result(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(health, "CACHE_SECONDS", 60)
    assert ask().status_code == 200
    with django_assert_num_queries(0):
        assert {ask().status_code for _ in range(20)} == {200}


@pytest.mark.django_db
def test_a_process_that_never_ran_is_named():
    assert checks()["background"] == "failed"


def break_down(*_arguments: Any, **_options: Any) -> None:
    raise OperationalError("server at 10.0.0.7 is broken\nwhatever follows")


@pytest.mark.django_db
def test_without_the_database_the_service_is_unavailable(monkeypatch, server):
    monkeypatch.setattr(connection, "cursor", break_down)
    answer = ask()
    assert answer.status_code == 503
    assert answer["Retry-After"] == "1"
    assert answer.json() == {
        "status": "unavailable",
        "checks": {
            "database": "failed",
            "migrations": "unknown",
            "writes": "unknown",
            "cache": "ok",
            "broker": "ok",
            "beat": "unknown",
            "worker": "unknown",
        },
    }


@pytest.mark.django_db
def test_a_schema_with_missing_migrations_is_unavailable(monkeypatch):
    newer = {("todos", "9999_to_come"), ("accounts", "9998_to_come")}
    monkeypatch.setattr(health, "newest_migrations", lambda: newer)
    answer = ask(**OPERATOR)
    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    cause = "not applied: accounts.9998_to_come, todos.9999_to_come"
    assert answer.json()["causes"]["migrations"] == cause


@pytest.mark.django_db
def test_only_operators_see_causes(monkeypatch):
    monkeypatch.setattr(connection, "cursor", break_down)
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": TOKEN}):
        answer = ask(**headers)
        assert "causes" not in answer.json()
        assert "10.0.0.7" not in answer.text
    causes = ask(**OPERATOR).json()["causes"]
    assert causes == {"database": "server at 10.0.0.7 is broken"}


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["Bearer", "Bearer ", "bearer  "])
def test_without_a_token_in_the_settings_nobody_is_an_operator(
    settings, monkeypatch, given
):
    settings.OPERATOR_TOKEN = ""
    monkeypatch.setattr(connection, "cursor", break_down)
    assert "causes" not in ask(Authorization=given).json()


@pytest.mark.django_db
def test_a_change_is_logged_once_with_its_cause(monkeypatch, caplog):
    caplog.set_level(logging.INFO, logger="todo_project.observability.health")
    Heartbeat.objects.beat("background", timezone.now())
    ask()
    with monkeypatch.context() as broken:
        broken.setattr(connection, "cursor", break_down)
        ask()
        ask()
    ask()
    logged = [
        (record.levelname, record.__dict__["part"], record.__dict__["state"])
        for record in caplog.records
        if record.name == "todo_project.observability.health"
    ]
    assert logged == [
        ("WARNING", "database", "failed"),
        ("WARNING", "migrations", "unknown"),
        ("WARNING", "writes", "unknown"),
        ("WARNING", "background", "unknown"),
        ("INFO", "database", "ok"),
        ("INFO", "migrations", "ok"),
        ("INFO", "writes", "ok"),
        ("INFO", "background", "ok"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probes_accept_any_host_and_scheme_and_are_not_cached(path, settings):
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().get(path, headers={"Host": "10.1.2.3:8080"})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert Client().post(path).status_code == 405
    assert (
        Client().get("/admin/login/", headers={"Host": "10.1.2.3"}).status_code == 421
    )


def test_livez_depends_on_no_other_part():
    assert Client().get("/livez").text == "ok\n"  # the database is closed to this test

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
        "checks": {"database": "ok", "migrations": "ok", "background": "ok"},
    }


@pytest.mark.usefixtures("all_alive", "server")
def test_with_redis_its_uses_and_their_processes_are_parts():
    answer = ask()
    assert answer.status_code == 200
    parts = ["database", "migrations", "cache", "broker", "beat", "worker"]
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


@pytest.mark.usefixtures("all_alive", "server")
@pytest.mark.parametrize("name", ["beat", "worker"])
def test_a_process_without_a_heartbeat_is_named(name):
    long_ago = timezone.now() - timedelta(minutes=1)
    Heartbeat.objects.filter(name=name).update(at=long_ago)
    answer = ask(**OPERATOR)
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"][name] == "failed"
    assert answer.json()["causes"] == {name: "no heartbeat for 40 s"}


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
        ("WARNING", "background", "unknown"),
        ("INFO", "database", "ok"),
        ("INFO", "migrations", "ok"),
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

"""/metrics requires a token, and counts correctly across restarts and crashes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.conf import settings
from django.utils import timezone

from core.models import Heartbeat, TaskSchedule
from core.registry import registry
from tests.live.waiting import wait_until
from tests.samples import samples_of
from todo_project.observability.metrics import REGISTRY

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "operator-token-of-these-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def operator(settings, client):
    """Return a function that reads the metrics as {name: {labels: value}}."""
    settings.OPERATOR_TOKEN = TOKEN

    def read():
        answer = client.get("/metrics", headers=BEARER)
        assert answer.status_code == 200
        return samples_of(answer.content.decode())

    return read


def test_without_a_token_in_the_settings_metrics_do_not_exist(settings, client):
    settings.OPERATOR_TOKEN = ""
    for headers in ({}, {"Authorization": "Bearer "}, BEARER):
        assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong", f"Basic {TOKEN}"])
def test_metrics_require_the_token(settings, client, given):
    settings.OPERATOR_TOKEN = TOKEN
    answer = client.get("/metrics", headers={"Authorization": given})
    assert answer.status_code == 401
    assert b"todo_" not in answer.content


def test_an_administrator_is_not_an_operator(settings, administrator_api):
    settings.OPERATOR_TOKEN = TOKEN
    assert administrator_api.get("/metrics").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", "/livez", ("GET", "livez", "200")),
        ("GET", "/api/v1/todos?search=x", ("GET", "api:todos", "401")),
        ("POST", "/api/v1/nowhere/4711", ("POST", "unmatched", "404")),
        ("GET", "/static/none.css", ("GET", "static", "404")),
        ("BREW", "/livez", ("OTHER", "livez", "405")),
    ],
)
def test_requests_count_by_the_names_of_routes(client, db, method, path, labels):
    def count():
        names = dict(zip(("method", "route", "status"), labels, strict=True))
        return REGISTRY.get_sample_value("todo_requests_total", names) or 0

    before = count()
    client.generic(method, path)
    assert count() == before + 1


def test_metrics_show_the_age_of_each_heartbeat(operator, db):
    now = timezone.now()
    Heartbeat.objects.beat("worker", now - timedelta(seconds=900))
    read = operator()
    assert read["todo_heartbeat_age_seconds"][("worker",)] == pytest.approx(900, abs=60)
    assert read["todo_release_info"] == {(settings.RELEASE,): 1}
    assert read["todo_database_up"] == {(): 1}


def test_metrics_show_how_far_a_scheduled_task_is_behind(operator, db):
    name = "accounts.tasks.prune"
    slot = registry.tasks[name].schedule.latest_slot(timezone.now())
    TaskSchedule.objects.create(name=name, slot=slot - timedelta(hours=1))
    TaskSchedule.objects.create(name="removed.task", slot=slot)
    lag = operator()["todo_task_lag_seconds"]
    assert lag.keys() == {(name,)}
    assert lag[name,] == pytest.approx(3600, abs=300)  # a slot may begin meanwhile


def test_scraping_takes_three_statements(operator, db, django_assert_num_queries):
    with django_assert_num_queries(3):  # heartbeats, task schedules, the last backup
        operator()


# --- Real servers ----------------------------------------------------------------


class Server:
    """uWSGI with three workers that are recycled after a few requests."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.url = f"http://{address}"
        environment = os.environ | {
            "DATA_DIR": str(folder),
            "OPERATOR_TOKEN": TOKEN,
            "DATABASE_URL": f"sqlite:///{folder}/todo.sqlite3",
        }
        command = (
            f"{sys.prefix}/bin/uwsgi --http-socket {address} --virtualenv {sys.prefix} "
            "--module todo_project.wsgi:application --need-app --master --lazy-apps "
            "--processes 3 --max-requests 40 --enable-threads --single-interpreter "
            "--min-worker-lifetime 0 --worker-reload-mercy 5 --disable-logging "
            "--die-on-term"
        )
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                command.split(),
                cwd=ROOT,
                env=environment | variables,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def get(self, path: str, **options) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(self.url + path, timeout=60, **options)

    def is_up(self) -> bool:
        try:
            return self.get("/api/v1/nowhere").status_code == 404
        except requests.ConnectionError:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            return False

    def samples(self):
        answer = self.get("/metrics", headers=BEARER)
        assert answer.status_code == 200, answer.text
        return samples_of(answer.text)

    def livez_count(self) -> int:
        """Return the number of successful requests to /livez in the metrics."""
        counted = self.samples()["todo_requests_total"]
        return int(counted.get(("GET", "livez", "200"), 0))

    def probe_livez(self, times: int) -> None:
        """Request /livez this many times, a few at once; assert that all succeed."""
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: self.get("/livez"), range(times)))
        assert {answer.status_code for answer in answers} == {200}


@contextmanager
def serving(folder: Path, **variables: str) -> Iterator[Server]:
    server = Server(folder, **variables)
    try:
        wait_until(server.is_up, what="the server answers")
        yield server
    finally:
        server.process.terminate()
        server.process.wait(timeout=60)


def test_no_request_is_lost_or_counted_twice_when_workers_are_recycled(tmp_path):
    with serving(tmp_path) as server:
        server.probe_livez(200)  # enough to recycle each worker
        assert server.livez_count() == 200
        log = tmp_path / "log"
        # The master checks for ended workers, and logs them, once a second.
        wait_until(
            lambda: log.read_text().count("Respawned") >= 3,
            what="the recycled workers are logged",
        )
        assert server.samples()["todo_requests_in_flight"][("GET",)] == 1

        workers = children_of(server.process.pid)
        os.kill(workers[0], signal.SIGKILL)
        wait_until(
            lambda: set(children_of(server.process.pid)) - set(workers),
            what="another worker was started",
        )
        server.probe_livez(50)
        assert server.livez_count() == 250
        assert server.samples()["todo_requests_in_flight"][("GET",)] == 1

    with serving(tmp_path) as server:  # a restart continues the counters
        server.probe_livez(10)
        read = server.samples()
        assert server.livez_count() == 260
        assert read["todo_request_seconds_count"][("livez",)] == 260
        assert read["todo_request_seconds_bucket"][("+Inf", "livez")] == 260
    # As many files as concurrent processes; a recycled one may overlap briefly.
    assert len(list((tmp_path / "metrics").glob("counter_*.db"))) <= 5


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in listed.split()]


def test_a_power_cut_loses_only_the_corrupted_files(tmp_path):
    folder = tmp_path / "metrics"
    counters: list[Path] = []
    with serving(tmp_path) as server:
        while len(counters) < 2:  # the first worker may serve alone for a while
            server.probe_livez(4)
            counters = sorted(folder.glob("counter_*.db"))
        counted = server.livez_count()
    whole, corrupted = counters[0], folder / "counter_7.db"
    used = whole.read_bytes()
    (folder / "counter_8.db").write_bytes(b"\x00\x02\x00\x00" + bytes(4096))  # zeros
    (folder / "counter_9.db").write_bytes(used[: len(used) // 900])  # cut
    corrupted.write_bytes(used[:8] + os.urandom(4096))
    (folder / "histogram_8.db").write_bytes(b"")
    (folder / "else.db").write_bytes(b"not one of ours")
    counters[1].write_bytes(b"\xff" * 1000)  # its number is used again
    with serving(tmp_path) as server:
        server.probe_livez(1)
        assert 1 <= server.livez_count() <= counted + 1


def test_metrics_are_served_without_the_database(tmp_path):
    away = f"postgres://nobody@/none?host={tmp_path}"
    with serving(tmp_path, DATABASE_URL=away, SECRET_KEY="x" * 50) as server:
        server.probe_livez(3)
        read = server.samples()
    assert read["todo_database_up"] == {(): 0}
    assert read["todo_requests_total"][("GET", "livez", "200")] == 3
    assert "todo_heartbeat_age_seconds" not in read


def test_the_queue_of_an_unreachable_broker_is_left_out(tmp_path):
    broker = f"unix://{tmp_path}/none.sock"
    with serving(tmp_path, REDIS_URL=broker) as server:
        assert "todo_queue_depth" not in server.samples()


def test_without_a_shared_folder_the_service_starts_anyway(tmp_path):
    (tmp_path / "metrics").write_text("in the way")
    with serving(tmp_path) as server:
        server.probe_livez(1)
        assert server.get("/metrics", headers=BEARER).status_code == 200
    assert "metrics are not shared" in (tmp_path / "log").read_text()

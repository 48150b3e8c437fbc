"""The simple installation: gunicorn or uWSGI over HTTP, with the background process."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import psutil
import pytest

from tests.live import smoke
from tests.live.embedded import GUNICORN, SERVER, UWSGI, Embedded
from tests.live.stack import Client
from tests.live.waiting import wait_until

SLOW = {"gunicorn": 50, "uwsgi": 8}  # clients at once
BODY = b'{"content":"Slow"}'
ALL_OK = dict.fromkeys(("database", "migrations", "writes", "background"), "ok")
DISK_FULL = ALL_OK | {"writes": "failed", "background": "unknown"}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data with all tables, static files and an administrator.

    The first start has made them. Its output is in the folder, as `first.log`, and what
    it answered to other names as `names.json`.
    """
    folder = tmp_path_factory.mktemp("embedded") / "prepared"
    folder.mkdir()
    with Embedded(folder, HOST="0.0.0.0") as server:  # noqa: S104
        server.start(SERVER, seconds=240)  # it makes the tables and the static files
        with server.client() as client:
            statuses = {
                name: client.get("/admin/login/", headers={"Host": name}).status_code
                for name in (*own_names(), "localhost", "evil.test")
            }
        server.signal(signal.SIGTERM)
        server.wait_ended()
    server.log.rename(folder / "first.log")
    (folder / "names.json").write_text(json.dumps(statuses))
    return folder


def own_names() -> list[str]:
    """Return the name and the IPv4 addresses of this machine."""
    done = subprocess.run(
        ["hostname", "--all-ip-addresses"],  # noqa: S607
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [socket.gethostname(), *(a for a in done.stdout.split() if "." in a)]


def test_the_first_start_ends_with_address_user_and_password(prepared: Path):
    log = (prepared / "first.log").read_text()
    before, _, end = log.partition("\n  Todo service: ")
    assert "Requests for these names are accepted: localhost, 127.0.0.1, " in before
    for step in ("Preparing the database.", "Collecting the static", "Starting the"):
        assert step in before
    lines = [line for line in end.splitlines() if not line.startswith("{")]
    assert re.fullmatch(r"http://localhost:\d+/  \(press Ctrl-C to stop\)", lines[0])
    others = [line for line in lines if line.startswith("  From other machines: ")]
    assert len(others) >= len(own_names())
    user, password, blank, *stopping = lines[1 + len(others) :]
    assert user == "  Administrator: admin"
    assert re.fullmatch(r"  Password: \w{20}", password)
    assert blank == ""
    assert [line for line in stopping if "ready in" in line or "spawned" in line] == []


def test_a_server_for_all_addresses_answers_to_those_of_the_machine(prepared: Path):
    statuses = json.loads((prepared / "names.json").read_text())
    assert statuses.pop("evil.test") == 421
    assert set(statuses.values()) == {200}


@pytest.fixture
def data(prepared: Path, tmp_path: Path) -> Path:
    # The commands pipe of a server that was stopped can stay behind.
    no_pipes = shutil.ignore_patterns("*.fifo")
    return Path(shutil.copytree(prepared, tmp_path / "data", ignore=no_pipes))


@pytest.fixture(params=[UWSGI, GUNICORN], ids=["uwsgi", "gunicorn"])
def command(request: pytest.FixtureRequest) -> list[str]:
    return list(request.param)


@pytest.fixture
def server(command: list[str], data: Path) -> Iterator[Embedded]:
    with Embedded(data) as running:
        running.start(command)
        yield running


def half_sent(server: Embedded, *, key: str = "") -> socket.socket:
    """Return a connection over which a request began, its body but for the end."""
    connection = half_headed(server)
    connection.sendall(
        b"x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (key.encode(), len(BODY), BODY[:-1])
    )
    return connection


def half_headed(server: Embedded) -> socket.socket:
    """Return a connection over which a request began, its headers but for the end."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    connection.sendall(b"POST /api/v1/todos HTTP/1.1\r\nHost: localhost\r\nX-Half: ")
    return connection


@pytest.mark.parametrize(
    "variables", [{}, {"APP_SERVER": "uwsgi"}], ids=["gunicorn", "uwsgi"]
)
def test_both_servers_serve_the_service(data: Path, variables: dict[str, str]):
    with Embedded(data, **variables) as server:
        server.start(SERVER)
        check_service(server)


def check_service(server: Embedded) -> None:
    with server.client(key=server.new_key()) as client:
        smoke.check(client, server.url)
        for host, status in (("localhost:1", 421), (f"localhost:{server.port}", 200)):
            answer = client.get("/admin/login/", headers={"Host": host})
            assert answer.status_code == status, host


def test_slow_clients_do_not_block_others(server: Embedded, command: list[str]):
    kind = "uwsgi" if command == UWSGI else "gunicorn"
    with ExitStack() as slow, server.client() as client:
        for _ in range(SLOW[kind]):
            slow.enter_context(half_headed(server))
            slow.enter_context(half_sent(server))
        for _ in range(20):
            # After four seconds uWSGI gives up on a body.
            assert client.get("/livez", timeout=3).status_code == 200


def test_slow_uploads_do_not_block_others(server: Embedded, command: list[str]):
    key = server.new_key()
    files = server.data / "media" / "files"
    with ExitStack() as slow, server.client(key=key) as client:
        todo = client.post("/api/v1/todos", json={"content": "With files"}).json()
        count = SLOW["uwsgi" if command == UWSGI else "gunicorn"]
        for _ in range(count):
            slow.enter_context(half_uploaded(server, todo["id"], key))
        wait_until(
            lambda: len(list(files.glob("??/*"))) == count,
            what="all of them are being received",
        )
        for _ in range(20):
            assert client.get("/api/v1/todos", timeout=3).status_code == 200


def half_uploaded(server: Embedded, todo: str, key: str) -> socket.socket:
    """Return a connection over which a file is sent, all of it but for the end."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    connection.sendall(
        f"POST /api/v1/todos/{todo}/attachments HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/pdf\r\n"
        "Content-Length: 2000001\r\n\r\n".encode()
        + b"x" * 2_000_000
    )
    return connection


def test_a_body_that_is_not_read_does_not_lose_the_response(server: Embedded):
    """A socket that is closed with unread content loses what was written to it."""
    body = b"x" * 900_000
    with server.client() as client:
        answers = [client.post("/api/v1/todos", data=body) for _ in range(30)]
    assert {answer.status_code for answer in answers} == {401}


@pytest.mark.parametrize("size", [3_000_000, 10_000_000])
def test_a_body_beyond_the_limit_is_refused_with_a_response(
    server: Embedded, size: int
):
    with server.client() as client:
        answer = client.post("/api/v1/todos", data=b"x" * size)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert client.get("/livez").status_code == 200


@pytest.mark.parametrize(
    ("command", "size"),
    [(UWSGI, 30_000), (GUNICORN, 70_000)],  # what uWSGI's protocol can carry, and more
    ids=["uwsgi", "gunicorn"],
)
def test_an_address_or_header_beyond_the_limit_is_refused_with_a_response(
    server: Embedded, size: int
):
    long = "a" * size
    with server.client() as client:
        address = client.get(f"/api/v1/todos?search={long}")
        header = client.get("/api/v1/todos", headers={"X-Long": long})
        assert client.get("/livez").status_code == 200
    assert (address.status_code, address.json()["code"]) == (414, "address_too_long")
    assert (header.status_code, header.json()["code"]) == (431, "headers_too_large")


def test_a_client_that_waits_before_it_sends_a_body_is_told_to(server: Embedded):
    """curl does so for large bodies (RFC 9110 §10.1.1)."""
    with half_headed(server) as connection:
        headers = f"x\r\nAuthorization: Bearer {server.new_key()}\r\n"
        headers += f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n"
        connection.sendall(f"{headers}Expect: 100-continue\r\n\r\n".encode())
        assert connection.recv(21) == b"HTTP/1.1 100 Continue"
        connection.sendall(BODY)
        answered = b""
        while b"\r\nX-Request-ID" not in answered:
            answered += connection.recv(4096)
    assert b"HTTP/1.1 201 " in answered


def test_a_running_request_is_finished_on_sigterm(server: Embedded):
    with half_sent(server, key=server.new_key()) as slow:
        wait_until(server.is_reading, what="a worker reads the request")
        server.signal(signal.SIGTERM)
        slow.sendall(BODY[-1:])
        assert slow.recv(12) == b"HTTP/1.1 201"
    server.wait_ended()


@pytest.mark.parametrize("command", [UWSGI], ids=["uwsgi"])
def test_sigterm_ends_a_worker_that_is_loading(server: Embedded):
    old = server.workers()
    old[0].kill()
    wait_until(
        lambda: any(map(is_loading, set(server.workers()) - set(old))),
        every=0.01,
        what="another worker loads the application",
    )
    server.signal(signal.SIGTERM)
    server.wait_ended()


def is_loading(worker: psutil.Process) -> bool:
    """Return whether it has begun: parts of Python are there that its master lacks."""
    return any("_decimal" in each.path for each in worker.memory_maps())


def test_ctrl_c_ends_all_processes_at_any_time(server: Embedded):
    with half_sent(server, key=server.new_key()):
        wait_until(server.is_reading, what="a worker reads the request")
        os.killpg(server.pid, signal.SIGINT)
        server.wait_ended()


def test_leftovers_of_a_killed_master_do_not_block_a_restart(server: Embedded, command):
    with half_sent(server, key=server.new_key()):
        wait_until(server.is_reading, what="a worker reads the request")
        server.signal(signal.SIGKILL)
        server.wait_ended()
    server.start(command)


@pytest.mark.parametrize("command", [UWSGI], ids=["uwsgi"])
def test_touching_the_reload_file_reloads_workers_and_background(server: Embedded):
    old = [*server.workers(), *server.background()]
    assert len(old) == 3
    with server.client() as client:

        def is_renewed() -> bool:
            assert client.get("/livez").status_code == 200
            running = [process for process in old if process.is_running()]
            if len(running) == len(old):
                # The master begins to watch the file after its workers have started.
                (server.data / "run" / "reload").touch()
            return not running

        # uWSGI renews one worker after the other; one whose threads do not end is
        # killed after worker-reload-mercy, 32 seconds.
        wait_until(is_renewed, seconds=120, every=0.5, what="all of them are new")


def test_a_killed_background_process_is_restarted(server: Embedded):
    (old,) = server.background()
    old.kill()
    wait_until(
        lambda: server.background() and not old.is_running(),
        what="it is back",
    )


@pytest.fixture
def small_data(prepared: Path, tmp_path: Path) -> Iterator[Path]:
    """The prepared data on a file system of its own, which is soon full."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk))
    if done.returncode:
        pytest.skip(f"A file system cannot be mounted here: {done.stderr.strip()}")
    try:
        no_pipes = shutil.ignore_patterns("*.fifo")
        yield Path(shutil.copytree(prepared, disk / "data", ignore=no_pipes))
    finally:
        # Lazy, because processes of the server may still be ending.
        subprocess.run(["umount", "--lazy", str(disk)], check=True)  # noqa: S603, S607


def mount(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        ["mount", *arguments],  # noqa: S607
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def fill(folder: Path) -> Path:
    """Fill the disk of the folder; return the file whose removal frees it again."""
    with closing(sqlite3.connect(folder / "todo.sqlite3", timeout=20)) as database:
        # Otherwise writes would go on in the space that the log already has.
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    filling = folder / "filling"
    with filling.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    return filling


def test_a_full_disk_makes_it_unavailable_until_there_is_space(small_data, command):
    with Embedded(small_data) as server:
        server.start(command)
        processes = psutil.Process(server.pid).children()
        with server.client(key=server.new_key()) as client:
            filling = fill(small_data)
            wait_until(lambda: checks_of(client) == DISK_FULL, what="its writes fail")
            assert client.post(smoke.TODOS, data={"content": "x"}).status_code == 503
            assert client.get(smoke.TODOS).status_code == 200
            filling.unlink()
            wait_until(lambda: checks_of(client) == ALL_OK, what="it works again")
            assert client.post(smoke.TODOS, data={"content": "x"}).status_code == 201
        assert psutil.Process(server.pid).children() == processes  # none crashed


def checks_of(client: Client) -> dict[str, str]:
    """Return what the worker that answers has found within the last second."""
    answer = client.get("/readyz")
    checks: dict[str, str] = answer.json()["checks"]
    assert answer.ok == (checks["writes"] == "ok")
    return checks


def refused(data: Path, **variables: str) -> str:
    """Return what script/server says when it does not start."""
    done = subprocess.run(  # noqa: S603
        SERVER,
        env=Embedded(data).env | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS", "true"),
        ("WEB_PROCESSES", "many"),
        ("PORT", "0"),
        ("APP_SERVER", "apache"),
    ],
)
def test_invalid_settings_stop_start_up_with_one_line(tmp_path, name, value):
    said = refused(tmp_path / "data", **{name: value})
    assert said.startswith(name)
    assert said.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_second_server_on_the_same_data_folder_is_refused(data: Path):
    with Embedded(data) as first:
        first.start(SERVER)
        assert refused(data).startswith("Another server uses")
        assert first.client().get("/livez").status_code == 200


def test_https_behind_a_trusted_proxy_does_not_loop(data: Path, command: list[str]):
    with Embedded(data, HTTPS="true", TRUSTED_PROXIES="127.0.0.1") as server:
        server.start(command)
        with server.client() as client:
            assert status_of_a_page(client, proto="https") == 200
            assert status_of_a_page(client, proto="http") == 301


def status_of_a_page(client: Client, *, proto: str) -> int:
    headers = {"X-Forwarded-Proto": proto}
    page = client.get("/admin/login/", headers=headers, allow_redirects=False)
    return int(page.status_code)

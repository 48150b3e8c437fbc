"""The images and compose.yaml, run as far as that goes without an engine.

Not collected with the other tests: script/drill builds the images first.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import stat
import threading
from pathlib import Path
from uuid import uuid4

import pytest

from tests.drill.guide import Compose, commands
from tests.live.waiting import wait_until

EXAMPLE = "todo-0.1.0-20270131T180000Z.tar"  # what the guide calls an archive
PICTURE = "/data/media/public/face.png"
COMPILERS = {"gcc", "cc", "c++", "g++", "clang", "ld", "make", "pip", "pip3"}


@pytest.fixture(params=["app", "nginx"])
def image(request, images):
    return images[request.param]


def files_of(root: Path) -> list[Path]:
    return [
        Path(folder) / name
        for folder, _, names in os.walk(root)
        for name in names
        if stat.S_ISREG((Path(folder) / name).lstat().st_mode)
    ]


def test_images_contain_no_compiler_and_no_installer(image):
    found = {path.name for path in files_of(image.root)} & COMPILERS
    assert found == set()


def test_images_contain_nothing_of_the_build_machine(image):
    pip_conf = image.root / "etc/pip.conf"
    assert not pip_conf.exists() or not pip_conf.read_bytes()
    trust = Path(os.environ["DRILL_TRUST"])
    ours = hashlib.sha256(trust.read_bytes()).digest()
    size = trust.stat().st_size
    for path in files_of(image.root):
        if path.stat().st_size == size:
            assert hashlib.sha256(path.read_bytes()).digest() != ours, path


def test_images_contain_no_secrets_and_no_data(image):
    names = {str(path.relative_to(image.root)) for path in files_of(image.root)}
    assert not [name for name in names if re.search(r"(^|/)\.env$|secret_key$", name)]
    assert not [name for name in names if re.match(r"data/(?!static/)", name)]
    assert not [
        name for name in names if re.match(r"srv/todo/(var|tests|\.git)/", name)
    ]


def test_images_are_labelled_with_their_version(image):
    labels = image.config["Labels"]
    assert labels["org.opencontainers.image.version"] == "drill"


def test_all_services_are_healthy(client):
    answer = wait_until(
        lambda: (found := client.get("/readyz").json())["status"] == "ok" and found,
        seconds=60, what="all parts are well",
    )  # fmt: skip
    assert set(answer["checks"].values()) == {"ok"}
    assert {"database", "migrations", "cache", "broker", "beat", "worker"} <= set(
        answer["checks"]
    )


@pytest.mark.parametrize("name", ["nginx", "web-0", "web-files", "worker", "beat"])
def test_services_run_without_privileges(engine, name):
    status = engine.parts[name].status()
    assert status["Uid"].split() == ["10001"] * 4
    assert status["Groups"] == ""
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"


@pytest.mark.parametrize(
    ("name", "volumes"),
    [("nginx", "data/run"), ("web-0", "data/(run|media|metrics)|backups")],
)
def test_services_can_write_to_their_volumes_only(engine, name, volumes):
    find = "find / -xdev -writable -not -type l -not -type c 2>/dev/null || true"
    found = engine.run(name, "sh", "-c", find).split()
    allowed = re.compile(rf"/(tmp$|dev/shm$|({volumes})(/|$))")
    assert [path for path in found if not allowed.match(path)] == []


def test_the_basic_api_calls_work(client):
    made = client.post("/api/v1/todos", data={"content": "好好学习"})
    assert made.status_code == 201
    path = f"/api/v1/todos/{made.json()['id']}"
    assert client.get("/api/v1/todos").json()["results"][0]["content"] == "好好学习"
    assert client.put(f"{path}/finish").json()["is_finished"] is True
    assert client.delete(path).status_code == 204


def test_nginx_serves_the_static_files_of_pages(client):
    page = client.get("/admin/login/").text
    sheet = re.search(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', page)
    assert sheet is not None
    answer = client.get(sheet[1])
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]


def test_plain_http_is_redirected_to_https(client):
    answer = client.get("http://localhost:8080/admin/", allow_redirects=False)
    assert answer.status_code == 308
    assert answer.headers["Location"].startswith("https://localhost")


def test_static_files_of_the_previous_release_stay(engine, client):
    old = engine.volume("static") / "old.0123456789ab.css"
    old.write_text("a {}")
    engine.run("migrate")
    assert client.get("/static/old.0123456789ab.css").text == "a {}"


def test_maintenance_mode_starts_and_ends(engine, client):
    engine.run("nginx", "touch", "run/maintenance")
    assert client.get("/api/v1/todos").status_code == 503
    engine.run("nginx", "rm", "run/maintenance")
    assert client.get("/api/v1/todos").status_code == 200


def test_app_servers_are_replaced_without_a_failed_request(engine, client):
    answers: list[int] = []
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            answers.append(
                client.post(
                    "/api/v1/todos",
                    json={"content": "written while servers change"},
                    headers={"Idempotency-Key": str(uuid4())},
                ).status_code
            )

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for name in ("web-0", "web-1"):
        before = len(answers)
        for ending in ("sock", "api.sock"):  # docs/deploy.md says so
            engine.run(name, "rm", f"/data/run/{name}.{ending}")
        assert engine.parts[name].stop(signal.SIGTERM) == 0
        engine.start(name)
        engine.await_well(name)
        await_found(engine, name)
        assert len(answers) > before
    done.set()
    for writer in writers:
        writer.join()
    assert set(answers) == {201}


def await_found(engine, name: str) -> None:
    """Return when nginx passes requests to it again, as after the guide's pause."""
    served = served_by(engine, name)
    wait_until(
        lambda: served_by(engine, name) > served,
        what=f"nginx finds {name} again",
    )


def served_by(engine, name: str) -> int:
    """Return how many requests nginx has passed to it and to no other."""
    log = engine.parts["nginx"].log.read_text()
    return log.count(f'"upstream":"unix:/data/run/{name}.api.sock"')


@pytest.mark.parametrize(
    ("name", "number"),
    [("worker", signal.SIGTERM), ("beat", signal.SIGTERM), ("nginx", signal.SIGQUIT)],
)
def test_services_stop_gracefully(engine, name, number):
    assert engine.parts[name].stop(number) == 0
    engine.start(name)
    engine.await_well(name)


def test_a_backup_is_restored_as_in_the_guide(engine, folder, client):
    kept = client.post("/api/v1/todos", json={"content": "好好学习"}).json()
    engine.run("web-0", "sh", "-c", f"mkdir -p {PICTURE[:-9]} && echo png >{PICTURE}")
    follow(Compose(engine, {}), "docker compose exec -T web-0")
    (archive,) = (folder / "compose/backups").iterdir()
    late = client.post("/api/v1/todos", json={"content": "Too late"}).json()
    engine.run("web-0", "sh", "-c", f"echo changed >{PICTURE}")

    follow(Compose(engine, {EXAMPLE: archive.name}), "docker compose exec nginx touch")

    path = "/api/v1/todos/"
    assert client.get(path + kept["id"]).json() == kept
    assert client.get(path + late["id"]).status_code == 404
    assert client.get("/media/public/face.png").text == "png\n"
    before = folder / "compose/backups/media_before/public/face.png"
    assert before.read_text() == "changed\n"
    assert "ok" in engine.run("web-0", "python", "manage.py", "doctor")


def follow(compose: Compose, beginning: str) -> None:
    for line in commands(beginning):
        compose.run(line)

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


def test_an_image_holds_neither_compiler_nor_installer(image):
    found = {path.name for path in files_of(image.root)} & COMPILERS
    assert found == set()


def test_an_image_holds_nothing_of_the_machine_that_built_it(image):
    pip_conf = image.root / "etc/pip.conf"
    assert not pip_conf.exists() or not pip_conf.read_bytes()
    trust = Path(os.environ["DRILL_TRUST"])
    ours = hashlib.sha256(trust.read_bytes()).digest()
    size = trust.stat().st_size
    for path in files_of(image.root):
        if path.stat().st_size == size:
            assert hashlib.sha256(path.read_bytes()).digest() != ours, path


def test_an_image_holds_no_secret_and_no_data(image):
    names = {str(path.relative_to(image.root)) for path in files_of(image.root)}
    assert not [name for name in names if re.search(r"(^|/)\.env$|secret_key$", name)]
    assert not [name for name in names if re.match(r"data/(?!static/)", name)]
    assert not [
        name for name in names if re.match(r"srv/todo/(var|tests|\.git)/", name)
    ]


def test_an_image_says_its_version(image):
    labels = image.config["Labels"]
    assert labels["org.opencontainers.image.version"] == "drill"


def test_all_parts_are_well(client):
    answer = wait_until(
        lambda: (found := client.get("/readyz").json())["status"] == "ok" and found,
        seconds=60, what="all parts are well",
    )  # fmt: skip
    assert set(answer["checks"].values()) == {"ok"}
    assert {"database", "migrations", "cache", "broker", "beat", "worker"} <= set(
        answer["checks"]
    )


@pytest.mark.parametrize("name", ["nginx", "web-0", "worker", "beat"])
def test_a_part_runs_without_any_right(engine, name):
    status = engine.parts[name].status()
    assert status["Uid"].split() == ["10001"] * 4
    assert status["Groups"] == ""
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"


@pytest.mark.parametrize(
    ("name", "volumes"), [("nginx", "run"), ("web-0", "run|media|metrics")]
)
def test_a_part_can_write_nothing_but_its_volumes(engine, name, volumes):
    find = "find / -xdev -writable -not -type l -not -type c 2>/dev/null || true"
    found = engine.run(name, "sh", "-c", find).split()
    allowed = re.compile(rf"/(tmp$|dev/shm$|data/({volumes})(/|$))")
    assert [path for path in found if not allowed.match(path)] == []


def test_the_four_calls_are_answered(client):
    made = client.post("/api/v1/todos", data={"content": "好好学习"})
    assert made.status_code == 201
    path = f"/api/v1/todos/{made.json()['id']}"
    assert client.get("/api/v1/todos").json()["results"][0]["content"] == "好好学习"
    assert client.put(f"{path}/finish").json()["is_finished"] is True
    assert client.delete(path).status_code == 204


def test_nginx_serves_the_files_that_pages_name(client):
    page = client.get("/admin/login/").text
    sheet = re.search(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', page)
    assert sheet is not None
    answer = client.get(sheet[1])
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]


def test_plain_http_leads_to_tls(client):
    answer = client.get("http://localhost:8080/admin/", allow_redirects=False)
    assert answer.status_code == 308
    assert answer.headers["Location"].startswith("https://localhost")


def test_files_of_the_release_before_stay_when_the_next_migrates(engine, client):
    old = engine.volume("static") / "old.0123456789ab.css"
    old.write_text("a {}")
    engine.run("migrate")
    assert client.get("/static/old.0123456789ab.css").text == "a {}"


def test_the_switch_for_maintenance_closes_and_opens(engine, client):
    engine.run("nginx", "touch", "run/maintenance")
    assert client.get("/api/v1/todos").status_code == 503
    engine.run("nginx", "rm", "run/maintenance")
    assert client.get("/api/v1/todos").status_code == 200


def test_app_servers_are_replaced_and_no_request_fails(engine, client):
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
        engine.run(name, "rm", f"/data/run/{name}.sock")  # docs/deploy.md says so
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
    return log.count(f'"upstream":"unix:/data/run/{name}.sock"')


@pytest.mark.parametrize(
    ("name", "number"),
    [("worker", signal.SIGTERM), ("beat", signal.SIGTERM), ("nginx", signal.SIGQUIT)],
)
def test_a_part_ends_in_order_when_asked(engine, name, number):
    assert engine.parts[name].stop(number) == 0
    engine.start(name)
    engine.await_well(name)


def test_a_backup_comes_back_as_the_guide_says(engine, folder, client):
    kept = client.post("/api/v1/todos", json={"content": "好好学习"}).json()
    engine.run("web-0", "sh", "-c", f"mkdir -p {PICTURE[:-9]} && echo png >{PICTURE}")
    follow(Compose(engine, {}), "install -d -o 10001")
    (archive,) = (folder / "backups").iterdir()
    late = client.post("/api/v1/todos", json={"content": "Too late"}).json()
    engine.run("web-0", "sh", "-c", f"echo changed >{PICTURE}")

    follow(Compose(engine, {EXAMPLE: archive.name}), "docker compose exec nginx touch")

    path = "/api/v1/todos/"
    assert client.get(path + kept["id"]).json() == kept
    assert client.get(path + late["id"]).status_code == 404
    assert client.get("/media/public/face.png").text == "png\n"
    before = folder / "backups/media_before/public/face.png"
    assert before.read_text() == "changed\n"
    assert "ok" in engine.run("web-0", "python", "manage.py", "doctor")


def follow(compose: Compose, beginning: str) -> None:
    for line in commands(beginning):
        compose.run(line)

"""script/upgrade: another release, the way back, and releases that are refused."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.load import load_on
from tests.live.stack import Stack
from tests.live.test_reload import workers


@pytest.fixture(scope="module")
def second(started_stack: Stack) -> Path:
    """A release whose answers say another version."""
    folder = started_stack.copy_release("2")
    change(folder / "todo_project" / "settings.py", 'RELEASE = "', 'RELEASE = "2.')
    return folder


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def upgrade(stack: Stack, release: Path) -> subprocess.CompletedProcess[str]:
    return stack.operate(release / "script" / "upgrade")


@contextmanager
def setting(stack: Stack, name: str, value: str) -> Iterator[None]:
    """Let todo.env say this of a variable that it names."""
    path = stack.config / "todo.env"
    text = path.read_text()
    path.write_text(re.sub(rf"(?m)^{name}=.*", f"{name}={value}", text))
    try:
        yield
    finally:
        path.write_text(text)


def versions(stack: Stack, key: str) -> set[str]:
    """Return what version the workers say, each of which is asked, very probably."""
    with stack.client(key=key) as client:
        answers = [client.get("/api/v1/schema?format=json") for _ in range(20)]
    return {answer.json()["info"]["version"] for answer in answers}


def test_an_upgrade_and_the_way_back_lose_no_request(
    stack: Stack, key: str, second: Path
):
    first, before = stack.app.resolve(), versions(stack, key)
    beat = stack.pid("beat")
    with load_on(stack, key) as load:
        there = upgrade(stack, second)
        assert there.returncode == 0, there.stderr
        after = versions(stack, key)
        assert stack.pid("beat") != beat

        # Between releases that start uWSGI in different ways, workers are not enough.
        change(second / "deploy" / "uwsgi.ini", "master = true", "master = true\n")
        with setting(stack, "WEB_INSTANCES", "3"):  # as many as the next start makes
            back = upgrade(stack, first)
        assert back.returncode == 0, back.stderr

    assert load.failed == 0, load.told
    assert after == {f"2.{version}" for version in before}
    assert versions(stack, key) == before
    assert stack.app.resolve() == first


# Comes up wherever it is tried before it serves, and in the first app server.
FAILS_IN_THE_SECOND = """
if os.environ["INSTANCE"] == "1":
    raise RuntimeError("not here")
try:
    django ="""


@pytest.mark.parametrize("how", ["workers", "whole"])
def test_a_release_that_does_not_come_up_in_every_app_server_is_taken_back(
    stack: Stack, key: str, how: str
):
    first, before, parts = stack.app.resolve(), versions(stack, key), pids(stack)
    folder = stack.copy_release(f"4-{how}")
    change(folder / "todo_project" / "settings.py", 'RELEASE = "', 'RELEASE = "4.')
    change(
        folder / "static" / "look" / "base.css",
        "--accent: #",
        "--other: #1;--accent: #",
    )
    change(
        folder / "todo_project" / "wsgi.py", "\ntry:\n    django =", FAILS_IN_THE_SECOND
    )
    if how == "whole":
        change(folder / "deploy" / "uwsgi.ini", "master = true", "master = true\n")
    styles = stylesheets(stack)

    with load_on(stack, key) as load:
        done = upgrade(stack, folder)

    assert done.returncode == 1
    assert f"4-{how} did not come up in web-1" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("web-1.log. 1 serves.")
    assert load.failed == 0, load.told
    assert stack.app.resolve() == first
    assert versions(stack, key) == before
    assert pids(stack) == parts
    assert stylesheets(stack) == styles


def pids(stack: Stack) -> list[int]:
    return [stack.pid(name) for name in ("web:web-0", "web:web-1", "worker", "beat")]


def stylesheets(stack: Stack) -> set[str]:
    with stack.client() as client:
        pages = [client.get("/admin/login/").text for _ in range(20)]
    return {path for page in pages for path in re.findall(r"/static/[^\"]+\.css", page)}


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        ("todo_project/urls.py", "urlpatterns = [", "urlpatterns = [[",
         "3 is refused: its settings or its code do not pass the checks above."),
        ("deploy/uwsgi.ini", "need-app = true", "need-app = true\nneed-apps = true",
         "3 is refused: its app server does not answer"),
        ("todos/tasks.py", "import shared_task", "import shared_work",
         "3 is refused: its worker does not load"),
        ("deploy/nginx.conf", "sendfile on;", "sendfile maybe;",
         "3 is refused: nginx does not take its configuration"),
        ("static/look/base.css", "--accent: #", "background: url(missing.png); --a: #",
         "The static files could not be collected"),
    ],
    ids=["code", "app-server", "worker", "nginx", "static"],
)  # fmt: skip
def test_a_broken_release_is_refused_before_anybody_is_served_by_it(
    stack: Stack, path, old, new, told
):
    folder = stack.places.home / "releases" / "3"
    if not folder.exists():
        stack.copy_release("3")
    original = (folder / path).read_text()
    change(folder / path, old, new)
    current, running = stack.app.resolve(), workers(stack)

    done = upgrade(stack, folder)

    (folder / path).write_text(original)
    assert done.returncode == 1
    assert told in done.stderr.splitlines()[-1]
    assert stack.app.resolve() == current
    assert workers(stack) == running


@pytest.mark.parametrize(
    ("name", "value"),
    [("WEB_INSTANCES", "two"), ("WEB_PROCESSES", "0"), ("DATA_DIR", "data")],
)
def test_a_wrong_number_or_place_is_told_in_a_sentence(
    stack: Stack, second: Path, name, value
):
    current = stack.app.resolve()
    with setting(stack, name, value):
        done = upgrade(stack, second)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{name} must ")
    assert done.stderr.count("\n") == 1
    assert stack.app.resolve() == current

"""script/upgrade: upgrades, rollbacks, and releases that are refused."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from tests.live.copy_of_stack import empty_copy
from tests.live.load import load_on
from tests.live.stack import Stack
from tests.live.test_reload import workers
from tests.live.test_servers import asking
from tests.live.waiting import wait_until

SCRIPT, RELOAD = "script/upgrade", "script/rolling_reload.sh"
PARTS = ("web:web-0", "web:web-1", "web:web-files", "worker", "beat")
MIGRATION = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("todos", "{last}")]
    operations = [
        migrations.AddField("label", "shade", models.CharField(max_length=9, null=True))
    ]
"""
FIELD = "    shade = models.CharField(max_length=9, null=True)\n"
NEWEST = "9999_of_the_next_release"


@pytest.fixture(scope="module")
def second(started_stack: Stack) -> Iterator[Path]:
    """A release with another look, a column more, and other files for the machine."""
    folder = copy_with_another_look(started_stack, "2")
    migrations = folder / "todos" / "migrations"
    last = max(path.stem for path in migrations.glob("0*.py"))
    (migrations / f"{NEWEST}.py").write_text(MIGRATION.format(last=last))
    objects = "    objects = OfListQuerySet.as_manager()\n"
    change(folder / "todos" / "models" / "labels.py", objects, f"{FIELD}{objects}")
    change(folder / "deploy" / "todo.service", "RestartSec=1", "RestartSec=2")
    change(folder / "deploy" / "site" / "main.conf", "auto;", "auto; # as before")
    (folder / "deploy" / "site" / "more.conf").write_text("# New\n")
    yield folder
    started_stack.sql("DELETE FROM django_migrations WHERE name = %s", NEWEST)
    started_stack.sql("ALTER TABLE todos_label DROP COLUMN IF EXISTS shade")


def copy_with_another_look(stack: Stack, name: str) -> Path:
    folder = stack.copy_release(name)
    change(
        folder / "todo_project" / "settings.py", 'RELEASE = "', f'RELEASE = "{name}.'
    )
    change(
        folder / "static" / "look" / "base.css", "--accent: #", "--a: #0;--accent: #"
    )
    return folder


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@contextmanager
def changed(path: Path, old: str, new: str) -> Iterator[None]:
    original = path.read_text()
    change(path, old, new)
    try:
        yield
    finally:
        path.write_text(original)


def upgrade(stack: Stack, release: Path) -> subprocess.CompletedProcess[str]:
    return stack.operate(release / SCRIPT)


@contextmanager
def setting(stack: Stack, name: str, value: str) -> Iterator[None]:
    """Let todo.env say this of a variable that it names."""
    was = stack.places.settings[name]
    with changed(stack.config / "todo.env", f"{name}={was}\n", f"{name}={value}\n"):
        yield


def looks(stack: Stack) -> set[str]:
    """Return what the workers show, each of which is asked, very probably."""
    with stack.client() as client:
        pages = [client.get("/admin/login/") for _ in range(20)]
    assert {page.status_code for page in pages} == {200}
    return {
        path for page in pages for path in re.findall(r"look/base[^\"]+", page.text)
    }


@pytest.fixture
def unit(stack: Stack) -> Iterator[Path]:
    """The unit of systemd, as the first release has it."""
    path = Path(stack.places.settings["UNIT_FILE"])
    path.write_bytes((stack.app / "deploy" / "todo.service").read_bytes())
    yield path
    path.unlink()


def pids(stack: Stack, *programs: str) -> list[int]:
    return [stack.pid(program) for program in programs]


def test_a_killed_upgrade_and_a_rollback_lose_no_request(
    stack: Stack, key: str, second: Path, unit: Path
):
    first, before, beat = stack.app.resolve(), looks(stack), stack.pid("beat")
    files = stack.config / "site" / "upstream_files.conf"
    files.unlink()  # as before there was an app server for files
    with load_on(stack, key) as load:
        with changed(second / RELOAD, "|| roll_back", "&& kill -KILL $$ || roll_back"):
            killed = upgrade(stack, second)  # one app server after
        there = upgrade(stack, second)
        assert there.returncode == 0, there.stderr
        after = looks(stack)
        assert stack.pid("beat") != beat
        assert loaded_for_files(stack) == second
        assert f"server unix:{stack.data}/run/web-files.sock " in files.read_text()
        assert "RestartSec=2" in unit.read_text()
        assert (stack.config / "site" / "more.conf").exists()
        assert "site/main.conf has changed in this release." in there.stderr
        assert "When convenient, run: systemctl restart todo" in there.stderr

        # Between releases that start uWSGI in different ways, workers are not enough.
        change(second / "deploy" / "uwsgi.ini", "master = true", "master = true\n")
        with setting(stack, "WEB_INSTANCES", "3"):  # as many as the next start makes
            back = upgrade(stack, first)
        assert back.returncode == 0, back.stderr
        assert "RestartSec=1" in unit.read_text()

    assert load.failed == 0, load.result
    assert killed.returncode == -signal.SIGKILL
    assert len(after) == 1
    assert after != before
    assert looks(stack) == before
    assert loaded_for_files(stack) == stack.app.resolve() == first
    stack.wait_ready()  # whose tables have a migration that this release does not know


def loaded_for_files(stack: Stack) -> Path:
    """Return the release of the app server for files."""
    release, result = (stack.data / "run" / "web-files.release").read_text().split()
    assert result == "loaded"
    return Path(release)


def test_an_edited_unit_is_kept_and_reported(stack: Stack, second: Path, unit: Path):
    first = stack.app.resolve()
    change(unit, "RestartSec=1", "RestartSec=9")
    there = upgrade(stack, second)
    back = upgrade(stack, first)
    assert (there.returncode, back.returncode) == (0, 0), there.stderr + back.stderr
    assert f"but {unit} was edited." in there.stderr
    assert "RestartSec=9" in unit.read_text()


def test_an_upgrade_with_gunicorn_loses_no_request(
    stack: Stack, key: str, second: Path, unit: Path
):
    first, before = stack.app.resolve(), looks(stack)
    with gunicorn_in(first, second):
        stack.supervisor("restart", "web:*")
        stack.wait_ready()
        assert is_gunicorn(stack)
        # Not more load than half of the app servers can take.
        with asking(stack, key):
            there = upgrade(stack, second)
        after = looks(stack)
        back = upgrade(stack, first)
        assert is_gunicorn(stack)
    stack.supervisor("restart", "web:*")
    assert (there.returncode, back.returncode) == (0, 0), there.stderr + back.stderr
    assert len(after) == 1
    assert after != before == looks(stack)


@contextmanager
def gunicorn_in(*releases: Path) -> Iterator[None]:
    """Let the releases start gunicorn, whatever the environment of supervisord says."""
    with ExitStack() as changes:
        for release in releases:
            serve = release / "deploy" / "serve"
            changes.enter_context(changed(serve, "${APP_SERVER:-uwsgi}", "gunicorn"))
        yield


def is_gunicorn(stack: Stack) -> bool:
    masters = [psutil.Process(stack.pid(f"web:web-{number}")) for number in (0, 1)]
    return all("gunicorn" in " ".join(master.cmdline()) for master in masters)


def test_a_backup_after_a_rollback_is_restored_by_the_later_release(
    stack: Stack, key: str, second: Path, tmp_path: Path
):
    with stack.client(key=key) as client:
        inbox = client.get("/api/v1/lists").json()["results"][0]["id"]
        made = client.post("/api/v1/labels", json={"list": inbox, "name": "kept"})
        assert made.status_code == 201, made.text
    migrated = stack.operate(
        second / ".venv/bin/python", second / "manage.py", "migrate", "--no-input"
    )
    assert migrated.returncode == 0, migrated.stderr
    stack.sql("UPDATE todos_label SET shade = 'dark' WHERE name = 'kept'")

    done = stack.manage("backup", "--output", str(tmp_path / "archive.tar"))
    assert done.returncode == 0, done.stderr
    assert f"of a later release: todos.{NEWEST}." in done.stderr
    with empty_copy(stack, tmp_path) as copy:
        copy.manage("migrate", "--verbosity", "0", release=second)
        copy.manage("restore", str(tmp_path / "archive.tar"), release=second)
        kept = copy.sql("SELECT shade FROM todos_label WHERE name = 'kept'")
    assert kept == [("dark",)]


def test_an_upgrade_killed_during_its_checks_leaves_nothing_behind(
    stack: Stack, second: Path
):
    current = stack.app.resolve()
    with changed(second / SCRIPT, "if await 60 has", "kill -KILL $$; if await 60 has"):
        killed = upgrade(stack, second)
    assert killed.returncode == -signal.SIGKILL
    assert stack.app.resolve() == current
    wait_until(lambda: not tried(second), what="the tried app is gone")


def tried(release: Path) -> list[psutil.Process]:
    """Return the app servers that were started to see whether they start."""
    found = psutil.process_iter(["cmdline", "environ"])
    return [
        process
        for process in found
        if f"{release}/deploy/uwsgi.ini" in (process.info["cmdline"] or [])
        and (process.info["environ"] or {}).get("APP") == str(release)
    ]


# Comes up wherever it is tried before it serves, and in the first app server.
FAILS_IN_THE_SECOND = """
if os.environ["INSTANCE"] == "1":
    raise RuntimeError("not here")
try:
    django ="""


@pytest.mark.parametrize("how", ["workers", "whole"])
def test_a_release_that_does_not_start_everywhere_is_rolled_back(
    stack: Stack, key: str, how: str
):
    first, before, parts = stack.app.resolve(), looks(stack), pids(stack, *PARTS)
    folder = copy_with_another_look(stack, f"4-{how}")
    change(
        folder / "todo_project" / "wsgi.py", "\ntry:\n    django =", FAILS_IN_THE_SECOND
    )
    if how == "whole":
        change(folder / "deploy" / "uwsgi.ini", "master = true", "master = true\n")

    with load_on(stack, key) as load:
        done = upgrade(stack, folder)

    assert done.returncode == 1
    assert f"4-{how} did not start in web-1" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("web-1.log). 1 is running.")
    assert load.failed == 0, load.result
    assert stack.app.resolve() == first
    assert looks(stack) == before
    assert pids(stack, *PARTS) == parts


# As above, where an app server has two workers: it is tried with one.
FAILS_IN_THE_FIRST = """
if os.environ["INSTANCE"] == "0" and os.environ["WEB_PROCESSES"] != "1":
    raise RuntimeError("not here")
try:
    django ="""


def test_a_rollback_includes_instances_of_an_interrupted_upgrade(stack: Stack):
    before, folder = looks(stack), copy_with_another_look(stack, "5")
    with changed(
        folder / SCRIPT, "        restart_others\n", "        kill -KILL $$\n"
    ):
        killed = upgrade(stack, folder)  # both app servers after
    assert killed.returncode == -signal.SIGKILL
    assert not looks(stack) & before
    change(
        folder / "todo_project" / "wsgi.py", "\ntry:\n    django =", FAILS_IN_THE_FIRST
    )

    done = upgrade(stack, folder)

    assert "5 did not start in web-0" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("web-0.log). 1 is running.")
    assert looks(stack) == before


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        ("todo_project/urls.py", "urlpatterns = [", "urlpatterns = [[",
         "3 is refused: its settings or its code do not pass the checks above."),
        ("deploy/uwsgi.ini", "need-app = true", "need-app = true\nneed-apps = true",
         "3 is refused: its app server does not respond"),
        ("todos/tasks.py", "Batches, scheduled_task", "Batches, scheduled_work",
         "3 is refused: its worker does not load"),
        ("deploy/nginx.conf", "sendfile on;", "sendfile maybe;",
         "3 is refused: nginx rejects its configuration"),
        ("static/look/base.css", "--accent: #", "background: url(missing.png); --a: #",
         "The static files could not be collected"),
    ],
    ids=["code", "app-server", "worker", "nginx", "static"],
)  # fmt: skip
def test_a_broken_release_is_refused_before_it_serves(
    stack: Stack, path, old, new, told
):
    folder = stack.places.home / "releases" / "3"
    if not folder.exists():
        stack.copy_release("3")
    current, running = stack.app.resolve(), workers(stack)

    with changed(folder / path, old, new):
        done = upgrade(stack, folder)

    assert done.returncode == 1
    assert told in done.stderr.splitlines()[-1]
    assert stack.app.resolve() == current
    assert workers(stack) == running


@pytest.mark.parametrize(
    ("name", "value"),
    [("WEB_INSTANCES", "two"), ("WEB_PROCESSES", "0"), ("DATA_DIR", "data")],
)
def test_invalid_numbers_and_folders_are_reported_in_one_line(
    stack: Stack, second: Path, name, value
):
    current = stack.app.resolve()
    with setting(stack, name, value):
        done = upgrade(stack, second)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{name} must ")
    assert done.stderr.count("\n") == 1
    assert stack.app.resolve() == current

"""A backup is a consistent snapshot in the right place, or is not written at all."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from math import inf
from pathlib import Path
from threading import Event as Signal
from threading import Thread

import pytest
from django.conf import settings as configured
from django.db import connection
from django.utils import timezone

from core.health import backup_age
from core.progress import Progress
from tests.commands.backups.archives import (
    Draft,
    everything,
    files_below,
    reset_database,
    without_epoch,
)
from tests.commands.running import command_line, environment, refusal, run, shell
from tests.conftest import NOW
from tests.todos.helpers import put
from tests.todos.threads import together
from todo_project.archive import write_archive
from todo_project.archive.files import find_files
from todo_project.archive.manifest import Part
from todos.models import NOTES_LENGTH, Todo

pytestmark = pytest.mark.django_db(transaction=True)


def test_concurrent_writes_are_not_included_and_not_blocked(owner, tmp_path, media):
    put(owner, None, "Before")

    def start_progress(what, total):
        if what == "Rows":
            (todo,) = together(partial(put, owner, None, "Meanwhile"))
            assert isinstance(todo, Todo)
        return Progress(what, total, stream=StringIO())

    before = everything()
    write_archive(tmp_path / "archive.tar", now=NOW, start_progress=start_progress)
    assert Todo.objects.filter(content="Meanwhile").exists()
    reset_database()
    run("restore", str(tmp_path / "archive.tar"))
    assert without_epoch(everything()) == without_epoch(before)


def test_a_backup_under_load_is_a_consistent_snapshot(
    owner, editor, todo_list, examine
):
    done = Signal()
    acknowledged: list[Todo] = []

    def write(person):
        try:
            number = 0
            while not done.is_set():
                todos = together(partial(put, person, todo_list, f"{person} {number}"))
                acknowledged.extend(row for row in todos if isinstance(row, Todo))
                number += 1
        finally:
            connection.close()

    writers = [Thread(target=write, args=(person,)) for person in (owner, editor)]
    for writer in writers:
        writer.start()
    try:
        while len(acknowledged) < 10:
            done.wait(0.01)
        written = {todo.pk for todo in acknowledged}
        path = run("backup").out.strip()
    finally:
        done.set()
        for writer in writers:
            writer.join(60)
    reset_database()
    run("restore", path)
    kept = set(Todo.objects.values_list("pk", flat=True))
    assert written <= kept <= {todo.pk for todo in acknowledged}
    assert examine() == (0, {})


def test_the_default_folder_is_readable_by_its_owner_only(owner, tmp_path):
    path = Path(run("backup").out.strip())
    assert path.parent == tmp_path / "backups"
    assert path.name.startswith(f"todo-{configured.RELEASE}-2")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_file_in_a_given_folder_is_named_after_the_time(owner, tmp_path):
    (tmp_path / "mine").mkdir()
    path = Path(run("backup", "--output", str(tmp_path / "mine")).out.strip())
    made = datetime.strptime(path.stem.split("-")[-1], "%Y%m%dT%H%M%S%z")
    assert abs((datetime.now(UTC) - made).total_seconds()) < 60


def test_an_existing_file_is_not_overwritten(owner, tmp_path):
    (tmp_path / "kept.tar").write_text("mine")
    message = refusal("backup", "--output", str(tmp_path / "kept.tar"))
    assert message == f"{tmp_path}/kept.tar exists already; it is not overwritten."
    assert (tmp_path / "kept.tar").read_text() == "mine"


def test_a_missing_folder_is_not_taken_for_a_file_name(owner, tmp_path):
    message = refusal("backup", "--output", str(tmp_path / "missing-folder"))
    assert "is neither a folder nor the name of a .tar file" in message
    assert not (tmp_path / "missing-folder").exists()


def test_an_archive_is_never_written_to_the_media_folder(owner, media):
    media.mkdir()
    message = refusal("backup", "--output", str(media))
    assert "is in the media folder" in message
    assert not list(media.iterdir())


def test_a_symbolic_link_among_the_files_stops_the_backup(owner, media, tmp_path):
    media.mkdir()
    (media / "link").symlink_to("/etc")
    message = refusal("backup")
    assert message == f"{media}/link is neither a file nor a folder."
    assert not list((tmp_path / "backups").iterdir())


def test_a_complete_backup_records_its_time(owner, tmp_path):
    assert backup_age(NOW).value == inf
    (tmp_path / "backups").write_text("not a folder")
    assert refusal("backup").startswith("No backup was written.")
    assert backup_age(NOW).value == inf
    (tmp_path / "backups").unlink()
    run("backup")
    age = backup_age(timezone.now()).value
    assert isinstance(age, float)
    assert 0 <= age < 60


def test_a_missing_parent_folder_is_reported_in_one_line(owner, tmp_path):
    message = refusal("backup", "--output", str(tmp_path / "none" / "archive.tar"))
    assert message.startswith("No backup was written. No such file or directory: ")


def test_a_full_disk_leaves_nothing_behind(populated, tmp_path):
    done = subprocess.run(  # noqa: S603
        ["bash", "-c", 'ulimit -f 8; "$@"', "-", *command_line("backup")],  # noqa: S607
        # Otherwise Python would leave truncated .pyc files in the repository.
        env=environment() | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    message = "CommandError: No backup was written. File too large.\n"
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(message)
    assert not list((tmp_path / "backups").iterdir())


def test_verify_lists_the_content_and_changes_nothing(archive, media):
    before = everything(), files_below(media)
    output = run("backup", "--verify", str(archive)).out
    assert f"release   {configured.RELEASE}" in output
    assert f"engine    {connection.vendor}" in output
    assert "files     5 (2,304,028 bytes)" in output
    (line,) = [line for line in output.splitlines() if " todos_todo " in line]
    assert int(line.split()[1]) == Todo.with_trash.count()
    assert (everything(), files_below(media)) == before


def test_verify_needs_no_database(archive):
    nowhere = "postgres://nobody@127.0.0.1:1/nothing"
    done = shell("backup", "--verify", str(archive), DATABASE_URL=nowhere)
    assert done.returncode == 0, done.stderr


def test_parts_with_large_rows_stay_within_the_size_limit(owner, tmp_path, monkeypatch):
    for _ in range(20):
        put(owner, None, notes="好" * NOTES_LENGTH)
    monkeypatch.setattr("todo_project.archive.writer.ROWS", 100_000)
    path = Path(run("backup", "--output", str(tmp_path / "archive.tar")).out.strip())
    parts = [part for part, _ in Draft.of(path).members if isinstance(part, Part)]
    assert sum(part.rows for part in parts if part.table == "todos_todo") == 20
    longest = 2 * 4 * NOTES_LENGTH  # bytes of one row, which is never divided
    assert max(part.unpacked for part in parts) < 100_000 + longest


def test_a_folder_that_is_deleted_meanwhile_is_left_out(owner, media):
    for name in ("a/1", "b/2", "c/3"):
        (media / name).parent.mkdir(parents=True)
        (media / name).write_bytes(b"x")
    found = find_files(media)
    assert next(found) == media / "a" / "1"
    shutil.rmtree(media / "b")
    assert list(found) == [media / "c" / "3"]

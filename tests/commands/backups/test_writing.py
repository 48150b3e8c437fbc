"""A backup is one whole moment, lies where it should, or was never made."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from pathlib import Path
from threading import Event as Signal
from threading import Thread

import pytest
from django.conf import settings as configured
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from core.progress import Progress
from tests.commands.backups.archives import (
    Draft,
    begin_anew,
    everything,
    files_below,
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


def test_what_is_written_meanwhile_is_not_in_it_and_does_not_wait(
    owner, tmp_path, media
):
    put(owner, None, "Before")

    def shown(what, total):
        if what == "Rows":
            (todo,) = together(partial(put, owner, None, "Meanwhile"))
            assert isinstance(todo, Todo)
        return Progress(what, total, stream=StringIO())

    before = everything()
    write_archive(tmp_path / "archive.tar", now=NOW, shown=shown)
    assert Todo.objects.filter(content="Meanwhile").exists()
    begin_anew()
    run("restore", str(tmp_path / "archive.tar"))
    assert without_epoch(everything()) == without_epoch(before)


def test_a_backup_among_writers_is_one_moment(owner, editor, todo_list, examine):
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
        told = {todo.pk for todo in acknowledged}
        path = run("backup").out.strip()
    finally:
        done.set()
        for writer in writers:
            writer.join(60)
    begin_anew()
    run("restore", path)
    kept = set(Todo.objects.values_list("pk", flat=True))
    assert told <= kept <= {todo.pk for todo in acknowledged}
    assert examine() == (0, {})


def test_it_lies_in_the_data_folder_for_its_owner_alone(owner, tmp_path):
    path = Path(run("backup").out.strip())
    assert path.parent == tmp_path / "backups"
    assert path.name.startswith(f"todo-{configured.RELEASE}-2")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_is_given_a_name_of_the_moment(owner, tmp_path):
    (tmp_path / "mine").mkdir()
    path = Path(run("backup", "--output", str(tmp_path / "mine")).out.strip())
    made = datetime.strptime(path.stem.split("-")[-1], "%Y%m%dT%H%M%S%z")
    assert abs((datetime.now(UTC) - made).total_seconds()) < 60


def test_nothing_is_overwritten(owner, tmp_path):
    (tmp_path / "kept.tar").write_text("mine")
    said = refusal("backup", "--output", str(tmp_path / "kept.tar"))
    assert said == f"{tmp_path}/kept.tar exists already; it is not overwritten."
    assert (tmp_path / "kept.tar").read_text() == "mine"


def test_a_folder_that_is_not_there_is_not_taken_for_the_name_of_a_file(
    owner, tmp_path
):
    said = refusal("backup", "--output", str(tmp_path / "backups-of-the-house"))
    assert "is no folder, and no name of a file in .tar" in said
    assert not (tmp_path / "backups-of-the-house").exists()


def test_files_that_are_served_hold_no_archive(owner, media):
    media.mkdir()
    said = refusal("backup", "--output", str(media))
    assert "lies among the files of people" in said
    assert not list(media.iterdir())


def test_a_link_among_the_files_is_told_rather_than_left_out(owner, media, tmp_path):
    media.mkdir()
    (media / "link").symlink_to("/etc")
    said = refusal("backup")
    assert said == f"{media}/link is neither a file nor a folder."
    assert not list((tmp_path / "backups").iterdir())


def test_a_database_of_a_later_release_is_not_copied_in_part(owner, tmp_path):
    MigrationRecorder(connection).record_applied("todos", "9999_later")
    said = refusal("backup")
    MigrationRecorder(connection).record_unapplied("todos", "9999_later")
    assert said.startswith("The database has seen todos.9999_later, which release ")
    assert not list((tmp_path / "backups").iterdir())


def test_a_folder_that_is_missing_is_a_sentence(owner, tmp_path):
    said = refusal("backup", "--output", str(tmp_path / "none" / "archive.tar"))
    assert said.startswith("No backup was made. No such file or directory: ")


def test_a_full_disk_leaves_nothing_behind(lived_in, tmp_path):
    done = subprocess.run(  # noqa: S603
        ["bash", "-c", 'ulimit -f 8; "$@"', "-", *command_line("backup")],  # noqa: S607
        # Python would leave halves of its own files in the repository.
        env=environment() | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = "CommandError: No backup was made. File too large.\n"
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(said)
    assert not list((tmp_path / "backups").iterdir())


def test_verify_tells_what_is_in_it_and_touches_nothing(archive, media):
    before = everything(), files_below(media)
    told = run("backup", "--verify", str(archive)).out
    assert f"release   {configured.RELEASE}" in told
    assert f"engine    {connection.vendor}" in told
    assert "files     5 (2,304,028 bytes)" in told
    (line,) = [line for line in told.splitlines() if " todos_todo " in line]
    assert int(line.split()[1]) == Todo.with_trash.count()
    assert (everything(), files_below(media)) == before


def test_verify_needs_no_database(archive):
    nowhere = "postgres://nobody@127.0.0.1:1/nothing"
    done = shell("backup", "--verify", str(archive), DATABASE_URL=nowhere)
    assert done.returncode == 0, done.stderr


def test_a_part_of_large_rows_is_no_larger_than_a_reader_takes(
    owner, tmp_path, monkeypatch
):
    for _ in range(20):
        put(owner, None, notes="好" * NOTES_LENGTH)
    monkeypatch.setattr("todo_project.archive.writer.ROWS", 100_000)
    path = Path(run("backup", "--output", str(tmp_path / "archive.tar")).out.strip())
    parts = [part for part, _ in Draft.of(path).members if isinstance(part, Part)]
    assert sum(part.rows for part in parts if part.table == "todos_todo") == 20
    longest = 2 * 4 * NOTES_LENGTH  # bytes of one row, which is never divided
    assert max(part.unpacked for part in parts) < 100_000 + longest


def test_a_folder_that_is_purged_meanwhile_is_part_of_no_archive(owner, media):
    for name in ("a/1", "b/2", "c/3"):
        (media / name).parent.mkdir(parents=True)
        (media / name).write_bytes(b"x")
    found = find_files(media)
    assert next(found) == media / "a" / "1"
    shutil.rmtree(media / "b")
    assert list(found) == [media / "c" / "3"]

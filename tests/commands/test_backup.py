"""A restored copy equals the original, row by row and file by file."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from pathlib import Path
from threading import Event as Signal
from threading import Thread

import pytest
from django.conf import settings as configured
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts.append_only import missing_triggers
from accounts.management.progress import Progress
from accounts.models import ApiKey, IdempotentAnswer, Role, User
from tests.commands.archives import begin_anew, epoch, everything, files_below
from tests.commands.running import command_line, environment, refusal, run, shell
from tests.conftest import NOW, browser_for, make_person
from tests.todos.helpers import put
from tests.todos.threads import together
from todo_project.archive import write_archive
from todos.models import Todo
from todos.services.todos import edit_todo
from todos.services.trash import trash_todo

pytestmark = pytest.mark.django_db(transaction=True)
ODD = "tab\t line\n return\r \\N \\ \b\f\v 'quote' \"two\" 好好学习 🪴 %s {0} \\. ,;"
FILES = {
    "avatars/a": b"",
    "avatars/b.png": bytes(range(256)) * 9000,
    "z é 好.txt": b"\0\xff",
    "a" * 200 + "/" + "b" * 200: b"deep",
}


@pytest.fixture(autouse=True)
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.DATA_DIR = tmp_path
    return tmp_path / "media"


@pytest.fixture
def lived_in(full, owner, owner_api, editor, media) -> None:
    """Rows of every kind: finished, trashed, answered, signed in, odd; and files."""
    edit_todo(actor=owner, todo=full, notes=ODD, now=NOW.replace(microsecond=1))
    trash_todo(actor=owner, todo=put(owner, None, "Gone"), now=timezone.now())
    owner_api.post("/api/v1/todos", {"content": ODD}, headers={"Idempotency-Key": "1"})
    browser_for(editor)
    Role.objects.create(name="helper")
    for name, content in FILES.items():
        path = media / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture
def archive(lived_in, tmp_path) -> Path:
    run("backup", "--output", str(tmp_path / "archive.tar"))
    return tmp_path / "archive.tar"


def without_epoch(rows):
    return {name: kept for name, kept in rows.items() if not name.endswith("llation")}


def empty(media: Path) -> None:
    begin_anew()
    media.rename(media.with_name("media before"))


def test_every_row_and_every_file_comes_back(archive, media, examine):
    before, life = everything(), epoch()
    for model in (ApiKey, IdempotentAnswer, Session, Todo):
        assert model._base_manager.exists(), model
    empty(media)
    done = run("restore", str(archive))
    assert "4 files are back" in done.err
    assert without_epoch(everything()) == without_epoch(before)
    assert files_below(media) == FILES
    assert epoch() != life
    assert missing_triggers() == []
    assert examine() == (0, {})


def test_what_clients_remember_is_void_afterwards(archive, media, owner_api):
    tag = owner_api.get("/api/v1/todos").headers["ETag"]
    empty(media)
    run("restore", str(archive))
    again = owner_api.get("/api/v1/todos", headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert again.headers["ETag"] != tag


def test_life_goes_on_where_it_was_restored(archive, media, owner):
    empty(media)
    run("restore", str(archive))
    Role.objects.create(name="of a number of its own")
    put(make_person("newcomer"), None, "First")
    put(User.objects.get(pk=owner.pk), None, "Next")


def test_an_archive_is_restored_by_the_other_engine(archive, media, tmp_path):
    before = everything()
    elsewhere = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/other.sqlite3",
        "DATA_DIR": str(tmp_path / "other"),
    }
    back = tmp_path / "back.tar"
    for line in (
        ["migrate", "--verbosity", "0"],
        ["restore", str(archive)],
        ["doctor"],
        ["backup", "--output", str(back)],
    ):
        done = shell(*line, **elsewhere)
        assert done.returncode == 0, done.stderr
    empty(media)
    run("restore", str(back))
    assert without_epoch(everything()) == without_epoch(before)
    assert files_below(media) == FILES


def test_what_is_written_meanwhile_is_not_in_it_and_does_not_wait(
    owner, tmp_path, media
):
    put(owner, None, "Before")

    def shown(what, total):
        if what == "Rows":
            begin = timezone.now()
            (todo,) = together(partial(put, owner, None, "Meanwhile"))
            assert isinstance(todo, Todo)
            assert (timezone.now() - begin).total_seconds() < 2
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
    assert "files     4 (2,304,006 bytes)" in told
    (line,) = [line for line in told.splitlines() if " todos_todo " in line]
    assert int(line.split()[1]) == Todo.with_trash.count()
    assert (everything(), files_below(media)) == before


def test_verify_needs_no_database(archive):
    nowhere = "postgres://nobody@127.0.0.1:1/nothing"
    done = shell("backup", "--verify", str(archive), DATABASE_URL=nowhere)
    assert done.returncode == 0, done.stderr


def test_where_somebody_lives_nothing_is_restored(archive, media):
    media.rename(media.with_name("elsewhere"))
    before = everything()
    said = refusal("restore", str(archive))
    assert said.startswith("Somebody lives here already.")
    assert everything() == before
    assert not media.exists()


def test_a_second_restore_is_refused(archive, media):
    empty(media)
    run("restore", str(archive))
    before = everything(), files_below(media)
    refusal("restore", str(archive))
    assert (everything(), files_below(media)) == before


def test_files_that_lie_there_are_not_overwritten(archive, media):
    begin_anew()
    before = everything(), files_below(media)
    said = refusal("restore", str(archive))
    assert said == f"{media} holds files already; they are not overwritten."
    assert (everything(), files_below(media)) == before


def test_what_an_interrupted_restore_left_is_cleared_away(archive, media):
    empty(media)
    (media / ".restoring" / "avatars").mkdir(parents=True)
    (media / ".restoring" / "avatars" / "a").write_text("half")
    run("restore", str(archive))
    assert files_below(media) == FILES
    assert not (media / ".restoring").exists()


def test_while_others_use_the_database_nothing_is_restored(archive, media):
    empty(media)
    before = everything()
    holding, done = Signal(), Signal()

    def hold():
        try:
            with transaction.atomic():
                User.objects.select_for_update().exists()
                holding.set()
                done.wait(30)
        finally:
            connection.close()

    other = Thread(target=hold)
    other.start()
    assert holding.wait(10)
    try:
        said = refusal("restore", str(archive))
    finally:
        done.set()
        other.join(30)
    assert said == "Others use the database; stop the service first."
    assert everything() == before
    assert not list(media.iterdir()) if media.exists() else True

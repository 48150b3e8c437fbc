"""A restored copy equals the original, row by row and file by file."""

from __future__ import annotations

import os
from threading import Event as Signal
from threading import Thread

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction

from accounts.models import ApiKey, Role, User
from core.append_only import missing_triggers
from core.models import IdempotentAnswer
from tests.commands.backups.archives import (
    FILES,
    begin_anew,
    empty,
    epoch,
    everything,
    files_below,
    without_epoch,
)
from tests.commands.running import refusal, run, shell
from tests.conftest import make_person
from tests.todos.helpers import put
from todos.models import Todo

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_row_and_every_file_comes_back(archive, media, examine):
    before, life = everything(), epoch()
    for model in (ApiKey, IdempotentAnswer, Session, Todo):
        assert model._base_manager.exists(), model
    empty(media)
    done = run("restore", str(archive))
    assert "5 files are back" in done.err
    assert without_epoch(everything()) == without_epoch(before)
    assert files_below(media) == FILES
    assert epoch() != life
    assert missing_triggers() == []
    assert examine() == (0, {})


def test_files_are_served_whatever_the_operator_hides_by_default(archive, media):
    empty(media)
    usual = os.umask(0o077)
    try:
        run("restore", str(archive))
    finally:
        os.umask(usual)
    assert (media / "avatars").stat().st_mode & 0o777 == 0o755
    assert (media / "avatars" / "a").stat().st_mode & 0o777 == 0o644


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
    assert holding.wait(60)
    try:
        said = refusal("restore", str(archive))
    finally:
        done.set()
        other.join(30)
    assert said == "Others use the database; stop the service first."
    assert everything() == before
    assert not list(media.iterdir()) if media.exists() else True

"""A restored installation equals the original, row by row and file by file."""

from __future__ import annotations

import os
import shutil
from threading import Event as Signal
from threading import Thread

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.test import Client

from accounts.avatar_files import file_of
from accounts.images import square_image
from accounts.models import ApiKey, Role, User
from accounts.services.avatars import set_avatar
from core.append_only import missing_triggers
from core.models import IdempotentAnswer
from tests.commands.backups.archives import (
    FILES,
    empty,
    epoch,
    everything,
    files_below,
    reset_database,
    without_epoch,
)
from tests.commands.running import refusal, run
from tests.conftest import NOW, make_person
from tests.images import picture
from tests.todos.helpers import put
from todos.models import Todo

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_row_and_every_file_is_restored(archive, media, examine):
    before, old_epoch = everything(), epoch()
    for model in (ApiKey, IdempotentAnswer, Session, Todo):
        assert model._base_manager.exists(), model
    empty(media)
    done = run("restore", str(archive))
    assert "5 files." in done.err
    assert without_epoch(everything()) == without_epoch(before)
    assert files_below(media) == FILES
    assert epoch() != old_epoch
    assert missing_triggers() == []
    assert examine() == (0, {})


def test_restored_files_are_readable_by_nginx_with_any_umask(archive, media):
    empty(media)
    usual = os.umask(0o077)
    try:
        run("restore", str(archive))
    finally:
        os.umask(usual)
    assert (media / "avatars").stat().st_mode & 0o777 == 0o755
    assert (media / "avatars" / "a").stat().st_mode & 0o777 == 0o644


def test_etags_from_before_the_restore_are_invalid(archive, media, owner_api):
    tag = owner_api.get("/api/v1/todos").headers["ETag"]
    empty(media)
    run("restore", str(archive))
    again = owner_api.get("/api/v1/todos", headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert again.headers["ETag"] != tag


def test_new_rows_can_be_added_after_a_restore(archive, media, owner):
    empty(media)
    run("restore", str(archive))
    Role.objects.create(name="an additional role")
    put(make_person("newcomer"), None, "First")
    put(User.objects.get(pk=owner.pk), None, "Next")


def test_pictures_are_restored_from_their_rows_alone(archive, media, owner, tmp_path):
    person = set_avatar(actor=owner, image=square_image(picture()), now=NOW)
    url = person.avatar_path(64)
    before = Client().get(url).content
    run("backup", "--output", str(tmp_path / "another.tar"))
    assert file_of(person.avatar, 64).exists()
    reset_database()
    for path in media.iterdir():
        if path.name != "public":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    run("restore", str(tmp_path / "another.tar"))
    assert files_below(media) == FILES
    assert Client().get(url).content == before


def test_a_database_with_users_is_not_restored_into(archive, media):
    media.rename(media.with_name("elsewhere"))
    before = everything()
    message = refusal("restore", str(archive))
    assert message.startswith("The database is not empty.")
    assert everything() == before
    assert not media.exists()


def test_a_second_restore_is_refused(archive, media):
    empty(media)
    run("restore", str(archive))
    before = everything(), files_below(media)
    refusal("restore", str(archive))
    assert (everything(), files_below(media)) == before


def test_existing_files_are_not_overwritten(archive, media):
    reset_database()
    before = everything(), files_below(media)
    message = refusal("restore", str(archive))
    assert message == f"{media} is not empty; files are never overwritten."
    assert (everything(), files_below(media)) == before


def test_leftovers_of_an_interrupted_restore_are_removed(archive, media):
    empty(media)
    (media / ".restoring" / "avatars").mkdir(parents=True)
    (media / ".restoring" / "avatars" / "a").write_text("half")
    run("restore", str(archive))
    assert files_below(media) == FILES
    assert not (media / ".restoring").exists()


def test_a_database_in_use_is_not_restored_into(archive, media):
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
        message = refusal("restore", str(archive))
    finally:
        done.set()
        other.join(30)
    assert message == "The database is in use; stop the service first."
    assert everything() == before
    assert not list(media.iterdir()) if media.exists() else True

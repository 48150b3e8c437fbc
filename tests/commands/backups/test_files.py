"""Attachments are part of a backup, with either store, and restored into either."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.secrets import _cipher
from files.models import FOLDERS, StoredFile
from files.services import read_file
from files.stores import store
from tests.commands.backups.archives import everything, reset_database
from tests.commands.running import attempt, refusal, run
from tests.conftest import NOW
from tests.files.attaching import attach
from tests.files.stores import local_store

pytestmark = pytest.mark.django_db(transaction=True)
CONTENT = b"The lease." * 100_000


@pytest.fixture
def use(settings: Any, media: Path, s3_server: Any) -> Any:
    """Return a function that chooses a store."""

    def choose(kind: str) -> None:
        folder = local_store(media / "files")
        options = s3_server.new_bucket()
        bucket = {"BACKEND": "files.stores.s3.S3Store", "OPTIONS": options}
        settings.STORAGES = settings.STORAGES | (
            folder if kind == "local" else {"files": bucket}
        )

    return choose


def lose_everything(media: Path) -> None:
    """Empty the database and the disk, as on a new machine."""
    reset_database()
    if media.exists():
        media.rename(media.with_name("old media"))
    _cipher.cache_clear()


def contents() -> list[bytes]:
    return [b"".join(read_file(row)) for row in StoredFile.objects.order_by("pk")]


@pytest.mark.parametrize("before", ["local", "s3"])
@pytest.mark.parametrize("after", ["local", "s3"])
def test_files_are_restored_from_either_store_into_either(
    use, media, tmp_path, owner, todo, before, after
):
    use(before)
    attach(owner, todo, now=NOW, content=CONTENT)
    attach(owner, todo, now=NOW, content=b"")
    archive = tmp_path / "archive.tar"
    assert "and 2 files" in run("backup", "--output", str(archive)).err
    assert b"The lease." not in archive.read_bytes()
    lose_everything(media)
    use(after)
    run("restore", str(archive))
    assert sorted(contents(), key=len) == [b"", CONTENT]
    assert run("doctor", "--only", "file-objects", "--only", "file-orphans").out


def test_an_archive_of_another_secret_key_is_refused_unless_one_insists(
    settings, media, tmp_path, owner, todo
):
    attach(owner, todo, now=NOW, content=CONTENT)
    archive = tmp_path / "archive.tar"
    run("backup", "--output", str(archive))
    lose_everything(media)
    settings.SECRET_KEY = "another-key-" * 5
    before = everything()
    assert "--without-secrets" in refusal("restore", str(archive))
    assert everything() == before
    assert attempt("restore", "--without-secrets", str(archive)).status == 0
    assert StoredFile.objects.count() == 1


def test_restored_files_can_be_read_by_the_service_alone(media, tmp_path, owner, todo):
    attach(owner, todo, now=NOW)
    run("backup", "--output", str(tmp_path / "archive.tar"))
    lose_everything(media)
    run("restore", str(tmp_path / "archive.tar"))
    (name,) = (name for folder in FOLDERS for name in store().names(folder))
    for path in (media / "files", media / "files" / name):
        assert path.stat().st_mode & 0o077 == 0

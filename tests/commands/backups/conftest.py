"""A full archive, and a small one with an empty system to restore it into."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Role
from tests.commands.backups.archives import (
    FILES,
    ODD,
    Draft,
    everything,
    files_below,
    reset_database,
)
from tests.commands.running import refusal, run
from tests.conftest import NOW, browser_for
from tests.files.stores import local_store
from tests.todos.helpers import put
from todos.services.todos import edit_todo
from todos.services.trash import trash_todo


@pytest.fixture(autouse=True)
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STORAGES = settings.STORAGES | local_store(tmp_path / "media" / "files")
    settings.DATA_DIR = tmp_path
    return tmp_path / "media"


@pytest.fixture
def populated(full, owner, owner_api, editor, media) -> None:
    """Rows of every kind and files: trashed todos, idempotent responses, sessions."""
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
def archive(populated, tmp_path) -> Path:
    run("backup", "--output", str(tmp_path / "archive.tar"))
    return tmp_path / "archive.tar"


@pytest.fixture
def small(full, owner, media, tmp_path) -> Path:
    """An archive, and an empty system that it can be restored into."""
    media.mkdir()
    (media / "avatar").write_bytes(b"picture" * 500)
    run("backup", "--output", str(tmp_path / "archive.tar"))
    reset_database()
    (media / "avatar").unlink()
    return tmp_path / "archive.tar"


@pytest.fixture
def draft(small) -> Draft:
    return Draft.of(small)


@pytest.fixture
def refused(small, media) -> Callable[[Path], str]:
    """Try to restore a file; check that one line says why not and nothing changed."""
    before = everything()

    def restore(path: Path) -> str:
        message = refusal("restore", str(path))
        assert "\n" not in message
        assert everything() == before
        assert files_below(media) == {}
        assert not list(media.iterdir())
        return message

    return restore

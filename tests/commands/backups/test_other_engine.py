"""An archive of PostgreSQL is restored on SQLite, and one of SQLite on PostgreSQL."""

from __future__ import annotations

import pytest

from tests.commands.backups.archives import (
    FILES,
    empty,
    everything,
    files_below,
    without_epoch,
)
from tests.commands.running import run, shell

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_archive_goes_to_the_other_engine_and_back(archive, media, tmp_path):
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

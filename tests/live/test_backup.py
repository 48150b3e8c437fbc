"""A backup under load is a consistent snapshot that can be restored."""

from __future__ import annotations

import gzip
import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.copy_of_stack import Copy, empty_copy
from tests.live.ledger import Writer, writers_on
from tests.live.stack import Stack
from tests.live.waiting import wait_until

PICTURE = bytes(range(256)) * 10_000


@pytest.fixture
def copy(stack: Stack, tmp_path: Path) -> Iterator[Copy]:
    """An empty installation: its database has been migrated, and nothing more."""
    with empty_copy(stack, tmp_path) as copy:
        copy.manage("migrate", "--verbosity", "0")
        yield copy


@pytest.fixture
def picture(stack: Stack) -> Iterator[Path]:
    path = stack.data / "media" / "pictures" / "one.png"
    path.parent.mkdir()
    path.write_bytes(PICTURE)
    yield path
    path.unlink()
    path.parent.rmdir()


def test_a_backup_under_load_is_restored_exactly(
    stack: Stack, key: str, copy: Copy, picture: Path, tmp_path: Path
):
    archive = tmp_path / "archive.tar"
    with writers_on(stack, key) as writers:
        wait_until(
            lambda: min(writer.ledger.acknowledged for writer in writers) >= 10,
            what="everybody has written",
        )
        told = acknowledged(writers)
        done = stack.manage("backup", "--output", str(archive))
        assert done.returncode == 0, done.stderr
    assert [
        writer.ledger.refusals for writer in writers if writer.ledger.refusals
    ] == []

    copy.manage("restore", str(archive))
    copy.manage("doctor")
    copy.manage("backup", "--output", str(tmp_path / "again.tar"))

    assert rows_in(tmp_path / "again.tar") == rows_in(archive)
    assert (tmp_path / "media" / "pictures" / "one.png").read_bytes() == PICTURE
    kept = set(re.findall(r"^[0-9a-f-]{36}", rows_in(archive)["todos_todo"], re.M))
    assert told <= kept
    run = writers[0].name.partition("-")[0]
    ours = f"SELECT id FROM todos_todo WHERE content LIKE '{run}-%'"  # noqa: S608
    assert kept & {str(pk) for (pk,) in stack.sql(ours)} <= acknowledged(writers)


def test_an_archive_is_readable_by_its_owner_only(stack: Stack):
    path = Path(stack.manage("backup").stdout.strip())

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_uid == os.geteuid()
    path.unlink()


def acknowledged(writers: list[Writer]) -> set[str]:
    return {pk for writer in writers for pk in list(writer.ledger.entries)}


def rows_in(archive: Path) -> dict[str, str]:
    """Return the rows of each table but the one whose epoch is new after a restore."""
    rows: dict[str, str] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            kind, _, rest = member.name.partition("/")
            table = rest.partition("/")[0]
            if kind == "tables" and table != "core_installation":
                packed = tar.extractfile(member)
                assert packed
                text = gzip.decompress(packed.read()).decode()
                rows[table] = rows.get(table, "") + text
    return rows

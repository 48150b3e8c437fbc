"""A release is one archive, and packing the same commit is reproducible."""

from __future__ import annotations

import subprocess
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest
from django.conf import settings

from tests.checkout import copy_checkout


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    copy_checkout(folder)
    git(folder, "init")
    commit(folder)
    return folder


def git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    command = ["git", "-C", str(folder), *author, *arguments]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--message", "x")


def pack(clone: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [clone / "script" / "release"], capture_output=True, text=True, check=False
    )


def test_packing_a_release_is_reproducible_and_writes_a_checksum(clone):
    archive = clone / "build" / f"todo-service-{settings.RELEASE}.tar.gz"
    assert pack(clone).returncode == 0
    first = archive.read_bytes()
    assert pack(clone).returncode == 0

    assert archive.read_bytes() == first
    checksum = archive.with_name(f"{archive.name}.sha256").read_text()
    assert checksum == f"{sha256(first).hexdigest()}  {archive.name}\n"
    with tarfile.open(archive) as packed:
        names = packed.getnames()
    assert f"{settings.RELEASE}/script/upgrade" in names
    assert {name.split("/")[0] for name in names} == {settings.RELEASE}


def test_uncommitted_changes_are_not_packed(clone):
    (clone / "manage.py").write_text("changed")
    done = pack(clone)
    assert "Changes that are not committed are left out." in done.stderr
    with tarfile.open(next((clone / "build").glob("*.tar.gz"))) as packed:
        member = packed.extractfile(f"{settings.RELEASE}/manage.py")
        assert member is not None
        assert member.read() != b"changed"


def test_inconsistent_version_numbers_are_refused(clone):
    path = clone / "pyproject.toml"
    path.write_text(path.read_text().replace(settings.RELEASE, "9.9.9"))
    commit(clone)
    done = pack(clone)
    assert done.returncode == 1
    assert "is another version" in done.stderr
    assert not (clone / "build").exists()

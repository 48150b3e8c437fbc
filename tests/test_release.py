"""A release is one file, the same for everybody who packs the same commit."""

from __future__ import annotations

import subprocess
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest
from django.conf import settings

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    command = ["git", "-c", "safe.directory=*", "clone", "--quiet", "--no-hardlinks"]
    subprocess.run([*command, REPOSITORY, tmp_path / "clone"], check=True)  # noqa: S603
    return tmp_path / "clone"


def pack(clone: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [clone / "script" / "release"], capture_output=True, text=True, check=False
    )


def test_a_release_is_packed_alike_each_time_with_its_checksum(clone):
    archive = clone / "build" / f"todo-{settings.RELEASE}.tar.gz"
    assert pack(clone).returncode == 0
    first = archive.read_bytes()
    assert pack(clone).returncode == 0

    assert archive.read_bytes() == first
    told = archive.with_name(f"{archive.name}.sha256").read_text()
    assert told == f"{sha256(first).hexdigest()}  {archive.name}\n"
    with tarfile.open(archive) as packed:
        names = packed.getnames()
    assert f"{settings.RELEASE}/script/upgrade" in names
    assert {name.split("/")[0] for name in names} == {settings.RELEASE}


def test_what_is_not_committed_is_not_packed(clone):
    (clone / "manage.py").write_text("changed")
    done = pack(clone)
    assert done.returncode == 1
    assert done.stderr == "There are changes that are not committed.\n"
    assert not (clone / "build").exists()

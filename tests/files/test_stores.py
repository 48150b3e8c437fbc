"""Both stores behave alike: a local folder, and a real S3-compatible server."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from files.stores import store

pytestmark = pytest.mark.usefixtures("each_store")
LARGE = os.urandom(9 * 1024 * 1024)  # more than one part of an upload to S3


def write(name: str, content: bytes) -> None:
    file = store().create(name)
    for start in range(0, len(content), 1_000_000):
        file.write(content[start : start + 1_000_000])
    file.close()


@pytest.mark.parametrize("content", [b"", b"x", LARGE], ids=["empty", "small", "large"])
def test_a_file_is_read_as_it_was_written(content):
    write("ab/one", content)
    assert store().size("ab/one") == len(content)
    with closing(store().open("ab/one")) as file:
        assert file.read() == content


def test_a_file_is_read_from_any_position():
    write("ab/one", LARGE)
    with closing(store().open("ab/one")) as file:
        for position in (5_000_000, 10, len(LARGE) - 3, len(LARGE)):
            file.seek(position)
            assert file.read(5) == LARGE[position : position + 5]


@pytest.mark.parametrize("content", [b"", b"x", LARGE], ids=["empty", "small", "large"])
def test_an_aborted_file_leaves_nothing(content):
    file = store().create("ab/one")
    file.write(content)
    file.abort()
    assert list(store().names("ab")) == []


def test_a_missing_file_is_reported_as_missing():
    with pytest.raises(FileNotFoundError):
        store().open("ab/missing")
    with pytest.raises(FileNotFoundError):
        store().size("ab/missing")
    store().delete("ab/missing")


def test_names_are_those_of_one_folder_in_order():
    for name in ("ab/two", "ab/one", "cd/three"):
        write(name, b"")
    assert list(store().names("ab")) == ["ab/one", "ab/two"]
    assert list(store().names("ef")) == []


def test_a_deleted_file_is_gone():
    write("ab/one", b"x")
    store().delete("ab/one")
    assert list(store().names("ab")) == []


def test_a_local_file_can_be_read_by_the_service_alone(each_store):
    if each_store == "local":
        write("ab/one", b"x")
        folder = store().location  # type: ignore[attr-defined]
        assert os.stat(f"{folder}/ab/one").st_mode & 0o077 == 0
        assert os.stat(f"{folder}/ab").st_mode & 0o077 == 0

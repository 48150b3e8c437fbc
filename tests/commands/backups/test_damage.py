"""A foreign, truncated or damaged archive is refused before anything is changed."""

from __future__ import annotations

import io
import random
import tarfile

import pytest

from tests.commands.backups.archives import files_below
from tests.commands.running import refusal, run
from todo_project.archive import Archive, BadArchive

pytestmark = pytest.mark.django_db(transaction=True)


def opens(content: bytes) -> bool:
    try:
        Archive(io.BytesIO(content)).check(lambda _count: None)
    except BadArchive:
        return False
    return True


def test_a_flipped_bit_anywhere_is_detected(small):
    intact = small.read_bytes()
    assert opens(intact)
    chosen = random.Random(7)  # noqa: S311
    places = {0, len(intact) - 1, *(chosen.randrange(len(intact)) for _ in range(400))}
    places |= set(range(len(intact) - 2048, len(intact), 7))
    for place in places:
        flipped = bytearray(intact)
        flipped[place] ^= 1 << chosen.randrange(8)
        assert not opens(bytes(flipped)), place


def test_truncated_or_appended_data_is_detected(small):
    intact = small.read_bytes()
    chosen = random.Random(8)  # noqa: S311
    lengths = {0, 1, 511, 512, 2047, 2048, len(intact) - 1, len(intact) - 512}
    lengths |= {chosen.randrange(len(intact)) for _ in range(200)}
    for length in lengths:
        assert not opens(intact[:length]), length
        assert not opens(intact[length:]) or length == 0, length
    assert not opens(intact + bytes(512))
    assert not opens(intact + intact)


def test_a_damaged_archive_changes_nothing(small, refused):
    intact = small.read_bytes()
    for place in (0.01, 0.3, 0.6, 0.9, 0.999):
        content = bytearray(intact)
        content[int(len(content) * place)] ^= 4
        small.write_bytes(content)
        assert refused(small) == refusal("backup", "--verify", str(small))
        assert f"{small} is refused. It is" in refused(small)


def test_a_truncated_archive_changes_nothing(small, refused):
    small.write_bytes(small.read_bytes()[:-3000])
    assert "it is truncated" in refused(small)


def test_any_other_file_is_refused(refused, tmp_path):
    for content in (b"", b"x", b"PK" * 3000, bytes(4096)):
        (tmp_path / "other").write_bytes(content)
        assert "It is not a backup of this service" in refused(tmp_path / "other")


def test_any_other_tar_file_is_refused(refused, tmp_path):
    with tarfile.open(tmp_path / "other.tar", "w") as other:
        other.add("/etc/hostname", "tables/accounts_user/000001.copy.gz")
    assert "It is not a backup of this service" in refused(tmp_path / "other.tar")


def test_a_missing_file_or_a_folder_is_refused_with_one_line(refused, tmp_path):
    missing = tmp_path / "none.tar"
    message = f"{missing} cannot be read. No such file or directory: {missing}."
    assert refused(missing) == message
    assert "Is a directory" in refused(tmp_path)


def test_an_archive_of_a_later_format_is_refused_by_version(small, refused):
    changed = small.read_bytes().replace(b"todo backup 1\n", b"todo backup 2\n")
    small.write_bytes(changed)
    assert refused(small).endswith("Its format is 2; this release reads 1.")


def test_an_intact_archive_is_restored(small, media, refused):
    run("restore", str(small))
    assert files_below(media) == {"avatar": b"picture" * 500}

"""An archive that somebody put together, with a sound seal, is refused as well."""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.commands.backups.archives import Draft
from tests.commands.running import run
from todo_project.archive.container import BadArchive, header
from todo_project.archive.manifest import PART_SIZE, File, as_line, member_of

pytestmark = pytest.mark.django_db(transaction=True)
PARENTS = "todos_todolist"
NAMES = [
    "../outside",
    "/etc/outside",
    "a/../../outside",
    "..",
    ".",
    "",
    "a//b",
    "a/",
    "a\0b",
    ".restoring/a",
    "\ud800",
    "avatar",  # once more
    "aaa",  # behind one that comes later
    "a" * 5000,
]
LIES = [
    {"unpacked": 10},
    {"unpacked": PART_SIZE},
    {"unpacked": PART_SIZE + 1},
    {"unpacked": -1},
    {"size": PART_SIZE + 1},
    {"size": 10**30},
    {"rows": 0},
    {"rows": 9},
    {"rows": True},
    {"rows": "1"},
    {"number": 2},
    {"number": 0},
    {"table": "todos_other"},
    {"table": "../todos"},
    {"sha256": "0" * 64},
    {"more": 1},
]
PACKED = [
    gzip.compress(bytes(300_000_000), 9),
    gzip.compress(b"1\t2\n") + b"more",
    gzip.compress(b"1\t2\n")[:-1],
    gzip.compress(b"without an end"),
    b"no gzip at all",
]
MANIFESTS = [
    [],
    [b"\n"],
    [b"[]\n"],
    [b"{}\n"],
    [b"no json\n"],
    [b"[" * 100_000 + b"\n"],
    [b'{"a":' * 100_000 + b"\n"],
    [b" " * 2_000_000 + b"\n"],
    [b'{"files":' + b"1" * 5000 + b"}\n"],
    [b"\xff\xfe\n"],
]
HEADS: list[tuple[dict[str, Any], str]] = [
    ({"release": "\x1b[2J"}, "manifest"),
    ({"made_at": "yesterday"}, "manifest"),
    ({"files": 2}, "manifest"),
    ({"size": 1}, "manifest"),
    ({"tables": {}}, "manifest"),
    ({"tables": {"x": "y"}, "rows": {"x": 0}}, "manifest"),
    ({"migrations": [1]}, "manifest"),
    ({"migrations": []}, "whose tables are not those of this database"),
]


def test_an_archive_put_together_again_is_the_same(small, draft, tmp_path):
    assert draft.write(tmp_path / "again.tar").read_bytes() == small.read_bytes()


def test_a_file_of_such_a_name_is_refused(draft, refused, tmp_path):
    draft.add_file("b")
    for name in NAMES:

        def named(lines, name=name):
            told = json.loads(lines[-1]) | {"path": name}
            return [*lines[:-1], as_json(told)]

        said = refused(draft.write(tmp_path / "forged.tar", manifest=named))
        assert "Its manifest is none that a backup writes." in said, name
        assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("name", [n for n in NAMES if n not in {"avatar", "aaa"}])
def test_such_a_name_is_refused_wherever_it_stands(name):
    with pytest.raises(BadArchive):
        member_of(as_line(File(name, 1, "")))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE]
)
def test_a_link_or_a_device_is_refused(small, refused, kind):
    plain = header("files/avatar", 3500)
    info = tarfile.TarInfo.frombuf(plain, "utf-8", "strict")
    info.type, info.linkname = kind, "/etc/passwd"
    path = forge(small, plain, info.tobuf(tarfile.GNU_FORMAT))
    assert "It is not laid out as its manifest says." in refused(path)


def test_content_other_than_its_checksum_is_refused(small, refused):
    path = forge(small, b"picture" * 500, b"picturE" * 500)
    assert "files/avatar is not what the manifest says" in refused(path)


def forge(path: Path, old: bytes, new: bytes) -> Path:
    """Change bytes of an archive, and seal it anew."""
    content = path.read_bytes()
    assert content.count(old) == 1
    body = content[:-2048].replace(old, new)
    sealed = hashlib.sha256(content[:-2048]).hexdigest().encode()
    tail = content[-2048:].replace(sealed, hashlib.sha256(body).hexdigest().encode())
    path.write_bytes(body + tail)
    return path


def test_a_member_that_the_manifest_does_not_name_is_refused(draft, refused, tmp_path):
    path = draft.write(tmp_path / "forged.tar", extra=[("files/b", b"x")])
    assert "It holds more than its manifest says." in refused(path)


def test_rows_other_than_said_are_refused(draft, refused, tmp_path):
    names = [getattr(member, "table", "") for member, _content in draft.members]
    place = names.index(PARENTS) + 1  # behind the head
    for said in LIES:

        def lie(lines, said=said):
            told = json.loads(lines[place]) | said
            lines[place] = as_json(told)
            return lines

        path = draft.write(tmp_path / "forged.tar", manifest=lie)
        assert f"{path} is refused. " in refused(path), said


def test_a_file_longer_than_the_archive_is_refused(draft, refused, tmp_path):
    for size in (-1, 3499, 3501, 10**9, 2**40, 10**30):

        def lie(lines, size=size):
            told = json.loads(lines[-1]) | {"size": size}
            head = json.loads(lines[0]) | {"size": size}
            return [as_json(head), *lines[1:-1], as_json(told)]

        path = draft.write(tmp_path / "forged.tar", manifest=lie)
        assert f"{path} is refused. " in refused(path), size


def as_json(told: Any) -> bytes:
    return json.dumps(told).encode() + b"\n"


def test_what_unpacks_to_something_else_is_refused(draft, refused, tmp_path):
    for packed in PACKED:
        draft.change_part(PARENTS, packed)
        said = refused(draft.write(tmp_path / "forged.tar"))
        assert "is not what the manifest says" in said, packed[:20]


def test_rows_with_something_behind_them_are_refused(draft, refused, tmp_path):
    rows = rows_of(draft, PARENTS)
    draft.change_part(PARENTS, gzip.compress(rows) + b"more")
    said = refused(draft.write(tmp_path / "forged.tar"))
    assert "is not what the manifest says" in said


def test_another_manifest_is_refused(draft, refused, tmp_path):
    for lines in MANIFESTS:
        path = draft.write(tmp_path / "forged.tar", manifest=lambda _, told=lines: told)
        assert "Its manifest is none that a backup writes." in refused(path), lines


def test_a_head_that_tells_otherwise_is_refused(draft, refused, tmp_path):
    sound = draft.head
    for changed, said in HEADS:
        draft.head = replace(sound, **changed)
        assert said in refused(draft.write(tmp_path / "forged.tar")), changed


def test_the_archive_of_another_release_names_it(draft, refused, tmp_path):
    more = [*draft.head.migrations, "todos.9999_later"]
    draft.head = replace(draft.head, release="9.8.7", migrations=more)
    said = refused(draft.write(tmp_path / "forged.tar"))
    assert said == (
        "The archive is of release 9.8.7, whose tables are not those of this "
        "database, release 0.1.0: they differ by todos.9999_later. Restore it with "
        "release 9.8.7, then upgrade."
    )


def test_tables_of_another_shape_are_refused(draft, refused, tmp_path):
    columns = {name: list(kept) for name, kept in draft.head.tables.items()}
    columns[PARENTS][1:3] = reversed(columns[PARENTS][1:3])
    draft.head = replace(draft.head, tables=columns)
    said = refused(draft.write(tmp_path / "forged.tar"))
    assert said == "Its tables or columns are not those of its release."


def test_what_the_database_refuses_leaves_it_empty(draft, refused, tmp_path):
    """All rows of lists are gone: what stands in them refers to nothing."""
    draft.members = [
        (member, content)
        for member, content in draft.members
        if getattr(member, "table", "") != PARENTS
    ]
    draft.head = replace(draft.head, rows=draft.head.rows | {PARENTS: 0})
    path = draft.write(tmp_path / "forged.tar")
    run("backup", "--verify", str(path))
    assert refused(path).startswith("The database refuses it: ")


def test_a_row_that_breaks_a_rule_leaves_it_empty(draft, refused, tmp_path):
    unpacked = rows_of(draft, "todos_todo").replace(b"Plant a tree", b"")
    draft.change_part("todos_todo", gzip.compress(unpacked), unpacked=len(unpacked))
    said = refused(draft.write(tmp_path / "forged.tar"))
    assert said.startswith("The database refuses it: ")


def test_a_row_of_no_sense_leaves_it_empty(draft, refused, tmp_path):
    unpacked = rows_of(draft, "todos_todo").replace(b"\tf\t", b"\tmaybe\t")
    draft.change_part("todos_todo", gzip.compress(unpacked), unpacked=len(unpacked))
    said = refused(draft.write(tmp_path / "forged.tar"))
    assert said.startswith(("The database refuses it: ", "A row of todos_todo cannot"))


def rows_of(draft: Draft, table: str) -> bytes:
    (packed,) = (
        content
        for member, content in draft.members
        if getattr(member, "table", "") == table
    )
    return gzip.decompress(packed)

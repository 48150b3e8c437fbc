"""A manipulated archive with a valid seal is refused."""

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
from todo_project.archive.manifest import PART_SIZE, File, as_line, parse_member

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
    "avatar",  # a duplicate
    "aaa",  # out of order
    "a" * 5000,
]
FALSE_CLAIMS = [
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
    ({"migrations": []}, "their tables differ by migration"),
]


def test_an_unchanged_draft_gives_the_same_bytes(small, draft, tmp_path):
    assert draft.write(tmp_path / "again.tar").read_bytes() == small.read_bytes()


def test_unsafe_file_names_in_the_manifest_are_refused(draft, refused, tmp_path):
    draft.add_file("b")
    for name in NAMES:

        def named(lines, name=name):
            entry = json.loads(lines[-1]) | {"path": name}
            return [*lines[:-1], as_json(entry)]

        message = refused(draft.write(tmp_path / "forged.tar", manifest=named))
        assert "Its manifest is invalid." in message, name
        assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("name", [n for n in NAMES if n not in {"avatar", "aaa"}])
def test_unsafe_file_names_are_refused_by_the_parser(name):
    with pytest.raises(BadArchive):
        parse_member(as_line(File(name, 1, "")))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE]
)
def test_links_devices_and_folders_are_refused(small, refused, kind):
    plain = header("files/avatar", 3500)
    info = tarfile.TarInfo.frombuf(plain, "utf-8", "strict")
    info.type, info.linkname = kind, "/etc/passwd"
    path = forge(small, plain, info.tobuf(tarfile.GNU_FORMAT))
    assert "Its layout does not match its manifest." in refused(path)


def test_content_that_differs_from_its_checksum_is_refused(small, refused):
    path = forge(small, b"picture" * 500, b"picturE" * 500)
    assert "files/avatar does not match the manifest" in refused(path)


def forge(path: Path, old: bytes, new: bytes) -> Path:
    """Change bytes of an archive and write a new seal."""
    content = path.read_bytes()
    assert content.count(old) == 1
    body = content[:-2048].replace(old, new)
    sealed = hashlib.sha256(content[:-2048]).hexdigest().encode()
    tail = content[-2048:].replace(sealed, hashlib.sha256(body).hexdigest().encode())
    path.write_bytes(body + tail)
    return path


def test_a_member_missing_from_the_manifest_is_refused(draft, refused, tmp_path):
    path = draft.write(tmp_path / "forged.tar", extra=[("files/b", b"x")])
    assert "It contains more than its manifest says." in refused(path)


def test_false_claims_about_rows_are_refused(draft, refused, tmp_path):
    names = [getattr(member, "table", "") for member, _content in draft.members]
    place = names.index(PARENTS) + 1  # behind the head
    for claims in FALSE_CLAIMS:

        def lie(lines, claims=claims):
            entry = json.loads(lines[place]) | claims
            lines[place] = as_json(entry)
            return lines

        path = draft.write(tmp_path / "forged.tar", manifest=lie)
        assert f"{path} is refused. " in refused(path), claims


def test_false_file_sizes_are_refused(draft, refused, tmp_path):
    for size in (-1, 3499, 3501, 10**9, 2**40, 10**30):

        def lie(lines, size=size):
            entry = json.loads(lines[-1]) | {"size": size}
            head = json.loads(lines[0]) | {"size": size}
            return [as_json(head), *lines[1:-1], as_json(entry)]

        path = draft.write(tmp_path / "forged.tar", manifest=lie)
        assert f"{path} is refused. " in refused(path), size


def as_json(entry: Any) -> bytes:
    return json.dumps(entry).encode() + b"\n"


def test_rows_that_unpack_to_something_else_are_refused(draft, refused, tmp_path):
    for packed in PACKED:
        draft.change_part(PARENTS, packed)
        message = refused(draft.write(tmp_path / "forged.tar"))
        assert "does not match the manifest" in message, packed[:20]


def test_trailing_data_after_rows_is_refused(draft, refused, tmp_path):
    rows = rows_of(draft, PARENTS)
    draft.change_part(PARENTS, gzip.compress(rows) + b"more")
    message = refused(draft.write(tmp_path / "forged.tar"))
    assert "does not match the manifest" in message


def test_invalid_manifests_are_refused(draft, refused, tmp_path):
    for lines in MANIFESTS:
        path = draft.write(tmp_path / "forged.tar", manifest=lambda _, new=lines: new)
        assert "Its manifest is invalid." in refused(path), lines


def test_a_manifest_head_with_false_values_is_refused(draft, refused, tmp_path):
    intact = draft.head
    for changed, message in HEADS:
        draft.head = replace(intact, **changed)
        assert message in refused(draft.write(tmp_path / "forged.tar")), changed


def test_an_archive_of_another_release_is_refused_by_name(draft, refused, tmp_path):
    more = [*draft.head.migrations, "todos.9999_later"]
    draft.head = replace(draft.head, release="9.8.7", migrations=more)
    message = refused(draft.write(tmp_path / "forged.tar"))
    assert message == (
        "The archive is of release 9.8.7, but this is release 0.1.0, and their tables "
        "differ by migration todos.9999_later. Restore it with release 9.8.7, then "
        "upgrade."
    )


def test_tables_with_other_columns_are_refused(draft, refused, tmp_path):
    columns = {name: list(kept) for name, kept in draft.head.tables.items()}
    columns[PARENTS][1:3] = reversed(columns[PARENTS][1:3])
    draft.head = replace(draft.head, tables=columns)
    message = refused(draft.write(tmp_path / "forged.tar"))
    assert message == "Its tables or columns differ from those of its release."


def test_rows_with_broken_references_leave_the_database_empty(draft, refused, tmp_path):
    """All lists are removed, so that their todos refer to nothing."""
    draft.members = [
        (member, content)
        for member, content in draft.members
        if getattr(member, "table", "") != PARENTS
    ]
    draft.head = replace(draft.head, rows=draft.head.rows | {PARENTS: 0})
    path = draft.write(tmp_path / "forged.tar")
    run("backup", "--verify", str(path))
    assert refused(path).startswith("The database rejects it: ")


def test_a_row_that_violates_a_constraint_leaves_the_database_empty(
    draft, refused, tmp_path
):
    unpacked = rows_of(draft, "todos_todo").replace(b"Plant a tree", b"")
    draft.change_part("todos_todo", gzip.compress(unpacked), unpacked=len(unpacked))
    message = refused(draft.write(tmp_path / "forged.tar"))
    assert message.startswith("The database rejects it: ")


def test_a_row_of_the_wrong_type_leaves_the_database_empty(draft, refused, tmp_path):
    unpacked = rows_of(draft, "todos_todo").replace(b"\tf\t", b"\tmaybe\t")
    draft.change_part("todos_todo", gzip.compress(unpacked), unpacked=len(unpacked))
    message = refused(draft.write(tmp_path / "forged.tar"))
    assert message.startswith(
        ("The database rejects it: ", "A row of todos_todo cannot")
    )


def rows_of(draft: Draft, table: str) -> bytes:
    (packed,) = (
        content
        for member, content in draft.members
        if getattr(member, "table", "") == table
    )
    return gzip.decompress(packed)

"""The documents name only files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")
FOLDERS = (
    "accounts|core|deploy|docs|files|locale|script|templates|tests|todo_project|todos"
)
# A path in a document, which may name a folder or leave out the `.py` of a module.
PATH = re.compile(rf"`((?:{FOLDERS})/[\w./-]*)")
LINK = re.compile(r"\]\(([\w./-]+)(?:#[\w-]+)?\)")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_name_only_files_that_exist(name):
    text = (ROOT / name).read_text()
    named = {*PATH.findall(text), *LINK.findall(text)}
    missing = [path for path in sorted(named) if not exists(path.rstrip("."))]
    assert named
    assert missing == []


def exists(path: str) -> bool:
    return (ROOT / path).exists() or (ROOT / f"{path}.py").exists()

"""Copy the working tree of the repository, including uncommitted files."""

from __future__ import annotations

import shutil
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def copy_checkout(target: Path) -> None:
    """Copy all files that .gitignore does not exclude; `target` must not exist."""
    lines = (REPOSITORY / ".gitignore").read_text().split()
    at_top = {line.strip("/") for line in lines if line.startswith("/")}
    anywhere = shutil.ignore_patterns(".git", *(line.rstrip("/") for line in lines))

    def ignored(folder: str, names: list[str]) -> set[str]:
        found = at_top if Path(folder) == REPOSITORY else set()
        return anywhere(folder, names) | (found & set(names))

    shutil.copytree(REPOSITORY, target, ignore=ignored)

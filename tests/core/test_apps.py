"""A new app needs no change in any other: only settings install tests/sample_app."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

# Its own tests, its rows in the access matrix, its pages, and the tests that detect
# missing entries.
SELECTED = "sample_app or bookmark or drop or every_endpoint or every_page"
FILES = ("tests/sample_app", "tests/api/test_matrix.py", "tests/admin/test_registry.py")
SEARCHED = (
    "core",
    "accounts",
    "todos",
    "todo_project",
    "templates",
    "deploy",
    "script",
)


def test_the_sample_app_works_and_passes_the_access_matrix(tmp_path: Path):
    command = ["pytest", "-q", "-p", "no:randomly", "-k", SELECTED, *FILES]
    done = subprocess.run(  # noqa: S603  (our own command line)
        [sys.executable, "-m", *command],
        cwd=settings.BASE_DIR,
        env={
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(tmp_path),
            "SECRET_KEY": settings.SECRET_KEY,
            "DJANGO_SETTINGS_MODULE": "tests.sample_app.settings",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_nothing_else_names_the_sample_app():
    found = [
        path
        for folder in SEARCHED
        for path in (settings.BASE_DIR / folder).rglob("*")
        if path.suffix not in {".pyc", ".mo"} and path.is_file()
        if "bookmark" in path.read_text(errors="ignore").lower()
    ]
    assert found == []

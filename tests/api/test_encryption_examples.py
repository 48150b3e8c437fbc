"""The examples of docs/api/encryption.md, run as they are written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.services.keys import issue_key
from core.registry import registry
from tests import jose
from todos.models import Todo

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = settings.BASE_DIR / "docs" / "api" / "encryption.md"
PROGRAMS = {
    "python": ([sys.executable], "py"),
    "javascript": (["node"], "mjs"),
    "sh": (["sh"], "sh"),
}


def examples() -> dict[str, str]:
    """Return the example of each language."""
    found = re.findall(
        r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE
    )
    assert len(found) == len(PROGRAMS)
    return dict(found)


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    jose.generate_once(monkeypatch)


@pytest.mark.parametrize("language", PROGRAMS)
def test_an_example_adds_a_todo_and_reads_it(
    live_server, owner, tmp_path: Path, language
):
    _key, token = issue_key(
        actor=None, user=owner, name="x", scopes=registry.scopes, now=timezone.now()
    )
    command, suffix = PROGRAMS[language]
    script = tmp_path / f"example.{suffix}"
    script.write_text(examples()[language])
    python = Path(sys.executable).parent  # python3 with joserfc, for the shell
    env = os.environ | {
        "PATH": f"{python}:{os.environ['PATH']}",
        "TODO_URL": live_server.url,
        "TODO_KEY": token,
    }
    done = subprocess.run(  # noqa: S603  (the programs above)
        [*command, script],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    added = Todo.objects.get()
    assert added.content in done.stdout
    assert added.content in script.read_text()

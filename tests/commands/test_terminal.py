"""People's texts cannot control a terminal: its commands show what they contain."""

from __future__ import annotations

import json
import os
import pty
import subprocess

import pytest

from core.text import escape_controls
from tests.commands.running import command_line, environment
from tests.conftest import make_person

# A control sequence in one character, the reversal of text, and a line that looks new.
ODD = "eve\x9b31m\u202egnp.exe\x07"
ESCAPED = "eve\\u009b31m\\u202egnp.exe\\u0007"


def on_terminal(*arguments: str) -> tuple[str, int]:
    """Return what a command writes to a terminal, and its exit status."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603  (our own command line)
        command_line(*arguments), stdout=theirs, stderr=theirs, env=environment()
    ) as process:
        os.close(theirs)
        written = bytearray()
        try:
            while chunk := os.read(ours, 65536):
                written += chunk
        except OSError:  # the other end was closed
            pass
        os.close(ours)
        return written.decode(), process.wait(60)


@pytest.mark.django_db(transaction=True)
def test_a_terminal_shows_control_characters_escaped():
    make_person("eve", display_name=ODD)
    for arguments in (("exportevents",), ("exportevents", "--format", "csv")):
        shown, status = on_terminal(*arguments, "--verbosity", "0")
        assert (status, "\x9b" in shown, "\u202e" in shown) == (0, False, False)
        assert "\\u009b31m\\u202egnp.exe" in shown
    shown, _status = on_terminal("finduser", "eve", "--json")
    assert "\u202e" not in shown
    assert json.loads(shown)[0]["display_name"] == ODD
    # A message on stderr, which quotes the argument.
    shown, status = on_terminal("changepassword", "nobody\u202e\x9b")
    assert (status, "\u202e" in shown, "\x9b" in shown) == (1, False, False)


@pytest.mark.django_db(transaction=True)
def test_a_file_gets_the_texts_as_they_are():
    make_person("eve", display_name=ODD)
    out = subprocess.run(  # noqa: S603  (our own command line)
        command_line("exportevents"), capture_output=True, check=True, env=environment()
    ).stdout.decode()
    names = [
        json.loads(line)["changes"].get("display_name") for line in out.split("\n")[:-1]
    ]
    assert [None, ODD] in names


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (ODD, ESCAPED),
        ("one\ttwo\r\nthree\n", "one\ttwo\r\nthree\n"),
        ("over\rwritten", "over\\u000dwritten"),
        ("好 é 👩‍👩‍👧", "好 é 👩‍👩‍👧"),
        ("\x1b]0;title\x1b\\", "\\u001b]0;title\\u001b\\"),
        ("a\u2028b\u2066c\u200f", "a\\u2028b\\u2066c\\u200f"),
    ],
)
def test_only_what_controls_a_terminal_is_escaped(text, shown):
    assert escape_controls(text) == shown

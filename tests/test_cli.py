"""A command ends with a sentence if an operator can help, otherwise a traceback."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from todo_project import cli


@pytest.fixture
def fail_with(monkeypatch) -> Callable[..., None]:
    """Return a function that runs a command which raises an error."""

    def run(error: BaseException, *options: str) -> None:
        def execute(argv: list[str]) -> None:
            raise error

        monkeypatch.setattr(cli, "execute_from_command_line", execute)
        monkeypatch.setattr("sys.argv", ["todo", "check", *options])
        cli.main()

    return run


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ImproperlyConfigured("DEBUG must be true."), "Configuration: DEBUG must be"),
        (OperationalError("no host\n\tfound"), "Database: no host found"),
        (OSError(errno.ENOSPC, "No space left"), "Data folder: [Errno 28] No space"),
    ],
)
def test_an_error_that_an_operator_can_fix_is_a_sentence(fail_with, error, sentence):
    with pytest.raises(SystemExit) as ended:
        fail_with(error)
    assert str(ended.value.code).startswith(sentence)


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "x"), ValueError("x")])
def test_a_bug_keeps_its_traceback(fail_with, error):
    with pytest.raises(type(error)):
        fail_with(error)


def test_a_traceback_is_shown_on_request(fail_with):
    with pytest.raises(ImproperlyConfigured):
        fail_with(ImproperlyConfigured("x"), "--traceback")


def test_an_interrupted_command_exits_as_shells_expect(fail_with, capsys):
    with pytest.raises(SystemExit) as ended:
        fail_with(KeyboardInterrupt())
    assert ended.value.code == 130
    assert capsys.readouterr().err == "Interrupted.\n"

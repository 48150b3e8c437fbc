"""A command ends with a sentence where an operator can help, else with a traceback."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from todo_project import cli


@pytest.fixture
def fail_with(monkeypatch) -> Callable[..., None]:
    """Run a command that raises the error."""

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
def test_what_an_operator_can_mend_is_a_sentence(fail_with, error, sentence):
    with pytest.raises(SystemExit) as ended:
        fail_with(error)
    assert str(ended.value.code).startswith(sentence)


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "x"), ValueError("x")])
def test_a_fault_of_ours_keeps_its_traceback(fail_with, error):
    with pytest.raises(type(error)):
        fail_with(error)


def test_a_traceback_is_there_for_who_asks(fail_with):
    with pytest.raises(ImproperlyConfigured):
        fail_with(ImproperlyConfigured("x"), "--traceback")


def test_a_command_that_is_interrupted_says_so_and_ends_as_shells_expect(
    fail_with, capsys
):
    with pytest.raises(SystemExit) as ended:
        fail_with(KeyboardInterrupt())
    assert ended.value.code == 130
    assert capsys.readouterr().err == "Interrupted.\n"

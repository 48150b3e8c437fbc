"""No transaction is open while a password is hashed.

Hashing takes a good part of a second, in which no other writer of SQLite could work.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from django.conf import global_settings, settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import call_command
from django.db import connection
from django.test import Client

from accounts.models import User
from core.models import Installation
from tests.admin.cast import save
from tests.commands.running import run
from tests.conftest import PASSWORD, browser_for, make_person

NEW = "a pale moon over the harbour"
PEOPLE = "/admin/accounts/user/"
ROOT = Path(settings.PACKAGE_DIR).parent
APPS = [ROOT / name for name in ("core", "accounts", "todos", "todo_project")]
# A call that hashes a password; None is not hashed.
HASHING = re.compile(
    r"(?<!def )\b(hash_password|make_password|authenticate)\((?!None)"
    r"|\.(set|check)_password\("
)
Lines = set[tuple[str, int]]


class Hashing:
    """What was seen while passwords were hashed."""

    def __init__(self) -> None:
        self.in_transaction: list[bool] = []
        self.callers: Lines = set()

    def note(self, frame: FrameType | None) -> None:
        self.in_transaction.append(connection.in_atomic_block)
        while frame is not None:
            self.callers.add((frame.f_code.co_filename, frame.f_lineno))
            frame = frame.f_back


@pytest.fixture
def hashing(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Hashing:
    """Watch the hasher of production, with fewer rounds."""
    found = Hashing()
    encode = PBKDF2PasswordHasher.encode

    def watched(self: Any, *args: Any, **options: Any) -> str:
        found.note(sys._getframe(1))
        return encode(self, *args, **options)

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", watched)
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 100)
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS
    return found


def lines_that_hash() -> Iterator[tuple[str, int]]:
    for path in (path for app in APPS for path in app.rglob("*.py")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if HASHING.search(line):
                yield str(path), number


def sign_in(name: str, password: str) -> Any:
    return Client().post("/admin/login/", {"username": name, "password": password})


def start_anew(_monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.all().delete()
    Installation.objects.get_or_create()
    run("welcome")


def create_superuser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--noinput", "--username=root", verbosity=0)
    assert User.objects.get(username="root").check_password(PASSWORD)


def change_by_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO(f"{NEW}\n"))
    run("changepassword", make_person("cleo").username)
    assert User.objects.get(username="cleo").check_password(NEW)


def change_own(_monkeypatch: pytest.MonkeyPatch) -> None:
    typed = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    browser = browser_for(make_person("olga"))
    assert browser.post("/admin/password_change/", typed).status_code == 302


def set_for_another(_monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"{PEOPLE}{make_person('edgar').pk}/password/"
    manager = browser_for(make_person("mona", "manager"))
    assert manager.post(url, {"password1": NEW, "password2": NEW}).status_code == 302


def add_by_page(_monkeypatch: pytest.MonkeyPatch) -> None:
    manager = browser_for(make_person("mara", "manager"))
    typed = {"username": "pia", "password1": NEW, "password2": NEW}
    assert save(manager, f"{PEOPLE}add/", **typed).status_code == 302


def try_to_sign_in(_monkeypatch: pytest.MonkeyPatch) -> None:
    make_person("vera")
    outcomes = [sign_in(n, p) for n, p in (("nobody", "x"), ("vera", "x"))]
    assert [answer.status_code for answer in outcomes] == [200, 200]


def sign_in_with_an_old_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash is computed again with as many rounds as this release uses."""
    person = make_person("otto")
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 200)
    assert sign_in("otto", PASSWORD).status_code == 302
    assert User.objects.get(pk=person.pk).password != person.password


PLACES: list[Callable[[pytest.MonkeyPatch], None]] = [
    start_anew,
    create_superuser,
    change_by_command,
    change_own,
    set_for_another,
    add_by_page,
    try_to_sign_in,
    sign_in_with_an_old_hash,
]


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_password_is_hashed(hashing, monkeypatch):
    assert not connection.in_atomic_block
    for place in PLACES:
        hashing.in_transaction.clear()
        place(monkeypatch)
        assert hashing.in_transaction, f"{place.__name__} hashes nothing"
        assert not any(hashing.in_transaction), place.__name__
    assert set(lines_that_hash()) - hashing.callers == set()

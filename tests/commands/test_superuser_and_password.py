"""The commands createsuperuser and changepassword, which record events."""

from __future__ import annotations

import os
import pty
import subprocess

import pytest
from django.test import Client

from accounts.models import User
from accounts.services.people import remove_person
from core.models import Event
from tests.commands.running import command_line, environment, shell
from tests.conftest import NOW, PASSWORD, browser_for
from todos.models import TodoList

NEW = "a pale moon over the harbour"


@pytest.fixture(autouse=True)
def _accept_both_hashers(settings):
    """Accept the hashes of the tests as well as those of the command's process."""
    pbkdf2 = "django.contrib.auth.hashers.PBKDF2PasswordHasher"
    settings.PASSWORD_HASHERS = [pbkdf2, *settings.PASSWORD_HASHERS]


def create(**variables: str):
    return shell("createsuperuser", "--noinput", "--username", "root", **variables)


@pytest.mark.django_db(transaction=True)
def test_createsuperuser_creates_a_user_who_can_sign_in():
    done = create(DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    assert done.returncode == 0, done.stderr
    assert Client().login(username="root", password=PASSWORD)
    root = User.objects.get(username="root")
    assert root.is_superuser
    assert TodoList.objects.filter(inbox_of=root).exists()


@pytest.mark.django_db(transaction=True)
def test_createsuperuser_is_recorded_as_a_command():
    create(DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    event = Event.objects.get(verb="user.created")
    assert event.changes["username"] == [None, "root"]
    assert PASSWORD not in str(event.changes)
    assert set(Event.objects.values_list("source", flat=True)) == {"command"}
    assert event.request_id.startswith("command-")


@pytest.mark.django_db(transaction=True)
def test_createsuperuser_refuses_a_name_that_is_taken():
    create(DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    again = create(DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    assert again.returncode == 1
    assert "already" in again.stderr
    assert Event.objects.filter(verb="user.created").count() == 1


@pytest.mark.django_db(transaction=True)
def test_changepassword_reads_stdin_and_ends_sessions(owner):
    browser = browser_for(owner)
    done = shell("changepassword", "olga", stdin=f"{NEW}\n")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert NEW not in done.stderr
    assert Client().login(username="olga", password=NEW)
    assert not Client().login(username="olga", password=PASSWORD)
    assert browser.get("/").status_code == 302

    event = Event.objects.get(verb="user.password_changed")
    assert (event.source, event.changes) == ("command", {})


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("password", ["", "short", "12345678901234567890"])
def test_changepassword_refuses_a_weak_password(owner, password):
    done = shell("changepassword", "olga", stdin=f"{password}\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert "This password is" in done.stderr
    assert Client().login(username="olga", password=PASSWORD)


def type_in(*lines: str) -> tuple[int, str]:
    """Change olga's password in a terminal; return the exit status and the output.

    Each line is typed after its prompt, because earlier input would be discarded.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603  (our own command line)
        command_line("changepassword", "olga"),
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment(),
        start_new_session=True,  # else it would prompt in the terminal of the tests
    ) as process:
        assert process.stderr
        output = b""
        for line in lines:
            while not output.endswith((b"olga: ", b"Again: ")):
                output += process.stderr.read(1)
            os.write(ours, f"{line}\n".encode())
            output += b"\n"
        output += process.stderr.read()
        status = process.wait(timeout=60)
    os.close(ours)
    os.close(theirs)
    return status, output.decode()


@pytest.mark.django_db(transaction=True)
def test_changepassword_asks_twice_in_a_terminal(owner):
    status, output = type_in(NEW, "another", "short", "short", NEW, NEW)
    assert status == 0
    assert "passwords do not match" in output
    assert "This password is too short" in output
    assert NEW not in output
    assert Client().login(username="olga", password=NEW)


@pytest.mark.django_db(transaction=True)
def test_changepassword_gives_up_after_three_attempts(owner):
    status, output = type_in(*["short"] * 6)
    assert status == 1
    assert "was not changed" in output
    assert Client().login(username="olga", password=PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_changepassword_refuses_removed_and_unknown_people(owner):
    remove_person(actor=None, person=owner, now=NOW)
    label = User.objects.get(pk=owner.pk).username
    for name in (label, "nobody"):
        done = shell("changepassword", name, stdin=f"{NEW}\n")
        assert done.returncode == 1
        assert f"No user has the user name or email address {name}." in done.stderr


@pytest.mark.django_db(transaction=True)
def test_changepassword_takes_an_address_and_a_disabled_person(owner):
    User.objects.filter(pk=owner.pk).update(is_active=False)
    done = shell("changepassword", " OLGA@example.com", stdin=f"{NEW}\n")
    assert done.returncode == 0, done.stderr
    assert User.objects.get(pk=owner.pk).check_password(NEW)

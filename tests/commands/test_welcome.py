"""The command welcome: the first start of an empty installation."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from core.models import Event
from tests.commands.running import refusal, run, shell
from todos.models import Todo, TodoList


@pytest.fixture(autouse=True)
def _english_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def password_in(printed: str) -> str:
    first, second = printed.splitlines()
    assert first == "Administrator: admin"
    return second.removeprefix("Password: ")


def test_the_printed_password_signs_in(db):
    password = password_in(run("welcome").out)
    assert len(password) == 20
    assert Client().login(username="admin", password=password)
    admin = User.objects.get()
    assert [role.name for role in admin.groups.all()] == ["administrator"]
    assert not admin.is_superuser


@pytest.mark.usefixtures("_at_noon")
def test_the_first_list_shows_what_todos_can_do(db):
    run("welcome")
    admin = User.objects.get()
    welcome = TodoList.objects.visible_to(admin).get(inbox_of=None)
    todos = Todo.objects.filter(list=welcome)
    assert welcome.name == "Welcome"
    assert todos.filter(is_finished=True).count() == 1
    assert todos.filter(due_on=timezone.now().date()).exists()
    assert todos.filter(due_time__isnull=False).exists()
    assert todos.filter(parent__isnull=False).count() == 2
    assert todos.filter(labels__isnull=False).exists()
    assert Todo.objects.filter(list__inbox_of=admin).exists()


def test_the_first_list_reads_as_a_guide(db):
    """In its table, newest first, and on the page of a todo with subtasks."""
    run("welcome")
    steps = ["Add a person", "Create a list and add them as an editor"]
    tables = (Todo.objects.newest(), Todo.objects.order_by("rank"))
    for table in tables:
        contents = list(table.values_list("content", flat=True))
        assert [one for one in contents if one in steps] == steps
    assert contents.index("Share a list with someone") < contents.index(steps[0])


@pytest.mark.parametrize(
    ("variables", "language", "name"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh-hans", "欢迎"),
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh-hans", "欢迎"),
        ({"LANG": "C.UTF-8"}, "en", "Welcome"),
        ({"LANG": "fr_FR"}, "en", "Welcome"),
        ({}, "en", "Welcome"),
    ],
)
def test_the_administrator_has_the_language_of_the_terminal(
    db, monkeypatch, variables, language, name
):
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    run("welcome")
    assert User.objects.get().language == language
    assert TodoList.objects.filter(name=name).exists()


def test_every_event_has_the_command_as_its_source(db):
    before = Event.objects.count()
    run("welcome")
    sources = Event.objects.values_list("source", flat=True)
    assert sources.count() > before
    assert set(sources) == {"command"}


def test_a_second_start_prints_and_changes_nothing(db, django_assert_num_queries):
    run("welcome")
    before = Event.objects.count()
    with django_assert_num_queries(1):  # whether any user exists
        again = run("welcome")
    assert (again.out, again.err) == ("", "")
    assert Event.objects.count() == before


def test_an_installation_with_users_gets_no_administrator(owner):
    assert run("welcome").out == ""
    assert not User.objects.filter(username="admin").exists()


def test_no_administrator_is_created_without_the_role(db):
    Role.objects.filter(name="administrator").delete()
    assert "administrator is missing" in refusal("welcome")
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_no_administrator_is_created_if_the_password_cannot_be_printed(db):
    done = shell("welcome", "--skip-checks", into="/dev/full")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert not User.objects.exists()

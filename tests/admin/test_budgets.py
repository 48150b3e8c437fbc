"""Pages take the same number of statements with ten rows or a hundred."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.utils import timezone

from accounts.models import ApiKey, Role, User
from accounts.services.keys import issue_key
from accounts.services.passwords import hash_password
from accounts.services.people import add_person
from accounts.services.roles import add_role
from core.models import Event
from tests.admin.cast import address, statements
from tests.conftest import browser_for, make_person
from tests.files.attaching import attach
from todos.models import Attachment, Comment, Label, MemberRole, Todo, TodoList
from todos.services.comments import add_comment
from todos.services.labels import add_label
from todos.services.lists import add_list
from todos.services.sharing import share_list
from todos.services.todos import add_todo

# Statements of each page, including those of every page: session, person,
# permissions, lists of the navigation.
HISTORY = 12  # some for each kind of row that the entries name
PAGES = {
    "the home page": ("index", 9),
    "todos": ("todos_todo_changelist", 12),
    "the trash": ("todos_todo_trash", 7),
    "lists": ("todos_todolist_changelist", 7),
    "labels": ("todos_label_changelist", 7),
    "people": ("accounts_user_changelist", 7),
    "roles": ("accounts_role_changelist", 7),
    "API keys": ("accounts_apikey_changelist", 6),
    "events": ("core_event_changelist", 16),
    "a new todo": ("todos_todo_add", 4),
    "a new list": ("todos_todolist_add", 4),
    "a new label": ("todos_label_add", 4),
    "a new person": ("accounts_user_add", 6),
    "a new role": ("accounts_role_add", 5),
    "a new key": ("accounts_apikey_add", 4),
}
WITHOUT_TABLE = {"todos_comment", "todos_attachment"}
FORMS = {
    "todos_todo": ("todo", 10),
    "todos_todolist": ("list", 7),
    "todos_label": ("label", 5),
    "todos_comment": ("comment", 6),
    "todos_attachment": ("attachment", 6),
    "accounts_user": ("person", 9),
    "accounts_role": ("role", 9),
    "accounts_apikey": ("key", 5),
    "core_event": ("event", 8),
}


class Installation:
    """A user who may see every page, and any number of rows of each kind."""

    def __init__(self) -> None:
        self.user = make_person("grace", "administrator", "member")
        self.now = timezone.now()
        self.list = add_list(actor=self.user, name="Big", now=self.now)
        self.todo = add_todo(
            actor=self.user, todo_list=self.list, content="Top", now=self.now
        )
        self.role: Any = Role.objects.get(name="member")
        self.size = 0

    def grow(self, size: int) -> None:
        for number in range(self.size, size):
            self._add(number)
            if number % 50 == 49:  # in batches that stay below the timeout
                connection.check_constraints()
        self.size = size

    def _add(self, number: int) -> None:
        user, now = self.user, self.now
        person = add_person(
            actor=None,
            username=f"p{number}",
            password_hash=hash_password(None),
            now=now,
            roles=[self.role],
        )
        share_list(
            actor=user,
            todo_list=self.list,
            user=person,
            role=MemberRole.EDITOR,
            now=now,
        )
        other = add_list(actor=user, name=f"l{number}", now=now)
        share_list(
            actor=user, todo_list=other, user=person, role=MemberRole.VIEWER, now=now
        )
        label = add_label(actor=user, todo_list=self.list, name=f"b{number}", now=now)
        add_todo(
            actor=user,
            todo_list=self.list,
            parent=self.todo,
            content=f"t{number}",
            labels=[label],
            assignee=person,
            due_on=now.date() + timedelta(days=number % 5 - 2),
            now=now,
        )
        trashed = add_todo(actor=user, todo_list=other, content=f"x{number}", now=now)
        Todo.with_trash.filter(pk=trashed.pk).update(deleted_at=now)
        add_comment(actor=person, todo=self.todo, text=f"c{number}", now=now)
        attach(user, self.todo, now=now)
        issue_key(actor=None, user=user, name=f"k{number}", now=now)
        add_role(actor=None, name=f"r{number}", permissions=[], now=now)
        self.todo.labels.add(label)

    def row(self, kind: str) -> object:
        return {
            "todo": self.todo,
            "list": self.list,
            "label": Label.objects.filter(list=self.list).first(),
            "comment": Comment.objects.first(),
            "attachment": Attachment.objects.first(),
            "person": User.objects.get(username="p0"),
            "role": self.role,
            "key": ApiKey.objects.first(),
            "event": Event.objects.filter(verb="todo.created").first(),
        }[kind]


@pytest.fixture
def installation(db) -> Installation:
    return Installation()


def assert_within(budget: int, *pages: list[str]) -> None:
    for page in pages:
        assert len(page) <= budget, "\n".join(page)


def test_with_many_rows_pages_take_few_statements_and_offer_no_more_choices(
    installation,
):
    browser = browser_for(installation.user)
    installation.grow(10)
    few = {
        name: statements(browser, address(page)) for name, (page, _) in PAGES.items()
    }
    rows = {page: installation.row(kind).pk for page, (kind, _) in FORMS.items()}
    few |= {
        page: statements(browser, address(f"{page}_change", pk))
        for page, pk in rows.items()
    }
    past = {
        page: statements(browser, address(f"{page}_history", pk))
        for page, pk in rows.items()
    }
    installation.grow(110)
    for name, (page, budget) in PAGES.items():
        assert_within(budget, few[name], statements(browser, address(page)))
    for page, (_kind, budget) in FORMS.items():
        change = statements(browser, address(f"{page}_change", rows[page]))
        assert_within(budget, few[page], change)
        many = statements(browser, address(f"{page}_history", rows[page]))
        assert_within(HISTORY, past[page], many)
    assert_no_page_offers_all(browser, installation)


def test_the_budgets_name_every_page_of_the_registry():
    named = {page for page, _ in PAGES.values()} | set(FORMS)
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        assert name in FORMS, name
        assert f"{name}_changelist" in named or name in WITHOUT_TABLE, name


def assert_no_page_offers_all(browser: Any, installation: Installation) -> None:
    """Nothing loads every row into a select."""
    for page in ("todos_todo_add", "todos_label_add", "todos_todolist_add"):
        body = browser.get(address(page)).content.decode()
        assert body.count("<option") < 800  # the time zones are not rows
        for number in range(installation.size):
            assert f">b{number}<" not in body
            assert f">p{number}<" not in body
    table = browser.get(address("todos_todo_changelist")).content.decode()
    assert table.count("<option") <= installation.size
    assert (
        TodoList.objects.as_seen_by(installation.user).count() == installation.size + 2
    )

"""Saving a page without typing changes nothing, whatever its texts hold."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts.models import Role
from core.models import Event
from tests.admin.cast import address
from tests.admin.html_forms import main_form
from tests.conftest import browser_for, make_person
from todos.models import Label, Todo, TodoList
from todos.services.comments import add_comment
from todos.services.labels import add_label
from todos.services.lists import add_list
from todos.services.todos import add_todo

NOW = timezone.now()
TEXTS = [
    "buy milk\nand bread",
    "carriage\rreturn",
    "both\r\nof them",
    "one\n\n\nmore",
    "\nleading",
    "trailing \t",
    "  spaces  inside  ",
    "tab\there",
    "vertical\x0btab, form\x0cfeed, next\x85line, para\u2029graph",
    "</textarea><b>& &amp; &#10;",
    "\"quotes' \\ %s {{ x }}",
    "\u202eright to left\u202c",
    "zero\u200bwidth\ufeff",
    "e\u0301 and 👩‍👩‍👧 and 字",
]


def save_unchanged(person: Any, page: str) -> Any:
    browser = browser_for(person)
    opened = browser.get(page)
    answer = browser.post(page, main_form(opened).typed(_save="Save"))
    assert answer.status_code == 302, answer.context["errors"]


def assert_unchanged(person: Any, page: str, row: Any) -> None:
    rows = type(row)._base_manager.filter(pk=row.pk)
    before, events = rows.values().get(), Event.objects.count()
    save_unchanged(person, page)
    assert rows.values().get() == before
    assert Event.objects.count() == events


@pytest.mark.parametrize("text", TEXTS)
def test_saving_texts_unchanged_changes_nothing(administrator, text):
    made: dict[str, Any] = {
        "todos_todo": add_todo(
            actor=administrator, content=text, notes=f"{text}\r\n", now=NOW
        ),
        "todos_todolist": add_list(actor=administrator, name=text, now=NOW),
        "accounts_user": make_person("pat", display_name=text),
    }
    made["todos_label"] = add_label(
        actor=administrator, todo_list=made["todos_todolist"], name=text, now=NOW
    )
    made["todos_comment"] = add_comment(
        actor=administrator, todo=made["todos_todo"], text=text, now=NOW
    )
    for name, row in made.items():
        page = address(f"{name}_change", row.pk)
        assert_unchanged(administrator, page, type(row)._base_manager.get(pk=row.pk))


def test_a_title_with_line_breaks_is_edited_as_such(owner, owner_browser):
    todo = add_todo(actor=owner, content="buy milk\nand bread", now=NOW)
    page = address("todos_todo_change", todo.pk)
    form = main_form(owner_browser.get(page))
    assert form.data["content"] == "buy milk\r\nand bread"
    typed = form.typed(content="buy milk\r\nand butter", _save="Save")
    assert owner_browser.post(page, typed).status_code == 302
    assert Todo.objects.get().content == "buy milk\nand butter"


@pytest.mark.parametrize(
    "values",
    [
        {"due_on": date(2027, 3, 1), "due_time": time(10, 30)},
        {"due_on": date(2027, 3, 1), "due_time": time(10, 30, 45)},
        {"due_on": date(2027, 3, 1), "due_time": time(10, 30, 45, 120000)},
        {"due_on": date(2027, 3, 1), "due_time": time(0), "due_zone": "US/Eastern"},
        {"due_on": date(2999, 12, 31), "starts_on": date(1970, 1, 1)},
        {"priority": 3},
    ],
)
def test_saving_other_values_unchanged_changes_nothing(owner, todo_list, values):
    label = add_label(actor=owner, todo_list=todo_list, name="soil", now=NOW)
    parent = add_todo(actor=owner, todo_list=todo_list, content="Up", now=NOW)
    todo = add_todo(
        actor=owner,
        todo_list=todo_list,
        content="Dig",
        parent=parent,
        assignee=owner,
        labels=[label],
        now=NOW,
        **values,
    )
    page = address("todos_todo_change", todo.pk)
    assert_unchanged(owner, page, Todo.objects.get(pk=todo.pk))
    assert list(todo.labels.all()) == [label]


def test_saving_colours_and_permissions_unchanged_changes_nothing(administrator):
    # Only a superuser has, and may change, permissions that the pages do not offer.
    administrator.is_superuser = True
    administrator.save()
    mine = add_list(actor=administrator, name="Shed", colour="#123456", now=NOW)
    label = add_label(
        actor=administrator, todo_list=mine, name="wood", colour="#654321", now=NOW
    )
    role = Role.objects.get(name="member")
    role.permissions.add(Permission.objects.get(codename="view_session"))
    before = set(role.permissions.all())
    person = make_person("pat", "member", "auditor")
    for page, row in (
        ("todos_todolist", TodoList.objects.get(pk=mine.pk)),
        ("todos_label", Label.objects.get(pk=label.pk)),
        ("accounts_role", role),
        ("accounts_user", person),
    ):
        assert_unchanged(administrator, address(f"{page}_change", row.pk), row)
    assert set(role.permissions.all()) == before
    assert person.groups.count() == 2

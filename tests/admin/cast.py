"""Helpers of the admin tests: pages, forms and the rows of a stranger."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import ApiKey, User
from accounts.services.keys import issue_key
from tests.conftest import make_person
from tests.files.attaching import attach
from tests.matrix_parts import rows_of as other_rows_of
from todos.models import Attachment, Comment, Label, MemberRole, Todo, TodoList
from todos.services.comments import add_comment
from todos.services.labels import add_label
from todos.services.lists import add_list
from todos.services.sharing import share_list
from todos.services.todos import add_todo

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CANARY = "Zeisig-4711"  # in every text of the stranger

_FIELD = re.compile(r"<(input|textarea|select)\b([^>]*)>", re.IGNORECASE)
_VALUE = re.compile(r'value="([^"]*)"')
_ATTRIBUTE = re.compile(r'([\w:-]+)(?:="([^"]*)")?')


@dataclass(frozen=True)
class Rows:
    """One row of each kind that has a page, all of one list."""

    todo: Todo
    todolist: TodoList
    label: Label
    comment: Comment
    attachment: Attachment
    apikey: ApiKey
    user: User
    others: dict[str, Any]  # of apps that have tests/<app>/matrix.py

    def of(self, model_name: str) -> Any:
        return self.others.get(model_name) or getattr(self, model_name)


def rows_of(user: User, todo_list: TodoList, word: str) -> Rows:
    """Add a row of each kind to a list; every text contains the word."""
    label = add_label(actor=user, todo_list=todo_list, name=f"{word} label", now=NOW)
    todo = add_todo(
        actor=user,
        todo_list=todo_list,
        content=f"{word} content",
        notes=f"{word} notes",
        labels=[label],
        assignee=user,
        now=NOW,
    )
    comment = add_comment(actor=user, todo=todo, text=f"{word} comment", now=NOW)
    attachment = attach(user, todo, name=f"{word} file.txt", now=NOW)
    key, _token = issue_key(actor=user, user=user, name=f"{word} key", now=NOW)
    others = other_rows_of(user, word)
    return Rows(todo, todo_list, label, comment, attachment, key, user, others)


def strangers_rows() -> Rows:
    """Return the rows of a user who shares nothing with anyone but a friend."""
    stranger = make_person(
        f"stranger.{CANARY}",
        display_name=f"{CANARY} Stranger",
        email=f"{CANARY}@example.com",
    )
    todo_list = add_list(actor=stranger, name=f"{CANARY} list", now=NOW)
    friend = make_person(f"friend.{CANARY}", display_name=f"{CANARY} Friend")
    share_list(
        actor=stranger,
        todo_list=todo_list,
        user=friend,
        role=MemberRole.EDITOR,
        now=NOW,
    )
    return rows_of(stranger, todo_list, CANARY)


def address(page: str, *args: Any) -> str:
    return reverse(f"admin:{page}", args=args)


def text_of(response: Any) -> str:
    return unescape(response.content.decode())


def form_of(response: Any) -> dict[str, Any]:
    """Return the data that a browser would send for the unchanged main form."""
    form = response.context["adminform"].form
    data = _data_of(form)
    for inline in response.context["inline_admin_formsets"]:
        data |= _data_of(inline.formset.management_form)
        for below in inline.formset.forms:
            data |= _data_of(below)
    return data


def _data_of(form: Any) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for field in form:
        if field.field.show_hidden_initial:
            hidden = str(field.as_hidden(only_initial=True))
            values = [unescape(value) for value in _VALUE.findall(hidden)]
            data[field.html_initial_name] = values
        value = field.value()
        if value is None or value is False:
            continue
        if value is True:
            value = "on"
        elif isinstance(value, list | tuple):
            value = [str(getattr(part, "pk", part)) for part in value]
        elif hasattr(field.field.widget, "format_value"):
            value = field.field.widget.format_value(value)
            value = value[0] if isinstance(value, list) and len(value) == 1 else value
        data[field.html_name] = value if value is not None else ""
    return data


def save(browser: Client, url: str, **typed: Any) -> Any:
    """Open a form, change the named fields, and submit it."""
    data = form_of(browser.get(url)) | typed
    return browser.post(url, {k: v for k, v in data.items() if v is not None})


def statements(browser: Client, url: str) -> list[str]:
    """Return the SQL statements of a page, after content types are cached."""
    browser.get(url)
    with CaptureQueriesContext(connection) as captured:
        response = browser.get(url)
    assert response.status_code == 200
    return [query["sql"] for query in captured.captured_queries]

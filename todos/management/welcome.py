"""The first lists of an installation: a tour, and an inbox with some todos."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from accounts.models import User
from todos.models import Priority, Todo, TodoList
from todos.services.labels import add_label
from todos.services.lists import add_list
from todos.services.todos import add_todo, finish_todo


def fill_first_lists(person: User, *, now: datetime) -> None:
    """Create the list Welcome, and add todos to the inbox."""
    todo_list = add_list(
        actor=person, name=gettext("Welcome"), colour="#2e7d6b", now=now
    )
    _fill_welcome(person, todo_list, now)
    _fill_inbox(person, now)


def _fill_welcome(person: User, todo_list: TodoList, now: datetime) -> None:
    # A table shows the newest todo first, a todo its subtasks in their own order. Both
    # read as a guide if each todo is a little older than the one before.
    ages = count()

    def add(content: str, **fields: Any) -> Todo:
        moment = now - timedelta(milliseconds=next(ages))
        return add_todo(
            actor=person, todo_list=todo_list, content=content, now=moment, **fields
        )

    today = now.astimezone(ZoneInfo(person.time_zone)).date()
    start, shell = (
        add_label(actor=person, todo_list=todo_list, name=name, colour=colour, now=now)
        for name, colour in (
            (gettext("start here"), "#1565c0"),
            (gettext("shell"), "#6d4c41"),
        )
    )
    finish_todo(actor=person, todo=add(gettext("Start the service")), now=now)
    add(
        gettext("Tick the box of this todo to finish it"),
        due_on=today,
        priority=Priority.HIGH,
        labels=[start],
    )
    _add_sharing(add, labels=[start], due_on=today + timedelta(days=7))
    add(
        gettext("Add a todo from the shell"),
        notes=gettext(
            "Create a key with manage.py createapikey. $URL is the address of this "
            "service:\n"
            "http -f POST $URL/api/v1/todos content=Hello "
            '"Authorization: Bearer $KEY"'
        ),
        due_on=today + timedelta(days=1),
        due_time=time(9, 30),
        labels=[shell],
    )
    add(gettext("Delete this list once you know your way around"))


def _add_sharing(add: Any, **fields: Any) -> None:
    parent = add(gettext("Share a list with someone"), **fields)
    add(gettext("Add a person"), parent=parent)
    add(gettext("Create a list and add them as an editor"), parent=parent)


def _fill_inbox(person: User, now: datetime) -> None:
    add_todo(
        actor=person,
        content=gettext("Change your password"),
        priority=Priority.MEDIUM,
        now=now,
    )
    add_todo(actor=person, content=gettext("Buy milk"), now=now)

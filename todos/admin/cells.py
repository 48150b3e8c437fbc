"""How a todo looks in a row."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from todos.admin.base import may_edit
from todos.admin.colours import dot
from todos.models import Priority, Todo


def is_overdue(todo: Todo, now: datetime) -> bool:
    """Tell whether a todo is open and late where `now` is."""
    if todo.is_finished or todo.due_on is None:
        return False
    if todo.due_at is not None:
        return todo.due_at < now
    return todo.due_on < now.date()


def day_name(day: date, today: date) -> str:
    """Return the day as people say it: today, tomorrow, Friday, 3 May."""
    names = {-1: _("Yesterday"), 0: _("Today"), 1: _("Tomorrow")}
    distance = (day - today).days
    if distance in names:
        return names[distance]
    if 1 < distance < 7:
        return date_format(day, "l")
    if day.year == today.year:
        return date_format(day, pgettext("day and month", "j M"))
    return date_format(day, pgettext("day, month and year", "j M Y"))


def due_words(todo: Todo, now: datetime) -> str:
    """Return when a todo is due, in the person's own zone."""
    if todo.due_on is None:
        return ""
    if todo.due_at is None:
        return day_name(todo.due_on, now.date())
    local = todo.due_at.astimezone(now.tzinfo)
    return f"{day_name(local.date(), now.date())} {time_format(local, 'H:i')}"


def due_cell(todo: Todo, now: datetime) -> str:
    words = due_words(todo, now)
    if not words:
        return ""
    if is_overdue(todo, now):
        return format_html(
            '<span class="due due-late">{} <span class="tag">{}</span></span>',
            words,
            _("overdue"),
        )
    soon = todo.due_on is not None and todo.due_on <= now.date() + timedelta(days=1)
    kind = "due-soon" if soon and not todo.is_finished else "due-later"
    return format_html('<span class="due {}">{}</span>', kind, words)


def done_cell(todo: Any) -> str:
    """Return the box that finishes or reopens at one click."""
    page = "reopen" if todo.is_finished else "finish"
    word = _("Reopen: %s") if todo.is_finished else _("Finish: %s")
    return format_html(
        '<button class="done-box{}" type="submit" form="one-click" formaction="{}"'
        ' aria-label="{}" aria-pressed="{}"{}></button>',
        " is-done" if todo.is_finished else "",
        reverse(f"admin:todos_todo_{page}", args=[todo.pk]),
        word % todo.content,
        "true" if todo.is_finished else "false",
        "" if may_edit(todo.list) else " disabled",
    )


def what_cell(todo: Todo) -> str:
    """Return what is to be done; of a subtask also what it is part of."""
    if todo.parent is None:
        return todo.content
    return format_html(
        '{} <small class="part-of">{}</small>', todo.content, todo.parent.content
    )


def list_cell(todo_list: Any) -> str:
    return format_html(
        '<span class="in-list" title="{0}">{1}<span>{0}</span></span>',
        todo_list.name,
        dot(todo_list.colour),
    )


def priority_cell(todo: Todo) -> str:
    if todo.priority == Priority.NONE:
        return ""
    return format_html(
        '<span class="priority priority-{}">{}</span>',
        todo.priority,
        todo.get_priority_display(),
    )


def label_cells(todo: Todo) -> str:
    labels = sorted(todo.labels.all(), key=lambda label: label.name_key)
    return format_html_join(
        " ",
        '<span class="chip">{}<span>{}</span></span>',
        ((dot(label.colour), label.name) for label in labels),
    )


def person_cell(person: Any) -> str:
    """Return a person's initials and name."""
    if person is None:
        return ""
    name = str(person)
    return format_html(
        '<span class="person" title="{}">'
        '<span class="initials" aria-hidden="true">{}</span>'
        '<span class="person-name">{}</span></span>',
        name,
        "".join(part[0] for part in name.split()[:2]).upper(),
        name,
    )


def dressed(todos: Iterable[Any], now: datetime) -> list[Any]:
    """Give todos the marks that a row of them shows."""
    rows = list(todos)
    for todo in rows:
        todo.done_box = done_cell(todo)
        todo.due_mark = due_cell(todo, now)
        todo.priority_mark = priority_cell(todo)
        todo.list_mark = list_cell(todo.list)
    return rows


def now_here() -> datetime:
    """Return the moment in the zone of the person who asks."""
    return timezone.localtime()

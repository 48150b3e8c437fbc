"""HTML of the cells in which todos and lists are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User
from accounts.pictures import person_with_name
from core.admin.urls import page_url
from core.html import format_html
from todos.admin.colours import dot
from todos.due import Period
from todos.models import Label, Priority, Todo, TodoList


def day_name(day: date, today: date) -> str:
    """Return the day in words: Today, Tomorrow, Friday, 3 May."""
    match (day - today).days:
        case -1:
            return _("Yesterday")
        case 0:
            return _("Today")
        case 1:
            return _("Tomorrow")
    if today < day <= Period.WEEK.days(today)[1]:
        return date_format(day, "l")
    if day.year == today.year:
        return date_format(day, pgettext("day and month", "j M"))
    return date_format(day, pgettext("day, month and year", "j M Y"))


def due_text(todo: Todo, now: datetime) -> str:
    """Return when a todo is due, in its own zone, by which it is sorted and filtered.

    The zone is named if clocks there differ from those in the zone of `now`.
    """
    if todo.due_on is None:
        return ""
    text = day_name(todo.due_on, now.date())
    if todo.due_time is not None:
        text = f"{text} {time_format(todo.due_time, 'H:i')}"
    return f"{text} ({zone_label(todo.due_zone)})" if is_elsewhere(todo, now) else text


def is_elsewhere(todo: Todo, now: datetime) -> bool:
    """Return whether the todo is due by clocks that differ from those of `now`."""
    if todo.due_at is None:
        return False
    there = todo.due_at.astimezone(ZoneInfo(todo.due_zone))
    return there.utcoffset() != todo.due_at.astimezone(now.tzinfo).utcoffset()


def zone_label(name: str) -> str:
    """Return the place in the name of a zone: Los Angeles for America/Los_Angeles."""
    return name.rpartition("/")[2].replace("_", " ")


def due_cell(todo: Todo, now: datetime) -> str:
    text = due_text(todo, now)
    if not text:
        return ""
    here = ""
    if todo.due_at is not None and is_elsewhere(todo, now):
        local = date_format(todo.due_at.astimezone(now.tzinfo), "DATETIME_FORMAT")
        title = _("%s in your time zone") % local
        here = format_html(' title="{}"', title)
    if todo.is_overdue(now):
        return format_html(
            '<span class="due due-late"{}>{} <span class="tag">{}</span></span>',
            here,
            text,
            _("overdue"),
        )
    tomorrow = Period.TOMORROW.days(now.date())[1]
    soon = todo.due_on is not None and todo.due_on <= tomorrow
    kind = "due-soon" if soon and not todo.is_finished else "due-later"
    return format_html('<span class="due {}"{}>{}</span>', kind, here, text)


def finished_cell(todo: Todo, now: datetime) -> str:
    """Return when a todo was finished, in the zone of `now`, and by whom."""
    if todo.finished_at is None:
        return ""
    local = todo.finished_at.astimezone(now.tzinfo)
    return format_html(
        '<time datetime="{}" title="{}">{} {}</time>',
        local.isoformat(timespec="seconds"),
        todo.finished_by or "",
        day_name(local.date(), now.date()),
        time_format(local, "H:i"),
    )


def done_cell(todo: Todo) -> str:
    """Return the button that finishes or reopens the todo, or its state as a sign."""
    done = " is-done" if todo.is_finished else ""
    if not todo.list.is_writable:
        state = _("Finished") if todo.is_finished else _("Open")
        return format_html(
            '<span class="done-mark{}" role="img" aria-label="{}"></span>', done, state
        )
    page = "reopen" if todo.is_finished else "finish"
    label = _("Reopen: %s") if todo.is_finished else _("Finish: %s")
    anchor, neighbour = getattr(todo, "anchors", (f"done-{todo.pk}",) * 2)
    return format_html(
        '<button class="done-box{}" type="submit" form="quick-action"'
        ' id="{}" formaction="{}?at={}" data-key="{}" data-neighbour="{}"'
        ' aria-label="{}" aria-pressed="{}"></button>',
        done,
        anchor,
        page_url(todo, page, todo.pk),
        neighbour,
        anchor,
        neighbour,
        label % todo.content,
        "true" if todo.is_finished else "false",
    )


def content_cell(todo: Todo) -> str:
    """Return the content; for a subtask also that of its parent."""
    if todo.parent is None:
        return todo.content
    return format_html(
        '<bdi>{}</bdi> <small class="part-of" dir="auto">{}</small>',
        todo.content,
        todo.parent.content,
    )


def todos_url(todo_list: TodoList) -> str:
    """Return the URL of the table of the list's todos."""
    return f"{page_url(Todo, 'changelist')}?list={todo_list.pk}"


def list_link(todo_list: TodoList) -> str:
    """Return the name of a list, which leads to its todos."""
    return format_html(
        '<a href="{}">{}</a>', todos_url(todo_list), list_cell(todo_list)
    )


def list_cell(todo_list: TodoList) -> str:
    return format_html(
        '<span class="in-list" title="{0}">{1}<span dir="auto">{0}</span></span>',
        todo_list.title,
        dot(todo_list.colour),
    )


def priority_cell(todo: Todo) -> str:
    if todo.priority == Priority.NONE:
        return ""
    return format_html(
        '<span class="priority priority-{}">{}</span>',
        todo.priority,
        Priority(todo.priority).label,
    )


def label_cell(label: Label) -> str:
    return format_html(
        '<span class="chip">{}<span dir="auto">{}</span></span>',
        dot(label.colour),
        label.name,
    )


def labels_cell(labels: Iterable[Label]) -> str:
    return SafeString(" ".join(map(label_cell, labels)))


def person_cell(person: User | None) -> str:
    """Return a person's picture and name."""
    return "" if person is None else person_with_name(person)


def add_anchors(rows: Sequence[Any], place: str = "") -> None:
    """Give each row its anchor and that of a neighbouring row.

    The row of a finished todo may disappear; the page then scrolls to the neighbour.
    `place` distinguishes parts of a page that show the same todo.
    """
    anchors = [f"done-{place}{row.pk}" for row in rows]
    neighbours = anchors[1:] + anchors[-2:-1] if rows[1:] else anchors
    for row, anchor, neighbour in zip(rows, anchors, neighbours, strict=True):
        row.anchors = anchor, neighbour


def with_cells(todos: Iterable[Todo], now: datetime, place: str = "") -> list[Any]:
    """Return the todos with the cells that `todo_row.html` shows."""
    rows: list[Any] = list(todos)
    add_anchors(rows, place)
    for todo in rows:
        todo.page_url = page_url(todo, "change", todo.pk)
        todo.done_cell = done_cell(todo)
        todo.due_cell = due_cell(todo, now)
        todo.priority_cell = priority_cell(todo)
        todo.list_cell = list_cell(todo.list)
    return rows


def local_now() -> datetime:
    """Return the current time in the user's zone."""
    return timezone.localtime()

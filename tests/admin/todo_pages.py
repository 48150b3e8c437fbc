"""Addresses of the pages of todos, and helpers for them."""

from __future__ import annotations

from django.test import Client

from core.models import Event
from todos.models import Todo

TABLE = "/admin/todos/todo/"
TRASH = "/admin/todos/todo/trash/"
QUICK_ADD = "/admin/todos/todo/quick-add/"


def last_event(verb: str) -> Event:
    return Event.objects.filter(verb=verb).order_by("-at", "-pk")[0]


def act(browser: Client, action: str, *todos: Todo, page: str = TABLE, **more: str):
    given = {"action": action, "_selected_action": [str(todo.pk) for todo in todos]}
    if "confirmed" not in more:
        given["index"] = "0"
    return browser.post(page, given | more, follow=True)


def messages_of(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])

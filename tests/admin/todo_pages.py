"""Addresses of the pages of todos, and helpers for them."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from core.models import Event
from todos.models import Todo

TABLE = "/admin/todos/todo/"
TRASH = "/admin/todos/todo/trash/"
QUICK_ADD = "/admin/todos/todo/quick-add/"


def last_event(verb: str) -> Event:
    return Event.objects.filter(verb=verb).order_by("-at", "-pk")[0]


def quick_add(browser: Client, **typed: Any) -> Any:
    """Send the form for a new todo, as the home page shows it."""
    context = browser.get(reverse("admin:index")).context
    once = {"once": context["quick_once"]} if "quick_once" in context else {}
    return browser.post(QUICK_ADD, once | typed, follow=True)


def act(browser: Client, action: str, *todos: Todo, page: str = TABLE, **more: str):
    given = {"action": action, "_selected_action": [str(todo.pk) for todo in todos]}
    if "confirmed" not in more:
        given["index"] = "0"
    return browser.post(page, given | more, follow=True)


def messages_of(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])

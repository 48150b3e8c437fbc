"""Fixtures: a todo with every attribute set, and the parsed results of the doctor."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from tests.commands.running import attempt
from tests.conftest import NOW
from tests.todos.helpers import label, put
from todos.models import Todo, TodoList
from todos.services.comments import add_comment
from todos.services.lists import add_list

Examination = tuple[int, dict[str, dict[str, Any]]]


@pytest.fixture
def elsewhere(owner: User) -> TodoList:
    return add_list(actor=owner, name="Elsewhere", now=NOW)


@pytest.fixture
def full(owner: User, editor: User, todo_list: TodoList, todo: Todo) -> Todo:
    """A subtask with every attribute that a todo can have."""
    full = put(
        owner,
        todo_list,
        labels=[label(owner, todo_list, "urgent")],
        assignee=editor,
        parent=todo,
        due_on=NOW.date(),
        due_time=NOW.time(),
        due_zone="Asia/Shanghai",
    )
    add_comment(actor=editor, todo=full, text="Twice a day", now=NOW)
    return full


@pytest.fixture
def examine(settings: Any) -> Callable[..., Examination]:
    """Run the doctor; return its exit status and the checks that found something."""
    settings.SECRET_KEY = "0123456789abcdefghijklmnopqrstuvwxyz" * 2

    def run_doctor(*arguments: str) -> Examination:
        outcome = attempt("doctor", "--json", *arguments)
        checks = json.loads(outcome.out)["checks"]
        return outcome.status, {
            check["name"]: check for check in checks if check["found"]
        }

    return run_doctor

"""The fields that people may set, as keyword arguments of the services."""

from __future__ import annotations

from datetime import date, time
from typing import Required, TypedDict
from uuid import UUID

from accounts.models import User
from todos.models import Label, Todo, TodoList


class TodoDetails(TypedDict, total=False):
    """The optional fields of a todo; omitted ones have the model's default."""

    notes: str
    priority: int
    due_on: date | None
    due_time: time | None
    due_zone: str
    starts_on: date | None
    parent: Todo | None
    assignee: User | None


class NewTodo(TodoDetails, total=False):
    """The fields of a todo to add; without a list, it is added to the inbox."""

    content: Required[str]
    todo_list: TodoList | None
    id: UUID | None
    uid: str
    labels: list[Label] | None


class TodoFields(TodoDetails, total=False):
    """The fields of a todo that can change."""

    content: str
    uid: str


class ListFields(TypedDict, total=False):
    """The fields of a list that can change; the last two are the member's own."""

    name: str
    is_archived: bool
    requires_encrypted_writes: bool
    colour: str
    position: str


class LabelFields(TypedDict, total=False):
    """The fields of a label that can change."""

    name: str
    colour: str

"""Pages of lists and todos."""

from __future__ import annotations

from todos.admin.comments import CommentAdmin
from todos.admin.labels import LabelAdmin
from todos.admin.lists import TodoListAdmin
from todos.admin.todos import TodoAdmin

__all__ = ["CommentAdmin", "LabelAdmin", "TodoAdmin", "TodoListAdmin"]

"""Pages of lists and todos."""

from __future__ import annotations

from todos.admin.attachments import AttachmentAdmin
from todos.admin.comments import CommentAdmin
from todos.admin.labels import LabelAdmin
from todos.admin.lists import TodoListAdmin
from todos.admin.todos import TodoAdmin

__all__ = [
    "AttachmentAdmin",
    "CommentAdmin",
    "LabelAdmin",
    "TodoAdmin",
    "TodoListAdmin",
]

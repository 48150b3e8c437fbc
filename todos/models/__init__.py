"""Lists, todos and what belongs to them."""

from __future__ import annotations

from todos.models.attachments import Attachment
from todos.models.comments import COMMENT_LENGTH, Comment
from todos.models.labels import Label
from todos.models.lists import (
    MemberRole,
    Membership,
    TodoList,
    colleagues_of,
    streams_visible_to,
)
from todos.models.todos import (
    CONTENT_BYTES,
    CONTENT_LENGTH,
    MAX_DEPTH,
    NOTES_LENGTH,
    UID_LENGTH,
    Priority,
    Todo,
)

__all__ = [
    "COMMENT_LENGTH",
    "CONTENT_BYTES",
    "CONTENT_LENGTH",
    "MAX_DEPTH",
    "NOTES_LENGTH",
    "UID_LENGTH",
    "Attachment",
    "Comment",
    "Label",
    "MemberRole",
    "Membership",
    "Priority",
    "Todo",
    "TodoList",
    "colleagues_of",
    "streams_visible_to",
]

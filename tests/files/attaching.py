"""Attach files as an upload does."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from files.receiving import ReceivedFile
from todos.models import Attachment, Comment, Todo
from todos.services.attachments import add_attachment


def received(content: bytes = b"content", name: str = "plan.txt") -> ReceivedFile:
    file = ReceivedFile(name)
    file.write(content)
    file.finish()
    return file


def attach(
    user: User,
    todo: Todo,
    *,
    now: datetime,
    name: str = "plan.txt",
    content: bytes = b"content",
    comment: Comment | None = None,
) -> Attachment:
    """Attach a file with this name to a todo or a comment."""
    return add_attachment(
        actor=user,
        todo=todo,
        comment=comment,
        received=received(content, name),
        now=now,
    )

"""Comments on todos."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime

from django.db import transaction

from accounts.models import User
from core import events
from core.errors import Forbidden, Missing
from core.models import IdempotentAnswer
from core.rights import require
from todos.models import Comment, MemberRole, Membership, Todo, TodoList
from todos.services.attachments import erase_attachments
from todos.services.locking import lock_list, lock_todo, record_in_list


@transaction.atomic
def add_comment(*, actor: User, todo: Todo, text: str, now: datetime) -> Comment:
    """Add a comment to a todo."""
    todo_list, todo = lock_todo(actor=actor, todo=todo, permission="todos.add_comment")
    comment = Comment(list=todo_list, todo=todo, text=text)
    comment.stamp(by=actor, at=now)
    comment.save(force_insert=True)
    entry = ("comment.created", comment, comment.created_changes())
    record_in_list(todo_list, entry, actor=actor, at=now)
    return comment


@transaction.atomic
def edit_comment(
    *,
    actor: User,
    comment: Comment,
    text: str,
    now: datetime,
    expected: Container[str] | None = None,
) -> Comment:
    """Change a comment; only its author may."""
    require(actor, "todos.change_comment")
    todo_list, comment = _lock_comment(actor, comment, expected)
    if not comment.is_editable_by(actor):
        raise Forbidden
    if changes := comment.change(by=actor, at=now, text=text):
        entry = ("comment.changed", comment, changes)
        record_in_list(todo_list, entry, actor=actor, at=now)
    return comment


@transaction.atomic
def remove_comment(
    *,
    actor: User,
    comment: Comment,
    now: datetime,
    expected: Container[str] | None = None,
) -> None:
    """Delete a comment and its attachments; its author and owners of the list may.

    Comments have no trash: the text is deleted permanently, also from the event log.
    """
    require(actor, "todos.delete_comment")
    todo_list, comment = _lock_comment(actor, comment, expected)
    role = Membership.objects.get(list=todo_list, user=actor).role
    if not comment.is_removable_by(actor, role=role):
        raise Forbidden
    entry = ("comment.removed", comment, comment.deleted_changes())
    erase_attachments(now=now, comment=comment.pk)
    Comment.objects.filter(pk=comment.pk).delete()
    record_in_list(todo_list, entry, actor=actor, at=now)
    events.redact(resource_type="comment", ids=[comment.pk])
    IdempotentAnswer.objects.forget([comment.pk])


def _lock_comment(
    actor: User, comment: Comment, expected: Container[str] | None
) -> tuple[TodoList, Comment]:
    todo_list = lock_list(actor=actor, list_id=comment.list_id, role=MemberRole.EDITOR)
    fresh = Comment.objects.filter(pk=comment.pk, todo__deleted_at=None).first()
    if fresh is None or fresh.list_id != todo_list.pk:
        raise Missing
    fresh.expect(expected)
    return todo_list, fresh

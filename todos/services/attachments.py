"""Files attached to todos and comments."""

from __future__ import annotations

from collections.abc import Collection, Container
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import events
from core.errors import Forbidden, Missing
from core.models import IdempotentAnswer
from core.rights import require
from files.content import clean_name
from files.receiving import ReceivedFile
from files.services import QuotaExceeded, delete_files, keep_file
from todos.models import Attachment, Comment, MemberRole, Membership, Todo, TodoList
from todos.services.locking import lock_list, lock_todo, record_in_list


@transaction.atomic
def add_attachment(
    *,
    actor: User,
    todo: Todo,
    received: ReceivedFile,
    now: datetime,
    comment: Comment | None = None,
) -> Attachment:
    """Attach a received file to a todo, or to a comment of the actor on it.

    The name is made safe. Raise QuotaExceeded if the person or the list has no room.
    """
    todo_list, todo = lock_todo(
        actor=actor, todo=todo, permission="todos.add_attachment"
    )
    if comment is not None:
        _require_own(actor, comment, todo)
    _require_room(todo_list, received.size)
    attachment = Attachment(
        list=todo_list,
        todo=todo,
        comment=comment,
        file=keep_file(received, actor=actor, now=now),
        name=clean_name(received.name),
    )
    attachment.stamp(by=actor, at=now)
    attachment.save(force_insert=True)
    entry = ("attachment.created", attachment, attachment.created_changes())
    record_in_list(todo_list, entry, actor=actor, at=now)
    return attachment


@transaction.atomic
def rename_attachment(
    *,
    actor: User,
    attachment: Attachment,
    name: str,
    now: datetime,
    expected: Container[str] | None = None,
) -> Attachment:
    """Rename an attachment; the name is made safe."""
    require(actor, "todos.change_attachment")
    todo_list, attachment = _lock_attachment(actor, attachment, expected)
    if not attachment.is_editable_by(actor):
        raise Forbidden
    if changes := attachment.change(by=actor, at=now, name=clean_name(name)):
        entry = ("attachment.changed", attachment, changes)
        record_in_list(todo_list, entry, actor=actor, at=now)
    return attachment


@transaction.atomic
def remove_attachment(
    *,
    actor: User,
    attachment: Attachment,
    now: datetime,
    expected: Container[str] | None = None,
) -> None:
    """Delete an attachment permanently, also its name from the event log."""
    require(actor, "todos.delete_attachment")
    todo_list, attachment = _lock_attachment(actor, attachment, expected)
    role = Membership.objects.get(list=todo_list, user=actor).role
    if not attachment.is_removable_by(actor, role=role):
        raise Forbidden
    entry = ("attachment.removed", attachment, attachment.deleted_changes())
    record_in_list(todo_list, entry, actor=actor, at=now)
    erase_attachments(now=now, pk=attachment.pk)


def erase_attachments(*, now: datetime, **those: Any) -> None:
    """Delete attachments and their files, and forget their content, without an event.

    The caller has locked their list, and records what it deletes.
    """
    rows = Attachment._base_manager.filter(**those)
    found: Collection[tuple[UUID, UUID]] = list(rows.values_list("pk", "file"))
    ids = [pk for pk, _file in found]
    rows.filter(pk__in=ids).delete()
    delete_files([file for _pk, file in found], now=now)
    events.redact(resource_type="attachment", ids=ids)
    IdempotentAnswer.objects.forget(ids)


def size_of_files(todo_list: TodoList) -> int:
    """Return the size of all files in a list, in bytes, trashed ones included."""
    rows = Attachment._base_manager.filter(list=todo_list)
    return int(rows.aggregate(total=Sum("file__size", default=0))["total"])


def _require_own(actor: User, comment: Comment, todo: Todo) -> None:
    if not Comment.objects.filter(pk=comment.pk, todo=todo).exists():
        raise Missing
    if not comment.is_editable_by(actor):
        raise Forbidden


def _require_room(todo_list: TodoList, size: int) -> None:
    if size_of_files(todo_list) + size > settings.LIST_FILES_LIMIT:
        raise QuotaExceeded(_("The files of this list take all the room that it has."))


def _lock_attachment(
    actor: User, attachment: Attachment, expected: Container[str] | None
) -> tuple[TodoList, Attachment]:
    todo_list = lock_list(
        actor=actor, list_id=attachment.list_id, role=MemberRole.EDITOR
    )
    rows = Attachment.objects.select_related("file").filter(todo__deleted_at=None)
    fresh = rows.filter(pk=attachment.pk).first()
    if fresh is None or fresh.list_id != todo_list.pk:
        raise Missing
    fresh.expect(expected)
    return todo_list, fresh

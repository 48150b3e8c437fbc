"""Move todos: to another list, or to another place in their own."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import Invalid
from core.models import Changes
from todos.models import Attachment, Comment, Label, Membership, Todo, TodoList
from todos.services.labels import create_label
from todos.services.locking import Entry, lock_todo, record_in_list
from todos.services.reranking import make_room, rank_next_to
from todos.services.rules import require_free_uids, with_subtasks


def move_to_list(
    todo: Todo, *, source: TodoList, target: TodoList, actor: User, now: datetime
) -> Todo:
    """Move a todo with its subtasks between two locked lists; return it.

    Labels are matched by name and created if the target has none. An assignee who is
    not an editor there is cleared. The todo itself becomes a top-level todo.
    """
    # Trashed subtasks are moved too: a subtask is in the list of its parent.
    rows = with_subtasks([todo], Todo.with_trash.all())
    require_free_uids(target, [row.uid for row in rows])
    labels = _labels_in_target(rows, target, actor, now)
    editors = Membership.objects.editors().filter(list=target)
    assignable = set(editors.values_list("user", flat=True))
    moved_out: list[Entry] = []
    for row in rows:
        relabelled = _move_labels(row, labels)
        values: dict[str, Any] = {"list": target, "rank": target.take_rank()}
        if row.assignee_id not in assignable:
            values["assignee"] = None
        if row.pk == todo.pk:
            values["parent"] = None
        changes = row.assign(by=actor, at=now, extra_changes=relabelled, **values)
        moved_out.append(("todo.moved_out", row, changes))
    Todo.save_many(rows, "list", "rank", "assignee", "parent")
    for kind in (Comment, Attachment):
        kind._base_manager.filter(todo__in=rows).update(list=target)
    record_in_list(source, *moved_out, actor=actor, at=now)
    moved_in = [("todo.moved_in", row, changes) for _verb, row, changes in moved_out]
    record_in_list(target, *moved_in, actor=actor, at=now)
    return rows[0]


@transaction.atomic
def reposition_todo(
    *,
    actor: User,
    todo: Todo,
    now: datetime,
    before: Todo | None = None,
    after: Todo | None = None,
    expected: Container[str] | None = None,
) -> Todo:
    """Put a todo right before or right after another one of its list."""
    anchor = before or after
    if anchor is None or (before and after):
        raise Invalid(_("Give either before or after, not both."))
    todo_list, todo = lock_todo(
        actor=actor, todo=todo, permission="todos.change_todo", expected=expected
    )
    rank = rank_next_to(todo, anchor, follows=before is None)
    if rank is None:
        make_room(todo_list, anchor, actor=actor, now=now)
        todo.refresh_from_db()
        rank = rank_next_to(todo, anchor, follows=before is None)
    todo_list.last_rank = max(todo_list.last_rank, rank or "")
    if changes := todo.change(by=actor, at=now, rank=rank or todo.rank):
        record_in_list(todo_list, ("todo.changed", todo, changes), actor=actor, at=now)
    return todo


def _labels_in_target(
    rows: list[Todo], target: TodoList, actor: User, now: datetime
) -> dict[UUID, Label]:
    """Return the target's label of the same name for each label of the rows."""
    carried = Label.objects.filter(todos__in=rows).distinct().order_by("name_key")
    there = {label.name_key: label for label in target.labels.all()}
    answer = {}
    for label in carried:
        if label.name_key not in there:
            there[label.name_key] = create_label(
                target, name=label.name, colour=label.colour, actor=actor, now=now
            )
        answer[label.pk] = there[label.name_key]
    return answer


def _move_labels(row: Todo, labels: dict[UUID, Label]) -> Changes:
    before = list(row.labels.all())
    if not before:
        return {}
    after = [labels[label.pk] for label in before]
    row.labels.set(after)
    return {
        "labels": [
            sorted(str(label.pk) for label in before),
            sorted(str(label.pk) for label in after),
        ]
    }

"""Move todos: to another list, or to another place in their own."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import Conflict, Invalid
from todos.models import Comment, Label, Membership, Todo, TodoList
from todos.ranks import rank_between, ranks_spread
from todos.services.labels import make_label
from todos.services.locking import Entry, lock_todo, record_in_list
from todos.services.rules import with_subtasks

LONGEST_RANK = 200  # characters; beyond, the list is ranked anew


class UidTakenThere(Conflict):
    code = "uid_taken"
    message = _("The other list has a todo with this uid already.")


def carry_over(
    todo: Todo, *, source: TodoList, target: TodoList, actor: User, now: datetime
) -> Todo:
    """Move a todo with its subtasks between two locked lists; return it.

    Labels go along by name, made where the target has none. Who is not a member
    there is no longer the assignee. The todo itself becomes a root.
    """
    # Trashed subtasks go along: none may stay below a parent in another list.
    rows = with_subtasks([todo], Todo.with_trash.all())
    _require_free_uids(rows, target)
    labels = _labels_there(rows, target, actor, now)
    members = set(Membership.objects.filter(list=target).values_list("user", flat=True))
    out: list[Entry] = []
    for row in rows:
        besides = _move_labels(row, labels)
        values: dict[str, Any] = {"list": target, "rank": target.take_rank()}
        if row.assignee_id not in members:
            values["assignee"] = None
        if row.pk == todo.pk:
            values["parent"] = None
        changes = row.assign(by=actor, at=now, besides=besides, **values)
        out.append(("todo.moved_out", row, changes))
    columns = [
        "list",
        "rank",
        "assignee",
        "parent",
        "version",
        "updated_at",
        "updated_by",
    ]
    Todo.with_trash.bulk_update(rows, columns, batch_size=500)
    Comment._base_manager.filter(todo__in=rows).update(list=target)
    record_in_list(source, *out, actor=actor, at=now)
    into = [("todo.moved_in", row, changes) for _verb, row, changes in out]
    record_in_list(target, *into, actor=actor, at=now)
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
        raise Invalid(_("Name one todo: the one before or the one after."))
    todo_list, todo = lock_todo(
        actor=actor, todo=todo, permission="todos.change_todo", expected=expected
    )
    rank = _rank_beside(todo, anchor, follows=before is None)
    if rank is None:
        _rank_anew(todo_list, actor, now)
        todo.refresh_from_db()
        rank = _rank_beside(todo, anchor, follows=before is None)
    todo_list.last_rank = max(todo_list.last_rank, rank or "")
    if changes := todo.change(by=actor, at=now, rank=rank or todo.rank):
        record_in_list(todo_list, ("todo.changed", todo, changes), actor=actor, at=now)
    return todo


def _rank_beside(todo: Todo, anchor: Todo, *, follows: bool) -> str | None:
    """Return a rank beside the anchor; None where there is no room left."""
    fresh = Todo.objects.filter(pk=anchor.pk, list=todo.list_id).first()
    if fresh is None or fresh.pk == todo.pk:
        field = "after" if follows else "before"
        raise Invalid(_("The other todo has to stand in the same list."), field=field)
    neighbour = _neighbour(fresh, besides=todo, follows=follows)
    low, high = (fresh.rank, neighbour) if follows else (neighbour, fresh.rank)
    if low is not None and high is not None and low >= high:
        return None
    rank = rank_between(low, high)
    return rank if len(rank) <= LONGEST_RANK else None


def _neighbour(anchor: Todo, *, besides: Todo, follows: bool) -> str | None:
    """Return the rank next to the anchor's, open and finished ones asked in turn."""
    found = []
    for is_finished in (False, True):
        rows = Todo.objects.filter(list=anchor.list_id, is_finished=is_finished)
        rows = rows.exclude(pk__in=[anchor.pk, besides.pk])
        if follows:
            rows = rows.filter(rank__gte=anchor.rank).order_by("rank", "pk")
        else:
            rows = rows.filter(rank__lte=anchor.rank).order_by("-rank", "-pk")
        found += rows.values_list("rank", flat=True)[:1]
    return (min if follows else max)(found, default=None)


def _rank_anew(todo_list: TodoList, actor: User, now: datetime) -> None:
    """Give every todo of the list a short rank, in the order they have."""
    rows = list(Todo.with_trash.filter(list=todo_list).order_by("rank", "pk"))
    entries: list[Entry] = []
    for row, rank in zip(rows, ranks_spread(len(rows)), strict=True):
        if changes := row.assign(by=actor, at=now, rank=rank):
            entries.append(("todo.changed", row, changes))
    columns = ["rank", "version", "updated_at", "updated_by"]
    Todo.with_trash.bulk_update(rows, columns, batch_size=500)
    todo_list.last_rank = rows[-1].rank
    record_in_list(todo_list, *entries, actor=actor, at=now)


def _require_free_uids(rows: list[Todo], target: TodoList) -> None:
    uids = [row.uid for row in rows]
    if Todo.with_trash.filter(list=target, uid__in=uids).exists():
        raise UidTakenThere


def _labels_there(
    rows: list[Todo], target: TodoList, actor: User, now: datetime
) -> dict[UUID, Label]:
    """Return, for each label that the rows carry, the target's label of that name."""
    carried = Label.objects.filter(todos__in=rows).distinct().order_by("name_key")
    there = {label.name_key: label for label in target.labels.all()}
    answer = {}
    for label in carried:
        if label.name_key not in there:
            there[label.name_key] = make_label(
                target, name=label.name, colour=label.colour, actor=actor, now=now
            )
        answer[label.pk] = there[label.name_key]
    return answer


def _move_labels(row: Todo, labels: dict[UUID, Label]) -> dict[str, Any]:
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

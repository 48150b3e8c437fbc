"""Checks of rules about several rows, which services enforce under a lock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import User
from core.registry import DoctorCheck, RowCounter
from todos.models import MAX_DEPTH, Attachment, Comment, Membership, Todo, TodoList
from todos.services.lists import inbox_of
from todos.services.maintenance import (
    assigned_to_others_than_editors,
    unassign_others_than_editors,
)
from todos.services.ownership import appoint_owner

_TOO_DEEP = "__".join(["parent"] * MAX_DEPTH)


def without_inbox() -> QuerySet[User]:
    people: QuerySet[User] = User.objects.filter(inbox=None, removed_at=None)
    return people.order_by("pk")


def without_owner() -> QuerySet[TodoList]:
    owners = Membership.objects.filter(list=OuterRef("pk")).owners()
    return TodoList.objects.exclude(Exists(owners)).order_by("pk")


def find_people_without_inbox(_counter: RowCounter) -> Iterator[str]:
    for person in without_inbox().iterator():
        yield f"{person.username} has no inbox."


def find_shared_inboxes(_counter: RowCounter) -> Iterator[str]:
    guests = Membership.objects.filter(list__inbox_of__isnull=False).exclude(
        user=F("list__inbox_of")
    )
    for guest in guests.order_by("pk").iterator():
        yield f"Person {guest.user_id} is a member of the inbox {guest.list_id}."


def find_lists_without_owner(_counter: RowCounter) -> Iterator[str]:
    for todo_list in without_owner().iterator():
        yield f"List {todo_list.pk} has no owner."


def find_parents_in_other_lists(_counter: RowCounter) -> Iterator[str]:
    strays = Todo.with_trash.exclude(parent=None).exclude(list=F("parent__list"))
    for pk in _ids(strays):
        yield f"Todo {pk} is in a different list from its parent."


def find_active_below_trash(_counter: RowCounter) -> Iterator[str]:
    below = Todo.objects.filter(parent__deleted_at__isnull=False)
    for pk in _ids(below):
        yield f"Todo {pk} is active, but its parent is in the trash."


def find_deep_or_cyclic(_counter: RowCounter) -> Iterator[str]:
    """A todo with too many ancestors may also be part of a cycle."""
    for pk in _ids(Todo.with_trash.filter(**{f"{_TOO_DEEP}__isnull": False})):
        if _is_in_cycle(pk):
            yield f"Todo {pk} is its own ancestor."
        else:
            yield f"Todo {pk} is more than {MAX_DEPTH} levels deep."


def find_assignees_who_are_not_editors(_counter: RowCounter) -> Iterator[str]:
    for pk in _ids(assigned_to_others_than_editors()):
        yield f"Todo {pk} is assigned to a person who cannot edit its list."


def find_labels_of_other_lists(_counter: RowCounter) -> Iterator[str]:
    tags = Todo.labels.through.objects.exclude(label__list=F("todo__list"))
    for todo, label in tags.order_by("pk").values_list("todo", "label").iterator():
        yield f"Todo {todo} has the label {label} of another list."


def find_comments_in_other_lists(_counter: RowCounter) -> Iterator[str]:
    for pk in _ids(Comment._base_manager.exclude(list=F("todo__list"))):
        yield f"Comment {pk} is in a different list from its todo."


def find_attachments_in_other_lists(_counter: RowCounter) -> Iterator[str]:
    for pk in _ids(Attachment._base_manager.exclude(list=F("todo__list"))):
        yield f"Attachment {pk} is in a different list from its todo."


def repair_inboxes() -> None:
    for person in without_inbox():
        inbox_of(person, now=timezone.now())


def repair_owners() -> None:
    for todo_list in without_owner():
        appoint_owner(todo_list=todo_list, now=timezone.now())


def repair_assignees() -> None:
    lists = assigned_to_others_than_editors().order_by().values_list("list", flat=True)
    for list_id in sorted(set(lists)):
        unassign_others_than_editors(list_id=list_id, now=timezone.now())


def _ids(rows: QuerySet[Any]) -> Iterator[UUID]:
    return rows.order_by("pk").values_list("pk", flat=True).iterator()


def _is_in_cycle(pk: UUID) -> bool:
    seen: set[UUID] = set()
    current: UUID | None = pk
    while current is not None and current not in seen:
        seen.add(current)
        above = Todo.with_trash.filter(pk=current).values_list("parent", flat=True)
        current = above.first()
    return current == pk


CHECKS = (
    DoctorCheck(
        "inboxes",
        find_people_without_inbox,
        repair_inboxes,
        "creates the missing inboxes",
    ),
    DoctorCheck("inboxes-unshared", find_shared_inboxes),
    DoctorCheck(
        "owners",
        find_lists_without_owner,
        repair_owners,
        "makes the longest-standing editor the owner; without editors, a viewer",
    ),
    DoctorCheck("parents", find_parents_in_other_lists),
    DoctorCheck("trash", find_active_below_trash),
    DoctorCheck("depth", find_deep_or_cyclic),
    DoctorCheck(
        "assignees",
        find_assignees_who_are_not_editors,
        repair_assignees,
        "removes the assignees, as a recorded change of each todo",
    ),
    DoctorCheck("labels", find_labels_of_other_lists),
    DoctorCheck("comments", find_comments_in_other_lists),
    DoctorCheck("attachments", find_attachments_in_other_lists),
)

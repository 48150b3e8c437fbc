"""Ways to break the data behind the services' back, by the check that must find it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.db import connection

from accounts.models import ShippedGrant, User
from core.append_only import TABLE, TRIGGERS, events_open
from core.models import Event
from tests.conftest import NOW
from tests.todos.helpers import chain
from todos.models import Membership, Todo, TodoList

Breakage = Callable[[Todo], Any]
FOR_GOOD: list[tuple[str, Breakage]] = []
MENDABLE: list[tuple[str, Breakage]] = []


def breaks(check: str, *, mendable: bool = False) -> Callable[[Breakage], Breakage]:
    """Say which check must find it, and whether --repair mends it."""

    def note(breakage: Breakage) -> Breakage:
        (MENDABLE if mendable else FOR_GOOD).append((check, breakage))
        return breakage

    return note


def raw(row: Any) -> Any:
    """Return the row as a queryset, whose update() no service sees."""
    return type(row)._base_manager.filter(pk=row.pk)


def forget(**which: Any) -> None:
    """Take events out of the log."""
    with events_open():
        told = Event.objects.filter(**which)
        told._raw_delete(using=told.db)


def elsewhere() -> TodoList:
    return TodoList.objects.get(name="Elsewhere")


def outsider() -> User:
    return User.objects.get(username="otto")


@breaks("inboxes-unshared")
def a_guest_in_an_inbox(_todo: Todo) -> None:
    inbox = TodoList.objects.get(inbox_of__username="olga")
    inbox.memberships.create(user=outsider(), created_at=NOW, updated_at=NOW)


@breaks("parents")
def in_another_list_than_its_parent(todo: Todo) -> None:
    raw(todo).update(list=elsewhere())


@breaks("trash")
def below_a_parent_in_the_trash(todo: Todo) -> None:
    raw(todo.parent).update(deleted_at=NOW)


@breaks("depth")
def below_itself(todo: Todo) -> None:
    raw(todo.parent).update(parent=todo)


@breaks("depth")
def seven_levels_deep(todo: Todo) -> None:
    owner = todo.list.memberships.get(role="owner").user
    raw(chain(owner, todo.list, 5)[0]).update(parent=todo)


@breaks("assignees")
def assigned_to_an_outsider(todo: Todo) -> None:
    raw(todo).update(assignee=outsider())


@breaks("labels")
def labelled_from_another_list(todo: Todo) -> None:
    label = elsewhere().labels.create(name="odd", created_at=NOW, updated_at=NOW)
    todo.labels.add(label)


@breaks("comments")
def commented_in_another_list(todo: Todo) -> None:
    todo.comments.update(list=elsewhere())


@breaks("numbers")
def an_event_missing(todo: Todo) -> None:
    forget(stream_id=todo.list_id, seq=3)


@breaks("numbers")
def the_first_event_missing(todo: Todo) -> None:
    forget(stream_id=todo.list_id, seq=1)


@breaks("numbers")
def another_revision_than_events(todo: Todo) -> None:
    raw(todo.list).update(revision=99)


@breaks("silence")
def no_events_of_the_list(todo: Todo) -> None:
    forget(stream_id=todo.list_id)


@breaks("losses")
def a_todo_gone_without_a_word(todo: Todo) -> None:
    raw(todo).delete()


@breaks("list-events")
def another_name_than_was_told(todo: Todo) -> None:
    raw(todo.list).update(name="Other")


@breaks("label-events")
def another_label_than_was_told(todo: Todo) -> None:
    todo.labels.update(name="other")


@breaks("comment-events")
def other_words_than_were_told(todo: Todo) -> None:
    todo.comments.update(text="other")


@breaks("membership-events")
def another_role_than_was_told(todo: Todo) -> None:
    Membership.objects.filter(list=todo.list, role="viewer").update(role="editor")


@breaks("todo-events")
def other_content_than_was_told(todo: Todo) -> None:
    raw(todo).update(content="other")


@breaks("todo-events")
def finished_without_a_word(todo: Todo) -> None:
    raw(todo).update(is_finished=True, finished_at=NOW)


@breaks("todo-events")
def trashed_without_a_word(todo: Todo) -> None:
    raw(todo).update(deleted_at=NOW)


@breaks("todo-events")
def unlabelled_without_a_word(todo: Todo) -> None:
    todo.labels.clear()


@breaks("todo-events")
def no_events_of_the_todo(todo: Todo) -> None:
    forget(resource_id=str(todo.pk))


@breaks("permissions", mendable=True)
def a_permission_gone(_todo: Todo) -> None:
    Permission.objects.filter(codename="finish_todo").delete()


@breaks("roles", mendable=True)
def a_permission_never_given(_todo: Todo) -> None:
    ShippedGrant.objects.filter(permission="todos.finish_todo").delete()


@breaks("roles", mendable=True)
def a_role_never_made(_todo: Todo) -> None:
    ShippedGrant.objects.filter(role="auditor").delete()


@breaks("triggers", mendable=True)
def no_triggers(_todo: Todo) -> None:
    of_table = f" ON {TABLE}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for name in TRIGGERS[connection.vendor]:
            cursor.execute(f"DROP TRIGGER {name}{of_table}")


@breaks("inboxes", mendable=True)
def somebody_without_inbox(_todo: Todo) -> None:
    TodoList.objects.filter(inbox_of__username="edgar").delete()


@breaks("owners", mendable=True)
def a_list_without_owner(todo: Todo) -> None:
    Membership.objects.filter(list=todo.list, role="owner").update(role="viewer")


@breaks("due", mendable=True)
def due_an_hour_late(todo: Todo) -> None:
    assert todo.due_at is not None
    late = todo.due_at + timedelta(hours=1)
    raw(todo).update(due_at=late, due_sort=late)


@breaks("search", mendable=True)
def texts_folded_wrongly(todo: Todo) -> None:
    raw(todo).update(search_key="other")
    todo.labels.update(name_key="other")
    User.objects.filter(username="olga").update(email_key="other")

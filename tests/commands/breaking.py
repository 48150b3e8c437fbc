"""Ways to break data without the services, with the doctor check that must find it."""

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
UNREPAIRABLE: list[tuple[str, Breakage]] = []
REPAIRABLE: list[tuple[str, Breakage]] = []


def breaks(check: str, *, repairable: bool = False) -> Callable[[Breakage], Breakage]:
    """Register which check must find the breakage, and whether --repair fixes it."""

    def register(breakage: Breakage) -> Breakage:
        (REPAIRABLE if repairable else UNREPAIRABLE).append((check, breakage))
        return breakage

    return register


def raw(row: Any) -> Any:
    """Return the row as a queryset, whose update() bypasses the services."""
    return type(row)._base_manager.filter(pk=row.pk)


def delete_events(**which: Any) -> None:
    """Delete events from the log."""
    with events_open():
        found = Event.objects.filter(**which)
        found._raw_delete(using=found.db)


def elsewhere() -> TodoList:
    return TodoList.objects.get(name="Elsewhere")


def outsider() -> User:
    return User.objects.get(username="otto")


@breaks("inboxes-unshared")
def inbox_with_a_second_member(_todo: Todo) -> None:
    inbox = TodoList.objects.get(inbox_of__username="olga")
    inbox.memberships.create(user=outsider(), created_at=NOW, updated_at=NOW)


@breaks("pictures")
def person_with_the_name_of_a_picture_that_is_not_stored(_todo: Todo) -> None:
    User.objects.filter(username="olga").update(avatar="0" * 32)


@breaks("parents")
def parent_in_another_list(todo: Todo) -> None:
    raw(todo).update(list=elsewhere())


@breaks("trash")
def parent_in_the_trash(todo: Todo) -> None:
    raw(todo.parent).update(deleted_at=NOW)


@breaks("depth")
def cycle_of_parents(todo: Todo) -> None:
    raw(todo.parent).update(parent=todo)


@breaks("depth")
def seven_levels_deep(todo: Todo) -> None:
    owner = todo.list.memberships.get(role="owner").user
    raw(chain(owner, todo.list, 5)[0]).update(parent=todo)


@breaks("assignees", repairable=True)
def assigned_to_an_outsider(todo: Todo) -> None:
    raw(todo).update(assignee=outsider())


@breaks("assignees", repairable=True)
def assigned_to_a_viewer(todo: Todo) -> None:
    viewers = Membership.objects.filter(list=todo.list_id, role="viewer")
    raw(todo).update(assignee=viewers[0].user_id)


@breaks("labels")
def labelled_from_another_list(todo: Todo) -> None:
    label = elsewhere().labels.create(name="odd", created_at=NOW, updated_at=NOW)
    todo.labels.add(label)


@breaks("comments")
def commented_in_another_list(todo: Todo) -> None:
    todo.comments.update(list=elsewhere())


@breaks("numbers")
def missing_event(todo: Todo) -> None:
    delete_events(stream_id=todo.list_id, seq=3)


@breaks("numbers")
def missing_first_event(todo: Todo) -> None:
    delete_events(stream_id=todo.list_id, seq=1)


@breaks("numbers")
def revision_without_an_event(todo: Todo) -> None:
    raw(todo.list).update(revision=99)


@breaks("silence")
def list_without_events(todo: Todo) -> None:
    delete_events(stream_id=todo.list_id)


@breaks("losses")
def todo_deleted_without_an_event(todo: Todo) -> None:
    raw(todo).delete()


@breaks("list-events")
def list_name_not_in_the_log(todo: Todo) -> None:
    raw(todo.list).update(name="Other")


@breaks("label-events")
def label_name_not_in_the_log(todo: Todo) -> None:
    todo.labels.update(name="other")


@breaks("comment-events")
def comment_text_not_in_the_log(todo: Todo) -> None:
    todo.comments.update(text="other")


@breaks("membership-events")
def member_role_not_in_the_log(todo: Todo) -> None:
    Membership.objects.filter(list=todo.list, role="viewer").update(role="editor")


@breaks("todo-events")
def todo_content_not_in_the_log(todo: Todo) -> None:
    raw(todo).update(content="other")


@breaks("todo-events")
def finished_without_an_event(todo: Todo) -> None:
    raw(todo).update(is_finished=True, finished_at=NOW)


@breaks("todo-events")
def trashed_without_an_event(todo: Todo) -> None:
    raw(todo).update(deleted_at=NOW)


@breaks("todo-events")
def unlabelled_without_an_event(todo: Todo) -> None:
    todo.labels.clear()


@breaks("todo-events")
def todo_without_events(todo: Todo) -> None:
    delete_events(resource_id=str(todo.pk))


@breaks("permissions", repairable=True)
def missing_permission(_todo: Todo) -> None:
    Permission.objects.filter(codename="finish_todo").delete()


@breaks("roles", repairable=True)
def permission_never_granted(_todo: Todo) -> None:
    ShippedGrant.objects.filter(permission="todos.finish_todo").delete()


@breaks("roles", repairable=True)
def role_never_created(_todo: Todo) -> None:
    ShippedGrant.objects.filter(role="auditor").delete()


@breaks("triggers", repairable=True)
def dropped_triggers(_todo: Todo) -> None:
    of_table = f" ON {TABLE}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for name in TRIGGERS[connection.vendor]:
            cursor.execute(f"DROP TRIGGER {name}{of_table}")


@breaks("inboxes", repairable=True)
def person_without_inbox(_todo: Todo) -> None:
    TodoList.objects.filter(inbox_of__username="edgar").delete()


@breaks("owners", repairable=True)
def list_without_owner(todo: Todo) -> None:
    Membership.objects.filter(list=todo.list, role="owner").update(role="viewer")


@breaks("due", repairable=True)
def due_at_an_hour_late(todo: Todo) -> None:
    assert todo.due_at is not None
    late = todo.due_at + timedelta(hours=1)
    raw(todo).update(due_at=late)


@breaks("counters", repairable=True)
def todo_finished_without_the_services(todo: Todo) -> None:
    raw(todo).update(is_finished=True, finished_at=NOW)


@breaks("counters", repairable=True)
def too_many_todos_counted(todo: Todo) -> None:
    raw(todo.list).update(trashed_count=5)


@breaks("search-extra", repairable=True)
def words_of_a_label_missing(todo: Todo) -> None:
    key = f"{todo.content} {todo.notes}".strip().lower()
    raw(todo).update(search_extra="", search_key=key)


@breaks("search", repairable=True)
def wrong_search_keys(todo: Todo) -> None:
    raw(todo).update(search_key="other")
    todo.labels.update(name_key="other")
    User.objects.filter(username="olga").update(email_key="other")

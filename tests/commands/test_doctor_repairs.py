"""The repairs of the doctor."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from accounts.models import Role, User
from tests.commands.breaking import (
    REPAIRABLE,
    Breakage,
    due_at_an_hour_late,
    list_without_owner,
    missing_permission,
    raw,
    wrong_search_keys,
)
from tests.commands.running import attempt, run
from tests.conftest import NOW
from tests.todos.helpers import fresh, last_event, member, put
from todos.models import Todo
from todos.services.maintenance import unassign_others_than_editors
from todos.services.trash import trash_todo


@pytest.mark.parametrize(
    ("name", "break_it"),
    REPAIRABLE,
    ids=[found.__name__ for _check, found in REPAIRABLE],
)
def test_findings_that_are_safe_to_repair_are_repaired(
    full, outsider, examine, name: str, break_it: Breakage
):
    break_it(fresh(full))
    status, found = examine("--only", name)
    assert (status, found[name]["left"]) == (1, found[name]["found"])
    assert found[name]["remedy"] in attempt("doctor", "--only", name).out

    status, found = examine("--only", name, "--repair")
    assert (status, found[name]["left"], found[name]["examples"]) == (0, 0, [])
    assert examine("--only", name) == (0, {})


def test_a_lost_permission_is_restored_to_its_roles(full, owner):
    missing_permission(full)
    assert not User.objects.get(pk=owner.pk).has_perm("todos.finish_todo")
    run("doctor", "--repair", "--only", "permissions")
    assert User.objects.get(pk=owner.pk).has_perm("todos.finish_todo")


def test_grants_that_an_administrator_removed_are_not_restored(full, examine):
    role = Role.objects.get(name="member")
    role.permissions.remove(Permission.objects.get(codename="finish_todo"))
    Role.objects.filter(name="auditor").delete()
    assert examine("--repair") == (0, {})
    assert not role.permissions.filter(codename="finish_todo").exists()
    assert not Role.objects.filter(name="auditor").exists()


def test_an_editor_becomes_owner_before_a_viewer_and_it_is_recorded(full, editor):
    list_without_owner(full)
    run("doctor", "--repair", "--only", "owners")
    successor = member(full.list, editor)
    assert successor.role == "owner"
    event = last_event(successor)
    assert (event.verb, event.source) == ("membership.changed", "command")
    assert event.changes == {"role": ["editor", "owner"]}


def test_a_list_without_members_is_not_repaired(elsewhere, examine):
    elsewhere.memberships.all().delete()
    status, found = examine("--repair", "--only", "owners")
    assert (status, found["owners"]["left"]) == (1, 1)


def test_a_due_time_is_repaired_as_a_recorded_change_of_the_todo(full, examine):
    before = fresh(full)
    revision = before.list.revision
    due_at_an_hour_late(before)
    run("doctor", "--repair", "--only", "due")
    after = fresh(full)
    assert after.due_at == before.due_at
    assert after.version == before.version + 1
    assert after.list.revision == revision + 1
    assert last_event(after).verb == "todo.changed"
    assert examine() == (0, {})


def test_assignees_who_may_not_edit_are_removed_as_a_recorded_change(full, viewer):
    trashed = put(full.list.created_by, full.list)
    trash_todo(actor=full.list.created_by, todo=trashed, now=NOW)
    kept = put(full.list.created_by, fresh(full.list), assignee=full.assignee)
    for todo in (full, trashed):
        raw(todo).update(assignee=viewer)
    before, revision = fresh(full), fresh(full.list).revision
    run("doctor", "--repair", "--only", "assignees")
    for todo in (full, trashed):
        event = last_event(todo)
        assert Todo.with_trash.get(pk=todo.pk).assignee is None
        assert (event.verb, event.source) == ("todo.changed", "command")
        assert event.changes == {"assignee": [str(viewer.pk), None]}
    assert fresh(full).version == before.version + 1
    assert fresh(full.list).revision == revision + 2
    unassign_others_than_editors(list_id=full.list_id, now=NOW)  # none is left
    assert fresh(full.list).revision == revision + 2
    assert fresh(kept).assignee == full.assignee


def test_repaired_text_can_be_searched(full, owner):
    wrong_search_keys(full)
    found = Todo.objects.visible_to(owner).holding("something")
    assert not found.exists()
    run("doctor", "--repair", "--only", "search")
    assert found.get() == full
    assert User.objects.named("OLGA@example.com") == owner

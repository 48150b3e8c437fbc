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
    wrong_search_keys,
)
from tests.commands.running import attempt, run
from tests.todos.helpers import fresh, last_event, member
from todos.models import Todo


@pytest.mark.parametrize(
    ("name", "break_it"),
    REPAIRABLE,
    ids=[found.__name__ for _check, found in REPAIRABLE],
)
def test_findings_that_are_safe_to_repair_are_repaired(
    full, examine, name: str, break_it: Breakage
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


def test_repaired_text_can_be_searched(full, owner):
    wrong_search_keys(full)
    found = Todo.objects.visible_to(owner).holding("something")
    assert not found.exists()
    run("doctor", "--repair", "--only", "search")
    assert found.get() == full
    assert User.objects.named("OLGA@example.com") == owner

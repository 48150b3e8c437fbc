"""Removing a person anonymises them; what they shared stays."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate

from accounts.models import ApiKey, User
from accounts.services.keys import issue_key
from accounts.services.people import (
    CannotRemoveYourself,
    change_person,
    change_profile,
    remove_person,
)
from core.errors import Forbidden
from core.models import Event, IdempotentAnswer
from tests.conftest import NOW, PASSWORD, api_for, make_person
from tests.todos.helpers import fresh, last_event, member, put, verbs
from todos.models import MemberRole, Membership, Todo, TodoList
from todos.services.comments import add_comment
from todos.services.lists import add_list, trash_list
from todos.services.sharing import share_list

pytestmark = pytest.mark.django_db


@pytest.fixture
def leaver() -> User:
    """The person to be removed; each of their texts contains a canary."""
    return make_person(
        "canaryname", display_name="canaryshown", email="canary@example.com"
    )


def remove(actor, person):
    remove_person(actor=actor, person=person, now=NOW)


def let_in(owner, todo_list, user, role=MemberRole.EDITOR):
    return share_list(actor=owner, todo_list=todo_list, user=user, role=role, now=NOW)


def test_removal_clears_name_and_address_and_keeps_the_row(administrator, leaver):
    remove(administrator, leaver)
    row = fresh(leaver)
    assert row.username.startswith("removed-")
    assert (row.email, row.email_key, row.display_name) == ("", None, "")
    assert (row.is_active, row.removed_at) == (False, NOW)
    assert not row.groups.exists()
    assert not row.has_usable_password()
    assert authenticate(username="canaryname", password=PASSWORD) is None


def test_removal_redacts_the_name_in_the_event_log(
    administrator, owner, leaver, todo_list
):
    let_in(owner, todo_list, leaver)
    put(leaver, todo_list)
    change_profile(actor=leaver, now=NOW, display_name="canaryagain")
    issue_key(actor=None, user=leaver, name="canarykey", now=NOW)
    assert Event.objects.filter(actor_label="canaryname").exists()
    remove(administrator, leaver)
    texts = str(list(Event.objects.values()))
    assert "canary" not in texts
    acted = Event.objects.filter(actor_id=leaver.pk)
    assert {event.actor_label for event in acted} == {fresh(leaver).username}
    event = Event.objects.get(verb="user.removed")
    assert (event.actor_id, event.resource_id) == (administrator.pk, str(leaver.pk))


def test_no_table_contains_the_name_after_removal(
    administrator, owner, leaver, todo_list
):
    issue_key(actor=None, user=leaver, name="canarykey", now=NOW)
    api = api_for(owner)
    answer = api.post(
        f"/api/v1/lists/{todo_list.pk}/members",
        {"person": "canaryname"},
        headers={"Idempotency-Key": "once"},
    )
    assert answer.status_code == 201
    api_for(leaver).post(
        "/api/v1/todos", {"content": "canary"}, headers={"Idempotency-Key": "mine"}
    )
    remove(administrator, leaver)
    for model in (User, ApiKey, Event, IdempotentAnswer, Todo, TodoList):
        assert "canary" not in str(list(model._base_manager.values())), model


def test_removal_purges_private_lists_and_keeps_shared_ones(
    administrator, owner, leaver, todo_list
):
    let_in(owner, todo_list, leaver)
    shared = put(leaver, todo_list, "Shared")
    comment = add_comment(actor=leaver, todo=shared, text="Said", now=NOW)
    private = put(leaver, None, "canary")
    hidden = add_list(actor=leaver, name="canary", now=NOW)
    trash_list(actor=leaver, todo_list=hidden, now=NOW)
    remove(administrator, leaver)
    assert not Todo.with_trash.filter(pk=private.pk).exists()
    assert not TodoList.objects.filter(pk=hidden.pk).exists()
    assert not TodoList.objects.filter(inbox_of=leaver).exists()
    assert not Membership.objects.filter(user=leaver).exists()
    assert fresh(shared).created_by == leaver
    assert fresh(comment).text == "Said"
    assert "canary" not in str(list(Event.objects.values_list("changes", flat=True)))


@pytest.mark.parametrize("trashed", [False, True])
def test_a_list_passes_to_its_longest_standing_editor(
    administrator, leaver, editor, viewer, trashed
):
    todo_list = add_list(actor=leaver, name="Ours", now=NOW)
    let_in(leaver, todo_list, viewer, MemberRole.VIEWER)
    let_in(leaver, todo_list, editor)
    todo = put(leaver, todo_list, assignee=leaver)
    if trashed:
        trash_list(actor=leaver, todo_list=todo_list, now=NOW)
    before = fresh(editor).access_version
    remove(administrator, leaver)
    assert member(todo_list, editor).role == "owner"
    assert member(todo_list, viewer).role == "viewer"
    assert last_event(member(todo_list, editor)).changes == {
        "role": ["editor", "owner"]
    }
    assert fresh(todo).assignee is None
    assert fresh(editor).access_version > before
    assert (fresh(todo_list).deleted_at is not None) is trashed


def test_a_list_without_editors_passes_to_a_viewer(
    administrator, leaver, viewer, outsider
):
    todo_list = add_list(actor=leaver, name="Ours", now=NOW)
    let_in(leaver, todo_list, outsider, MemberRole.VIEWER)
    let_in(leaver, todo_list, viewer, MemberRole.VIEWER)
    change_person(actor=administrator, person=outsider, is_active=False, now=NOW)
    remove(administrator, leaver)
    assert member(todo_list, viewer).role == "owner"


def test_a_list_with_another_owner_keeps_its_roles(
    administrator, leaver, owner, editor
):
    todo_list = add_list(actor=leaver, name="Ours", now=NOW)
    let_in(leaver, todo_list, owner, MemberRole.OWNER)
    let_in(leaver, todo_list, editor)
    remove(administrator, leaver)
    assert member(todo_list, editor).role == "editor"
    assert member(todo_list, owner).role == "owner"


def test_removal_deletes_keys_and_records_an_event_for_each(administrator, leaver):
    key, _token = issue_key(actor=leaver, user=leaver, name="x", now=NOW)
    remove(administrator, leaver)
    assert not ApiKey.objects.filter(user=leaver).exists()
    assert verbs(key) == ["apikey.created", "apikey.removed"]


def test_removing_twice_changes_nothing(administrator, leaver):
    remove(administrator, leaver)
    before = Event.objects.count()
    remove(administrator, leaver)
    assert Event.objects.count() == before


def test_removal_needs_permission(owner, manager, administrator, leaver):
    with pytest.raises(Forbidden):
        remove(owner, leaver)
    with pytest.raises(Forbidden):
        remove(manager, administrator)
    with pytest.raises(CannotRemoveYourself):
        remove(administrator, administrator)
    remove(manager, leaver)


def test_the_user_name_of_a_removed_person_is_free_again(administrator, leaver):
    remove(administrator, leaver)
    again = make_person("canaryname", email="canary@example.com")
    assert again.pk != leaver.pk

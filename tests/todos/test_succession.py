"""Who becomes the owner of a list that has none."""

from __future__ import annotations

import pytest

from tests.conftest import NOW
from tests.todos.helpers import last_event, member
from todos.models import MemberRole, Membership
from todos.services.ownership import appoint_owner, find_successor


@pytest.fixture
def ownerless(owner, todo_list):
    """The shared list after its owner's membership was lost."""
    Membership.objects.filter(list=todo_list, user=owner).delete()
    return todo_list


def successor_of(todo_list, **options):
    member = find_successor(todo_list, **options)
    return member and member.user


def test_an_editor_succeeds_before_a_viewer(ownerless, editor, viewer):
    Membership.objects.filter(user=editor).update(created_at=NOW)  # the newest member
    assert successor_of(ownerless) == editor


def test_a_viewer_who_may_sign_in_succeeds_before_a_disabled_editor(
    ownerless, editor, viewer
):
    editor.is_active = False
    editor.save()
    assert successor_of(ownerless) == viewer


def test_a_list_with_another_owner_needs_no_successor(todo_list, owner, editor):
    assert find_successor(todo_list) is None
    assert find_successor(todo_list, leaving=editor) is None
    assert successor_of(todo_list, leaving=owner) == editor


def test_the_person_of_an_inbox_becomes_its_owner_again(owner, editor):
    inbox = owner.inbox
    Membership.objects.filter(list=inbox).update(role=MemberRole.VIEWER)
    stranger = Membership(list=inbox, user=editor, role=MemberRole.EDITOR)
    stranger.stamp(by=None, at=NOW)
    stranger.save()
    appointed = appoint_owner(todo_list=inbox, now=NOW)
    assert appointed is not None
    assert appointed.user == owner


def test_appointing_an_owner_is_recorded_and_repeating_it_changes_nothing(
    ownerless, editor
):
    appointed = appoint_owner(todo_list=ownerless, now=NOW)
    assert appointed is not None
    assert appointed.role == MemberRole.OWNER
    assert last_event(appointed).changes == {"role": ["editor", "owner"]}
    assert appoint_owner(todo_list=ownerless, now=NOW) is None
    assert member(ownerless, editor).version == appointed.version

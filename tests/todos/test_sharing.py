"""Members: add, change, remove, leave."""

from __future__ import annotations

import pytest

from core.errors import Forbidden, Missing, Stale
from tests.conftest import NOW
from tests.todos.helpers import fresh, last_event, member, put, verbs
from todos.models import MemberRole, Membership, Todo
from todos.services.lists import InboxStays, edit_list, inbox_of
from todos.services.locking import ListIsArchived
from todos.services.sharing import (
    AlreadyMember,
    LastOwner,
    change_member,
    remove_member,
    share_list,
)
from todos.services.trash import trash_todo


def share(user, todo_list, person, role=MemberRole.EDITOR):
    return share_list(actor=user, todo_list=todo_list, user=person, role=role, now=NOW)


def change(user, membership, role, **options):
    return change_member(
        actor=user, membership=membership, role=role, now=NOW, **options
    )


def remove(user, membership, **options):
    remove_member(actor=user, membership=membership, now=NOW, **options)


def test_a_new_member_sees_the_list_after_their_own(owner, outsider, todo_list, todo):
    membership = share(owner, todo_list, outsider, MemberRole.VIEWER)
    assert list(Todo.objects.visible_to(outsider)) == [todo]
    assert membership.position > member(inbox_of(outsider, now=NOW), outsider).position
    assert last_event(membership).changes["role"] == [None, "viewer"]
    assert last_event(membership).stream_id == todo_list.pk


def test_only_owners_add_members(owner, editor, viewer, outsider, todo_list):
    for user in (editor, viewer):
        with pytest.raises(Forbidden):
            share(user, todo_list, outsider)
    with pytest.raises(Missing):
        share(outsider, todo_list, outsider)
    with pytest.raises(AlreadyMember):
        share(owner, todo_list, editor)


def test_inboxes_and_archived_lists_cannot_be_shared(owner, outsider, todo_list):
    with pytest.raises(InboxStays):
        share(owner, inbox_of(owner, now=NOW), outsider)
    edit_list(actor=owner, todo_list=todo_list, is_archived=True, now=NOW)
    with pytest.raises(ListIsArchived):
        share(owner, todo_list, outsider)


def test_disabled_people_cannot_be_added(owner, outsider, todo_list):
    type(outsider).objects.filter(pk=outsider.pk).update(is_active=False)
    with pytest.raises(Missing):
        share(owner, todo_list, outsider)
    assert not Membership.objects.filter(list=todo_list, user=outsider).exists()


def test_changing_a_role_records_one_event(owner, editor, todo_list):
    membership = change(owner, member(todo_list, editor), MemberRole.OWNER)
    assert last_event(membership).changes == {"role": ["editor", "owner"]}
    change(owner, membership, MemberRole.OWNER)
    assert verbs(membership) == ["membership.created", "membership.changed"]
    with pytest.raises(Stale):
        change(owner, membership, MemberRole.VIEWER, expected={"1"})


def test_only_owners_change_roles(owner, editor, viewer, todo_list):
    with pytest.raises(Forbidden):
        change(editor, member(todo_list, editor), MemberRole.OWNER)
    with pytest.raises(Forbidden):
        remove(editor, member(todo_list, viewer))


def test_the_last_owner_cannot_leave_or_be_demoted(owner, editor, todo_list):
    mine = member(todo_list, owner)
    with pytest.raises(LastOwner):
        change(owner, mine, MemberRole.EDITOR)
    with pytest.raises(LastOwner):
        remove(owner, mine)
    change(owner, member(todo_list, editor), MemberRole.OWNER)
    change(owner, mine, MemberRole.EDITOR)
    with pytest.raises(LastOwner):
        remove(editor, member(todo_list, editor))


@pytest.mark.parametrize("person", ["editor", "viewer"])
def test_every_member_may_leave(request, todo_list, todo, person):
    user = request.getfixturevalue(person)
    membership = member(todo_list, user)
    remove(user, membership)
    assert not Todo.objects.visible_to(user).exists()
    assert last_event(membership).verb == "membership.removed"
    with pytest.raises(Missing):
        remove(user, membership)


def test_members_may_leave_an_archived_list(owner, viewer, todo_list):
    edit_list(actor=owner, todo_list=todo_list, is_archived=True, now=NOW)
    remove(viewer, member(todo_list, viewer))


def make_viewer(actor, membership):
    change_member(actor=actor, membership=membership, role=MemberRole.VIEWER, now=NOW)


@pytest.mark.parametrize("unassign", [lambda *who: remove(*who), make_viewer])
def test_removing_a_member_or_making_them_a_viewer_clears_them_as_assignee(
    owner, editor, todo_list, unassign
):
    theirs = put(owner, todo_list, assignee=editor)
    trashed = put(owner, todo_list, assignee=editor)
    other = put(owner, todo_list, assignee=owner)
    trash_todo(actor=owner, todo=trashed, now=NOW)
    unassign(owner, member(todo_list, editor))
    assert fresh(theirs).assignee is None
    assert fresh(trashed).assignee is None
    assert fresh(other).assignee == owner
    assert last_event(theirs).changes == {"assignee": [str(editor.pk), None]}
    assert fresh(theirs).version == 2

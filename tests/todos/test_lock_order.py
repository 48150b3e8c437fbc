"""Lists are locked before people, each in the order of ids, so nothing deadlocks."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import transaction

from accounts.models import User
from accounts.services.people import remove_person
from tests.conftest import NOW
from tests.todos.helpers import fresh, member
from tests.todos.threads import in_background
from todos.models import MemberRole, Membership
from todos.services.lists import add_list, trash_list
from todos.services.locking import lock_list
from todos.services.sharing import change_member, remove_member, share_list

pytestmark = pytest.mark.django_db(transaction=True)


def trash(todo_list, owner, editor):
    trash_list(actor=owner, todo_list=todo_list, now=NOW)


def demote(todo_list, owner, editor):
    viewer = MemberRole.VIEWER
    membership = member(todo_list, editor)
    change_member(actor=owner, membership=membership, role=viewer, now=NOW)


def remove_from_list(todo_list, owner, editor):
    remove_member(actor=owner, membership=member(todo_list, editor), now=NOW)


def remove_the_owner(todo_list, owner, editor):
    remove_person(actor=None, person=owner, now=NOW)


@pytest.mark.parametrize("change", [trash, demote, remove_from_list, remove_the_owner])
def test_removing_a_person_while_their_list_changes_does_not_deadlock(
    change, administrator, owner, editor, todo_list
):
    removal = partial(remove_person, actor=administrator, person=editor, now=NOW)
    with transaction.atomic():
        lock_list(actor=owner, list_id=todo_list.pk)
        end = in_background(removal)
        change(todo_list, owner, editor)
    end()
    assert fresh(editor).removed_at == NOW
    assert not Membership.objects.filter(user=editor).exists()


def test_successors_are_locked_together_with_the_leaving_person(
    owner, editor, administrator
):
    """The successor comes first in the order of ids, also for other writers."""
    shed = add_list(actor=editor, name="Shed", now=NOW)
    share_list(
        actor=editor, todo_list=shed, user=owner, role=MemberRole.EDITOR, now=NOW
    )
    removal = partial(remove_person, actor=administrator, person=editor, now=NOW)
    with transaction.atomic():
        User.objects.filter(pk=owner.pk).touch_access()
        end = in_background(removal)
        User.objects.filter(pk=editor.pk).touch_access()
    end()
    assert member(shed, owner).role == MemberRole.OWNER


def test_a_list_shared_during_the_removal_is_handed_over_too(
    owner, outsider, administrator, todo_list
):
    removal = partial(remove_person, actor=administrator, person=outsider, now=NOW)
    with transaction.atomic():
        share_list(
            actor=owner,
            todo_list=todo_list,
            user=outsider,
            role=MemberRole.EDITOR,
            now=NOW,
        )
        end = in_background(removal)
    end()
    assert not Membership.objects.filter(user=outsider).exists()

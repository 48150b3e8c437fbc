"""Who owns a list when its owner leaves or is missing."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from todos.models import MemberRole, Membership, TodoList
from todos.services.sharing import remove_membership, set_role
from todos.services.trash import purge_list


def lock_lists_of(person: User) -> None:
    """Lock the person's lists, then the person and the members who succeed them.

    Every writer locks lists before people, each in the order of their ids, which
    prevents deadlocks. Only a list that is shared with the person in the meantime is
    locked later.
    """
    lists = TodoList.objects.filter(memberships__user=person).order_by("pk")
    locked = list(lists.select_for_update(of=("self",)))
    successors = [find_successor(todo_list, leaving=person) for todo_list in locked]
    ids = {person.pk, *(member.user_id for member in successors if member is not None)}
    people = User.objects.filter(pk__in=ids).order_by("pk")
    list(people.select_for_update(of=("self",), no_key=True).only("pk"))


def hand_over_lists(*, person: User, actor: User | None, now: datetime) -> None:
    """Take the person out of all lists; purge those that have no other member."""
    lists = TodoList.objects.filter(memberships__user=person).order_by("pk")
    for todo_list in lists:
        others = Membership.objects.filter(list=todo_list).exclude(user=person)
        if others.exists():
            _leave(person, todo_list, actor, now)
        else:
            purge_list(todo_list=todo_list, now=now, actor=None)


@transaction.atomic
def appoint_owner(*, todo_list: TodoList, now: datetime) -> Membership | None:
    """Make a member the owner of a list that has none; return the new owner."""
    locked = TodoList.objects.select_for_update().get(pk=todo_list.pk)
    successor = find_successor(locked)
    if successor is not None:
        set_role(locked, successor, MemberRole.OWNER, actor=None, now=now)
    return successor


def find_successor(
    todo_list: TodoList, *, leaving: User | None = None
) -> Membership | None:
    """Return the member who becomes the owner, if there is no other owner."""
    members = Membership.objects.filter(list=todo_list)
    if leaving is not None:
        members = members.exclude(user=leaving)
    if members.owners().exists():
        return None
    successor: Membership | None = members.in_order_of_succession().first()
    return successor


def _leave(
    person: User, todo_list: TodoList, actor: User | None, now: datetime
) -> None:
    # The actor may manage people without being a member: no role is required here.
    locked = TodoList.objects.select_for_update().get(pk=todo_list.pk)
    if successor := find_successor(locked, leaving=person):
        set_role(locked, successor, MemberRole.OWNER, actor=actor, now=now)
    membership = Membership.objects.get(list=locked, user=person)
    remove_membership(locked, membership, actor=actor, now=now)

"""What becomes of a person's lists."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from todos.models import MemberRole, Membership, TodoList
from todos.querysets import MembershipQuerySet
from todos.services.locking import record_in_list
from todos.services.sharing import take_out
from todos.services.trash import purge_list


def lock_lists_of(person: User) -> None:
    """Lock the person's lists, then the person and who inherits from them.

    Every writer locks lists before people, each in the order of their ids: no two
    wait in a ring. Only a list that the person is let into meanwhile comes late.
    """
    lists = TodoList.objects.filter(memberships__user=person).order_by("pk")
    locked = list(lists.select_for_update(of=("self",)))
    heirs = [_heir(todo_list, person) for todo_list in locked]
    ids = {person.pk, *(heir.user_id for heir in heirs if heir is not None)}
    people = User.objects.filter(pk__in=ids).order_by("pk")
    list(people.select_for_update(of=("self",), no_key=True).only("pk"))


def hand_over(*, person: User, actor: User | None, now: datetime) -> None:
    """Give up a person's lists: shared ones to those who stay, the others for good.

    A list that would lose its last owner passes to its longest-standing editor, or
    viewer where there is no editor; who may sign in comes first.
    """
    lists = TodoList.objects.filter(memberships__user=person).order_by("pk")
    for todo_list in lists:
        if _others(todo_list, person).exists():
            _leave(person, todo_list, actor, now)
        else:
            purge_list(todo_list=todo_list, now=now, actor=None)


def _leave(
    person: User, todo_list: TodoList, actor: User | None, now: datetime
) -> None:
    # The actor may manage people without being a member here: the system acts.
    locked = TodoList.objects.select_for_update().get(pk=todo_list.pk)
    if heir := _heir(locked, person):
        changes = heir.change(by=actor, at=now, role=MemberRole.OWNER)
        record_in_list(
            locked, ("membership.changed", heir, changes), actor=actor, at=now
        )
        User.objects.filter(pk=heir.user_id).touch_access()
    leaver = Membership.objects.get(list=locked, user=person)
    take_out(locked, leaver, actor=actor, now=now)


def _others(todo_list: TodoList, person: User) -> MembershipQuerySet:
    others: MembershipQuerySet = Membership.objects.filter(list=todo_list)
    return others.exclude(user=person)


def _heir(todo_list: TodoList, person: User) -> Membership | None:
    """Return who becomes the owner once the person is gone, if an owner is missing."""
    others = _others(todo_list, person)
    if others.owners().exists():
        return None
    # "editor" sorts before "viewer".
    line = others.order_by("-user__is_active", "role", "created_at", "pk")
    heir: Membership | None = line.first()
    return heir

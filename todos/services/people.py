"""What becomes of a person's lists."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from todos.models import MemberRole, Membership, TodoList
from todos.services.locking import record_in_list
from todos.services.sharing import take_out
from todos.services.trash import purge_list


def hand_over(*, person: User, actor: User | None, now: datetime) -> None:
    """Give up a person's lists: shared ones to those who stay, the others for good.

    A list that would lose its last owner passes to its longest-standing editor, or
    viewer where there is no editor; who may sign in comes first.
    """
    lists = TodoList.objects.filter(memberships__user=person).order_by("pk")
    for todo_list in lists:
        stays = Membership.objects.filter(list=todo_list).exclude(user=person)
        if not stays.exists():
            purge_list(todo_list=todo_list, now=now, actor=None)
        else:
            _leave(person, todo_list, actor, now)


def _leave(
    person: User, todo_list: TodoList, actor: User | None, now: datetime
) -> None:
    # The actor may manage people without being a member here: the system acts.
    locked = TodoList.objects.select_for_update().get(pk=todo_list.pk)
    members = Membership.objects.filter(list=locked)
    others = members.exclude(user=person)
    if not others.owners().exists():
        # "editor" sorts before "viewer".
        line = others.order_by("-user__is_active", "role", "created_at", "pk")
        heir = line.first()
        assert heir is not None  # noqa: S101  (the caller saw that somebody stays)
        changes = heir.change(by=actor, at=now, role=MemberRole.OWNER)
        record_in_list(
            locked, ("membership.changed", heir, changes), actor=actor, at=now
        )
        User.objects.filter(pk=heir.user_id).touch_access()
    take_out(locked, members.get(user=person), actor=actor, now=now)

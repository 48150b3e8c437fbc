"""What becomes of a person's lists."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from todos.models import MemberRole, Membership, TodoList
from todos.services.locking import lock_list, record_in_list
from todos.services.sharing import remove_member
from todos.services.trash import purge_list


def hand_over(*, person: User, actor: User | None, now: datetime) -> None:
    """Give up a person's lists: shared ones to those who stay, the others for good.

    A list that would lose its last owner passes to its longest-standing editor, or
    viewer where there is no editor.
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
    if todo_list.deleted_at is None:
        locked = lock_list(actor=None, list_id=todo_list.pk, archived=True)
    else:
        locked = TodoList.objects.select_for_update().get(pk=todo_list.pk)
    members = Membership.objects.filter(list=locked)
    others = members.exclude(user=person)
    if not others.owners().exists():
        heir = others.order_by("role", "created_at", "pk").first()  # editor < viewer
        assert heir is not None  # noqa: S101  (the caller saw that somebody stays)
        changes = heir.change(by=actor, at=now, role=MemberRole.OWNER)
        record_in_list(
            locked, ("membership.changed", heir, changes), actor=actor, at=now
        )
        User.objects.filter(pk=heir.user_id).touch_access()
    remove_member(actor=None, membership=members.get(user=person), now=now)

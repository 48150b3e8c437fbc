"""Many at once: locks decide, nothing is done twice, nobody waits in a ring."""

from __future__ import annotations

from functools import partial

import pytest

from accounts.models import User
from accounts.services.people import remove_person
from core.errors import Stale
from core.models import Event
from tests.conftest import NOW, api_for
from tests.todos.helpers import fresh, member, put, verbs
from tests.todos.threads import refusals, together
from todos.models import MemberRole, Membership, Todo, TodoList
from todos.services.lists import add_list, inbox_of, trash_list
from todos.services.locking import TodoMoved
from todos.services.moving import reposition_todo
from todos.services.sharing import (
    AlreadyMember,
    LastOwner,
    change_member,
    remove_member,
    share_list,
)
from todos.services.todos import edit_todo, finish_todo
from todos.services.trash import trash_todo

pytestmark = pytest.mark.django_db(transaction=True)
OWNER, EDITOR = MemberRole.OWNER, MemberRole.EDITOR


def as_if_anew(row):
    """Return an act's own copy of a row, as every request has one."""
    return type(row)._base_manager.get(pk=row.pk)


def assert_gapless(*lists):
    for todo_list in lists:
        told = Event.objects.filter(stream_id=todo_list.pk).order_by("seq")
        numbers = list(told.values_list("seq", flat=True))
        assert numbers == list(range(1, fresh(todo_list).revision + 1))


def test_twenty_finishes_at_once_make_one_event(owner, todo):
    copies = [(as_if_anew(owner), as_if_anew(todo)) for _ in range(20)]
    answers = together(
        *(
            partial(finish_todo, actor=actor, todo=copy, now=NOW)
            for actor, copy in copies
        )
    )
    assert refusals(answers) == []
    assert {answer.version for answer in answers} == {2}
    assert verbs(todo) == ["todo.created", "todo.finished"]
    assert_gapless(todo.list)


def test_two_edits_with_one_version_make_one_200_and_one_412(owner, todo):
    address = f"/api/v1/todos/{todo.pk}"

    def edit(client, content):
        body, first = {"content": content}, {"If-Match": '"1"'}
        return client.patch(address, body, headers=first).status_code

    clients = [api_for(owner), api_for(owner)]
    for client in clients:
        client.get("/api/v1/me")  # notes the use of the key, once a minute
    answers = together(
        partial(edit, clients[0], "one"), partial(edit, clients[1], "two")
    )
    assert sorted(answers) == [200, 412]
    assert verbs(todo) == ["todo.created", "todo.changed"]
    assert fresh(todo).version == 2


def test_of_many_edits_with_one_version_one_comes_through(owner, todo):
    answers = together(
        *(
            partial(
                edit_todo,
                actor=owner,
                todo=as_if_anew(todo),
                content=f"{number}",
                expected={"1"},
                now=NOW,
            )
            for number in range(6)
        )
    )
    assert refusals(answers) == [Stale] * 5


def test_adding_at_once_gives_each_its_own_rank_and_number(owner, editor, todo_list):
    answers = together(
        *(
            partial(put, user, as_if_anew(todo_list), f"{number}")
            for number, user in enumerate([owner, editor] * 5)
        )
    )
    assert refusals(answers) == []
    assert len({fresh(todo).rank for todo in answers}) == 10
    assert_gapless(todo_list)


def test_a_person_is_let_in_once(owner, outsider, todo_list):
    share = partial(
        share_list, todo_list=todo_list, user=outsider, role=EDITOR, now=NOW
    )
    answers = together(*(partial(share, actor=as_if_anew(owner)) for _ in range(4)))
    assert refusals(answers) == [AlreadyMember] * 3
    assert Membership.objects.filter(list=todo_list, user=outsider).count() == 1
    assert_gapless(todo_list)


def test_moves_in_opposite_directions_do_not_wait_in_a_ring(owner):
    one, two = (add_list(actor=owner, name=name, now=NOW) for name in "ab")
    there = [put(owner, one, f"{number}") for number in range(5)]
    back = [put(owner, two, f"{number}") for number in range(5)]

    def move(todos, target):
        for todo in todos:
            edit_todo(actor=as_if_anew(owner), todo=todo, todo_list=target, now=NOW)

    answers = together(partial(move, there, two), partial(move, back, one))
    assert refusals(answers) == []
    assert {fresh(todo).list_id for todo in there} == {two.pk}
    assert {fresh(todo).list_id for todo in back} == {one.pk}
    assert_gapless(one, two)


def test_a_todo_moves_to_one_place(owner, todo):
    targets = [add_list(actor=owner, name=name, now=NOW) for name in "abc"]
    answers = together(
        *(
            partial(
                edit_todo, actor=owner, todo=as_if_anew(todo), todo_list=one, now=NOW
            )
            for one in targets
        )
    )
    assert refusals(answers) == [TodoMoved] * 2
    assert_gapless(todo.list, *targets)


def test_a_first_inbox_is_made_once(owner):
    inbox = inbox_of(owner, now=NOW)
    inbox.memberships.all().delete()
    TodoList.objects.filter(pk=inbox.pk).delete()
    answers = together(
        *(partial(inbox_of, as_if_anew(owner), now=NOW) for _ in range(5))
    )
    assert refusals(answers) == []
    assert len({answer.pk for answer in answers}) == 1
    assert TodoList.objects.filter(inbox_of=owner).count() == 1


@pytest.mark.parametrize("way", ["leave", "step down"])
def test_two_owners_who_go_at_once_leave_one_behind(owner, editor, todo_list, way):
    change_member(
        actor=owner, membership=member(todo_list, editor), role=OWNER, now=NOW
    )

    def go(user):
        membership = member(todo_list, user)
        if way == "leave":
            remove_member(actor=user, membership=membership, now=NOW)
        else:
            change_member(actor=user, membership=membership, role=EDITOR, now=NOW)

    answers = together(partial(go, owner), partial(go, editor))
    assert refusals(answers) == [LastOwner]
    assert Membership.objects.filter(list=todo_list, role=OWNER).count() == 1


def test_a_subtree_and_its_parent_do_not_make_a_ring(owner, todo_list):
    one, two = put(owner, todo_list, "one"), put(owner, todo_list, "two")

    def below(todo, parent):
        edit_todo(actor=owner, todo=as_if_anew(todo), parent=parent, now=NOW)

    answers = together(partial(below, one, two), partial(below, two, one))
    assert len(refusals(answers)) == 1
    assert {fresh(one).parent_id, fresh(two).parent_id} in (
        {None, one.pk},
        {None, two.pk},
    )


def test_a_subtask_is_not_added_below_what_goes_to_the_trash(owner, todo_list, todo):
    add = partial(put, owner, todo_list, parent=as_if_anew(todo))
    trash = partial(trash_todo, actor=owner, todo=as_if_anew(todo), now=NOW)
    together(add, trash)
    for child in Todo.with_trash.filter(parent=todo):
        assert child.deleted_at == NOW


def test_many_moves_into_one_gap_at_once_keep_every_todo(owner, todo_list):
    todos = [put(owner, todo_list, f"{number}") for number in range(8)]
    answers = together(
        *(
            partial(
                reposition_todo,
                actor=owner,
                todo=as_if_anew(todo),
                after=as_if_anew(todos[0]),
                now=NOW,
            )
            for todo in todos[2:]
        )
    )
    assert refusals(answers) == []
    assert len({fresh(todo).rank for todo in todos}) == 8
    assert_gapless(todo_list)


def test_lists_with_the_same_members_are_trashed_at_once(owner, editor, viewer):
    lists = []
    for name in "abcdef":
        todo_list = add_list(actor=owner, name=name, now=NOW)
        for user in (editor, viewer):
            share_list(
                actor=owner, todo_list=todo_list, user=user, role=EDITOR, now=NOW
            )
        lists.append(todo_list)
    before = {user.pk: fresh(user).access_version for user in (owner, editor, viewer)}
    answers = together(
        *(
            partial(trash_list, actor=as_if_anew(owner), todo_list=one, now=NOW)
            for one in lists
        )
    )
    assert refusals(answers) == []
    for pk, version in before.items():
        assert User.objects.get(pk=pk).access_version == version + 6


def test_who_is_removed_while_being_let_in_is_no_member(
    owner, outsider, administrator, todo_list
):
    answers = together(
        partial(
            share_list,
            actor=owner,
            todo_list=todo_list,
            user=outsider,
            role=EDITOR,
            now=NOW,
        ),
        partial(remove_person, actor=administrator, person=outsider, now=NOW),
    )
    if not isinstance(answers[1], Exception):
        assert not Membership.objects.filter(user=outsider).exists()
    assert not (isinstance(answers[0], Exception) and isinstance(answers[1], Exception))
    assert_gapless(todo_list)

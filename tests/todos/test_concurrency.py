"""Concurrent changes: nothing is done twice, nothing is lost, no deadlocks."""

from __future__ import annotations

from functools import partial

import pytest

from accounts.models import User
from accounts.services.people import remove_person
from core.errors import Stale
from core.models import EncryptionKey, Event
from core.secrets import read_secret, store_secret
from files.models import StoredFile
from files.services import QuotaExceeded
from tests.conftest import NOW, api_for
from tests.files.attaching import attach
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
from todos.services.todos import add_todos, edit_todo, finish_todo
from todos.services.trash import trash_todo

pytestmark = pytest.mark.django_db(transaction=True)
OWNER, EDITOR = MemberRole.OWNER, MemberRole.EDITOR


def own_copy(row):
    """Return another copy of a row, as every request loads its own."""
    return type(row)._base_manager.get(pk=row.pk)


def assert_gapless(*lists):
    for todo_list in lists:
        recorded = Event.objects.filter(stream_id=todo_list.pk).order_by("seq")
        numbers = list(recorded.values_list("seq", flat=True))
        assert numbers == list(range(1, fresh(todo_list).revision + 1))


def test_twenty_concurrent_finishes_record_one_event(owner, todo):
    copies = [(own_copy(owner), own_copy(todo)) for _ in range(20)]
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


def test_of_two_edits_with_the_same_version_one_is_refused_as_stale(owner, todo):
    address = f"/api/v1/todos/{todo.pk}"

    def edit(client, content):
        body, first = {"content": content}, {"If-Match": '"1"'}
        return client.patch(address, body, headers=first).status_code

    clients = [api_for(owner), api_for(owner)]
    for client in clients:
        client.get("/api/v1/me")  # saves the last use of the key, once a minute
    answers = together(
        partial(edit, clients[0], "one"), partial(edit, clients[1], "two")
    )
    assert sorted(answers) == [200, 412]
    assert verbs(todo) == ["todo.created", "todo.changed"]
    assert fresh(todo).version == 2


def test_of_many_edits_with_the_same_version_one_succeeds(owner, todo):
    answers = together(
        *(
            partial(
                edit_todo,
                actor=owner,
                todo=own_copy(todo),
                content=f"{number}",
                expected={"1"},
                now=NOW,
            )
            for number in range(6)
        )
    )
    assert refusals(answers) == [Stale] * 5


def test_concurrent_adds_get_distinct_ranks_and_event_numbers(owner, editor, todo_list):
    answers = together(
        *(
            partial(put, user, own_copy(todo_list), f"{number}")
            for number, user in enumerate([owner, editor] * 5)
        )
    )
    assert refusals(answers) == []
    assert len({fresh(todo).rank for todo in answers}) == 10
    assert_gapless(todo_list)


def test_concurrent_bulks_and_single_adds_get_distinct_ranks_and_event_numbers(
    owner, editor, todo_list
):
    copies = [(own_copy(user), own_copy(todo_list)) for user in [owner, editor] * 3]
    bulks = [
        partial(
            add_todos,
            actor=user,
            todos=[{"todo_list": copy, "content": f"{n}"} for n in range(50)],
            now=NOW,
        )
        for user, copy in copies[:2]
    ]
    singles = [partial(put, user, copy) for user, copy in copies[2:]]
    answers = together(*bulks, *singles)
    assert refusals(answers) == []
    for added in answers[:2]:
        assert [todo.content for todo in added] == [f"{n}" for n in range(50)]
        ranks = [todo.rank for todo in added]
        assert ranks == sorted(ranks)
    ranks = Todo.objects.filter(list=todo_list).values_list("rank", flat=True)
    assert len(set(ranks)) == len(ranks) == 104
    assert_gapless(todo_list)


def test_concurrent_shares_add_a_member_once(owner, outsider, todo_list):
    share = partial(
        share_list, todo_list=todo_list, user=outsider, role=EDITOR, now=NOW
    )
    answers = together(*(partial(share, actor=own_copy(owner)) for _ in range(4)))
    assert refusals(answers) == [AlreadyMember] * 3
    assert Membership.objects.filter(list=todo_list, user=outsider).count() == 1
    assert_gapless(todo_list)


def test_moves_in_opposite_directions_do_not_deadlock(owner):
    one, two = (add_list(actor=owner, name=name, now=NOW) for name in "ab")
    there = [put(owner, one, f"{number}") for number in range(5)]
    back = [put(owner, two, f"{number}") for number in range(5)]

    def move(todos, target):
        for todo in todos:
            edit_todo(actor=own_copy(owner), todo=todo, todo_list=target, now=NOW)

    answers = together(partial(move, there, two), partial(move, back, one))
    assert refusals(answers) == []
    assert {fresh(todo).list_id for todo in there} == {two.pk}
    assert {fresh(todo).list_id for todo in back} == {one.pk}
    assert_gapless(one, two)


def test_concurrent_moves_put_a_todo_into_one_list(owner, todo):
    targets = [add_list(actor=owner, name=name, now=NOW) for name in "abc"]
    answers = together(
        *(
            partial(edit_todo, actor=owner, todo=own_copy(todo), todo_list=one, now=NOW)
            for one in targets
        )
    )
    assert refusals(answers) == [TodoMoved] * 2
    assert_gapless(todo.list, *targets)


def test_concurrent_first_calls_create_one_inbox(owner):
    inbox = inbox_of(owner, now=NOW)
    inbox.memberships.all().delete()
    TodoList.objects.filter(pk=inbox.pk).delete()
    answers = together(*(partial(inbox_of, own_copy(owner), now=NOW) for _ in range(5)))
    assert refusals(answers) == []
    assert len({answer.pk for answer in answers}) == 1
    assert TodoList.objects.filter(inbox_of=owner).count() == 1


@pytest.mark.parametrize("way", ["leave", "step down"])
def test_two_owners_leaving_at_once_leave_one_owner(owner, editor, todo_list, way):
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


def test_concurrent_reparenting_creates_no_cycle(owner, todo_list):
    one, two = put(owner, todo_list, "one"), put(owner, todo_list, "two")

    def below(todo, parent):
        edit_todo(actor=owner, todo=own_copy(todo), parent=parent, now=NOW)

    answers = together(partial(below, one, two), partial(below, two, one))
    assert len(refusals(answers)) == 1
    assert {fresh(one).parent_id, fresh(two).parent_id} in (
        {None, one.pk},
        {None, two.pk},
    )


def test_a_subtask_is_not_added_to_a_todo_being_trashed(owner, todo_list, todo):
    add = partial(put, owner, todo_list, parent=own_copy(todo))
    trash = partial(trash_todo, actor=owner, todo=own_copy(todo), now=NOW)
    together(add, trash)
    for child in Todo.with_trash.filter(parent=todo):
        assert child.deleted_at == NOW


def test_many_concurrent_moves_into_one_gap_keep_every_todo(owner, todo_list):
    todos = [put(owner, todo_list, f"{number}") for number in range(8)]
    answers = together(
        *(
            partial(
                reposition_todo,
                actor=owner,
                todo=own_copy(todo),
                after=own_copy(todos[0]),
                now=NOW,
            )
            for todo in todos[2:]
        )
    )
    assert refusals(answers) == []
    assert len({fresh(todo).rank for todo in todos}) == 8
    assert_gapless(todo_list)


def test_lists_with_the_same_members_can_be_trashed_concurrently(owner, editor, viewer):
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
            partial(trash_list, actor=own_copy(owner), todo_list=one, now=NOW)
            for one in lists
        )
    )
    assert refusals(answers) == []
    for pk, version in before.items():
        assert User.objects.get(pk=pk).access_version == version + 6


def test_a_person_removed_while_being_added_is_not_a_member(
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


@pytest.mark.parametrize("limit", ["USER_FILES_LIMIT", "LIST_FILES_LIMIT"])
def test_concurrent_uploads_do_not_exceed_a_quota(
    settings, use_local_store, owner, todo_list, limit
):
    todos = [put(owner, todo_list) for _ in range(6)]
    setattr(settings, limit, 35)
    copies = [(own_copy(owner), own_copy(todo)) for todo in todos]
    answers = together(
        *(
            partial(attach, actor, todo, now=NOW, content=b"ten bytes.")
            for actor, todo in copies
        )
    )
    assert refusals(answers) == [QuotaExceeded] * 3
    assert StoredFile.objects.existing().total_size() == 30
    assert_gapless(todo_list)


def test_concurrent_first_secrets_share_one_key():
    acts = [partial(store_secret, bytes([number]), now=NOW) for number in range(8)]
    stored = together(*acts)
    assert EncryptionKey.objects.count() == 1
    assert [read_secret(fresh(one)) for one in stored] == [bytes([n]) for n in range(8)]

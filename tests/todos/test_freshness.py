"""The ETag of a collection changes exactly when the person would see a change."""

from __future__ import annotations

from functools import partial
from threading import Event as Signal

import pytest

from accounts.models import User
from accounts.services.people import remove_person
from core.models import Installation
from tests.conftest import NOW, api_for
from tests.todos.helpers import fresh, label, member, put
from tests.todos.threads import together
from todos.cache import collection_tag
from todos.models import MemberRole
from todos.services.comments import add_comment, edit_comment, remove_comment
from todos.services.labels import edit_label, remove_label
from todos.services.lists import add_list, edit_list, restore_list, trash_list
from todos.services.moving import reposition_todo
from todos.services.sharing import change_member, remove_member, share_list
from todos.services.todos import edit_todo, finish_todo, reopen_todo
from todos.services.trash import purge_list, purge_todo, restore_todo, trash_todo


class Garden:
    """The shared list with a row of every kind."""

    def __init__(self, owner, todo_list, todo):
        self.owner, self.list, self.todo = owner, todo_list, todo
        self.other = put(owner, todo_list, "Other")
        self.trashed = put(owner, todo_list, "Trashed")
        trash_todo(actor=owner, todo=self.trashed, now=NOW)
        self.label = label(owner, todo_list, "red")
        self.comment = add_comment(actor=owner, todo=todo, text="Yes", now=NOW)
        self.gone = add_list(actor=owner, name="Gone", now=NOW)

    def do(self, verb, **fields):
        return verb(actor=self.owner, now=NOW, **fields)


@pytest.fixture
def garden(owner, todo_list, todo):
    return Garden(owner, todo_list, todo)


VERBS = {
    "add": lambda g: put(g.owner, g.list),
    "edit": lambda g: g.do(edit_todo, todo=g.todo, content="x"),
    "label": lambda g: g.do(edit_todo, todo=g.todo, labels=[g.label]),
    "assign": lambda g: g.do(edit_todo, todo=g.todo, assignee=g.owner),
    "finish": lambda g: g.do(finish_todo, todo=g.todo),
    "place": lambda g: g.do(reposition_todo, todo=g.todo, after=g.other),
    "move out": lambda g: g.do(edit_todo, todo=g.todo, todo_list=g.owner.inbox),
    "trash": lambda g: g.do(trash_todo, todo=g.todo),
    "restore": lambda g: g.do(restore_todo, todo=fresh(g.trashed)),
    "purge": lambda g: g.do(purge_todo, todo=fresh(g.trashed)),
    "comment": lambda g: g.do(add_comment, todo=g.todo, text="x"),
    "edit comment": lambda g: g.do(edit_comment, comment=g.comment, text="x"),
    "delete comment": lambda g: g.do(remove_comment, comment=g.comment),
    "add label": lambda g: label(g.owner, g.list, "blue"),
    "edit label": lambda g: g.do(edit_label, label=g.label, name="x"),
    "delete label": lambda g: g.do(remove_label, label=g.label),
    "rename list": lambda g: g.do(edit_list, todo_list=g.list, name="x"),
    "archive list": lambda g: g.do(edit_list, todo_list=g.list, is_archived=True),
    "trash list": lambda g: g.do(trash_list, todo_list=g.list),
}


def tags(*people):
    return [collection_tag(fresh(person), query="", language="en") for person in people]


def all_differ(before, after):
    return all(old != new for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize("verb", VERBS)
def test_a_change_alters_the_tag_of_exactly_those_who_see_it(
    garden, owner, editor, viewer, outsider, verb
):
    seeing, before = (owner, editor, viewer), tags(owner, editor, viewer)
    elsewhere = tags(outsider)
    assert tags(*seeing) == before
    VERBS[verb](garden)
    after = tags(*seeing)
    assert all_differ(before, after)
    assert tags(*seeing) == after
    assert tags(outsider) == elsewhere


def test_restoring_or_purging_a_list_alters_the_tag(garden, owner, editor, outsider):
    garden.do(trash_list, todo_list=garden.list)
    before, elsewhere = tags(owner, editor), tags(outsider)
    garden.do(restore_list, todo_list=garden.list)
    between = tags(owner, editor)
    assert all_differ(before, between)
    purge_list(todo_list=garden.list, now=NOW)
    assert all_differ(between, tags(owner, editor))
    assert tags(outsider) == elsewhere


def test_gaining_or_losing_a_list_alters_the_tag(owner, outsider, todo_list):
    before = tags(outsider)
    share_list(
        actor=owner,
        todo_list=todo_list,
        user=outsider,
        role=MemberRole.VIEWER,
        now=NOW,
    )
    shared = tags(outsider)
    assert all_differ(before, shared)
    change_member(
        actor=owner,
        membership=member(todo_list, outsider),
        role=MemberRole.EDITOR,
        now=NOW,
    )
    changed = tags(outsider)
    assert all_differ(shared, changed)
    remove_member(actor=owner, membership=member(todo_list, outsider), now=NOW)
    assert all_differ(changed, tags(outsider))
    assert tags(outsider) != before  # the same lists, but a later access version


def test_a_new_list_alters_only_its_owners_tag(owner, outsider):
    before, elsewhere = tags(owner), tags(outsider)
    add_list(actor=owner, name="x", now=NOW)
    assert all_differ(before, tags(owner))
    assert tags(outsider) == elsewhere


def test_inheriting_a_list_alters_the_successors_tag(owner, editor, todo_list):
    before = tags(editor)
    remove_person(actor=None, person=owner, now=NOW)
    assert all_differ(before, tags(editor))


def test_the_tag_differs_although_the_sum_of_revisions_is_equal(owner, todo_list):
    """If other lists have an equal sum, the access version is different."""
    one, two = (add_list(actor=owner, name=name, now=NOW) for name in "ab")
    for _time in range(3):
        put(owner, one)
    before = tags(owner)
    lost = fresh(one).revision
    trash_list(actor=owner, todo_list=one, now=NOW)
    for _time in range(lost):
        put(owner, two)
    assert all_differ(before, tags(owner))


def test_an_edit_without_effect_keeps_the_tag(owner, todo):
    finish_todo(actor=owner, todo=todo, now=NOW)
    before = tags(owner)
    finish_todo(actor=owner, todo=todo, now=NOW)
    edit_todo(actor=owner, todo=todo, content=todo.content, now=NOW)
    assert tags(owner) == before
    reopen_todo(actor=owner, todo=todo, now=NOW)
    assert all_differ(before, tags(owner))


def test_the_tag_depends_on_query_language_person_and_epoch(owner, editor, todo_list):
    def tag(user=owner, query="", language="en"):
        return collection_tag(user, query=query, language=language)

    found = {tag(), tag(editor), tag(query="a"), tag(language="zh-hans")}
    assert len(found) == 4
    Installation.objects.update(epoch=todo_list.pk)
    assert tag() not in found


def test_the_tag_costs_one_query(owner, todo, django_assert_num_queries):
    with django_assert_num_queries(1):
        collection_tag(owner, query="", language="en")


@pytest.mark.parametrize("address", ["todos", "lists", "labels", "todos/{}/comments"])
def test_an_unchanged_collection_is_answered_with_304(owner_api, owner, todo, address):
    path = f"/api/v1/{address.format(todo.pk)}"
    first = owner_api.get(path)
    again = owner_api.get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    edit_todo(actor=owner, todo=todo, content="x", now=NOW)
    changed = owner_api.get(path, headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


@pytest.mark.django_db(transaction=True)
def test_no_reader_gets_a_stale_response_during_writes(owner, editor, todo):
    """A request after an acknowledged write sees it, or something later."""
    written, done = [0], Signal()
    clients, reads = [api_for(editor), api_for(editor)], [0, 0]

    def write():
        try:
            for number in range(1, 2000):
                if number > 40 and min(reads) >= 10:
                    break
                edit_todo(actor=owner, todo=fresh(todo), content=f"{number}", now=NOW)
                written[0] = number
        finally:
            done.set()

    def come_and_go():
        person = User.objects.get(username="vera")
        while not done.is_set():
            remove_member(actor=owner, membership=member(todo.list, person), now=NOW)
            share_list(
                actor=owner,
                todo_list=todo.list,
                user=person,
                role=MemberRole.VIEWER,
                now=NOW,
            )

    def read(number):
        client, tag, content = clients[number], "", -1
        while not done.is_set():
            at_least = written[0]
            answer = client.get("/api/v1/todos", headers={"If-None-Match": tag})
            reads[number] += answer.status_code == 200
            if answer.status_code == 200:
                (shown,) = answer.json()["results"]
                tag = answer["ETag"]
                content = int(shown["content"]) if shown["content"].isdigit() else 0
            assert content >= at_least
        return "all fresh"

    answers = together(write, come_and_go, partial(read, 0), partial(read, 1))
    assert answers[2:] == ["all fresh"] * 2
    assert min(reads) >= 10

"""Add, change, archive, trash and restore lists."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from core.errors import Forbidden, Missing, Stale
from tests.conftest import NOW, make_person
from tests.todos.helpers import fresh, last_event, member, put, verbs
from todos.models import TodoList
from todos.services.lists import (
    InboxStays,
    add_list,
    as_seen,
    edit_list,
    inbox_of,
    restore_list,
    trash_list,
)
from todos.services.locking import ListIsArchived


def edit(user, todo_list, **fields) -> Any:
    return edit_list(actor=user, todo_list=todo_list, now=NOW, **fields)


def test_everyone_has_one_inbox_named_in_their_language(db):
    person = make_person("ming", language="zh-hans")
    inbox = TodoList.objects.get(inbox_of=person)
    assert inbox_of(person, now=NOW) == inbox
    assert member(inbox, person).role == "owner"
    assert User.objects.create_superuser("root").inbox.is_inbox


def test_the_creator_owns_a_new_list_which_comes_last(owner):
    first: Any = add_list(actor=owner, name="First", now=NOW)
    second: Any = add_list(actor=owner, name="Second", colour="#ff0000", now=NOW)
    assert (second.role, second.colour, second.version) == ("owner", "#ff0000", 1)
    inbox: Any = as_seen(owner, owner.inbox)
    assert second.position > first.position > inbox.position
    assert verbs(second) == ["list.created"]
    assert verbs(member(second, owner)) == ["membership.created"]
    assert second.revision == 2


def test_only_owners_rename_and_archive(owner, editor, viewer, outsider, todo_list):
    for user in (editor, viewer):
        for fields in ({"name": "x"}, {"is_archived": True}):
            with pytest.raises(Forbidden):
                edit(user, todo_list, **fields)
    with pytest.raises(Missing):
        edit(outsider, todo_list, name="x")
    renamed = edit(owner, todo_list, name="Orchard")
    assert last_event(todo_list).changes == {"name": ["Garden", "Orchard"]}
    assert renamed.version == 2


def test_every_member_has_their_own_colour_and_position(owner, viewer, todo_list):
    seen = edit(viewer, todo_list, colour="#00ff00", position="Zz")
    assert (seen.colour, seen.position) == ("#00ff00", "Zz")
    theirs: Any = as_seen(owner, todo_list)
    assert theirs.colour == ""
    assert fresh(todo_list).version == 1
    assert last_event(member(todo_list, viewer)).verb == "membership.changed"


@pytest.mark.parametrize(
    ("position", "status"),
    [("y" + "z" * 199, 200), ("A", 200), ("z", 400), ("Z" * 201, 400), ("", 400)],
)
def test_a_new_list_comes_after_any_allowed_position(
    owner, owner_api, todo_list, position, status
):
    address = f"/api/v1/lists/{todo_list.pk}"
    answer = owner_api.patch(address, {"position": position})
    assert answer.status_code == status, answer.content
    assert add_list(actor=owner, name="Next", now=NOW)


def test_the_etag_of_a_list_covers_the_list_and_the_membership(owner, todo_list):
    before = as_seen(owner, todo_list).etag
    after = edit(owner, todo_list, colour="#00ff00", expected={before}).etag
    assert after != before
    with pytest.raises(Stale):
        edit(owner, todo_list, name="x", expected={before})
    assert edit(owner, todo_list, name="x", expected={after}).name == "x"


def test_archiving_twice_changes_nothing(owner, todo_list):
    for _time in range(2):
        assert edit(owner, todo_list, is_archived=True).is_archived
    assert verbs(todo_list)[-2:] == ["list.created", "list.changed"]


def test_an_archived_list_is_renamed_only_when_unarchived(owner, todo_list):
    edit(owner, todo_list, is_archived=True)
    for fields in ({"name": "x"}, {"name": "x", "is_archived": True}):
        with pytest.raises(ListIsArchived):
            edit(owner, todo_list, **fields)
    assert edit(owner, todo_list, colour="#00ff00").colour == "#00ff00"
    assert edit(owner, todo_list, name="x", is_archived=False).name == "x"


def test_an_inbox_cannot_be_archived_or_trashed(owner):
    inbox = inbox_of(owner, now=NOW)
    with pytest.raises(InboxStays):
        edit(owner, inbox, is_archived=True)
    with pytest.raises(InboxStays):
        trash_list(actor=owner, todo_list=inbox, now=NOW)
    assert edit(owner, inbox, name="In").name == "In"


def test_a_trashed_list_and_its_todos_are_hidden(owner, editor, todo_list, todo):
    trash_list(actor=owner, todo_list=todo_list, now=NOW)
    for user in (owner, editor):
        assert not TodoList.objects.visible_to(user).filter(pk=todo_list.pk).exists()
        assert not type(todo).with_trash.visible_to(user).exists()
        with pytest.raises(Missing):
            put(user, todo_list)
    with pytest.raises(Missing):
        trash_list(actor=owner, todo_list=todo_list, now=NOW)


def test_only_owners_trash_and_restore(owner, editor, outsider, todo_list, todo):
    with pytest.raises(Forbidden):
        trash_list(actor=editor, todo_list=todo_list, now=NOW)
    trash_list(actor=owner, todo_list=todo_list, now=NOW)
    for user in (editor, outsider):
        with pytest.raises(Missing):
            restore_list(actor=user, todo_list=todo_list, now=NOW)
    for _time in range(2):
        back: Any = restore_list(actor=owner, todo_list=todo_list, now=NOW)
        assert back.role == "owner"
    assert verbs(todo_list)[-2:] == ["list.trashed", "list.restored"]
    assert list(type(todo).objects.visible_to(editor)) == [todo]


def test_trashing_a_stale_list_is_refused(owner, todo_list):
    with pytest.raises(Stale):
        trash_list(actor=owner, todo_list=todo_list, expected={"9-9"}, now=NOW)


def test_a_removed_person_cannot_add_a_list(owner):
    User.objects.filter(pk=owner.pk).update(removed_at=NOW, is_active=False, email="")
    with pytest.raises(Missing):
        add_list(actor=owner, name="x", now=NOW)

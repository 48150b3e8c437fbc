"""Pages of lists: members, archive, trash, leaving."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.utils import timezone

from core.models import Event
from tests.admin.cast import form_of, save, text_of
from tests.conftest import browser_for, make_person
from todos.models import MemberRole, Membership, TodoList
from todos.services.lists import trash_list

TABLE = "/admin/todos/todolist/"


@pytest.fixture
def url(todo_list) -> str:
    return f"{TABLE}{todo_list.pk}/change/"


def prefix_of(data: dict[str, Any], membership: Membership) -> str:
    return next(
        name.removesuffix("-id")
        for name, value in data.items()
        if value == str(membership.pk)
    )


def member(todo_list: TodoList, user: Any) -> Membership:
    return Membership.objects.get(list=todo_list, user=user)


def test_adding_a_list_sets_its_colour_and_owner(owner, owner_browser):
    answer = save(owner_browser, f"{TABLE}add/", name="Shed", colour="#1c7ed6")
    assert answer.status_code == 302
    made: Any = TodoList.objects.as_seen_by(owner).get(name="Shed")
    assert (made.role, made.colour) == ("owner", "#1c7ed6")
    assert Event.objects.get(verb="list.created", stream_id=made.pk).source == "admin"


@pytest.mark.parametrize("name", ["otto", "OTTO@example.com"])
def test_a_member_is_added_by_exact_name_or_address(
    owner_browser, todo_list, url, name
):
    otto = make_person("otto", email="otto@example.com")
    given = {"memberships-3-person": name, "memberships-3-role": "viewer"}
    assert save(owner_browser, url, **given).status_code == 302
    assert member(todo_list, otto).role == "viewer"
    event = Event.objects.filter(verb="membership.created").latest("at")
    assert event.source == "admin"


@pytest.mark.parametrize("name", ["ott", "nobody", "otto@example", "'; DROP TABLE"])
def test_an_unknown_name_or_address_is_refused_with_one_message(
    owner_browser, outsider, url, name
):
    answer = save(owner_browser, url, **{"memberships-3-person": name})
    assert answer.status_code == 200
    assert "No user has this name or email address." in text_of(answer)


def test_a_member_is_not_added_twice(owner_browser, editor, url):
    answer = save(owner_browser, url, **{"memberships-3-person": "edgar"})
    assert "is already a member of the list" in text_of(answer)


def test_roles_change_and_members_are_removed(
    owner_browser, editor, viewer, todo_list, url
):
    data = form_of(owner_browser.get(url))
    data[f"{prefix_of(data, member(todo_list, editor))}-role"] = "viewer"
    data[f"{prefix_of(data, member(todo_list, viewer))}-DELETE"] = "on"
    assert owner_browser.post(url, data).status_code == 302
    assert member(todo_list, editor).role == "viewer"
    assert not Membership.objects.filter(list=todo_list, user=viewer).exists()


def test_the_last_owner_cannot_be_removed(owner, owner_browser, todo_list, url):
    data = form_of(owner_browser.get(url))
    data[f"{prefix_of(data, member(todo_list, owner))}-role"] = "viewer"
    answer = owner_browser.post(url, data)
    assert "A list needs at least one owner" in text_of(answer)
    assert member(todo_list, owner).role == "owner"
    answer = owner_browser.post(f"{TABLE}{todo_list.pk}/leave/", follow=True)
    assert "A list needs at least one owner" in text_of(answer)


def test_an_editor_can_change_the_colour_only(editor, todo_list, url):
    browser = browser_for(editor)
    page = text_of(browser.get(url))
    assert 'name="name"' not in page
    assert 'name="memberships-3-person"' not in page
    forged = {"name": "Mine", "is_archived": "on", "memberships-3-person": "edgar"}
    assert save(browser, url, colour="#d64545", **forged).status_code == 302
    todo_list.refresh_from_db()
    assert (todo_list.name, todo_list.is_archived) == ("Garden", False)
    assert member(todo_list, editor).colour == "#d64545"


def test_an_editor_cannot_forge_the_forms_of_members(
    editor, viewer, todo_list, url, owner_browser
):
    data = form_of(owner_browser.get(url))
    data[f"{prefix_of(data, member(todo_list, editor))}-role"] = "owner"
    data[f"{prefix_of(data, member(todo_list, viewer))}-DELETE"] = "on"
    browser_for(editor).post(url, data)
    assert member(todo_list, editor).role == "editor"
    assert member(todo_list, viewer).role == "viewer"


def test_an_inbox_cannot_be_shared_or_deleted(owner, owner_browser, editor):
    url = f"{TABLE}{owner.inbox.pk}/change/"
    page = text_of(owner_browser.get(url))
    assert "An inbox is private" in page
    assert 'name="is_archived"' not in page
    save(owner_browser, url, **{"memberships-1-person": "edgar", "is_archived": "on"})
    assert owner.inbox.memberships.count() == 1
    answer = owner_browser.post(url.replace("change", "delete"), {"post": "yes"})
    assert answer.status_code == 403


def test_a_list_is_archived_and_unarchived(owner_browser, todo_list, url):
    save(owner_browser, url, is_archived="on")
    todo_list.refresh_from_db()
    assert todo_list.is_archived
    answer = save(owner_browser, url, name="Renamed")
    assert "read-only" in text_of(answer)
    save(owner_browser, url, is_archived=None)
    todo_list.refresh_from_db()
    assert not todo_list.is_archived


def test_a_list_is_moved_to_the_trash_and_restored(owner_browser, editor, todo_list):
    answer = owner_browser.post(f"{TABLE}{todo_list.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert owner_browser.get(f"{TABLE}{todo_list.pk}/change/").status_code == 404
    assert "Garden" in text_of(owner_browser.get(f"{TABLE}trash/"))
    assert "Garden" not in text_of(browser_for(editor).get(f"{TABLE}trash/"))
    given = {"action": "restore", "index": "0", "_selected_action": str(todo_list.pk)}
    answer = owner_browser.post(f"{TABLE}trash/", given, follow=True)
    assert "1 list restored." in text_of(answer)
    assert owner_browser.get(f"{TABLE}{todo_list.pk}/change/").status_code == 200


def test_only_owners_restore_a_list(owner, editor, todo_list):
    trash_list(actor=owner, todo_list=todo_list, now=timezone.now())
    given = {"action": "restore", "index": "0", "_selected_action": str(todo_list.pk)}
    browser_for(editor).post(f"{TABLE}trash/", given)
    todo_list.refresh_from_db()
    assert todo_list.deleted_at is not None


def test_a_member_leaves_a_list_after_confirming(editor, todo_list):
    browser = browser_for(editor)
    url = f"{TABLE}{todo_list.pk}/leave/"
    assert "Leave the list" in text_of(browser.get(url))
    assert member(todo_list, editor)
    answer = browser.post(url, follow=True)
    assert "You left “Garden”." in text_of(answer)
    assert browser.get(f"{TABLE}{todo_list.pk}/change/").status_code == 404


def test_the_only_owner_is_not_offered_to_leave(owner_browser, owner, todo_list, url):
    leave = f"{TABLE}{todo_list.pk}/leave/"
    own = 'name="memberships-0-DELETE"'
    page = text_of(owner_browser.get(url))
    assert (leave in page, own in page) == (False, False)
    answer = owner_browser.get(leave, follow=True)
    assert "A list needs at least one owner." in text_of(answer)
    Membership.objects.filter(list=todo_list).update(role=MemberRole.OWNER)
    page = text_of(owner_browser.get(url))
    assert (leave in page, own in page) == (True, True)
    assert "Leave the list" in text_of(owner_browser.get(leave))


def test_a_viewer_saves_a_colour_and_sees_no_other_button(viewer, todo_list, url):
    page = text_of(browser_for(viewer).get(url))
    buttons = re.findall('<input type="submit"[^>]*name="(_[a-z]+)"', page)
    assert buttons == ["_save"]


def test_the_history_of_a_list_includes_its_todos(owner_browser, todo, url):
    page = text_of(owner_browser.get(url.replace("change", "history")))
    assert "Plant a tree" in page
    assert "Edgar Editor" in page


def test_a_colour_beyond_the_palette_is_kept(owner_browser, owner, todo_list, url):
    Membership.objects.filter(list=todo_list, user=owner).update(colour="#123456")
    assert 'value="#123456"' in text_of(owner_browser.get(url))
    save(owner_browser, url, name="Renamed")
    assert member(todo_list, owner).colour == "#123456"
    answer = save(owner_browser, url, colour="red;}")
    assert answer.status_code == 200

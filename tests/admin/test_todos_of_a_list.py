"""The changelist of todos narrowed to one list, and lists in the trash."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from tests.admin.cast import address, text_of
from tests.conftest import browser_for
from todos.services.lists import add_list, edit_list, trash_list
from todos.services.todos import add_todo

TODOS = "/admin/todos/todo/"
BOXES = re.compile(r'name="_selected_action" value="([^"]+)"')
CURRENT = re.compile(r'<a href="([^"]+)" aria-current="page"')


@pytest.fixture
def url(todo) -> str:
    return f"{TODOS}?list={todo.list_id}"


def test_the_page_of_a_list_shows_its_name_and_members(owner_browser, url, todo):
    page = text_of(owner_browser.get(url))
    assert '<h1 dir="auto">Garden</h1>' in page
    assert "Shared with Edgar Editor, Vera Viewer" in page
    settings = address("todos_todolist_change", todo.list_id)
    assert re.search(f'href="{settings}">Share and settings<', page)


def test_the_navigation_marks_only_the_open_list(owner_browser, url):
    assert CURRENT.findall(text_of(owner_browser.get(url))) == [url]
    narrowed = text_of(owner_browser.get(f"{url}&state=all"))
    assert CURRENT.findall(narrowed) == [url]
    assert CURRENT.findall(text_of(owner_browser.get(TODOS))) == [TODOS]


def test_a_viewer_sees_no_way_to_add_todos(viewer, editor, url):
    page = browser_for(editor).get(url)
    assert "quick-content" in text_of(page)
    assert 'name="action"' in text_of(page)
    page = browser_for(viewer).get(url)
    assert 'name="action"' not in text_of(page)
    assert "quick-content" not in text_of(page)
    assert address("todos_todo_add") not in text_of(page)


def test_a_user_who_owns_no_list_sees_no_list_actions(owner_browser, editor, todo_list):
    page = address("todos_todolist_changelist")
    assert 'value="trash"' in text_of(owner_browser.get(page))
    assert 'value="trash"' not in text_of(browser_for(editor).get(page))


def test_only_owned_lists_can_be_chosen_for_actions(editor, todo_list):
    own = add_list(actor=editor, name="Shed", now=timezone.now())
    page = text_of(browser_for(editor).get(address("todos_todolist_changelist")))
    assert BOXES.findall(page) == [str(own.pk)]


def test_a_viewer_sees_a_state_and_no_button_to_finish(viewer, todo, url):
    page = text_of(browser_for(viewer).get(url))
    assert '<span class="done-mark" role="img" aria-label="Open"></span>' in page
    assert "done-box" not in page


def test_only_editable_todos_can_be_chosen_for_actions(owner, viewer, todo):
    own = add_todo(actor=viewer, content="Own", now=timezone.now())
    assert BOXES.findall(text_of(browser_for(viewer).get(TODOS))) == [str(own.pk)]
    assert BOXES.findall(text_of(browser_for(owner).get(TODOS))) == [str(todo.pk)]
    edit_list(actor=owner, todo_list=todo.list, is_archived=True, now=timezone.now())
    assert BOXES.findall(text_of(browser_for(owner).get(TODOS))) == []


def test_the_name_of_an_invisible_list_is_not_shown(outsider, owner_browser, url):
    assert "Garden" in text_of(owner_browser.get(url))
    page = text_of(browser_for(outsider).get(url))
    assert "Garden" not in page
    assert '<h1 dir="auto">Todos</h1>' in page


def test_the_title_keeps_the_case_of_the_list_name(owner, owner_browser):
    row = add_list(actor=owner, name="iPhone <b>", now=timezone.now())
    for page in ("/admin/", f"{TODOS}?list={row.pk}"):
        assert "iPhone <b>" in text_of(owner_browser.get(page))


@pytest.fixture
def trashed(owner, todo_list, todo):
    trash_list(actor=owner, todo_list=todo_list, now=timezone.now())
    return todo_list


def test_both_trash_pages_link_to_each_other(owner_browser):
    lists, todos = address("todos_todolist_trash"), address("todos_todo_trash")
    assert f'href="{lists}"' in text_of(owner_browser.get(todos))
    assert "Deleted todos" in text_of(owner_browser.get(lists))


def test_an_owner_purges_a_list_after_confirming(owner_browser, trashed, todo):
    url = address("todos_todolist_trash")
    given = {"action": "purge", "index": "0", "_selected_action": [trashed.pk]}
    question = owner_browser.post(url, given)
    assert "This cannot be undone" in text_of(question)
    assert "Garden" in text_of(question)
    trashed.refresh_from_db()
    answer = owner_browser.post(url, given | {"confirmed": "yes"}, follow=True)
    assert "1 list deleted permanently." in text_of(answer)
    assert not type(trashed).objects.filter(pk=trashed.pk).exists()
    assert not type(todo).with_trash.filter(pk=todo.pk).exists()


def test_only_owners_purge_a_list(editor, trashed):
    given = {"action": "purge", "_selected_action": [trashed.pk], "confirmed": "yes"}
    url = address("todos_todolist_trash")
    browser_for(editor).post(url, given | {"index": "0"})
    trashed.refresh_from_db()
    assert trashed.deleted_at is not None

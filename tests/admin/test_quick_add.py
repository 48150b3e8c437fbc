"""Quick actions: adding a todo in one line, and the button that finishes it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.admin.cast import address, text_of
from tests.admin.todo_pages import (
    QUICK_ADD,
    TABLE,
    last_event,
    messages_of,
    quick_add,
)
from tests.conftest import browser_for
from todos.models import Todo


def test_quick_add_adds_a_todo_and_stays_on_the_page(owner, owner_browser, todo_list):
    typed = {
        "content": "Water the tomatoes",
        "list": todo_list.pk,
        "next": f"{TABLE}?due=none",
    }
    answer = quick_add(owner_browser, **typed)
    assert answer.redirect_chain == [(f"{TABLE}?due=none", 302)]
    assert "“Water the tomatoes” was added to Garden." in text_of(answer)
    todo = Todo.objects.get(content="Water the tomatoes")
    assert (todo.list, todo.created_by) == (todo_list, owner)
    event = last_event("todo.created")
    assert (event.source, event.actor_id) == ("admin", owner.pk)
    assert event.request_id


def test_quick_add_without_a_list_uses_the_inbox(owner, owner_browser):
    quick_add(owner_browser, content="Breathe")
    assert Todo.objects.get().list == owner.inbox


@pytest.mark.parametrize("content", ["", "   ", "x" * 501, "字" * 501, "a\x00b"])
def test_quick_add_refuses_invalid_content_and_keeps_it(owner_browser, content):
    answer = quick_add(owner_browser, content=content)
    assert answer.status_code == 200
    assert "Not added." in text_of(answer)
    kept = re.search(r'id="quick-content"[^>]* value="([^"]*)"', text_of(answer))
    assert kept
    assert kept[1] == content.replace("\0", kept[1][1:2])
    assert not re.search("x{9}|字{9}", messages_of(answer))
    again = text_of(owner_browser.get(address("index")))
    assert re.search(r'id="quick-content"[^>]* value=""', again)
    assert not Todo.objects.exists()


def test_quick_add_refuses_a_read_only_list(viewer, outsider, todo_list):
    for person in (viewer, outsider):
        browser = browser_for(person)
        typed = {"content": "Smuggled", "list": todo_list.pk}
        answer = quick_add(browser, **typed)
        assert "Not added." in text_of(answer)
    assert not Todo.objects.exists()


def test_quick_add_never_redirects_to_another_site(owner_browser):
    typed = {"content": "x", "next": "https://evil.example/"}
    assert quick_add(owner_browser, **typed).redirect_chain == [(TABLE, 302)]


def test_quick_add_needs_the_csrf_token(owner):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    assert strict.post(QUICK_ADD, {"content": "x"}).status_code == 403
    assert not Todo.objects.exists()


def test_the_button_in_a_row_finishes_and_reopens(owner, owner_browser, todo):
    box = address("todos_todo_finish", todo.pk)
    assert box in text_of(owner_browser.get(TABLE))
    answer = owner_browser.post(box, {"next": TABLE}, follow=True)
    assert "“Plant a tree” is done." in text_of(answer)
    todo.refresh_from_db()
    assert (todo.is_finished, todo.finished_by) == (True, owner)
    assert last_event("todo.finished").source == "admin"
    owner_browser.post(address("todos_todo_reopen", todo.pk))
    todo.refresh_from_db()
    assert not todo.is_finished


def test_quick_actions_accept_post_only(owner_browser, todo):
    assert owner_browser.get(address("todos_todo_finish", todo.pk)).status_code == 405
    todo.refresh_from_db()
    assert not todo.is_finished


def test_a_viewer_cannot_finish_with_the_button_in_a_row(viewer, todo):
    browser = browser_for(viewer)
    answer = browser.post(address("todos_todo_finish", todo.pk), follow=True)
    assert "You do not have permission" in text_of(answer)
    todo.refresh_from_db()
    assert not todo.is_finished

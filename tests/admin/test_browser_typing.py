"""Typed text in a real browser: nothing that a user does on the page loses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.admin.cast import address
from tests.browser import Browser, opened_browsers
from tests.conftest import NOW, PASSWORD, make_person
from todos.models import Comment, Todo
from todos.services.todos import add_todo

CONTENT, NOTES = "#id_content", "#id_notes"
SUBTASK, COMMENT = "#id_subtasks-0-content", "#id_comments-0-text"


@pytest.fixture
def mia(live_server: Any, transactional_db: None) -> Any:
    return make_person("mia", display_name="Mia")


@pytest.fixture
def browser(live_server: Any, mia: Any) -> Iterator[Browser]:
    with opened_browsers(live_server.url) as start:
        browser = start()
        browser.sign_in("mia", PASSWORD)
        yield browser


def test_acting_beside_an_edited_form_keeps_what_is_typed(browser, mia):
    todo = add_todo(actor=mia, content="Bake", now=NOW)
    add_todo(actor=mia, content="Buy flour", parent=todo, now=NOW)
    browser.open(address("todos_todo_change", todo.pk))
    browser.type(CONTENT, "Bake bread")
    browser.type(NOTES, "At 220 °C")

    browser.press(".todo-head .done-box")
    browser.find(".todo-head.is-done")
    browser.press("[data-region=subtasks] .done-box")
    browser.find("[data-region=subtasks] .is-done")
    browser.type(COMMENT, "Rye or wheat?")
    browser.type(SUBTASK, "Heat the oven" + Keys.ENTER)
    browser.wait_for("Heat the oven")
    assert browser.value(SUBTASK) == ""
    assert browser.value(COMMENT) == "Rye or wheat?"
    browser.press("[name^=comments-0] ~ button, .add-line textarea ~ button")
    browser.find(".comment")
    assert (browser.value(CONTENT), browser.value(NOTES)) == ("Bake bread", "At 220 °C")
    todo.refresh_from_db()
    assert (todo.content, todo.notes, todo.is_finished) == ("Bake", "", True)

    browser.click(".submit-row [name=_continue]")
    todo.refresh_from_db()
    assert (todo.content, todo.notes) == ("Bake bread", "At 220 °C")
    assert Comment.objects.get().text == "Rye or wheat?"
    below = Todo.objects.filter(parent=todo).order_by("rank")
    assert [row.content for row in below] == ["Buy flour", "Heat the oven"]
    browser.listen()
    assert browser.complaints == []


def leave(browser: Browser, css: str) -> bool:
    """Leave the page by a click; return whether the page asked first.

    The driver answers the question with yes.
    """
    browser.driver.execute_script(
        "addEventListener('beforeunload', (event) => "
        "sessionStorage.setItem('asked', event.defaultPrevented))"
    )
    browser.click(css)
    asked = browser.driver.execute_script("return sessionStorage.getItem('asked')")
    return bool(asked == "true")


def test_a_form_that_is_too_large_is_not_sent(browser, mia):
    todo = add_todo(actor=mia, content="Write a novel", now=NOW)
    browser.open(address("todos_todo_change", todo.pk))
    script = "document.querySelector(arguments[0]).value = 'a'.repeat(1024 * 1024)"
    browser.driver.execute_script(script, NOTES)
    browser.press("[name=_save]")
    browser.wait_for("This is too large to be saved. Your input is still here.")
    assert len(browser.value(NOTES)) == 1024 * 1024


def test_leaving_an_edited_form_asks_first_and_sending_it_does_not(browser, mia):
    todo = add_todo(actor=mia, content="buy milk\nand bread", now=NOW)
    page = address("todos_todo_change", todo.pk)
    browser.open(page)
    assert not leave(browser, ".back a")
    browser.open(page)
    assert browser.value(CONTENT) == "buy milk\nand bread"
    browser.type(NOTES, "Rye")
    assert leave(browser, ".back a")
    browser.open(page)
    browser.type(NOTES, "Rye")

    # Signing in again in another tab changes the CSRF token.
    browser.driver.delete_cookie("csrftoken")
    browser.driver.add_cookie({"name": "csrftoken", "value": "a" * 32, "path": "/"})
    assert not leave(browser, "[name=_save]")
    assert "This form was out of date." in browser.text
    assert browser.value(NOTES) == "Rye"

    browser.driver.delete_cookie("sessionid")
    assert not leave(browser, "[name=_save]")
    browser.type("#id_username", "mia")
    browser.type("#id_password", PASSWORD)
    browser.click("#login-form button")
    assert browser.value(NOTES) == "Rye"
    # It was not saved, so leaving it asks although nothing was typed since.
    assert leave(browser, ".brand")
    browser.type("#quick-content", "Half a thought")
    assert leave(browser, ".brand")

    browser.open(page)
    browser.type(NOTES, "Rye")
    assert not leave(browser, "[name=_save]")
    todo.refresh_from_db()
    assert (todo.content, todo.notes) == ("buy milk\nand bread", "Rye")

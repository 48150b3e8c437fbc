"""Chromium with the full deployment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver.support.ui import Select

from tests.browser import Browser
from tests.checkout import REPOSITORY
from tests.live.stack import Stack

SHOTS = REPOSITORY / "build" / "screens"
PASSWORD = "correct horse battery staple"
TODOS, LISTS = "/admin/todos/todo/", "/admin/todos/todolist/"
PAGES = {
    "sign-in": "/admin/login/",
    "home": "/admin/",
    "todos": TODOS,
    "new-todo": f"{TODOS}add/",
    "trash": f"{TODOS}trash/",
    "lists": LISTS,
    "keys": "/admin/accounts/apikey/",
    "missing-file": "/static/nothing-here.css",
}


@pytest.fixture
def browsers(stack: Stack) -> Iterator[Callable[[], Browser]]:
    opened: list[Browser] = []

    def start() -> Browser:
        opened.append(Browser(stack.url))
        return opened[-1]

    yield start
    for browser in opened:
        browser.quit()


@pytest.fixture(scope="module")
def people(started_stack: Stack) -> None:
    for name in ("mia", "ned"):
        started_stack.add_user(name, PASSWORD)


@pytest.mark.usefixtures("people")
def test_two_people_sign_in_share_edit_and_restore(browsers, stack):
    mia, ned = browsers(), browsers()
    mia.sign_in("mia", PASSWORD)

    add(mia, "Buy milk")
    mia.open(TODOS)
    mia.click("#result_list .field-content a")
    mia.type("#id_content", "Buy oat milk")
    mia.click("[name=_save]")
    assert "Buy oat milk" in mia.text
    mia.press("#result_list .done-box")
    mia.wait_for("“Buy oat milk” is done.")

    mia.open(f"{LISTS}add/")
    mia.type("#id_name", "Picnic")
    mia.click("[name=_continue]")
    mia.type("#id_memberships-1-person", "ned")
    Select(mia.find("#id_memberships-1-role")).select_by_value("editor")
    mia.click("[name=_continue]")
    mia.open("/admin/")
    Select(mia.find("#quick-list")).select_by_visible_text("Picnic")
    add(mia, "Bring a blanket")

    ned.sign_in("ned", PASSWORD)
    ned.open(TODOS)
    assert "Bring a blanket" in ned.text
    assert "oat milk" not in ned.text
    choose_action(ned, "trash")
    assert "1 todo moved to the trash." in ned.text
    mia.open(TODOS)
    assert "Bring a blanket" not in mia.text
    ned.open(f"{TODOS}trash/")
    choose_action(ned, "restore")
    assert "1 todo restored." in ned.text
    mia.open(TODOS)
    assert "Bring a blanket" in mia.text

    assert mia.complaints + ned.complaints == []
    assert stack.sql(
        "SELECT is_finished FROM todos_todo WHERE content = %s", "Buy oat milk"
    ) == [(True,)]


@pytest.mark.usefixtures("people")
def test_every_page_fits_desktop_and_phone_in_light_and_dark(browsers):
    browser = browsers()
    look_at(browser, "sign-in", PAGES["sign-in"])
    browser.sign_in("mia", PASSWORD)
    browser.open(f"{LISTS}add/")
    browser.type("#id_name", "A list of which everybody knows all " * 5)
    browser.click("[name=_save]")
    browser.open("/admin/")
    Select(browser.find("#quick-list")).select_by_index(1)
    add(browser, "Think of a text that is long enough to be wrapped on a small phone")
    for name, path in PAGES.items():
        if name != "sign-in":
            look_at(browser, name, path)
    look_at(browser, "docs", "/api/v1/docs", wait_for=".opblock-summary")
    # Only the missing file causes an error message.
    assert [line for line in browser.complaints if "status of 404" not in line] == []


@pytest.mark.usefixtures("people")
def test_the_maintenance_page_is_shown(browsers, stack):
    switch = stack.data / "run" / "maintenance"
    browser = browsers()
    switch.touch()
    try:
        look_at(browser, "maintenance", "/admin/")
    finally:
        switch.unlink()
    assert [line for line in browser.complaints if "status of 503" not in line] == []


def look_at(browser: Browser, name: str, path: str, wait_for: str = "body") -> None:
    """Show the page on every kind of screen, and keep what it looks like."""
    browser.open(path)
    browser.find(wait_for)
    for width in (1280, 390):
        for dark in (False, True):
            browser.look_as(width=width, dark=dark)
            kind = f"{name}-{width}-{'dark' if dark else 'light'}"
            browser.shoot(Path(SHOTS, f"{kind}.png"))
            assert not browser.overflows(), kind
    browser.look_as(width=1280, dark=False)


def add(browser: Browser, content: str) -> None:
    browser.type("#quick-content", content)
    browser.click(".quick-add button")


def choose_action(browser: Browser, action: str) -> None:
    """Do something to the first row of the table."""
    browser.press("#result_list .action-select")
    Select(browser.find("select[name=action]")).select_by_value(action)
    browser.click(".actions button")

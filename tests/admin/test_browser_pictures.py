"""Choosing a picture in a real browser: preview, limits and the saved picture."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By

from accounts.images import MAX_BYTES
from accounts.models import User
from tests.browser import Browser, opened_browsers
from tests.conftest import PASSWORD, make_person
from tests.images import picture

PROFILE = "/admin/accounts/user/me/"
PREVIEW = "[data-preview] > *"


@pytest.fixture
def browser(live_server: Any, settings: Any, tmp_path: Path) -> Iterator[Browser]:
    settings.MEDIA_ROOT = tmp_path / "media"
    make_person("mia", display_name="Mia Muster")
    with opened_browsers(live_server.url) as start:
        browser = start()
        browser.sign_in("mia", PASSWORD)
        browser.open(PROFILE)
        yield browser


def choose(browser: Browser, file: Path, data: bytes) -> None:
    file.write_bytes(data)
    browser.driver.find_element(By.ID, "id_picture").send_keys(str(file))


def source_of(browser: Browser, css: str) -> str:
    return str(browser.find(css).get_attribute("src"))


def is_loaded(browser: Browser, css: str, _page: Any) -> bool:
    script = "return document.querySelector(arguments[0]).naturalWidth > 0"
    return bool(browser.driver.execute_script(script, css))


@pytest.mark.django_db(transaction=True)
def test_a_chosen_image_is_shown_before_and_after_it_is_saved(
    browser: Browser, tmp_path: Path
):
    assert browser.find(PREVIEW).text == "MM"
    choose(browser, tmp_path / "me.png", picture())
    browser.wait.until(lambda _page: source_of(browser, "[data-preview] > img") != "")
    browser.click(".picture-buttons button")
    browser.wait_for("Your picture was saved.")
    name = User.objects.get(username="mia").avatar
    for shown in (PREVIEW, ".me img"):
        assert name in source_of(browser, shown)
        browser.wait.until(partial(is_loaded, browser, shown))
    browser.click(".picture-buttons button[name=remove]")
    browser.wait_for("Your picture was removed.")
    assert browser.find(PREVIEW).text == "MM"
    browser.listen()
    assert browser.complaints == []


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_too_large_is_not_sent(browser: Browser, tmp_path: Path):
    choose(browser, tmp_path / "me.png", picture().ljust(MAX_BYTES + 1, b"\0"))
    message = browser.driver.execute_script(
        "return document.getElementById('id_picture').validationMessage"
    )
    assert message == "This file is larger than 8 MB. Choose a smaller one."
    browser.press(".picture-buttons button")
    assert browser.find(PREVIEW).text == "MM"
    assert browser.driver.current_url.endswith(PROFILE)

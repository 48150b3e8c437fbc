"""The page on which people read and try out the API."""

from __future__ import annotations

import shutil

import pytest
from django.contrib.staticfiles import finders
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import (
    element_to_be_clickable as clickable,
)
from selenium.webdriver.support.ui import WebDriverWait

from tests.conftest import browser_for
from tests.problems import assert_problem

PATIENCE = 30  # seconds until an element has to be there


def test_a_browser_is_led_to_the_sign_in(client, db):
    answer = client.get("/api/v1/docs", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 302
    assert answer["Location"] == "/admin/login/?next=/api/v1/docs"


def test_a_program_is_told_to_sign_in(client, db):
    assert_problem(client.get("/api/v1/docs"), 401, "not_authenticated")


def test_the_page_needs_nothing_that_its_policy_forbids(owner_browser):
    answer = owner_browser.get("/api/v1/docs", headers={"Accept": "text/html"})
    page = answer.content.decode()
    assert answer["Content-Security-Policy"].startswith("default-src 'self'")
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "<style" not in page
    assert "<script>" not in page
    assert "style=" not in page
    assert finders.find("drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js")


def found(*names):
    """Return the first of these programs; a missing browser is a failure."""
    paths = [path for name in names if (path := shutil.which(name))]
    assert paths, f"None of these is installed: {names}."
    return paths[0]


@pytest.fixture
def chromium():
    options = webdriver.ChromeOptions()
    options.binary_location = found("chromium", "chromium-browser")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(found("chromedriver")))
    yield driver
    driver.quit()


@pytest.mark.django_db(transaction=True)
def test_the_page_works_in_a_browser_without_a_complaint(chromium, live_server, owner):
    session = browser_for(owner).cookies["sessionid"].value
    cookie = {"name": "sessionid", "value": session, "url": live_server.url}
    chromium.execute_cdp_cmd("Network.setCookie", cookie)
    chromium.get(f"{live_server.url}/api/v1/docs")
    wait = WebDriverWait(chromium, PATIENCE)
    here = "#operations-todos-todos_create"
    for button in (".opblock-summary-control", ".try-out__btn", ".execute"):
        wait.until(clickable((By.CSS_SELECTOR, f"{here} {button}"))).click()
    status = f"{here} .live-responses-table tbody .response-col_status"
    answer = wait.until(clickable((By.CSS_SELECTOR, status)))
    assert answer.text.startswith("201")
    assert chromium.get_log("browser") == []

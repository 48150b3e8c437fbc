"""The documentation page of the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.staticfiles import finders

from tests.browser import Browser
from tests.conftest import browser_for
from tests.problems import assert_problem


def test_a_browser_is_redirected_to_the_sign_in(client, db):
    answer = client.get("/api/v1/docs", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 302
    assert answer["Location"] == "/admin/login/?next=/api/v1/docs"


def test_a_program_gets_401(client, db):
    assert_problem(client.get("/api/v1/docs"), 401, "not_authenticated")


def test_the_page_obeys_its_content_security_policy(owner_browser):
    answer = owner_browser.get("/api/v1/docs", headers={"Accept": "text/html"})
    page = answer.content.decode()
    assert answer["Content-Security-Policy"].startswith("default-src 'self'")
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "<style" not in page
    assert "<script>" not in page
    assert "style=" not in page
    assert finders.find("drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js")


@pytest.fixture
def chromium(live_server) -> Iterator[Browser]:
    browser = Browser(live_server.url)
    yield browser
    browser.quit()


@pytest.mark.django_db(transaction=True)
def test_the_page_works_in_a_browser_without_console_errors(
    chromium, live_server, owner
):
    session = browser_for(owner).cookies["sessionid"].value
    cookie = {"name": "sessionid", "value": session, "url": live_server.url}
    chromium.driver.execute_cdp_cmd("Network.setCookie", cookie)
    chromium.open("/api/v1/docs")
    here = "#operations-todos-todos_create"
    for button in (".opblock-summary-control", ".try-out__btn", ".execute"):
        chromium.press(f"{here} {button}")
    status = f"{here} .live-responses-table tbody .response-col_status"
    assert chromium.find(status).text.startswith("201")
    chromium.listen()
    assert chromium.complaints == []

"""The home page, and the way to the documentation."""

from __future__ import annotations

import re

from django.urls import reverse

from tests.admin.cast import text_of
from tests.conftest import browser_for


def navigation_of(page: str) -> list[str]:
    return re.findall(
        r'<a href="[^"]*"[^>]*>\s*<svg.*?<span dir="auto">([^<]*)</span>', page, re.S
    )


def test_an_auditor_starts_with_the_latest_events(auditor, owner, todo):
    page = text_of(browser_for(auditor).get(reverse("admin:index")))
    assert navigation_of(page)[0] == "Home"
    assert "<title>Home · Todos</title>" in page
    assert "Latest events" in page
    assert "Plant a tree" not in page
    assert reverse("admin:core_event_changelist") in page


def test_people_with_todos_start_with_today(owner_browser, administrator):
    for browser in (owner_browser, browser_for(administrator)):
        page = text_of(browser.get(reverse("admin:index")))
        assert navigation_of(page)[0] == "Today"
        assert "Latest events" not in page


def test_the_keys_lead_to_the_documentation_and_back(owner, owner_browser):
    keys = text_of(owner_browser.get(reverse("admin:accounts_apikey_changelist")))
    assert f'href="{reverse("api:docs")}"' in keys
    owner.language = "zh-hans"
    owner.save(update_fields=["language"])
    docs = text_of(owner_browser.get(reverse("api:docs")))
    assert '<html lang="zh-hans">' in docs
    assert f'<a href="{reverse("admin:index")}">首页</a>' in docs

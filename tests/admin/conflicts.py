"""What the buttons of the conflict page send."""

from __future__ import annotations

import re
from html import unescape
from typing import Any


def fields_of(answer: Any) -> list[tuple[str, str]]:
    """Return what the button "Keep my changes" sends."""
    return hidden_in(answer.content.decode().partition('id="discard"')[0])


def hidden_in(html: str) -> list[tuple[str, str]]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html)
    # A browser sends CR LF.
    return [(name, unescape(value).replace("\n", "\r\n")) for name, value in found]


def keep_mine(browser: Any, url: str, answer: Any) -> Any:
    return send(browser, url, fields_of(answer))


def discard_mine(browser: Any, url: str, answer: Any) -> Any:
    form = answer.content.decode().partition('id="discard"')[2]
    return send(browser, url, hidden_in(form))


def send(browser: Any, url: str, fields: list[tuple[str, str]]) -> Any:
    data: dict[str, list[str]] = {}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    return browser.post(url, data)

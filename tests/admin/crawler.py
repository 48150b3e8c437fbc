"""A crawler that follows every link and submits every form, as one person."""

from __future__ import annotations

import re
from collections import Counter, deque
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urldefrag, urlencode, urljoin, urlsplit

from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.urls import Resolver404, resolve

from tests.admin.html_pages import Form, Page, Pairs, submissions
from tests.pictures import PNG

HOST = "http://testserver"
FORM = "application/x-www-form-urlencoded"
# Of how many pages with the same URL pattern the links and forms are tried.
SAME_PAGES = 2
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b\d+\b")


@dataclass(frozen=True)
class Answer:
    """The answer to a request, after redirects."""

    url: str
    status: int
    page: Page | None

    @property
    def complaints(self) -> list[str]:
        return self.page.complaints if self.page else []


class Crawler:
    """Collects `faults`: what does not work for the person who is signed in.

    A link is followed once for each pair of URL patterns, that of its page and that of
    its target; a form is submitted once for each pattern of its target, with the same
    fields. What it changes is rolled back, so that the next one finds the same rows.
    """

    def __init__(self, browser: Client) -> None:
        self.browser = browser
        browser.raise_request_exception = False
        self.faults: list[str] = []
        self.kinds: Counter[Any] = Counter()
        self.answers: dict[str, Answer] = {}
        self._todo: deque[str] = deque()

    def crawl(self, start: str, most: int = 1000) -> None:
        """Search the page, and those that it leads to, `most` pages at most."""
        self._visit(start, source="")
        while self._todo and most:
            most -= 1
            answer = self.answers[self._todo.popleft()]
            name, _query = pattern(answer.url)
            self.kinds[name] += 1
            if self._is_new("page", "", answer.url) and self.kinds[name] <= SAME_PAGES:
                self._search_page(answer)

    def _search_page(self, answer: Answer) -> None:
        if answer.page is None:
            return
        for link in answer.page.links:
            self._follow(link, answer)
        for search in answer.page.searches:
            self._search(search, answer)
        for asset in answer.page.assets:
            self._load(asset, answer)
        for form in answer.page.forms:
            self._submit_all(form, answer)

    # --- Links ------------------------------------------------------------------

    def _follow(self, link: str, source: Answer) -> None:
        url, fragment = urldefrag(urljoin(HOST + source.url, link))
        if not url.startswith(HOST):
            return
        path = url.removeprefix(HOST)
        if path == source.url and fragment:
            self._check_fragment(source, fragment, source)
        elif self._is_new("link", source.url, path):
            self._check_fragment(self._visit(path, source=source.url), fragment, source)

    def _check_fragment(self, target: Answer, fragment: str, source: Answer) -> None:
        if fragment and target.page and fragment not in target.page.ids:
            self.faults.append(f"{source.url}: nothing has the id #{fragment}")

    def _visit(self, url: str, *, source: str) -> Answer:
        if url not in self.answers:
            self.answers[url] = answer = self._get(url)
            self._todo.append(url)
            if answer.status != 200:
                self.faults.append(f"{source}: link to {url} is {answer.status}")
            if answer.complaints:
                self.faults.append(f"{url}: shows {answer.complaints} when opened")
        return self.answers[url]

    def _search(self, attributes: dict[str, str], source: Answer) -> None:
        names = ("app-label", "model-name", "field-name")
        query = {
            name.replace("-", "_"): attributes[f"data-{name}"] for name in names
        } | {"term": "a"}
        url = attributes["data-ajax--url"]
        url += ("&" if "?" in url else "?") + urlencode(query)
        if self._is_new("search", source.url, url + query["field_name"]):
            answer = self._get(url)
            if answer.status != 200:
                self.faults.append(f"{source.url}: search {url} is {answer.status}")

    def _load(self, asset: str, source: Answer) -> None:
        path, fragment = urldefrag(urljoin(source.url, asset))
        if not self._is_new("asset", path, fragment) or path == source.url:
            return
        if not path.startswith("/static/"):
            self._visit(path, source=source.url)
            return
        file = finders.find(unquote(path).removeprefix("/static/"))
        if file is None:
            self.faults.append(f"{source.url}: {path} does not exist")
        elif fragment:
            with open(file, encoding="utf-8") as opened:
                if f'id="{fragment}"' not in opened.read():
                    self.faults.append(f"{source.url}: {asset} does not exist")

    # --- Forms ------------------------------------------------------------------

    def _submit_all(self, form: Form, source: Answer) -> None:
        for action, data in submissions(form):
            url = urljoin(HOST + source.url, action or source.url).removeprefix(HOST)
            names = frozenset(ID.sub("N", name) for name, _value in data)
            chosen = tuple(value for name, value in data if name == "action")
            # The same form has the same target on every page.
            if self._is_new(f"form {sorted(names)} {chosen}", "", urlsplit(url).path):
                self._submit(form, url, data, source)

    def _submit(self, form: Form, url: str, data: Pairs, source: Answer) -> None:
        if form.method == "get":
            target = f"{urlsplit(url).path}?{urlencode(data)}"
            self._visit(target, source=source.url)
            return
        cookies = deepcopy(self.browser.cookies)
        with transaction.atomic():
            answer = self._post(form, url, data, source)
            if answer.status != 200:
                self.faults.append(f"{source.url}: form to {url} is {answer.status}")
            elif answer.complaints and form.is_complete:
                fault = f"form to {url} is refused: {answer.complaints}"
                self.faults.append(f"{source.url}: {fault}")
            for link in answer.page.message_links if answer.page else []:
                self._check_message(link, answer)
            transaction.set_rollback(True)
        self.browser.cookies = cookies

    def _check_message(self, link: str, answer: Answer) -> None:
        """Check a link in a message, whose row exists until the rollback."""
        found = self._get(urljoin(answer.url, link))
        if found.status != 200:
            self.faults.append(f"{answer.url}: message with link to {found.url}")

    # --- Requests ---------------------------------------------------------------

    def _get(self, url: str) -> Answer:
        return self._answer(self.browser.get(url, follow=True), url)

    def _post(self, form: Form, url: str, data: Pairs, source: Answer) -> Answer:
        body: Any = urlencode(data)
        media_type = FORM
        if form.file_fields:
            body, media_type = with_files(form, data), MULTIPART_CONTENT
        response = self.browser.post(
            url, body, media_type, follow=True, HTTP_REFERER=HOST + source.url
        )
        return self._answer(response, url)

    def _answer(self, response: Any, url: str) -> Answer:
        redirects = getattr(response, "redirect_chain", [])
        url = urljoin(HOST + url, redirects[-1][0]) if redirects else url
        is_page = response.get("Content-Type", "").startswith("text/html")
        page = Page(response.content.decode()) if is_page else None
        if response.streaming:
            list(response)  # at its end, the file is closed
        return Answer(url.removeprefix(HOST), response.status_code, page)

    def _is_new(self, kind: str, source: str, target: str) -> bool:
        key = (kind, pattern(source)[0], pattern(target))
        self.kinds[key] += 1
        return self.kinds[key] == 1


def with_files(form: Form, data: Pairs) -> dict[str, Any]:
    """Return the data with an image in each field for a file."""
    sent: dict[str, Any] = {}
    for name, value in data:
        sent.setdefault(name, []).append(value)
    files = {name: SimpleUploadedFile("tree.png", PNG) for name in form.file_fields}
    return sent | files


def pattern(url: str) -> tuple[str, tuple[str, ...]]:
    """Return the name of the URL, and of its query parameters, filters included."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    filters = parse_qsl(query.get("_changelist_filters", ""))
    names = sorted({*query, *(f"filter {name}" for name, _value in filters)})
    try:
        name = resolve(parts.path).view_name
    except Resolver404:
        name = ""
    return name or ID.sub("N", parts.path), tuple(names)

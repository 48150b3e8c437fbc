"""A page that is shown again equals the page that would be made now."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from core.admin import events
from core.repeated_pages import TOKENS
from tests.admin.cast import address, text_of
from tests.admin.page_changes import CHANGES, PAGES, World
from tests.conftest import browser_for, make_person
from tests.redis_server import DAMAGED, RedisServer
from todo_project.redis import breaker
from todos.models import MemberRole, Todo
from todos.services.comments import add_comment
from todos.services.labels import add_label
from todos.services.lists import add_list
from todos.services.sharing import share_list
from todos.services.todos import add_todo

pytestmark = pytest.mark.usefixtures("_at_noon")

EVENTS = address("core_event_changelist")
COMPARED = ("home", "todos", "lists", "a todo", "a list")
SAME_ID = {"X-Request-ID": "of-this-test"}  # error pages show it
FRESH = SAME_ID | {"Cache-Control": "no-cache"}


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.remove()


@pytest.fixture(autouse=True)
def _caching(server: RedisServer, settings: Any) -> None:
    breaker.succeed()
    settings.REDIS_URL = server.url
    settings.CACHES = {
        "default": {"BACKEND": "todo_project.redis.RedisCache", "LOCATION": server.url}
    }


@pytest.fixture
def world(owner: User, editor: User) -> World:
    now = timezone.now()
    todo_list = add_list(actor=owner, name="Garden", now=now)
    share_list(
        actor=owner, todo_list=todo_list, user=editor, role=MemberRole.EDITOR, now=now
    )
    label = add_label(actor=owner, todo_list=todo_list, name="outside", now=now)
    todo = add_todo(
        actor=owner,
        todo_list=todo_list,
        content="Water the plants",
        labels=[label],
        due_on=now.date(),
        now=now,
    )
    comment = add_comment(actor=owner, todo=todo, text="Twice a week", now=now)
    return World(owner, editor, todo_list, todo, label, comment)


def without_tokens(response: Any) -> tuple[int, str]:
    return response.status_code, TOKENS.sub(r"\1", text_of(response))


def statements_of(browser: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize("name", CHANGES)
def test_after_a_change_no_page_is_outdated(
    world: World, name: str, django_capture_on_commit_callbacks: Any
):
    browser = browser_for(world.olga)
    urls = [world.url(page) for page in COMPARED]
    for url in urls:
        browser.get(url)
    with django_capture_on_commit_callbacks(execute=True):
        CHANGES[name](world)
    shown = {url: without_tokens(browser.get(url, headers=SAME_ID)) for url in urls}
    made = {url: without_tokens(browser.get(url, headers=FRESH)) for url in urls}
    assert shown == made


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_made_once(world: World, page: str):
    browser = browser_for(world.olga)
    url = world.url(page)
    made = browser.get(url)
    assert made.status_code == 200
    assert statements_of(browser, url) <= 3
    shown = browser.get(url)
    assert without_tokens(shown) == without_tokens(made)
    varying = {"X-Request-ID", "Server-Timing", "ETag", "Content-Length", "Expires"}
    assert {*shown.headers.items()} - {*made.headers.items()} <= {
        (name, shown.headers[name]) for name in varying if name in shown.headers
    }


def test_people_see_their_own_pages(world: World):
    pages = {}
    for person in (world.olga, world.edgar, make_person("otto")):
        browser = browser_for(person)
        for _ in range(2):
            pages[person.username] = text_of(browser.get(address("index")))
    assert "Water the plants" in pages["olga"]
    assert "Water the plants" in pages["edgar"]
    assert "Water the plants" not in pages["otto"]
    assert len(set(pages.values())) == 3


def test_each_page_has_its_own_tokens(world: World):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(world.olga)
    url = world.url("todos")
    shown = [text_of(browser.get(url)) for _ in range(3)]
    tokens = [re.findall(r'name="once" value="([^"]+)"', text) for text in shown]
    assert all(tokens)
    assert len({token for found in tokens for token in found}) == sum(map(len, tokens))
    csrf = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', shown[-1])
    assert csrf
    for once in (tokens[1][0], tokens[2][0]):
        typed = {"csrfmiddlewaretoken": csrf[1], "once": once, "content": "Same"}
        answer = browser.post(address("todos_todo_quick_add"), typed)
        assert answer.status_code == 302
    assert Todo.objects.filter(content="Same").count() == 2


def test_a_message_is_shown_once(world: World):
    browser = browser_for(world.olga)
    browser.get(world.url("todos"))
    delete = address("todos_todo_delete", world.todo.pk)
    answer = browser.post(delete, {"post": "yes"}, follow=True)
    page = answer.request["PATH_INFO"]
    assert "messagelist" in text_of(answer)
    assert "messagelist" not in text_of(browser.get(page))


@pytest.mark.parametrize("how", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_page_is_made_again(world: World, server: RedisServer, how: Any):
    browser = browser_for(world.olga)
    server.client.flushall()
    url = world.url("todos")
    made = browser.get(url)
    assert server.damage("*page.*", how) == 1
    assert without_tokens(browser.get(url)) == without_tokens(made)


def test_without_redis_every_page_is_made(world: World, settings: Any):
    settings.REDIS_URL = ""
    browser = browser_for(world.olga)
    url = world.url("todos")
    assert statements_of(browser, url) > 3
    assert statements_of(browser, url) > 3


def test_the_page_of_events_is_made_once(auditor: User, monkeypatch: Any):
    # Tests beside this one write to other databases of the same server.
    monkeypatch.setattr(events, "database_state", lambda: "as before")
    browser = browser_for(auditor)
    browser.get(EVENTS)
    assert statements_of(browser, EVENTS) <= 3


def test_a_right_that_ends_while_a_page_is_made_is_noticed(
    auditor: User, monkeypatch: Any
):
    browser = browser_for(auditor)

    def ended() -> str:
        auditor.groups.clear()
        return "the same"

    monkeypatch.setattr(events, "database_state", ended)
    assert browser.get(EVENTS).status_code == 200
    assert browser.get(EVENTS).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_the_page_of_events_is_made_again_after_each_event(auditor: User):
    browser = browser_for(auditor)
    for number in range(3):
        make_person(f"person{number}")
        shown = without_tokens(browser.get(EVENTS))
        assert shown == without_tokens(browser.get(EVENTS, headers=FRESH))
        assert shown[1].count(f"“person{number}”") == 1

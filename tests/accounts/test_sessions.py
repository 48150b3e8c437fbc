"""An ended session stays ended, whatever Redis has cached."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import User
from accounts.services.passwords import hash_password
from accounts.services.people import change_person, set_password
from accounts.sessions import SessionStore, find_user
from core.timeouts import without_waiting
from tests.conftest import browser_for
from tests.redis_server import RedisServer
from tests.todos.threads import held
from todo_project import redis as ours
from todo_project.redis import Breaker

PAGE = "/admin/todos/todo/"


@pytest.fixture
def server(settings, monkeypatch) -> Iterator[RedisServer]:
    """A Redis that this process uses and retries soon after a failure."""
    monkeypatch.setattr(ours, "breaker", Breaker())
    monkeypatch.setattr(ours, "PAUSE", 0)
    server = RedisServer()
    settings.REDIS_URL = server.url
    settings.REDIS_TIMEOUT = 5  # seconds; for a busy machine
    settings.CACHES = {
        "default": {"BACKEND": "todo_project.redis.RedisCache", "LOCATION": server.url}
    }
    yield server
    server.remove()


@pytest.fixture
def browser(server: RedisServer, owner: User) -> Client:
    """A browser whose session is cached."""
    browser = browser_for(owner)
    assert is_signed_in(browser)
    assert copy_of(browser)
    return browser


def is_signed_in(browser: Client) -> bool:
    return browser.get(PAGE).status_code == 200


def key_of(browser: Client) -> str:
    return browser.cookies["sessionid"].value


def copy_of(browser: Client) -> Any:
    return cache.get(f"session.{key_of(browser)}")


def twin_of(browser: Client) -> Client:
    """Return a second browser with the same cookie."""
    twin = Client()
    twin.cookies["sessionid"] = key_of(browser)
    return twin


def person_of(key: str) -> Any:
    request = RequestFactory().get("/")
    request.session = SessionStore(key)
    return find_user(request)


def test_a_cached_session_saves_the_query(browser, owner, django_assert_num_queries):
    with django_assert_num_queries(1):  # the person
        assert person_of(key_of(browser)) == owner


def test_the_first_request_reads_the_session_after_the_stamp(
    server, owner, django_assert_num_queries
):
    browser = browser_for(owner)
    with django_assert_num_queries(3) as asked:
        assert person_of(key_of(browser)) == owner
    assert ["accounts_user" in query["sql"] for query in asked] == [False, True, False]


def test_a_page_from_a_cached_session_varies_on_the_cookie(browser):
    assert "Cookie" in browser.get(PAGE)["Vary"]


def test_a_session_ended_while_redis_was_frozen_stays_ended(browser, server):
    twin = twin_of(browser)
    server.freeze()
    browser.post("/admin/logout/")
    server.unfreeze()
    assert copy_of(twin)
    assert not is_signed_in(twin)


def test_a_session_ended_while_redis_was_down_stays_ended(browser, server):
    twin, kept = twin_of(browser), copy_of(browser)
    server.kill()
    browser.post("/admin/logout/")
    server.start()
    cache.set(f"session.{key_of(twin)}", kept)  # as a snapshot would restore it
    assert not is_signed_in(twin)


def test_a_copy_cached_while_the_session_ended_is_not_used(
    browser, server, monkeypatch
):
    """A slow request reads the session before it ends, and caches it afterwards."""
    twin = twin_of(browser)
    cache.clear()
    keep = SessionStore.keep_copy

    def end_first(self: SessionStore, stamp: str) -> None:
        row = Session.objects.get(session_key=key_of(twin))
        SessionStore(key_of(twin)).delete()
        cache.set(f"session.{key_of(twin)}", (stamp, row.session_data))
        keep(self, stamp)

    monkeypatch.setattr(SessionStore, "keep_copy", end_first)
    assert is_signed_in(twin)
    monkeypatch.setattr(SessionStore, "keep_copy", keep)
    assert copy_of(twin)
    assert not is_signed_in(twin)


def test_other_sessions_of_the_person_stay_valid(browser, server, owner):
    other = browser_for(owner)
    assert is_signed_in(other)
    browser.post("/admin/logout/")
    assert is_signed_in(other)
    assert not is_signed_in(browser)


def test_a_new_password_ends_other_sessions_but_not_the_current_one(
    browser, server, owner
):
    other, twin = browser_for(owner), twin_of(browser)
    assert is_signed_in(other)
    typed = {
        "old_password": "correct horse battery staple",
        "new_password1": "staple battery horse correct",
        "new_password2": "staple battery horse correct",
    }
    assert browser.post("/admin/password_change/", typed).status_code == 302
    assert is_signed_in(browser)
    assert not is_signed_in(other)
    assert not is_signed_in(twin)  # the previous session key


def test_a_password_set_by_another_person_ends_a_cached_session(browser, owner):
    new = hash_password("x" * 20)
    set_password(actor=None, person=owner, password_hash=new, now=timezone.now())
    assert not is_signed_in(browser)


def test_a_disabled_person_is_not_signed_in_by_a_cached_session(browser, owner):
    change_person(actor=None, person=owner, now=timezone.now(), is_active=False)
    assert not is_signed_in(browser)


def test_an_expired_session_is_not_cached(browser):
    cache.clear()
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_signed_in(browser)
    assert copy_of(browser) is None


def test_a_copy_expires_with_its_session(browser, server):
    left = server.client.pttl(f":1:session.{key_of(browser)}")
    session = Session.objects.get(session_key=key_of(browser))
    expires_in = (session.expire_date - timezone.now()).total_seconds() * 1000
    assert abs(left - expires_in) < 60_000


def test_writes_to_a_session_while_redis_was_frozen_are_kept(browser, server):
    server.freeze()
    session = browser.session
    session["note"] = "new"
    session.save()
    server.unfreeze()
    assert is_signed_in(browser)
    session = SessionStore(key_of(browser))
    assert session["note"] == "new"


def test_a_forged_copy_signs_nobody_in(browser, server, outsider):
    mine, stamp = key_of(browser), copy_of(browser)[0]
    theirs = Session.objects.get(session_key=key_of(browser_for(outsider)))
    for text in (theirs.session_data, "e30:forged", ""):
        cache.set(f"session.{mine}", (stamp, text))
        assert person_of(mine) != outsider


@pytest.mark.parametrize(
    "text", ["nonsense", "5", '["x"]', '{"0": 1}', "[1, 2]", b"\xff"]
)
def test_malformed_copies_are_ignored(browser, server, text):
    server.client.set(f":1:session.{key_of(browser)}", text)
    assert is_signed_in(browser)


def test_rotating_the_secret_key_renews_the_session(browser, owner, settings):
    key = key_of(browser)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" + settings.SECRET_KEY
    assert is_signed_in(browser)
    assert key_of(browser) != key
    settings.SECRET_KEY_FALLBACKS = []
    assert is_signed_in(browser)


def test_nothing_is_cached_without_redis(owner, django_assert_num_queries):
    browser = browser_for(owner)
    with django_assert_num_queries(2):  # the session, the person
        assert person_of(key_of(browser)) == owner


def test_a_full_redis_does_not_prevent_signing_in(server, owner):
    server.fill()
    browser = browser_for(owner)
    assert is_signed_in(browser)
    browser.post("/admin/logout/")
    assert not is_signed_in(browser)


def test_session_data_written_before_the_user_is_read_is_kept(browser, owner):
    session = SessionStore(key_of(browser))
    session["note"] = "new"
    request = RequestFactory().get("/")
    request.session = session
    assert find_user(request) == owner
    session.save()
    assert SessionStore(key_of(browser))["note"] == "new"


def test_django_finds_the_same_person(browser, owner):
    request = RequestFactory().get("/")
    request.session = SessionStore(key_of(browser))
    assert get_user(request) == owner


@pytest.mark.django_db(transaction=True)
def test_a_busy_database_does_not_end_sessions(browser):
    session = browser.session
    session["note"] = "new"
    row = Session.objects.get(session_key=key_of(browser))
    with held(row), without_waiting(), pytest.raises(OperationalError):
        session.save()
    session.save()
    assert is_signed_in(browser)

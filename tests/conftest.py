"""The users of the tests: owner, editor and viewer of one list, and an outsider."""

from __future__ import annotations

import gc
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any, cast

import hypothesis
import pytest
from django.db import connection
from django.test import Client, TransactionTestCase
from django.utils import timezone, translation
from rest_framework.test import APIClient

from accounts.models import Role, User
from accounts.services.keys import issue_key
from accounts.services.passwords import hash_password
from accounts.services.people import add_person
from core.append_only import events_open
from tests import coverage_tracing, engines
from tests.files.stores import (  # noqa: F401  (fixtures)
    each_store,
    s3_server,
    use_local_store,
    use_s3_store,
)
from todos.models import MemberRole, Todo, TodoList
from todos.services.lists import add_list
from todos.services.sharing import share_list
from todos.services.todos import add_todo

# A slow machine must not fail tests, and results must be reproducible.
hypothesis.settings.register_profile(
    "ours",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("ours")

PASSWORD = "correct horse battery staple"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    engines.arrange(items)
    coverage_tracing.choose(items)


def pytest_collection_finish() -> None:
    """Exclude permanently loaded objects from garbage collection."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from coverage_tracing.run(item))


@pytest.fixture(autouse=True)
def _settings_of_tests(settings: Any) -> None:
    """Hash passwords quickly, and serve static files from their sources."""
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        }
    }


@pytest.fixture(autouse=True)
def _english() -> Any:
    """Start in English, since a request leaves its language active."""
    with translation.override("en"):
        yield


@pytest.fixture
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock, so that no test that compares days runs across midnight."""
    noon = timezone.now().replace(hour=12, minute=34)
    monkeypatch.setattr(timezone, "now", lambda: noon)


@pytest.fixture(autouse=True, scope="session")
def _events_open_for_flush() -> Any:
    """Let tests with real transactions flush the event log with the other tables."""
    case: Any = TransactionTestCase
    teardown = case._fixture_teardown

    def teardown_with_events_open(self: Any) -> None:
        with events_open():
            teardown(self)

    case._fixture_teardown = teardown_with_events_open
    yield
    case._fixture_teardown = teardown


def make_person(username: str, *roles: str, **fields: Any) -> User:
    """Add a person with these roles, by default `member`."""
    return add_person(
        actor=None,
        username=username,
        password_hash=hash_password(PASSWORD),
        now=timezone.now(),
        roles=cast(Any, Role.objects.filter(name__in=roles or ["member"])),
        **fields,
    )


def api_for(user: User, scopes: list[str] | None = None) -> APIClient:
    """Return an API client that uses a key of this person."""
    _key, token = issue_key(
        actor=None, user=user, name="test", scopes=scopes, now=timezone.now()
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def secret_in(token: str) -> str:
    """Return the secret of a key's token, which may itself contain "_"."""
    _prefix, _public_id, secret = token.split("_", 2)
    return secret


def browser_for(user: User) -> Client:
    """Return a test client in which this person is signed in."""
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def owner(db: None) -> User:
    return make_person("olga", display_name="Olga Owner", email="olga@example.com")


@pytest.fixture
def editor(db: None) -> User:
    return make_person("edgar", display_name="Edgar Editor")


@pytest.fixture
def viewer(db: None) -> User:
    return make_person("vera", display_name="Vera Viewer")


@pytest.fixture
def outsider(db: None) -> User:
    """A person who must see nothing of the shared list."""
    return make_person("otto", display_name="Otto Outsider")


@pytest.fixture
def administrator(db: None) -> User:
    return make_person("ada", "administrator")


@pytest.fixture
def manager(db: None) -> User:
    return make_person("mona", "manager")


@pytest.fixture
def auditor(db: None) -> User:
    return make_person("abel", "auditor")


@pytest.fixture
def todo_list(owner: User, editor: User, viewer: User) -> TodoList:
    """A list that the owner shares with the editor and the viewer."""
    shared = add_list(actor=owner, name="Garden", now=NOW)
    for user, role in ((editor, MemberRole.EDITOR), (viewer, MemberRole.VIEWER)):
        share_list(actor=owner, todo_list=shared, user=user, role=role, now=NOW)
    return shared


@pytest.fixture
def todo(owner: User, todo_list: TodoList) -> Todo:
    return add_todo(actor=owner, todo_list=todo_list, content="Plant a tree", now=NOW)


@pytest.fixture
def owner_api(owner: User) -> APIClient:
    return api_for(owner)


@pytest.fixture
def editor_api(editor: User) -> APIClient:
    return api_for(editor)


@pytest.fixture
def viewer_api(viewer: User) -> APIClient:
    return api_for(viewer)


@pytest.fixture
def outsider_api(outsider: User) -> APIClient:
    return api_for(outsider)


@pytest.fixture
def administrator_api(administrator: User) -> APIClient:
    return api_for(administrator)


@pytest.fixture
def auditor_api(auditor: User) -> APIClient:
    return api_for(auditor)


@pytest.fixture
def owner_browser(owner: User) -> Client:
    return browser_for(owner)


@pytest.fixture
def on_postgresql() -> bool:
    return connection.vendor == "postgresql"

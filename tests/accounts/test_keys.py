"""Keys of API clients: hashed, scoped, expiring, revocable."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiKey, hash_secret
from accounts.services.keys import issue_key, revoke_key
from core.errors import Forbidden, Invalid, Missing
from core.models import Event
from core.registry import registry
from tests.conftest import NOW, api_for
from tests.problems import assert_problem
from todos.models import Todo

pytestmark = pytest.mark.django_db


def issue(user, **options):
    return issue_key(actor=user, user=user, name="phone", now=NOW, **options)


def last_used() -> Any:
    return ApiKey.objects.get().last_used_at


def test_a_token_contains_the_public_id_and_is_not_stored(owner):
    key, token = issue(owner)
    assert re.fullmatch(r"tdo_[0-9a-f]{16}_[\w-]{43}", token)
    secret = token.removeprefix(f"tdo_{key.public_id}_")
    stored = ApiKey.objects.values().get()
    assert stored["secret_hash"] == hash_secret(secret)
    assert secret not in str(stored)
    assert secret not in str(list(Event.objects.values()))
    assert stored["secret_hash"] not in str(list(Event.objects.values()))
    assert secret not in str(key)


def test_a_key_gets_the_default_scopes_which_exclude_creating_keys(owner):
    key, _token = issue(owner)
    assert (
        set(key.scopes)
        == set(registry.default_scopes)
        == set(registry.scopes) - {"keys:write"}
    )


@pytest.mark.parametrize("scopes", [[], ["todos:admin"], ["todos:read", "nonsense"]])
def test_unknown_scopes_are_refused(owner, scopes):
    with pytest.raises(Invalid) as refusal:
        issue(owner, scopes=scopes)
    assert refusal.value.field == "scopes"


def test_a_key_must_expire_in_the_future(owner):
    with pytest.raises(Invalid) as refusal:
        issue(owner, expires_at=NOW)
    assert refusal.value.field == "expires_at"


def test_a_key_created_with_a_key_has_no_more_scopes_or_lifetime(owner):
    soon, late = NOW + timedelta(days=1), NOW + timedelta(days=9)
    parent, _token = issue(owner, scopes=["todos:read", "keys:write"], expires_at=soon)
    with pytest.raises(Invalid) as refusal:
        issue(owner, scopes=["todos:write"], issued_with=parent)
    assert refusal.value.field == "scopes"
    for wanted, given in ((late, soon), (None, soon), (NOW + timedelta(hours=1),) * 2):
        child, _token = issue(
            owner, scopes=["todos:read"], expires_at=wanted, issued_with=parent
        )
        assert (child.scopes, child.expires_at) == (["todos:read"], given)


def test_the_api_refuses_a_scope_that_the_creating_key_lacks(owner):
    client = api_for(owner, ["keys:write", "keys:read"])
    body = {"name": "more", "scopes": ["todos:write"]}
    assert_problem(client.post("/api/v1/me/keys", body), 400, "invalid", "scopes")
    made = client.post("/api/v1/me/keys", body | {"scopes": ["keys:read"]})
    assert made.status_code == 201
    token = made.json()["token"]
    key = made.json()["id"]
    assert "token" not in client.get(f"/api/v1/me/keys/{key}").json()
    other = APIClient()
    other.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert other.get("/api/v1/me/keys").status_code == 200
    assert_problem(other.get("/api/v1/todos"), 403, "scope_missing")


def test_keys_cannot_be_created_for_another_person(owner, administrator):
    with pytest.raises(Forbidden):
        issue_key(actor=administrator, user=owner, name="x", now=NOW)


def test_revoking_twice_changes_nothing(owner):
    key, _token = issue(owner)
    for _time in range(2):
        revoke_key(actor=owner, key=key, now=NOW)
    recorded = Event.objects.about("apikey", key.pk).order_by("pk")
    assert [event.verb for event in recorded] == ["apikey.created", "apikey.revoked"]
    assert ApiKey.objects.get().revoked_by == owner


def test_staff_can_revoke_a_key_that_others_cannot_find(owner, outsider, manager):
    key, _token = issue(owner)
    with pytest.raises(Missing):
        revoke_key(actor=outsider, key=key, now=NOW)
    with pytest.raises(Missing):
        revoke_key(actor=owner, key=ApiKey(), now=NOW)
    revoke_key(actor=manager, key=key, now=NOW)
    assert not ApiKey.objects.usable(NOW).exists()


def test_last_use_is_saved_at_most_once_a_minute(owner):
    client = api_for(owner)
    assert client.get("/api/v1/me").status_code == 200
    first = last_used()
    assert timezone.now() - first < timedelta(minutes=1)
    client.get("/api/v1/me")
    assert last_used() == first
    ApiKey.objects.update(last_used_at=first - timedelta(seconds=61))
    client.get("/api/v1/me")
    assert last_used() > first


def test_a_refused_key_is_not_marked_as_used(owner):
    key, _token = issue(owner)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer tdo_{key.public_id}_wrong")
    assert_problem(client.get("/api/v1/me"), 401, "invalid_key")
    assert ApiKey.objects.get().last_used_at is None


def test_keys_that_are_expired_revoked_or_of_disabled_people_are_unusable(
    owner, editor
):
    later = NOW + timedelta(hours=1)
    good, _token = issue(owner)
    issue(owner, expires_at=later)
    revoked, _token = issue(owner)
    issue(editor)
    revoke_key(actor=owner, key=revoked, now=NOW)
    type(editor).objects.filter(pk=editor.pk).update(is_active=False)
    assert ApiKey.objects.usable(NOW).count() == 2
    assert list(ApiKey.objects.usable(later)) == [good]


def test_the_authorization_scheme_is_case_insensitive(owner):
    _key, token = issue(owner)
    for header in (f"bearer {token}", f"BEARER  {token} "):
        answer = APIClient().get("/api/v1/me", headers={"Authorization": header})
        assert answer.status_code == 200
    basic = APIClient().get("/api/v1/me", headers={"Authorization": f"Basic {token}"})
    assert_problem(basic, 401, "not_authenticated")


def test_a_session_needs_the_csrf_token(owner):
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(owner)
    assert browser.get("/api/v1/me").status_code == 200
    refused = browser.post("/api/v1/todos", {"content": "x"})
    assert refused.status_code == 403
    assert not Todo.objects.exists()
    browser.get("/admin/")
    token = browser.cookies["csrftoken"].value
    made = browser.post(
        "/api/v1/todos", {"content": "x"}, headers={"X-CSRFToken": token}
    )
    assert made.status_code == 201


@pytest.mark.django_db(transaction=True)
def test_reading_does_not_wait_to_save_the_last_use(owner):
    client = api_for(owner)
    held, done = threading.Event(), threading.Event()

    def hold_the_key():
        with transaction.atomic():
            ApiKey.objects.update(name="held")
            held.set()
            done.wait(30)
        connection.close()

    with ThreadPoolExecutor(1) as writer:
        writing = writer.submit(hold_the_key)
        assert held.wait(30)
        assert client.get("/api/v1/me").status_code == 200
        assert last_used() is None
        done.set()
        writing.result()
    client.get("/api/v1/me")
    assert last_used() is not None


def test_a_known_public_id_takes_the_same_statements_as_an_unknown_one(owner_api):
    header = owner_api._credentials["HTTP_AUTHORIZATION"]
    known = "_".join(header.split("_", 2)[:2])
    asked = {}
    for name, start in {"known": known, "unknown": "Bearer tdo_" + "0" * 16}.items():
        client = APIClient(HTTP_AUTHORIZATION=f"{start}_{'x' * 43}")
        with CaptureQueriesContext(connection) as statements:
            assert client.get("/api/v1/me").status_code == 401
        [statement] = statements.captured_queries
        asked[name] = re.sub(r"'[^']*'", "?", statement["sql"])
    assert asked["known"] == asked["unknown"]
    assert "secret_hash" in asked["known"].partition("WHERE")[2]

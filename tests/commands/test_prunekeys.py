"""The command prunekeys: it deletes expired keys, sessions and stored responses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import ApiKey
from accounts.services.keys import issue_key, revoke_key
from core.models import Event, IdempotentAnswer
from tests.commands.running import refusal, run
from tests.conftest import browser_for

DAY = timedelta(days=1)


@pytest.fixture
def keys(owner) -> dict[str, ApiKey]:
    now = timezone.now()

    def issue(name: str, lived: timedelta | None = None) -> ApiKey:
        made = now - 100 * DAY
        expires_at = made + lived if lived else None
        key, _token = issue_key(
            actor=None,
            user=owner,
            name=name,
            now=made,
            expires_at=expires_at,
        )
        return key

    keys = {
        "alive": issue("alive"),
        "revoked long ago": issue("revoked long ago"),
        "revoked lately": issue("revoked lately"),
        "expired long ago": issue("expired long ago", lived=10 * DAY),
        "expired lately": issue("expired lately", lived=95 * DAY),
        "expires some day": issue("expires some day", lived=300 * DAY),
    }
    revoke_key(actor=None, key=keys["revoked long ago"], now=now - 40 * DAY)
    revoke_key(actor=None, key=keys["revoked lately"], now=now - 20 * DAY)
    return keys


def names() -> set[str]:
    return set(ApiKey.objects.values_list("name", flat=True))


def test_expired_and_revoked_keys_are_deleted_after_thirty_days(keys):
    assert run("prunekeys").out == ""
    assert names() == set(keys) - {"revoked long ago", "expired long ago"}


def test_the_retention_of_keys_can_be_set(keys):
    run("prunekeys", "--older-than", "10")
    assert names() == {"alive", "expired lately", "expires some day"}
    run("prunekeys", "--older-than", "0")
    assert names() == {"alive", "expires some day"}


def test_deleting_a_key_is_recorded(keys):
    run("prunekeys")
    gone = Event.objects.filter(verb="apikey.removed")
    assert {event.changes["name"][0] for event in gone} == {
        "revoked long ago",
        "expired long ago",
    }
    assert {event.source for event in gone} == {"command"}


def test_expired_sessions_are_deleted_and_current_ones_stay(owner, editor):
    running, _expired = browser_for(owner), browser_for(editor)
    key = running.session.session_key
    others = Session.objects.exclude(session_key=key)
    others.update(expire_date=timezone.now() - DAY)
    run("prunekeys")
    assert Session.objects.get().session_key == key


def test_stored_idempotent_responses_are_deleted_after_a_week(owner, owner_api):
    for name in ("old", "new"):
        made = owner_api.post(
            "/api/v1/todos", {"content": name}, headers={"Idempotency-Key": name}
        )
        assert made.status_code == 201
    old = IdempotentAnswer.objects.filter(key="old")
    old.update(created_at=timezone.now() - 8 * DAY)
    run("prunekeys")
    assert IdempotentAnswer.objects.get().key == "new"


def test_counts_are_reported_on_stderr(db):
    outcome = run("prunekeys")
    assert outcome.out == ""
    assert outcome.err.splitlines() == [
        "Keys deleted: 0",
        "Sessions deleted: 0",
        "Stored responses deleted: 0",
    ]


def test_an_invalid_number_of_days_is_refused(keys):
    assert "whole number" in refusal("prunekeys", "--older-than", "-1")
    assert names() == set(keys)

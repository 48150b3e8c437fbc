"""The command revokeapikey."""

from __future__ import annotations

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiKey
from accounts.services.keys import issue_key
from core.models import Event
from tests.commands.running import refusal, run
from tests.conftest import secret_in


@pytest.fixture
def key_and_token(owner) -> tuple[ApiKey, str]:
    return issue_key(actor=None, user=owner, name="laptop", now=timezone.now())


def status_with(token: str) -> int:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client.get("/api/v1/me").status_code


@pytest.mark.parametrize("way", ["public id", "token"])
def test_a_revoked_key_is_refused_on_the_next_request(key_and_token, way):
    key, token = key_and_token
    assert status_with(token) == 200
    done = run("revokeapikey", key.public_id if way == "public id" else token)
    assert done.out == ""
    assert status_with(token) == 401
    assert secret_in(token) not in done.err


def test_revoking_again_changes_nothing(key_and_token):
    key, _token = key_and_token
    run("revokeapikey", key.public_id)
    first = ApiKey.objects.get().revoked_at
    assert "was already revoked" in run("revokeapikey", key.public_id).err
    assert ApiKey.objects.get().revoked_at == first
    assert Event.objects.filter(verb="apikey.revoked", source="command").count() == 1


@pytest.mark.parametrize("text", ["0000000000000000", "", "tdo_x_y", "é"])
def test_an_unknown_key_is_refused_without_repeating_it(key_and_token, text):
    assert refusal("revokeapikey", text) == "There is no such key."
    assert status_with(key_and_token[1]) == 200

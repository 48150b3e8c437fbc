"""A revoked right is refused from the next request on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiKey, User
from accounts.services.keys import issue_key, revoke_key
from accounts.services.passwords import hash_password
from accounts.services.people import change_person, remove_person, set_password
from tests.conftest import NOW, api_for
from tests.problems import assert_problem
from todos.models import MemberRole, Membership
from todos.services.sharing import change_member, remove_member

pytestmark = pytest.mark.django_db


def assert_key_refused(client):
    assert_problem(client.get("/api/v1/todos"), 401, "invalid_key")
    assert_problem(
        client.post("/api/v1/todos", {"content": "x"}, format="json"),
        401,
        "invalid_key",
    )


def test_a_revoked_key_is_refused(owner, owner_api):
    assert owner_api.get("/api/v1/todos").status_code == 200
    revoke_key(actor=owner, key=ApiKey.objects.get(), now=timezone.now())
    assert_key_refused(owner_api)


def test_a_key_can_revoke_itself(owner):
    client = api_for(owner, ["keys:read", "keys:write", "todos:read"])
    key = client.get("/api/v1/me/keys").json()["results"][0]["id"]
    assert client.delete(f"/api/v1/me/keys/{key}").status_code == 204
    assert_key_refused(client)


def test_a_disabled_person_is_refused_with_key_and_session(
    owner, owner_api, owner_browser, administrator
):
    assert owner_api.get("/api/v1/me").status_code == 200
    assert owner_browser.get("/api/v1/me").status_code == 200
    change_person(actor=administrator, person=owner, is_active=False, now=NOW)
    assert_key_refused(owner_api)
    assert_problem(owner_browser.get("/api/v1/me"), 401, "not_authenticated")
    # What they had before does not come back.
    change_person(actor=administrator, person=owner, is_active=True, now=NOW)
    assert_key_refused(owner_api)
    assert_problem(owner_browser.get("/api/v1/me"), 401, "not_authenticated")


def test_a_removed_person_is_refused_with_key_and_session(
    owner, owner_api, owner_browser, administrator
):
    remove_person(actor=administrator, person=owner, now=timezone.now())
    assert_key_refused(owner_api)
    assert_problem(owner_browser.get("/api/v1/me"), 401, "not_authenticated")


def test_a_new_password_ends_the_sessions(owner, owner_browser):
    assert owner_browser.get("/api/v1/me").status_code == 200
    set_password(actor=owner, person=owner, password_hash=hash_password("x"), now=NOW)
    assert_problem(owner_browser.get("/api/v1/me"), 401, "not_authenticated")


def test_a_lost_role_is_refused(owner, owner_api, owner_browser, administrator):
    for client in (owner_api, owner_browser):
        assert client.get("/api/v1/todos").status_code == 200
    change_person(actor=administrator, person=owner, roles=[], now=NOW)
    for client in (owner_api, owner_browser):
        assert_problem(client.get("/api/v1/todos"), 403, "permission_denied")


def test_a_lost_membership_is_refused(
    owner, editor, editor_api, todo_list, todo, viewer, viewer_api
):
    address = f"/api/v1/todos/{todo.pk}"
    memberships = Membership.objects.filter(list=todo_list)
    assert editor_api.patch(address, {"content": "x"}).status_code == 200
    change_member(
        actor=owner,
        membership=memberships.get(user=editor),
        role=MemberRole.VIEWER,
        now=NOW,
    )
    assert_problem(
        editor_api.patch(address, {"content": "y"}), 403, "permission_denied"
    )
    assert viewer_api.get(address).status_code == 200
    remove_member(actor=owner, membership=memberships.get(user=viewer), now=NOW)
    assert_problem(viewer_api.get(address), 404, "not_found")
    assert viewer_api.get("/api/v1/todos").json()["results"] == []


def test_every_invalid_key_gets_the_same_response(owner, outsider):
    past = timezone.now() - timedelta(days=2)
    key, expired = issue_key(
        actor=None,
        user=owner,
        name="old",
        now=past,
        expires_at=past + timedelta(days=1),
    )
    _key, of_disabled = issue_key(
        actor=None, user=outsider, name="x", now=timezone.now()
    )
    User.objects.filter(pk=outsider.pk).update(is_active=False)
    tokens = [
        expired,
        of_disabled,
        f"tdo_{key.public_id}_wrong",
        "tdo_unknown_secret",
        "tdo__",
        "nonsense",
        "",
    ]
    bodies = set()
    for token in tokens:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        answer = client.get("/api/v1/todos")
        assert_problem(answer, 401, "invalid_key")
        bodies.add(answer.content.decode().replace(answer["X-Request-ID"], ""))
    assert len(bodies) == 1

"""Pages of API keys: the token is shown once."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiKey
from accounts.services.keys import issue_key
from core.models import Event
from core.registry import registry
from tests.admin.cast import form_of, save, text_of
from tests.conftest import browser_for, secret_in
from tests.signing import Signer, hmac_signer, prepare

TABLE = "/admin/accounts/apikey/"
TOKEN = re.compile(r"tdo_[0-9a-f]{16}_[\w-]{43}")


def test_the_token_is_shown_once_and_not_stored(owner, owner_browser):
    answer = save(owner_browser, f"{TABLE}add/", name="Laptop")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    (token,) = set(TOKEN.findall(text_of(answer)))
    assert token not in str(owner_browser.cookies)
    secret = secret_in(token)
    key = ApiKey.objects.get(user=owner)
    assert (key.name, sorted(registry.default_scopes)) == ("Laptop", key.scopes)
    kept = [str(event.changes) for event in Event.objects.all()]
    kept += [str(session.get_decoded()) for session in Session.objects.all()]
    kept += [key.secret_hash]
    assert not any(secret in str(part) for part in kept)
    for page in (TABLE, f"{TABLE}{key.pk}/change/", f"{TABLE}{key.pk}/history/"):
        assert secret not in text_of(owner_browser.get(page))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert client.get("/api/v1/todos").status_code == 200
    assert Event.objects.get(verb="apikey.created").source == "admin"


def test_submitting_a_form_twice_creates_one_key(owner_browser):
    data = form_of(owner_browser.get(f"{TABLE}add/")) | {"name": "Laptop"}
    assert owner_browser.post(f"{TABLE}add/", data).status_code == 200
    again = owner_browser.post(f"{TABLE}add/", data, follow=True)
    assert again.redirect_chain == [(TABLE, 302)]
    assert "already created its key" in text_of(again)
    assert ApiKey.objects.count() == 1
    save(owner_browser, f"{TABLE}add/", name="Phone")
    assert ApiKey.objects.count() == 2


def test_a_refused_form_can_be_corrected_and_submitted(owner_browser):
    page = owner_browser.get(f"{TABLE}add/")
    data = form_of(page) | {"name": "x", "expires_at": "2020-01-01T00:00"}
    refused = owner_browser.post(f"{TABLE}add/", data)
    assert "expires_at" in refused.context["adminform"].form.errors
    corrected = form_of(refused) | {"expires_at": ""}
    assert owner_browser.post(f"{TABLE}add/", corrected).status_code == 200
    assert ApiKey.objects.count() == 1


def test_an_expired_form_creates_no_key(owner_browser, settings):
    data = form_of(owner_browser.get(f"{TABLE}add/")) | {"name": "Laptop"}
    days, settings.IDEMPOTENCY_DAYS = settings.IDEMPOTENCY_DAYS, 0
    answer = owner_browser.post(f"{TABLE}add/", data)
    assert "This form has expired." in text_of(answer)
    assert not ApiKey.objects.exists()
    settings.IDEMPOTENCY_DAYS = days
    assert owner_browser.post(f"{TABLE}add/", form_of(answer)).status_code == 200
    assert ApiKey.objects.count() == 1


def test_the_form_of_another_user_creates_no_key(owner_browser, editor):
    theirs = form_of(browser_for(editor).get(f"{TABLE}add/"))
    answer = owner_browser.post(f"{TABLE}add/", theirs | {"name": "x"})
    assert "This form has expired." in text_of(answer)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": ""}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything:write"]}, "scopes"),
        ({"expires_at": "2020-01-01T00:00"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
    ],
)
def test_invalid_key_data_is_an_error_of_the_field(owner_browser, typed, field):
    answer = save(owner_browser, f"{TABLE}add/", **({"name": "x"} | typed))
    assert field in answer.context["adminform"].form.errors
    assert not ApiKey.objects.exists()


def test_scopes_are_checkboxes_and_the_chosen_ones_are_granted(owner_browser):
    page = text_of(owner_browser.get(f"{TABLE}add/"))
    assert page.count('type="checkbox" name="scopes"') == len(registry.scopes)
    save(owner_browser, f"{TABLE}add/", name="x", scopes=["todos:read"])
    assert ApiKey.objects.get().scopes == ["todos:read"]


def test_a_key_is_revoked_by_its_owner_and_refused_at_once(owner, owner_browser):
    key, token = issue_key(actor=None, user=owner, name="x", now=timezone.now())
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert client.get("/api/v1/me").status_code == 200
    owner_browser.post(f"{TABLE}{key.pk}/delete/", {"post": "yes"})
    assert client.get("/api/v1/me").status_code == 401
    assert ApiKey.objects.get().revoked_by == owner
    assert owner_browser.get(f"{TABLE}{key.pk}/delete/").status_code == 404


def test_many_keys_are_revoked_at_once(owner, owner_browser):
    keys = [
        issue_key(actor=None, user=owner, name=f"k{n}", now=timezone.now())[0]
        for n in range(3)
    ]
    given = {
        "action": "revoke",
        "index": "0",
        "_selected_action": [key.pk for key in keys],
    }
    answer = owner_browser.post(TABLE, given, follow=True)
    assert "3 keys revoked." in text_of(answer)
    assert not ApiKey.objects.filter(revoked_at=None).exists()


def test_a_manager_sees_and_revokes_the_keys_of_others(manager, owner):
    key, _token = issue_key(
        actor=None, user=owner, name="Lost phone", now=timezone.now()
    )
    browser = browser_for(manager)
    assert "Lost phone" in text_of(browser.get(TABLE))
    browser.post(f"{TABLE}{key.pk}/delete/", {"post": "yes"})
    key.refresh_from_db()
    assert key.revoked_by == manager


def test_a_key_is_never_edited(owner, owner_browser):
    key, _token = issue_key(actor=None, user=owner, name="x", now=timezone.now())
    url = f"{TABLE}{key.pk}/change/"
    assert 'name="_save"' not in text_of(owner_browser.get(url))
    assert (
        owner_browser.post(url, {"name": "y", "scopes": ["keys:write"]}).status_code
        == 403
    )


def test_the_secret_that_signs_is_shown_once(owner, owner_browser):
    answer = save(
        owner_browser, f"{TABLE}add/", name="Payroll", signature="hmac-sha256"
    )
    (secret,) = set(re.findall(r"tds_[\w-]{43}", text_of(answer)))
    key = ApiKey.objects.get()
    assert f'value="{key.public_id}"' in text_of(answer)
    assert not TOKEN.findall(text_of(answer))
    signer = Signer(key.public_id, hmac_signer(secret))
    assert prepare(signer, "GET", "/api/v1/todos").send().status_code == 200
    page = text_of(owner_browser.get(f"{TABLE}{key.pk}/change/"))
    assert secret not in page
    assert "HMAC-SHA256" in page
    assert key.public_id in text_of(owner_browser.get(TABLE))


def test_a_public_key_is_given_and_shown_again(owner_browser):
    pem = (
        "-----BEGIN PUBLIC KEY-----\r\n"
        "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\r\n"
        "-----END PUBLIC KEY-----\r\n"
    )
    typed = {"name": "Payroll", "signature": "ed25519"}
    refused = save(owner_browser, f"{TABLE}add/", **typed, public_key="nonsense")
    assert "public_key" in refused.context["adminform"].form.errors
    answer = save(owner_browser, f"{TABLE}add/", **typed, public_key=pem)
    key = ApiKey.objects.get()
    assert f'value="{key.public_id}"' in text_of(answer)
    assert 'id="token"' not in text_of(answer)
    page = text_of(owner_browser.get(f"{TABLE}{key.pk}/change/"))
    assert "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs" in page

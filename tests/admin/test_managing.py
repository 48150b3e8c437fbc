"""Nobody manages a person who may do more, by whatever page, action or endpoint."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import ApiKey, Role, User
from accounts.services.keys import issue_key
from core.rights import permission_names
from tests.conftest import NOW, api_for, browser_for, make_person

NEW = "a much longer passphrase"
# Everything that a form of these pages may ask for.
TYPED = {
    "username": "renamed",
    "display_name": "Renamed",
    "email": "renamed@example.com",
    "time_zone": "UTC",
    "language": "en",
    "password1": NEW,
    "password2": NEW,
    "post": "yes",
}
# The managers who may manage the person; "superuser" has no role.
MANAGED_BY = {
    "member": {"manager", "administrator", "superuser"},
    "manager": {"manager", "administrator", "superuser"},
    "auditor": {"administrator", "superuser"},
    "administrator": {"administrator", "superuser"},
    "superuser": {"superuser"},
}
MANAGERS = ("manager", "administrator", "superuser")
PAGES = [
    (model, url.name)
    for model in (User, ApiKey)
    for url in admin.site._registry[model].get_urls()
    if "object_id" in url.pattern.converters and url.name
]


def person(role: str, name: str) -> User:
    made = make_person(name, role if role != "superuser" else "no such role")
    if role == "superuser":
        User.objects.filter(pk=made.pk).update(is_superuser=True)
    return User.objects.get(pk=made.pk)


def state(target: User) -> Any:
    """Return everything about the person that somebody could change."""
    found = User.objects.get(pk=target.pk)
    row = {
        field.attname: getattr(found, field.attname)
        for field in User._meta.concrete_fields
    }
    keys = list(ApiKey.objects.filter(user=target).order_by("pk").values())
    return row, keys, set(found.groups.values_list("name", flat=True))


def attempts(actor: User, target: User, key: ApiKey) -> Any:
    """Yield each way to change the person, with a call that tries it."""
    browser = browser_for(actor)
    rows = {User: target.pk, ApiKey: key.pk}
    for model, name in PAGES:
        address = reverse(f"admin:{name}", args=[rows[model]])
        typed = TYPED | {"version": target.etag}
        yield name, partial(browser.post, address, typed)
    for model, pk in ((User, target.pk), (ApiKey, key.pk)):
        table = reverse(f"admin:accounts_{model._meta.model_name}_changelist")
        for action in bulk_actions(model, actor):
            chosen = {"action": action, ACTION_CHECKBOX_NAME: str(pk)}
            yield action, partial(browser.post, table, chosen)
    yield "DELETE", partial(api_for(actor).delete, f"/api/v1/me/keys/{key.pk}")


def bulk_actions(model: Any, actor: User) -> list[str]:
    request = RequestFactory().get("/")
    request.user = actor
    return list(admin.site._registry[model].get_actions(request))


@pytest.mark.parametrize("manager", MANAGERS)
@pytest.mark.parametrize("role", MANAGED_BY)
def test_only_those_who_may_do_as_much_manage_a_person(db, manager, role):
    actor, target = person(manager, "actor"), person(role, "target")
    key, _token = issue_key(actor=None, user=target, name="theirs", now=NOW)
    before, changed = state(target), set()
    for name, attempt in attempts(actor, target, key):
        with transaction.atomic():
            assert attempt().status_code in {200, 302, 403, 404}
            if state(target) != before:
                changed.add(name)
            transaction.set_rollback(True)
    expected = {
        "accounts_user_change",
        "accounts_user_password",
        "accounts_user_delete",
        "accounts_apikey_delete",
        "revoke",
    }
    assert changed == (expected if manager in MANAGED_BY[role] else set())


@pytest.mark.parametrize("manager", MANAGERS)
@pytest.mark.parametrize("role", MANAGED_BY)
def test_pages_offer_to_manage_only_those_who_may_be_managed(db, manager, role):
    actor, target = person(manager, "actor"), person(role, "target")
    key, _token = issue_key(actor=None, user=target, name="theirs", now=NOW)
    found = offers(browser_for(actor), user=target.pk, apikey=key.pk)
    expected = {"save user", "delete user", "delete apikey"}
    expected |= {"set password of user", "select apikey", "act apikey"}
    assert found == (expected if manager in MANAGED_BY[role] else set())


@pytest.mark.parametrize("role", ["administrator", "manager", "member", "auditor"])
def test_pages_offer_to_change_and_assign_only_roles_that_grant_no_more(
    manager, owner, role
):
    browser = browser_for(manager)
    pk = Role.objects.get(name=role).pk
    grants_no_more = role in {"manager", "member"}
    expected = {"save role", "delete role"} if grants_no_more else set()
    assert offers(browser, role=pk) == expected
    for page in (
        reverse("admin:accounts_user_add"),
        reverse("admin:accounts_user_change", args=[owner.pk]),
    ):
        box = f'name="roles" value="{pk}"'
        assert (box in browser.get(page).content.decode()) == grants_no_more


def test_a_role_form_offers_only_permissions_that_the_manager_has(manager):
    page = browser_for(manager).get(reverse("admin:accounts_role_add"))
    offered = page.context["adminform"].form.fields["permissions"].queryset
    assert set(permission_names(offered)) == manager.get_all_permissions()


def offers(browser: Client, **rows: Any) -> set[str]:
    """Return what the pages of the rows offer: to save, to delete, to select."""
    found = set()
    for model, pk in rows.items():
        table = browser.get(reverse(f"admin:accounts_{model}_changelist"))
        page = browser.get(reverse(f"admin:accounts_{model}_change", args=[pk]))
        delete = reverse(f"admin:accounts_{model}_delete", args=[pk])
        parts = {
            "save": 'name="_save"' in page.content.decode(),
            "delete": f'href="{delete}"' in page.content.decode(),
            "set password of": f"{pk}/password/" in page.content.decode(),
            "select": f'name="_selected_action" value="{pk}"' in table.content.decode(),
            "act": 'name="action"' in table.content.decode(),
        }
        found |= {f"{name} {model}" for name, is_offered in parts.items() if is_offered}
    return found


def test_the_pages_are_those_of_people_and_their_keys():
    assert {name for _model, name in PAGES} >= {
        "accounts_user_change",
        "accounts_user_password",
        "accounts_apikey_delete",
    }


def test_the_bulk_action_revokes_keys_of_those_who_may_do_no_more(
    administrator, manager, owner
):
    keys = [
        issue_key(actor=None, user=user, name="theirs", now=NOW)[0]
        for user in (administrator, owner)
    ]
    chosen = {"action": "revoke", ACTION_CHECKBOX_NAME: [str(key.pk) for key in keys]}
    browser: Client = browser_for(manager)
    browser.post(reverse("admin:accounts_apikey_changelist"), chosen)
    revoked = ApiKey.objects.exclude(revoked_at=None)
    assert [key.user for key in revoked] == [owner]


# --- Disabling -----------------------------------------------------------------------


def save(browser: Client, target: User, **fields: object) -> None:
    typed = {
        "username": target.username,
        "time_zone": "UTC",
        "language": "en",
        "roles": [str(pk) for pk in target.groups.values_list("pk", flat=True)],
        "version": User.objects.get(pk=target.pk).etag,
    }
    address = reverse("admin:accounts_user_change", args=[target.pk])
    answer = browser.post(address, typed | fields)
    assert answer.status_code == 302, answer.context["errors"]


@pytest.mark.parametrize("keeps", [False, True])
def test_disabling_ends_sessions_for_good_and_keys_return_only_on_request(
    manager, owner, keeps
):
    managing, browser, api = browser_for(manager), browser_for(owner), api_for(owner)
    home, mine = reverse("admin:index"), "/api/v1/me"
    assert (browser.get(home).status_code, api.get(mine).status_code) == (200, 200)
    save(managing, owner)  # without is_active
    assert (browser.get(home).status_code, api.get(mine).status_code) == (302, 401)
    page = reverse("admin:accounts_user_change", args=[owner.pk])
    assert b"keep_keys" in managing.get(page).content
    fields = {"is_active": "on"} | ({"keep_keys": "on"} if keeps else {})
    save(managing, owner, **fields)
    assert b"keep_keys" not in managing.get(page).content
    assert browser.get(home).status_code == 302
    assert api.get(mine).status_code == (200 if keeps else 401)
    again = browser_for(User.objects.get(pk=owner.pk))
    assert again.get(home).status_code == 200


# --- One spelling per id -------------------------------------------------------------

SPELLINGS = ("%EF%BC%91", "01", "1%20", "01%20", "+1", "1_0", "99999999999999999999")


def spellings_of(pk: object) -> tuple[str, ...]:
    if isinstance(pk, int):
        return tuple(text.replace("1", str(pk), 1) for text in SPELLINGS)
    text = str(pk)
    return (text.upper(), text.replace("-", ""), f"urn:uuid:{text}", f"{{{text}}}")


def test_each_row_has_one_address(administrator, todo):
    browser = browser_for(administrator)
    site: Any = admin.site._registry
    wrong = []
    for model_admin in site.values():
        row = model_admin.require_scope().visible_to(administrator).first()
        if row is None:
            continue
        for url in model_admin.get_urls():
            if "object_id" not in url.pattern.converters or not url.name:
                continue
            path = reverse(f"admin:{url.name}", args=["ID"])
            for text in spellings_of(row.pk):
                answer = browser.get(path.replace("ID", text))
                if answer.status_code not in {403, 404, 405}:
                    wrong.append((path, text, answer.status_code))
    assert wrong == []


def test_a_role_has_one_address_in_the_api(administrator_api, administrator):
    pk = administrator.groups.get().pk
    assert administrator_api.get(f"/api/v1/roles/{pk}").status_code == 200
    for text in (f"0{pk}", f"+{pk}", "0", str(2**63), "9" * 19, "9" * 30):
        answer = administrator_api.get(f"/api/v1/roles/{text}")
        assert answer.status_code == 404, text


ODD_IDS = (str(2**63), str(-(2**63) - 1), "9" * 40, "０１", "01", "1.0", "x", "\x00")


@pytest.mark.parametrize("odd", ODD_IDS)
@pytest.mark.parametrize(
    ("page", "field"),
    [("accounts_role_add", "permissions"), ("accounts_user_add", "roles")],
)
def test_an_id_that_no_row_can_have_is_an_error_of_its_field(
    administrator, page, field, odd
):
    typed = {"name": "x", "username": "x", "time_zone": "UTC", "language": "en"}
    browser = browser_for(administrator)
    answer = browser.post(reverse(f"admin:{page}"), typed | {field: [odd]})
    if odd == "\x00":
        assert answer.status_code in {200, 400}
    else:
        assert field in answer.context["adminform"].form.errors


@pytest.mark.parametrize("odd", ODD_IDS[:3])
def test_an_invalid_id_as_the_initial_value_causes_no_error(administrator, owner, odd):
    browser = browser_for(administrator)
    address = reverse("admin:accounts_user_change", args=[owner.pk])
    typed = {"username": "olga", "time_zone": "UTC", "language": "en", "version": "1"}
    answer = browser.post(address, typed | {"roles": [odd], "initial-roles": [odd]})
    assert answer.status_code in {200, 302}

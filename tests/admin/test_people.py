"""Pages of people, roles and the profile."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import Role, User
from core.models import Event
from core.registry import registry
from tests.admin.cast import form_of, save, text_of
from tests.conftest import PASSWORD, browser_for, make_person

TABLE = "/admin/accounts/user/"
ROLES = "/admin/accounts/role/"
STRONG = "a rather long pass phrase 9"


def roles_named(*names: str) -> list[str]:
    return [
        str(pk)
        for pk in Role.objects.filter(name__in=names).values_list("pk", flat=True)
    ]


@pytest.fixture
def manager_browser(manager) -> Client:
    return browser_for(manager)


def new_person(browser: Client, **typed: Any) -> Any:
    given = {
        "username": "pia",
        "email": "pia@example.com",
        "password1": STRONG,
        "password2": STRONG,
        "is_active": "on",
        "roles": roles_named("member"),
    }
    return save(browser, f"{TABLE}add/", **(given | typed))


def test_a_manager_adds_a_person_who_can_sign_in(manager, manager_browser):
    assert new_person(manager_browser).status_code == 302
    pia = User.objects.get(username="pia")
    assert [role.name for role in pia.groups.all()] == ["member"]
    assert pia.inbox.name == "Inbox"
    event = Event.objects.get(verb="user.created", resource_id=str(pia.pk))
    assert (event.source, event.actor_id) == ("admin", manager.pk)
    assert STRONG not in str(event.changes)
    signed_in = Client().post("/admin/login/", {"username": "pia", "password": STRONG})
    assert signed_in.status_code == 302


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"username": "mona"}, "username"),
        ({"email": "MONA@example.com"}, "email"),
        ({"password2": "other"}, "password2"),
        ({"password1": "12345678", "password2": "12345678"}, "password1"),
        ({"time_zone": "Nowhere"}, "time_zone"),
    ],
)
def test_invalid_user_data_is_an_error_of_the_field(
    manager_browser, manager, typed, field
):
    User.objects.filter(pk=manager.pk).update(
        email="mona@example.com", email_key="mona@example.com"
    )
    answer = new_person(manager_browser, **typed)
    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors
    assert not User.objects.filter(username="pia").exists()


def test_a_manager_cannot_assign_a_role_with_more_permissions(manager_browser, owner):
    answer = new_person(manager_browser, roles=roles_named("administrator"))
    assert "roles" in answer.context["adminform"].form.errors
    assert not User.objects.filter(username="pia").exists()
    url = f"{TABLE}{owner.pk}/change/"
    answer = save(manager_browser, url, roles=roles_named("auditor"))
    assert answer.status_code == 200
    assert [role.name for role in owner.groups.all()] == ["member"]


def test_a_manager_cannot_change_users_with_more_permissions(
    manager_browser, administrator
):
    for is_active in (True, False):
        User.objects.filter(pk=administrator.pk).update(is_active=is_active)
        page = manager_browser.get(f"{TABLE}{administrator.pk}/change/")
        assert page.status_code == 200
        assert b'name="username"' not in page.content
        assert page.context["title"] == "View person"


def test_roles_are_changed_with_an_event(administrator, owner):
    url = f"{TABLE}{owner.pk}/change/"
    save(browser_for(administrator), url, roles=roles_named("member", "auditor"))
    event = Event.objects.get(verb="user.changed", resource_id=str(owner.pk))
    assert event.changes == {"roles": [["member"], ["auditor", "member"]]}


def test_users_cannot_disable_or_remove_themselves(manager, manager_browser):
    answer = save(manager_browser, f"{TABLE}{manager.pk}/change/", is_active=None)
    assert "You cannot remove or disable yourself" in text_of(answer)
    answer = manager_browser.post(f"{TABLE}{manager.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 403
    assert User.objects.get(pk=manager.pk).is_active


def test_a_removed_person_is_anonymous_and_cannot_be_changed(manager_browser, owner):
    manager_browser.post(f"{TABLE}{owner.pk}/delete/", {"post": "yes"})
    owner.refresh_from_db()
    assert (owner.is_active, owner.email) == (False, "")
    manager_browser.get(TABLE)  # shows the message, which contains the name
    page = manager_browser.get(f"{TABLE}{owner.pk}/change/")
    assert "Olga Owner" not in text_of(page)
    assert manager_browser.post(f"{TABLE}{owner.pk}/change/", {}).status_code == 403


def test_a_new_password_ends_sessions_and_leaves_an_event(manager_browser, owner):
    session = browser_for(owner)
    url = f"{TABLE}{owner.pk}/password/"
    answer = manager_browser.post(url, {"password1": STRONG, "password2": STRONG})
    assert answer.status_code == 302
    assert session.get("/admin/").status_code == 302
    event = Event.objects.get(verb="user.password_changed")
    assert (event.changes, event.source) == ({}, "admin")


def test_members_cannot_set_passwords_of_others(owner, editor, todo_list):
    url = f"{TABLE}{editor.pk}/password/"
    browser = browser_for(owner)
    assert browser.get(url).status_code == 403
    assert (
        browser.post(url, {"password1": STRONG, "password2": STRONG}).status_code == 403
    )
    assert not Event.objects.filter(verb="user.password_changed").exists()


def test_everyone_has_a_profile(auditor):
    browser = browser_for(auditor)
    page = browser.get(f"{TABLE}me/")
    typed = {
        "display_name": "Abel A.",
        "time_zone": "Asia/Shanghai",
        "language": "zh-hans",
        "version": page.context["form"]["version"].value(),
        "username": "root",
        "is_superuser": "on",
    }
    assert browser.post(f"{TABLE}me/", typed).status_code == 302
    auditor.refresh_from_db()
    assert (auditor.display_name, auditor.time_zone) == ("Abel A.", "Asia/Shanghai")
    assert (auditor.username, auditor.is_superuser) == ("abel", False)
    assert Event.objects.get(verb="user.changed").source == "admin"
    assert browser.get("/admin/")["Content-Language"] == "zh-hans"


def test_users_change_their_own_password(owner, owner_browser):
    typed = {"old_password": PASSWORD, "new_password1": STRONG, "new_password2": STRONG}
    wrong = owner_browser.post("/admin/password_change/", typed | {"old_password": "x"})
    assert wrong.status_code == 200
    assert owner_browser.post("/admin/password_change/", typed).status_code == 302
    owner.refresh_from_db()
    assert owner.check_password(STRONG)
    event = Event.objects.get(verb="user.password_changed")
    assert (event.actor_id, event.changes) == (owner.pk, {})
    assert owner_browser.get("/admin/").status_code == 200


def permissions(*labels: str) -> list[str]:
    pairs = [label.split(".") for label in labels]
    return [
        str(Permission.objects.get(content_type__app_label=app, codename=name).pk)
        for app, name in pairs
    ]


def test_roles_are_added_changed_and_deleted_with_events(administrator):
    browser = browser_for(administrator)
    granted = permissions("todos.view_todo", "todos.view_todolist")
    save(browser, f"{ROLES}add/", name="reader", permissions=granted)
    role = Role.objects.get(name="reader")
    url = f"{ROLES}{role.pk}/change/"
    save(browser, url, name="readers", permissions=granted[:1])
    person = make_person("rita", "readers")
    browser.post(url.replace("change", "delete"), {"post": "yes"})
    assert not Role.objects.filter(pk=role.pk).exists()
    recorded = {
        event.verb: event.changes
        for event in Event.objects.filter(
            resource_type="role", resource_id=str(role.pk)
        )
    }
    both = ["todos.view_todo", "todos.view_todolist"]
    assert recorded["role.created"] == {
        "name": [None, "reader"],
        "permissions": [None, both],
    }
    assert recorded["role.changed"] == {
        "name": ["reader", "readers"],
        "permissions": [both, both[:1]],
    }
    assert recorded["role.deleted"]["people"] == [[str(person.pk)], None]
    assert not person.has_perm("todos.view_todo")


def test_users_cannot_grant_or_change_permissions_they_lack(manager_browser):
    log = permissions("core.view_event")
    answer = save(manager_browser, f"{ROLES}add/", name="spy", permissions=log)
    assert "permissions" in answer.context["adminform"].form.errors
    auditor = Role.objects.get(name="auditor")
    answer = save(manager_browser, f"{ROLES}{auditor.pk}/change/", name="weak")
    assert answer.status_code == 403
    manager_browser.post(f"{ROLES}{auditor.pk}/delete/", {"post": "yes"})
    member = Role.objects.get(name="member")
    kept = [str(p.pk) for p in member.permissions.all()]
    answer = save(
        manager_browser, f"{ROLES}{member.pk}/change/", permissions=kept + log
    )
    assert answer.status_code == 200
    assert set(Role.objects.values_list("name", flat=True)) == {
        "administrator",
        "auditor",
        "manager",
        "member",
    }
    assert not member.permissions.filter(codename="view_event").exists()


def test_role_names_are_unique(administrator):
    answer = save(browser_for(administrator), f"{ROLES}add/", name="Member")
    assert "name" in answer.context["adminform"].form.errors


def test_roles_offer_no_permissions_of_django(administrator):
    page = browser_for(administrator).get(f"{ROLES}add/")
    offered = page.context["adminform"].form.fields["permissions"].queryset
    labels = {permission.content_type.app_label for permission in offered}
    assert {"accounts", "core"} <= labels <= set(registry.apps)
    session = Permission.objects.filter(content_type__app_label="sessions")[0]
    answer = save(
        browser_for(administrator),
        f"{ROLES}add/",
        name="x",
        permissions=[str(session.pk)],
    )
    assert "permissions" in answer.context["adminform"].form.errors


def test_unknown_fields_of_a_form_are_ignored(administrator, owner):
    browser = browser_for(administrator)
    url = f"{TABLE}{owner.pk}/change/"
    data = form_of(browser.get(url)) | {"is_superuser": "on", "password": "x"}
    browser.post(url, data)
    owner.refresh_from_db()
    assert not owner.is_superuser
    assert owner.check_password(PASSWORD)

"""Shipped roles are data: granted once, and changes of administrators are kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission

from accounts.models import Role, ShippedGrant
from accounts.roles import INCLUDED, shipped_roles, sync_roles
from accounts.services.people import permissions_of
from core.registry import Declaration, registry

pytestmark = pytest.mark.django_db


def permissions(name: str) -> set[str]:
    return permissions_of([Role.objects.get(name=name)])


def permission(label: str) -> Permission:
    app, codename = label.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def test_the_shipped_roles_exist_with_all_their_permissions():
    shipped = shipped_roles()
    assert {name: permissions(name) for name in shipped} == shipped


def test_only_managers_change_people_and_no_role_reveals_more_todos():
    people = {"accounts.change_user", "accounts.add_user", "accounts.delete_user"}
    shipped = shipped_roles()
    assert people <= shipped["manager"]
    assert not people & (shipped["member"] | shipped["auditor"])
    assert "core.view_event" in shipped["auditor"]
    assert not {label for label in shipped["auditor"] if label.startswith("todos.")}


def test_every_shipped_permission_exists():
    known = {
        f"{model._meta.app_label}.{operation}_{model._meta.model_name}"
        for model in apps.get_models(include_auto_created=True)
        for operation in ("view", "add", "change", "delete")
    }
    custom = {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        for codename, _name in model._meta.permissions
    }
    assert set().union(*shipped_roles().values()) <= known | custom


def test_syncing_again_changes_nothing():
    before = list(ShippedGrant.objects.order_by("pk").values())
    through = Role.permissions.through.objects
    grants = through.count()
    for _time in range(2):
        sync_roles()
    assert list(ShippedGrant.objects.order_by("pk").values()) == before
    assert through.count() == grants
    assert Role.objects.count() == len(INCLUDED)


def test_syncing_keeps_the_changes_of_an_administrator():
    member = Role.objects.get(name="member")
    member.permissions.remove(permission("todos.delete_todo"))
    member.permissions.add(permission("core.view_event"))
    sync_roles()
    expected = shipped_roles()["member"] - {"todos.delete_todo"} | {"core.view_event"}
    assert permissions("member") == expected


def test_a_deleted_role_stays_deleted():
    Role.objects.get(name="auditor").delete()
    sync_roles()
    assert not Role.objects.filter(name="auditor").exists()
    Role.objects.create(name="auditor")
    sync_roles()
    assert permissions("auditor") == set()


@pytest.fixture
def later_release() -> Iterator[None]:
    """An app that grants auditors a permission which does not exist yet."""
    new = frozenset({"core.delete_event_later"})
    registry.add(Declaration(app="later", grants={"auditor": new}))
    yield
    registry.remove("later")


@pytest.mark.usefixtures("later_release")
def test_a_new_permission_is_granted_once():
    new = "core.delete_event_later"
    before = permissions("auditor")
    sync_roles()  # the permission itself is created later, with its app
    assert permissions("auditor") == before
    created = Permission.objects.create(
        codename="delete_event_later",
        name="x",
        content_type=permission("core.view_event").content_type,
    )
    sync_roles()
    assert permissions("auditor") == before | {new}
    Role.objects.get(name="auditor").permissions.remove(created)
    sync_roles()
    assert permissions("auditor") == before


def test_a_new_shipped_role_is_created(monkeypatch):
    monkeypatch.setitem(INCLUDED, "reader", ("auditor",))
    sync_roles()
    assert permissions("reader") == permissions("auditor")


def test_permissions_assigned_to_a_person_are_ignored(owner):
    owner.user_permissions.add(permission("core.view_event"))
    assert not owner.has_perm("core.view_event")
    assert owner.has_perm("todos.view_todo")

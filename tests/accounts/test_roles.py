"""Roles ship as data: given once, and an administrator's edits are kept."""

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


def test_the_shipped_roles_are_there_with_every_permission_they_name():
    shipped = shipped_roles()
    assert {name: permissions(name) for name in shipped} == shipped


def test_no_role_but_the_managers_reaches_people_and_none_reads_more_todos():
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


def test_what_an_administrator_took_away_or_gave_is_kept():
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
def test_a_permission_that_is_new_is_given_once():
    new = "core.delete_event_later"
    before = permissions("auditor")
    sync_roles()  # the permission itself comes later, with its app
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


def test_a_new_role_comes_with_the_release_that_ships_it(monkeypatch):
    monkeypatch.setitem(INCLUDED, "reader", ("auditor",))
    sync_roles()
    assert permissions("reader") == permissions("auditor")


def test_permissions_of_single_people_do_not_count(owner):
    owner.user_permissions.add(permission("core.view_event"))
    assert not owner.has_perm("core.view_event")
    assert owner.has_perm("todos.view_todo")

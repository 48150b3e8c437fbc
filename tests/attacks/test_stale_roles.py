"""A stale page cannot restore roles that were removed."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from accounts.services.people import change_person
from core.errors import Stale
from tests.conftest import browser_for


def roles(*names):
    return list(Role.objects.filter(name__in=names))


def test_changing_roles_changes_the_version(administrator, owner):
    before = User.objects.get(pk=owner.pk)
    given = {"actor": administrator, "person": owner, "now": timezone.now()}
    changed = change_person(**given, roles=roles("member", "manager"))
    assert changed.version == before.version + 1
    with pytest.raises(Stale):
        change_person(**given, expected={before.etag}, roles=roles("member"))


def test_the_same_roles_again_change_nothing(administrator, owner):
    before = User.objects.get(pk=owner.pk).version
    given = {"actor": administrator, "person": owner, "now": timezone.now()}
    assert change_person(**given, roles=roles("member")).version == before


def test_a_stale_page_does_not_restore_a_removed_role(administrator, owner):
    given = {"actor": administrator, "person": owner, "now": timezone.now()}
    change_person(**given, roles=roles("member", "manager"))
    page = reverse("admin:accounts_user_change", args=[owner.pk])
    browser = browser_for(administrator)
    shown = browser.get(page).context["adminform"].form
    change_person(**given, roles=roles("member"))

    typed = {
        "username": owner.username,
        "email": owner.email,
        "display_name": "Olga the Second",
        "time_zone": owner.time_zone,
        "language": owner.language,
        "is_active": "on",
        "roles": [role.pk for role in roles("member", "manager")],
        "version": shown.initial["version"],
    }
    assert browser.post(page, typed).status_code == 409
    assert [role.name for role in owner.groups.all()] == ["member"]

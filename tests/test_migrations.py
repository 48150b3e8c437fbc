"""Migrations can be reversed, and create everything that the service needs."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from accounts.models import Role
from core.append_only import missing_triggers
from core.models import Installation
from core.registry import registry
from tests.conftest import make_person
from todos.models import Todo

# The top layer first: nothing refers to it.
OWN_APPS = tuple(
    label
    for label in reversed(registry.apps)
    if any(apps.get_app_config(label).get_models())
)


@pytest.fixture
def _migrated_again(transactional_db):
    """Migrate forward again for the next tests, whatever happens."""
    yield
    call_command("migrate", verbosity=0)


@pytest.mark.usefixtures("_migrated_again")
def test_every_migration_has_a_reverse():
    # The admin's own log refers to people, so it is reversed first.
    for app in ("admin", *OWN_APPS):
        call_command("migrate", app, "zero", verbosity=0)
    tables = connection.introspection.table_names()
    assert not [name for name in tables if name.startswith(OWN_APPS)]

    call_command("migrate", verbosity=0)
    assert missing_triggers() == []
    assert Installation.objects.count() == 1
    assert Role.objects.filter(name="member", permissions__codename="add_todo").exists()
    person = make_person("olga")
    assert person.inbox.name == "Inbox"


@pytest.mark.django_db
def test_models_and_migrations_agree():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_tables_and_columns_carry_comments():
    missing = [
        f"{model.__name__}.{field.name}"
        for app in OWN_APPS
        for model in apps.get_app_config(app).get_models()
        if not model._meta.proxy
        for field in model._meta.local_concrete_fields
        if not field.db_comment and field.model is model and _is_ours(field)
    ]
    assert missing == []
    assert Todo._meta.db_table_comment


def _is_ours(field):
    """Return whether the column is not from Django's base classes."""
    return field.name not in {"id", "password", "last_login", "is_superuser"}

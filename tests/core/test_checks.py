"""System checks: a model without a scope is an error."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.db import models
from django.test.utils import isolate_apps

from core import checks
from core.models import Recorded
from core.scoping import ScopedQuerySet


def test_the_project_passes_its_own_checks():
    assert run_checks() == []


@isolate_apps("accounts")
def test_a_recorded_model_without_a_scope_is_an_error(monkeypatch):
    class Naked(Recorded):
        class Meta:
            app_label = "accounts"

    class Scoped(Recorded):
        objects = ScopedQuerySet.as_manager()

        class Meta:
            app_label = "accounts"

    monkeypatch.setattr("core.checks.apps.get_models", lambda: [Naked, Scoped])
    (error,) = checks.recorded_models_are_scoped()
    assert error.id == "core.E001"
    assert error.obj is Naked
    assert "Naked" in error.msg


def test_the_check_covers_every_recorded_model():
    recorded = [model for model in apps.get_models() if issubclass(model, Recorded)]
    assert {model.__name__ for model in recorded} >= {
        "User",
        "ApiKey",
        "TodoList",
        "Membership",
        "Todo",
        "Label",
        "Comment",
    }


def test_a_queryset_without_scope_raises(db, owner):
    class Silent(ScopedQuerySet[models.Model]):
        """Defines neither visible_to nor editable_by."""

    rows = Silent(apps.get_model("todos", "Todo"))
    for question in (rows.visible_to, rows.editable_by):
        with pytest.raises(NotImplementedError, match="Silent"):
            question(owner)

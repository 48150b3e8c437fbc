"""What each app adds to the access matrix, in an optional `tests/<app>/matrix.py`.

Such a module has a TABLE like that of tests/api/matrix_table.py; SINGULAR, which maps
the name of a collection to that of a row; BODIES by method and endpoint; and `rows_of`,
which creates a row of each kind.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db.models import Model

from accounts.models import User
from core.registry import registry

TESTS = Path(__file__).parent


def _load() -> list[Any]:
    names = [
        apps.get_app_config(label).name.removeprefix("tests.")
        for label in registry.apps
    ]
    return [
        import_module(f"tests.{name}.matrix")
        for name in names
        if TESTS.joinpath(*name.split("."), "matrix.py").exists()
    ]


PARTS = _load()


def rows_of(user: User, text: str) -> dict[str, Model]:
    """Create a row of each kind that apps add, with the text in every visible field."""
    return {
        name: row for part in PARTS for name, row in part.rows_of(user, text).items()
    }

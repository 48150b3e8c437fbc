"""Todos are found by any part of their text."""

from __future__ import annotations

import pytest

from tests.todos.helpers import put
from todos.models import Todo


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("STRASSE", True),
        ("straße", True),
        ("好好", True),
        ("好", True),
        ("学", True),
        ("ｓｔｒａｓｓｅ", True),
        ("100%", True),
        ("100_", False),
        ("weg", False),
        ("习好", False),
        ("", True),
        (" ", True),
        ("'; DROP TABLE todos_todo; --", False),
        ("\\", False),
    ],
)
def test_a_todo_is_found_by_any_part_of_its_text(owner, todo_list, text, found):
    put(owner, todo_list, "Straße 好好学习", notes="to 100% done")
    assert Todo.objects.holding(text).exists() is found

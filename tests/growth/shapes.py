"""Every shape of every list in the API, from what its view declares.

A new list, order or filter is among them without further ado; a filter of a kind that
is not known here fails the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import django_filters
from django.urls import get_resolver

from core.api.filters import (
    ChoiceFilter,
    DayFilter,
    IdFilter,
    IdsFilter,
    MomentFilter,
    PersonFilter,
    TextFilter,
    with_creation_time,
)
from tests.api.matrix_world import patterns, readable

# What the values of filters are called in the names of rows: see `shapes`.
IDS = {"list": "{list}", "label": "{label}", "parent": "{todo}", "actor_id": "{user}"}
TEXTS = {
    "search": ["zanzibar", "water", "每天", "nowhere", "water+zanzibar"],
    "resource_type": ["todo", "user"],
    "resource_id": ["{todo}"],
    "verb": ["todo.created", "list.created"],
    "request_id": ["request-{todo}", "no-such-request"],
}
MOMENTS = ["2020-01-01T00:00:00Z", "{moment}", "2090-01-01T00:00:00Z"]
# Lists of little, whatever the number of todos.
UNRELATED = {"/api/v1/permissions", "/api/v1/roles"}


def shapes() -> Iterator[str]:
    """Yield addresses, with names of rows in braces."""
    for route, pattern in patterns(get_resolver().url_patterns, "/"):
        view: Any = pattern.callback
        is_list = getattr(view, "actions", {}).get("get") == "list"
        if is_list and route not in UNRELATED:
            for query in queries(view.cls):
                yield f"{readable(route)}?{query}"


def queries(view: Any) -> Iterator[str]:
    """Yield every order, and every filter in two orders."""
    _default, *others = view.orders
    for order in view.orders:
        yield f"ordering={order}" + ("&state=trashed" if "deleted" in order else "")
    declared = with_creation_time(view.filters, view.created_column).base_filters
    for name, declaration in declared.items():
        for value in values(name, declaration):
            yield f"{name}={value}"
            # Trashed rows have an order of their own.
            if others and value != "trashed":
                yield f"{name}={value}&ordering={others[len(others) // 8]}"


def values(name: str, declaration: django_filters.Filter) -> list[Any]:
    """Return usual, rare and missing values of a filter."""
    match declaration:
        case IdsFilter():
            return ["{label},{other_label}"]
        case PersonFilter():
            return ["me", "none"]
        case IdFilter():
            return [IDS[name]]
        case ChoiceFilter():
            return [value for value, _label in declaration.extra["choices"]]
        case MomentFilter():
            return MOMENTS
        case DayFilter():
            return ["1999-01-01", "2030-06-01", "2099-01-01"]
        case TextFilter():
            return TEXTS[name]
    raise AssertionError(f"Which values does the filter {name} have?")

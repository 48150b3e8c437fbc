"""Matches in other states of todos, shown when a search finds nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.admin.permissions import request_user
from core.scoping import Order
from todos.admin.filters import ListFilter, StateFilter
from todos.admin.trash import shows_trash
from todos.models import Todo
from todos.querysets import TodoQuerySet

MAX_COUNT = 100


class State(NamedTuple):
    """A state of todos: its name in the query, its rows, and a page that lists them."""

    name: str
    rows: Callable[[TodoQuerySet], TodoQuerySet]
    order: Order
    page: str


class Match(NamedTuple):
    """How many todos of another state match, and where they are listed."""

    text: str
    url: str


NEWEST = Order("created_at", descending=True)
LIST, TRASH = "admin:todos_todo_changelist", "admin:todos_todo_trash"
STATES = (
    State("", lambda rows: rows.active().open(), NEWEST, LIST),
    State("finished", lambda rows: rows.active().finished(), NEWEST, LIST),
    State("trash", TodoQuerySet.trashed, Order("deleted_at", descending=True), TRASH),
)


def matches_elsewhere(request: HttpRequest, changelist: ChangeList) -> list[Match]:
    """Return what the search and filters match in the states that are not shown."""
    return [
        Match(_text(state, count), _url(state, changelist))
        for state in STATES
        if state.name not in _shown(request, changelist)
        and (count := _count(state, request, changelist))
    ]


def _shown(request: HttpRequest, changelist: ChangeList) -> Iterable[str]:
    if shows_trash(request):
        return ("trash",)
    chosen = changelist.params.get(StateFilter.parameter_name)
    return ("", "finished") if chosen == "all" else (chosen or "",)


def _count(state: State, request: HttpRequest, changelist: ChangeList) -> int:
    """Return how many todos match; one more than MAX_COUNT stands for any more."""
    rows: Any = state.rows(Todo.with_trash.visible_to(request_user(request)))
    for spec in _filters(state, changelist):
        rows = spec.queryset(request, rows)
    rows = rows.holding(changelist.query)
    return len(rows.keyset_page(state.order, after=None, offset=0, limit=MAX_COUNT + 1))


def _filters(state: State, changelist: ChangeList) -> list[Any]:
    """Return the filters that the page of the state offers, except that by state."""
    return [
        spec
        for spec in changelist.filter_specs
        if not isinstance(spec, StateFilter)
        and (state.page == LIST or isinstance(spec, ListFilter))
    ]


def _url(state: State, changelist: ChangeList) -> str:
    names = [spec.parameter_name for spec in _filters(state, changelist)]
    query = {name: changelist.params.get(name) for name in [SEARCH_VAR, *names]}
    if state.name == "finished":
        query[StateFilter.parameter_name] = state.name
    kept = {name: value for name, value in query.items() if value}
    return f"{reverse(state.page)}?{urlencode(kept)}"


def _text(state: State, count: int) -> str:
    if count > MAX_COUNT:
        return {
            "": _("More than %d open todos match"),
            "finished": _("More than %d finished todos match"),
            "trash": _("More than %d todos in the trash match"),
        }[state.name] % MAX_COUNT
    texts = {
        "": ngettext("%d open todo matches", "%d open todos match", count),
        "finished": ngettext(
            "%d finished todo matches", "%d finished todos match", count
        ),
        "trash": ngettext(
            "%d todo in the trash matches", "%d todos in the trash match", count
        ),
    }
    return texts[state.name] % count

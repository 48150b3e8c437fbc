"""Every page, opened by every kind of user: no row of a stranger is shown."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from core.admin.base import ScopedModelAdmin
from core.models import Event, Installation
from core.scoping import ScopedQuerySet
from tests.admin.cast import CANARY, Rows, address, rows_of, strangers_rows, text_of
from tests.conftest import browser_for
from todos.models import Comment, Todo

MODELS = sorted(admin.site._registry, key=lambda model: model.__name__)
WALKERS = ("owner", "editor", "viewer", "outsider", "administrator", "auditor")
# Managers may see these rows of everyone.
MANAGED = {"user": {"administrator"}, "apikey": {"administrator"}}
OF_ALL = {"event", "role"}
# Pages of a row.
ROW_PAGES = ("change", "history", "delete")
MISSING = "0195a000-0000-7000-8000-000000000000"


@pytest.fixture
def people(owner, editor, viewer, outsider, administrator, auditor) -> dict[str, Any]:
    return {
        "owner": owner,
        "editor": editor,
        "viewer": viewer,
        "outsider": outsider,
        "administrator": administrator,
        "auditor": auditor,
    }


@pytest.fixture
def strange(db) -> Rows:
    return strangers_rows()


@pytest.fixture
def own(owner, todo_list) -> Rows:
    return rows_of(owner, todo_list, "Own")


def pages_of(model: type[models.Model], row: Any) -> list[str]:
    name = f"{model._meta.app_label}_{model._meta.model_name}"
    tables = [address(f"{name}_changelist"), address(f"{name}_add")]
    return tables + [address(f"{name}_{page}", row.pk) for page in ROW_PAGES]


def name_of(model: type[models.Model]) -> str:
    return str(model._meta.model_name)


def test_every_page_is_scoped():
    assert MODELS
    for model, page in admin.site._registry.items():
        assert isinstance(page, ScopedModelAdmin), model
        assert isinstance(page.require_scope(), ScopedQuerySet), model


def test_a_model_without_scope_gets_no_page():
    with pytest.raises(ImproperlyConfigured, match="Installation"):
        ScopedModelAdmin(Installation, admin.site)


def test_a_page_without_scope_is_refused():
    with pytest.raises(ImproperlyConfigured):
        admin.site.register(Installation, admin.ModelAdmin)
    assert Installation not in admin.site._registry


@pytest.mark.parametrize("walker", WALKERS)
@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_no_page_shows_a_row_of_a_stranger(model, walker, people, strange, own):
    """In changelists, forms, history, deletion, search and choices."""
    name = name_of(model)
    if name in OF_ALL or walker in MANAGED.get(name, ()):
        return  # covered by separate tests below
    browser = browser_for(people[walker])
    row = strange.of(name)
    missing_codes = []
    for page in pages_of(model, row):
        for response in (browser.get(page), browser.post(page, {"post": "yes"})):
            assert CANARY not in text_of(response), page
            assert response.status_code < 500, page
    for page in ROW_PAGES:
        full = f"{model._meta.app_label}_{name}_{page}"
        foreign = browser.get(address(full, row.pk))
        missing = browser.get(address(full, MISSING))
        missing_codes.append(foreign.status_code)
        assert same_answer(foreign, row.pk) == same_answer(missing, MISSING), page
        foreign = browser.post(address(full, row.pk), {"post": "yes"})
        missing = browser.post(address(full, MISSING), {"post": "yes"})
        assert same_answer(foreign, row.pk) == same_answer(missing, MISSING), page
    # Without the permission at all it is 403 for any id; with it, it is 404.
    assert set(missing_codes) <= {403, 404}


def same_answer(response: Any, pk: Any) -> tuple[int, str]:
    """Return a response without the parts that differ from request to request."""
    body = text_of(response).replace(str(pk), "ID")
    body = re.sub(r"<code>[0-9a-f]{32}</code>", "", body)
    return response.status_code, re.sub(r'csrfmiddlewaretoken" value="\w+"', "", body)


@pytest.mark.parametrize("walker", WALKERS)
def test_search_filters_and_unknown_parameters_show_no_row_of_a_stranger(
    walker, people, strange, own
):
    browser = browser_for(people[walker])
    todos = address("todos_todo_changelist")
    pages = [
        f"{todos}?q={CANARY.casefold()}",
        f"{todos}?list={strange.todolist.pk}",
        f"{todos}?label={strange.label.pk}",
        f"{todos}?state=all",
        f"{address('todos_todolist_changelist')}?q=list",
        f"{address('todos_label_changelist')}?list={strange.todolist.pk}",
        f"{address('todos_todo_add')}?list={strange.todolist.pk}",
        f"{address('todos_label_add')}?list={strange.todolist.pk}",
        address("todos_todo_trash"),
        address("todos_todolist_trash"),
        reverse("admin:index"),
    ]
    for page in pages:
        response = browser.get(page)
        assert response.status_code in {200, 403}, page
        body = text_of(response).replace(f"?q={CANARY.casefold()}", "")
        if walker == "auditor":  # the log, which names people, is part of the home page
            body = re.sub(rf"(friend|stranger)\.{CANARY}", "", body)
        assert CANARY not in body, page
    for lookup in (
        f"list__name__startswith={CANARY}",
        f"assignee__email={CANARY}@example.com",
        "list__memberships__user__password__startswith=md5",
        "is_finished=0",
    ):
        # Parameters that belong to no filter are ignored, as on any page.
        response, plain = browser.get(f"{todos}?{lookup}"), browser.get(todos)
        assert response.status_code == plain.status_code, lookup
        if plain.status_code == 200:
            shown = [page.context["cl"].result_list for page in (response, plain)]
            assert shown[0] == shown[1], lookup


@pytest.mark.parametrize("walker", WALKERS)
@pytest.mark.parametrize("field", ["list", "parent", "assignee", "labels"])
def test_choices_offer_no_row_of_a_stranger(walker, field, people, strange, own):
    browser = browser_for(people[walker])
    for within in ("", strange.todolist.pk, own.todolist.pk):
        response = choices(browser, field, within=within)
        assert response.status_code in {200, 403}
        assert CANARY not in text_of(response)


def choices(browser: Client, field: str, **query: Any) -> Any:
    given = {
        "app_label": "todos",
        "model_name": "todo",
        "field_name": field,
        "term": query.get("term", ""),
        "list": query.get("within", ""),
    }
    return browser.get(reverse("admin:autocomplete"), given)


def test_choices_are_limited_to_the_list(owner, own):
    browser = browser_for(owner)
    labels = choices(browser, "labels", within=own.todolist.pk).json()["results"]
    assert [label["text"] for label in labels] == ["Own label"]
    people = choices(browser, "assignee", within=own.todolist.pk).json()["results"]
    assert [person["text"] for person in people] == [
        "Edgar Editor",
        "Olga Owner",
    ]
    parents = choices(browser, "parent", within=own.todolist.pk, term="CONTENT").json()
    assert [todo["text"] for todo in parents["results"]] == ["Own content"]
    assert choices(browser, "parent").json()["results"] == []
    lists = choices(browser, "list").json()["results"]
    assert [row["text"] for row in lists] == ["Inbox", "Garden"]


def test_choices_exist_only_for_fields_on_pages(owner):
    browser = browser_for(owner)
    for model, field in (("user", "groups"), ("event", "id"), ("membership", "user")):
        answer = browser.get(
            reverse("admin:autocomplete"),
            {"app_label": "accounts", "model_name": model, "field_name": field},
        )
        assert answer.status_code in {403, 404}


@pytest.mark.parametrize("walker", ["owner", "editor", "viewer"])
@pytest.mark.parametrize("name", ["todo", "todolist", "label", "comment"])
def test_members_open_their_rows_and_write_as_their_role_allows(
    name, walker, people, own
):
    browser = browser_for(people[walker])
    row = own.of(name)
    page = f"todos_{name}"
    assert browser.get(address(f"{page}_change", row.pk)).status_code == 200
    assert browser.get(address(f"{page}_history", row.pk)).status_code == 200
    may_delete = walker == "owner" or (walker == "editor" and name in {"todo", "label"})
    wanted = 200 if may_delete else 403
    assert browser.get(address(f"{page}_delete", row.pk)).status_code == wanted
    may_change = name == "todolist" or may_delete
    answer = browser.post(address(f"{page}_change", row.pk), {})
    assert answer.status_code == (200 if may_change else 403)


@pytest.mark.parametrize("walker", WALKERS)
def test_colleagues_see_only_each_others_names(walker, people, strange, own):
    browser = browser_for(people[walker])
    table = browser.get(address("accounts_user_changelist"))
    if walker == "administrator":
        assert f"{CANARY}@example.com" in text_of(table)
        return
    assert "olga@example.com" not in text_of(table)
    shown = browser.get(address("accounts_user_change", people["owner"].pk))
    known = walker in {"owner", "editor", "viewer"}
    assert shown.status_code == (200 if known else 404)
    assert "olga@example.com" not in text_of(shown)
    past = browser.get(address("accounts_user_history", people["owner"].pk))
    assert past.status_code == (200 if known else 404)
    assert ("olga@example.com" in text_of(past)) is (walker == "owner")


@pytest.mark.parametrize("walker", WALKERS)
def test_auditors_read_the_event_log_without_the_content_of_lists(
    walker, people, strange
):
    browser = browser_for(people[walker])
    table = browser.get(address("core_event_changelist"))
    audits = walker in {"administrator", "auditor"}
    assert table.status_code == (200 if audits else 403)
    event = Event.objects.filter(stream_id=strange.todolist.pk, verb="todo.created")
    page = address("core_event_change", event.get().pk)
    shown = browser.get(page)
    assert shown.status_code == (200 if audits else 404)
    for text in ("content", "notes", "comment", "label", "list"):
        assert f"{CANARY} {text}" not in text_of(table) + text_of(shown)
    assert browser.post(page).status_code == 403
    assert browser.post(address("core_event_delete", event.get().pk)).status_code == 403


def test_the_event_log_shows_changes_to_members(auditor, strange):
    member = strange.user
    member.groups.add(Role.objects.get(name="auditor"))
    event = Event.objects.get(stream_id=strange.todolist.pk, verb="todo.created")
    shown = browser_for(member).get(address("core_event_change", event.pk))
    assert f"{CANARY} content" in text_of(shown)


def test_djangos_own_admin_log_stays_empty(owner, own, people):
    browser = browser_for(owner)
    browser.post(address("todos_todo_delete", own.todo.pk), {"post": "yes"})
    assert not Todo.objects.filter(pk=own.todo.pk).exists()
    assert not Comment.objects.visible_to(owner).exists()
    assert not LogEntry.objects.exists()

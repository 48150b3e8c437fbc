"""Rows are found by their words, wherever these stand and however they are written."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from accounts.models import User
from accounts.services.people import change_profile
from tests.conftest import NOW, browser_for
from tests.todos.helpers import fresh, label, put
from todos.models import Label, Todo, TodoList
from todos.services.comments import add_comment, edit_comment, remove_comment
from todos.services.labels import add_label, edit_label, remove_label
from todos.services.lists import add_list, edit_list
from todos.services.todos import edit_todo, finish_todo
from todos.services.trash import trash_todo

TEXT = (
    "Straße nach Łódź\u00a0mit Kráľ, ΒΑΣΙΛΕΙΟΣ\nund İsa"
    " — １００% ｶﾞ 好好学习 re\u00adad\u200bme"
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("STRASSE", True),
        ("straße", True),
        ("ｓｔｒａｓｓｅ", True),
        ("lodz", True),
        ("kral", True),
        ("kra\u0301l\u030c", True),
        ("Βασίλειος", True),
        ("βασιλειοσ", True),
        ("isa", True),
        ("ISA", True),
        ("ısa", True),
        ("好好", True),
        ("学", True),
        ("习好", False),
        ("ガ", True),
        ("カ", False),
        ("readme", True),
        ("read\u00adme", True),
        ("100%", True),
        ("100_", False),
        ("isa straße", True),
        ("isa\tstraße\r\nlodz", True),
        ("学习\u3000kral", True),
        ("isa weg", False),
        ("", True),
        (" ", True),
        ("\u200b", True),
        ("'; DROP TABLE todos_todo; --", False),
        ("\\", False),
    ],
)
def test_a_todo_is_found_by_its_words(owner, todo_list, text, found):
    one = put(owner, todo_list, TEXT[:20], notes=TEXT[20:])
    other = put(owner, todo_list, notes=TEXT)
    expected = {one, other} if found else set()
    assert set(Todo.objects.holding(text)) == expected


def finds(user, words):
    return Todo.objects.visible_to(user).holding(words).exists()


def test_the_words_may_stand_in_content_notes_comments_and_labels(owner, todo_list):
    urgent, later = (label(owner, todo_list, name) for name in ("Dringend", "Später"))
    todo = put(owner, todo_list, "Milch", notes="vom Hof", labels=[urgent])
    comment = add_comment(actor=owner, todo=todo, text="Zwei Liter", now=NOW)
    assert finds(owner, "hof liter dringend milch")

    edit_comment(actor=owner, comment=comment, text="Drei Kannen", now=NOW)
    assert finds(owner, "milch kannen")
    assert not finds(owner, "liter")

    edit_todo(actor=owner, todo=todo, labels=[later], now=NOW)
    assert finds(owner, "spater kannen")
    assert not finds(owner, "dringend")

    edit_label(actor=owner, label=later, name="Irgendwann", now=NOW)
    assert finds(owner, "irgendwann kannen")
    assert not finds(owner, "spater")

    edit_todo(actor=owner, todo=fresh(todo), content="Käse", now=NOW)
    assert finds(owner, "kase irgendwann kannen")

    elsewhere = add_list(actor=owner, name="Elsewhere", now=NOW)
    edit_todo(actor=owner, todo=fresh(todo), todo_list=elsewhere, now=NOW)
    assert finds(owner, "irgendwann kannen")

    remove_label(actor=owner, label=Label.objects.get(list=elsewhere), now=NOW)
    assert finds(owner, "kannen")
    assert not finds(owner, "irgendwann")

    remove_comment(actor=owner, comment=todo.comments.get(), now=NOW)
    assert not finds(owner, "kannen")
    assert fresh(todo).search_extra == ""


def test_the_migration_fills_the_search_text(owner, todo_list, todo):
    tagged = put(owner, todo_list, "Käse", labels=[label(owner, todo_list, "Später")])
    add_comment(actor=owner, todo=todo, text="Zwei Liter", now=NOW)
    migration = import_module("todos.migrations.0004_fill_search").Migration
    wanted = [fresh(row).search_key for row in (todo, tagged, todo_list)]
    for model in (Todo, Label, TodoList):
        model._base_manager.update(search_key="")
    Todo.with_trash.update(search_extra="")
    for operation in migration.operations:
        model = apps.get_model("todos", operation.model_name)
        operation.write(QuerySet(model))
        with CaptureQueriesContext(connection) as queries:
            operation.write(QuerySet(model))
        assert not any(query["sql"].startswith("UPDATE") for query in queries)
    assert [fresh(row).search_key for row in (todo, tagged, todo_list)] == wanted
    assert finds(owner, "spater kase")
    assert finds(owner, "liter plant")


def test_the_search_text_does_not_count_as_a_change(owner, todo):
    before = fresh(todo)
    add_comment(actor=owner, todo=todo, text="Soon", now=NOW)
    assert finds(owner, "soon")
    assert fresh(todo).version == before.version
    assert fresh(todo).updated_at == before.updated_at


def test_lists_labels_and_people_are_found_alike(owner, owner_browser, manager):
    lists = add_list(actor=owner, name="Ärzte und Ämter", now=NOW)
    add_label(actor=owner, todo_list=lists, name="Kráľ Ľudovít", now=NOW)
    change_profile(actor=owner, display_name="Βασίλειος Μέγας", now=NOW)
    for page, term, name in (
        ("todolist", "amter ärzte", "Ärzte und Ämter"),
        ("label", "ludovit KRAL", "Kráľ Ľudovít"),
    ):
        address = f"/admin/todos/{page}/"
        assert name in shown(owner_browser, address, term)
        assert name not in shown(owner_browser, address, f"{term} x")
    for user in (owner, manager):
        found = shown(browser_for(user), "/admin/accounts/user/", "μεγασ ΒΑΣΙΛΕΙΟΣ")
        assert "Βασίλειος Μέγας" in found
    assert "olga" in shown(
        browser_for(manager), "/admin/accounts/user/", "OLGA@Example.com"
    )
    assert "olga" not in shown(browser_for(manager), "/admin/accounts/user/", "example")


def shown(browser, address, term):
    """Return the table of the page that searches for the term."""
    page = browser.get(address, {"q": term}).text
    return page.partition('id="result_list"')[2].partition("</table>")[0]


@pytest.mark.parametrize(
    ("field", "name", "term"),
    [
        ("list", "Ärzte", "arzte"),
        ("labels", "Kráľ", "KRAL"),
        ("assignee", "Βασίλειος", "βασιλειοσ"),
        ("parent", "ＡＢＣ 好好", "好好 abc"),
    ],
)
def test_autocomplete_searches_alike(owner, owner_browser, field, name, term):
    made = add_list(actor=owner, name=name, now=NOW)
    add_label(actor=owner, todo_list=made, name=name, now=NOW)
    change_profile(actor=owner, display_name=name, now=NOW)
    put(owner, made, name)
    query = {"app_label": "todos", "model_name": "todo", "field_name": field}
    address = "/admin/autocomplete/"
    for asked, found in ((term, [name]), (f"{term} x", [])):
        answer = owner_browser.get(address, query | {"term": asked, "list": made.pk})
        assert [row["text"] for row in answer.json()["results"]] == found


def test_the_event_log_is_searched_by_user_name_in_any_case(owner, auditor, todo):
    browser = browser_for(auditor)
    assert "olga" in shown(browser, "/admin/core/event/", "ＯＬＧＡ")
    assert "olga" not in shown(browser, "/admin/core/event/", "olg")


def test_renamed_rows_are_found_by_their_new_names(owner, todo_list):
    edit_list(actor=owner, todo_list=todo_list, name="Schlüssel", now=NOW)
    assert TodoList.objects.visible_to(owner).holding("schlussel").exists()
    assert not TodoList.objects.visible_to(owner).holding("garden").exists()
    assert User.objects.holding("owner olga").get() == owner


STATES: list[tuple[str, dict[str, Any], str]] = [
    # The page of a state, the rows in it, and what other pages say of it.
    (
        "/admin/todos/todo/?{query}",
        {"is_finished": False, "deleted_at": None},
        "2 open todos match",
    ),
    (
        "/admin/todos/todo/?{query}&state=finished",
        {"is_finished": True, "deleted_at": None},
        "1 finished todo matches",
    ),
    (
        "/admin/todos/todo/trash/?{query}",
        {"deleted_at__isnull": False},
        "1 todo in the trash matches",
    ),
]


def test_a_search_without_a_match_says_what_matches_in_other_states(
    owner, owner_browser, todo_list
):
    for _number in range(2):
        put(owner, todo_list, "Milk")
    finish_todo(actor=owner, todo=put(owner, todo_list, "milk"), now=NOW)
    trash_todo(actor=owner, todo=put(owner, todo_list, "MILK"), now=NOW)
    query = f"q=milk&list={todo_list.pk}"
    pages = [(page.format(query=query), rows, text) for page, rows, text in STATES]
    for page, rows, _text in pages:
        assert "elsewhere" not in owner_browser.get(page).text
        here = Todo.with_trash.filter(**rows)
        here.update(search_key="water")
        empty = owner_browser.get(page).text
        for other, _rows, text in pages:
            link = f'<a href="{escape(other)}">{text}</a>'
            assert (link in empty) is (other != page), other
        here.update(search_key="milk")


def test_what_matches_elsewhere_is_limited_to_the_filters_and_to_own_lists(
    owner, owner_browser, todo_list, outsider
):
    finish_todo(actor=owner, todo=put(owner, todo_list, "Milk"), now=NOW)
    elsewhere = add_list(actor=owner, name="Other", now=NOW)
    address = "/admin/todos/todo/?q=milk"
    assert "1 finished todo matches" in owner_browser.get(address).text
    for narrower in (f"{address}&list={elsewhere.pk}", f"{address}&priority=3"):
        assert "finished todo matches" not in owner_browser.get(narrower).text
    assert "finished todo matches" not in browser_for(outsider).get(address).text

"""Tables: the way back to their filters, totals and neighbouring pages."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.utils import timezone

from core.admin import paginator
from tests.admin.cast import address, text_of
from tests.admin.html_pages import Page
from tests.admin.todo_pages import TABLE
from tests.conftest import browser_for
from todos.services.comments import add_comment
from todos.services.todos import add_todo
from todos.services.trash import trash_todo

FILTERS = "state=all&q=tree"
PRESERVED = f"_changelist_filters={quote(FILTERS)}"
FILTERED = f"{TABLE}?{FILTERS}"


def links_of(answer) -> set[str]:
    return set(Page(answer.content.decode()).links)


@pytest.fixture
def comment(owner, todo):
    return add_comment(actor=owner, todo=todo, text="Which?", now=timezone.now())


@pytest.fixture
def pages(todo, comment) -> dict[str, str]:
    return {
        "change": address("todos_todo_change", todo.pk),
        "delete": address("todos_todo_delete", todo.pk),
        "history": address("todos_todo_history", todo.pk),
        "comment": address("todos_comment_change", comment.pk),
        "comment_delete": address("todos_comment_delete", comment.pk),
    }


def test_each_page_of_a_row_leads_back_to_the_filtered_table(owner_browser, pages):
    row = f"{pages['change']}?{PRESERVED}"
    assert row in links_of(owner_browser.get(FILTERED))
    from_row = links_of(owner_browser.get(row))
    for name in ("delete", "history", "comment"):
        assert f"{pages[name]}?{PRESERVED}" in from_row
    assert FILTERED in from_row
    for name in ("delete", "history", "comment", "comment_delete"):
        page = owner_browser.get(f"{pages[name]}?{PRESERVED}")
        assert links_of(page) & {row, f"{pages['comment']}?{PRESERVED}"}, name


def test_what_is_done_on_a_page_leads_back_to_the_filtered_table(
    owner_browser, pages, comment, todo
):
    row = f"{pages['change']}?{PRESERVED}"
    removed = owner_browser.post(
        f"{pages['comment_delete']}?{PRESERVED}", {"post": "yes"}
    )
    assert removed["Location"] == row
    trashed = owner_browser.post(f"{pages['delete']}?{PRESERVED}", {"post": "yes"})
    assert trashed["Location"] == FILTERED
    assert owner_browser.get(trashed["Location"]).status_code == 200


def test_pages_of_lists_people_and_events_lead_back_too(
    administrator, owner, editor, todo_list
):
    lists = "_changelist_filters=state%3Dactive"
    leave = address("todos_todolist_leave", todo_list.pk)
    change = address("todos_todolist_change", todo_list.pk)
    browser = browser_for(editor)
    assert f"{leave}?{lists}" in links_of(browser.get(f"{change}?{lists}"))
    assert f"{change}?{lists}" in links_of(browser.get(f"{leave}?{lists}"))
    browser = browser_for(administrator)
    people = "_changelist_filters=status%3Dactive"
    person = address("accounts_user_change", owner.pk)
    password = address("accounts_user_password", owner.pk)
    assert f"{password}?{people}" in links_of(browser.get(f"{person}?{people}"))
    assert f"{person}?{people}" in links_of(browser.get(f"{password}?{people}"))
    events = "/admin/core/event/?about=list"
    event = next(link for link in links_of(browser.get(events)) if "about%3D" in link)
    assert events in links_of(browser.get(event))


def test_a_table_tells_how_many_rows_there_are_and_leads_back_and_forth(
    owner, owner_browser, todo_list, monkeypatch
):
    now = timezone.now()
    for number in range(120):
        add_todo(
            actor=owner,
            todo_list=todo_list,
            content=f"n{number}",
            now=now + timedelta(seconds=number),
        )
    first = owner_browser.get(TABLE).context["cl"]
    second = owner_browser.get(TABLE + first.next_page).context["cl"]
    third = owner_browser.get(TABLE + second.next_page).context["cl"]
    shown = [page.range_shown for page in (first, second, third)]
    assert shown == ["1–50 of 120", "51–100 of 120", "101–120 of 120"]
    assert first.previous_page is third.next_page is None
    back = owner_browser.get(TABLE + third.previous_page).context["cl"]
    assert [row.pk for row in back.result_list] == [
        row.pk for row in second.result_list
    ]
    assert back.range_shown == second.range_shown
    again = owner_browser.get(TABLE + back.previous_page).context["cl"]
    assert [row.pk for row in again.result_list] == [
        row.pk for row in first.result_list
    ]
    assert again.previous_page is None
    # A row vanished: fewer than a page come before, so the first page is shown.
    trash_todo(actor=owner, todo=first.result_list[0], now=now)
    page = owner_browser.get(TABLE + back.previous_page).context["cl"]
    assert page.range_shown == "1–50 of 119"
    monkeypatch.setattr(paginator, "MAX_COUNTED", 100)
    searched = f"{TABLE}?q=n"
    page = owner_browser.get(searched).context["cl"]
    assert page.range_shown == "1–50 of more than 100"
    page = owner_browser.get(TABLE + page.next_page).context["cl"]
    assert page.range_shown == "51–100 of more than 100"
    page = owner_browser.get(TABLE + page.next_page).context["cl"]
    assert page.range_shown == "101–119"
    events = "/admin/core/event/"
    owner.is_superuser = True
    owner.save()
    page = owner_browser.get(events).context["cl"]
    assert page.range_shown == "1–50 of more than 100"
    assert owner_browser.get(events + page.next_page).context["cl"].previous_page


def test_numbers_have_separators_of_thousands(owner_browser, todo, monkeypatch):
    monkeypatch.setattr("core.admin.paginator.BoundedPaginator.count", 1234)
    page = owner_browser.get(TABLE)
    assert page.context["cl"].range_shown == "1–1 of 1,234"
    assert "1–1 of 1,234" in text_of(page)


def test_a_todo_added_from_the_page_of_a_list_is_added_to_that_list(
    owner_browser, todo_list, todo
):
    table = owner_browser.get(f"{TABLE}?list={todo_list.pk}")
    add = next(link for link in links_of(table) if "/todo/add/" in link)
    form = owner_browser.get(add).context["adminform"].form
    assert str(form["list"].value()) == str(todo_list.pk)
    labels = address("todos_label_changelist") + f"?list={todo_list.pk}"
    add = next(
        link for link in links_of(owner_browser.get(labels)) if "/label/add/" in link
    )
    form = owner_browser.get(add).context["adminform"].form
    assert str(form["list"].value()) == str(todo_list.pk)


def test_the_name_of_a_list_leads_to_its_todos_and_settings_to_its_settings(
    owner_browser, todo_list
):
    page = owner_browser.get(address("todos_todolist_changelist"))
    text = text_of(page)
    name = f'<a href="{TABLE}?list={todo_list.pk}"><span class="in-list"'
    assert name in text
    change = address("todos_todolist_change", todo_list.pk)
    assert f'<a href="{change}">Settings' in text


def test_finishing_returns_to_the_row_beside_it_and_can_be_undone(
    owner, owner_browser, todo
):
    below = [
        add_todo(actor=owner, todo_list=todo.list, content=name, now=timezone.now())
        for name in ("One", "Two")
    ]
    page = text_of(owner_browser.get(TABLE))
    finish = f"/admin/todos/todo/{below[0].pk}/finish/?at=done-{todo.pk}"
    assert f'formaction="{finish}"' in page
    done = owner_browser.post(finish, {"next": FILTERED})
    assert done["Location"] == f"{FILTERED}#done-{todo.pk}"
    page = text_of(owner_browser.get(TABLE))
    assert "“One” is done." in page
    undo = f"/admin/todos/todo/{below[0].pk}/reopen/?at=done-{below[0].pk}"
    assert f'form="quick-action" formaction="{undo}">Undo</button>' in page
    owner_browser.post(undo, {"next": TABLE})
    below[0].refresh_from_db()
    assert not below[0].is_finished
    assert "“One” is open again." in text_of(owner_browser.get(TABLE))


@pytest.mark.parametrize("anchor", ["", "x y", "//evil.example", "a" * 101, "é", "1"])
def test_an_invalid_anchor_is_ignored(owner_browser, todo, anchor):
    finish = f"/admin/todos/todo/{todo.pk}/finish/?at={quote(anchor)}"
    assert owner_browser.post(finish, {"next": TABLE})["Location"] == TABLE


def test_the_content_of_a_todo_is_escaped_in_the_message(owner, owner_browser):
    todo = add_todo(actor=owner, content="<b>&", now=timezone.now())
    owner_browser.post(f"/admin/todos/todo/{todo.pk}/finish/", {"next": TABLE})
    page = owner_browser.get(TABLE).content.decode()
    assert "“&lt;b&gt;&amp;” is done." in page

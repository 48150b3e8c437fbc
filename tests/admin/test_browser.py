"""A new member's day in a real browser, without errors and CSP violations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone
from selenium.webdriver.support.ui import Select

from accounts.models import User
from tests.admin.cast import rows_of
from tests.browser import opened_browsers
from tests.conftest import PASSWORD, make_person
from todos.models import Todo, TodoList


@pytest.fixture
def browsers(live_server: Any) -> Iterator[Any]:
    with opened_browsers(live_server.url) as start:
        yield start


@pytest.mark.django_db(transaction=True)
def test_a_new_member_adds_finishes_and_shares(browsers, people):
    mia, ned = browsers(), browsers()
    mia.sign_in("mia", PASSWORD)
    assert "Hello, Mia" in mia.text

    mia.type("#quick-content", "Buy milk")
    mia.click(".quick-add button")
    assert "“Buy milk” was added to Inbox." in mia.text
    mia.open(reverse("admin:todos_todo_changelist"))
    mia.press("#result_list .done-box")
    mia.wait_for("“Buy milk” is done.")
    assert "Nothing here yet." in mia.text
    mia.press(".undo")
    mia.wait_for("“Buy milk” is open again.")
    mia.press("#result_list .done-box")
    mia.wait_for("“Buy milk” is done.")

    mia.open(reverse("admin:todos_todolist_add"))
    mia.type("#id_name", "Picnic")
    mia.click("[name=_continue]")
    mia.type("#id_memberships-1-person", "ned")
    Select(mia.find("#id_memberships-1-role")).select_by_value("editor")
    mia.click("[name=_continue]")
    assert "Ned" in mia.text

    picnic = TodoList.objects.get(name="Picnic")
    mia.open(f"{reverse('admin:todos_todo_changelist')}?list={picnic.pk}")
    mia.type("#quick-content", "Bring a blanket")
    mia.click(".quick-add button")
    mia.click("#result_list .field-content a")
    mia.choose("assignee", "Ned")
    mia.type("#id_comments-0-text", "The red one, please.")
    mia.click("[name=_save]")

    ned.sign_in("ned", PASSWORD)
    assert "Bring a blanket" in ned.text
    assert "Buy milk" not in ned.text
    ned.click("[aria-labelledby=home-mine] .todo-content")
    assert "The red one, please." in ned.text
    ned.press(".todo-head .done-box")
    ned.find(".todo-head.is-done")
    todo = Todo.objects.get(content="Bring a blanket")
    assert (todo.assignee.username, todo.finished_by.username) == ("ned", "ned")
    assert mia.complaints + ned.complaints == []


@pytest.mark.django_db(transaction=True)
def test_no_page_breaks_the_policy_or_overflows_a_phone(browsers, people):
    """Every page of the registry, on a phone's width."""
    rows = people
    browser = browsers()
    browser.sign_in("ada", PASSWORD)
    pages = [reverse(name) for name in ("admin:index", "admin:todos_todo_trash")]
    pages += [reverse("admin:accounts_user_profile"), reverse("admin:password_change")]
    mia = User.objects.get(username="mia")
    pages += [reverse("admin:accounts_user_password", args=[mia.pk])]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages += [reverse(f"{name}_changelist")]
        if model._meta.model_name in {"event", "role"}:
            row = model._default_manager.first()
        else:
            row = rows.of(str(model._meta.model_name))
        assert row is not None
        pages += [
            reverse(f"{name}_{page}", args=[row.pk]) for page in ("change", "history")
        ]
        if model._meta.model_name not in {"event", "comment", "attachment"}:
            pages += [reverse(f"{name}_add")]
    browser.look_as(width=390, dark=False)
    for page in pages:
        browser.open(page)
        assert not browser.overflows(), page
        assert browser.too_small() == [], page
    check_layout(browser, rows)
    browser.open("/admin/nothing-here/")
    assert "404" in browser.text
    browser.listen()
    # The browser reports the missing page, and nothing else.
    assert [line for line in browser.complaints if "status of 404" not in line] == []


def check_layout(browser: Any, rows: Any) -> None:
    """Check what a change of a style sheet easily breaks."""
    todos = reverse("admin:todos_todo_changelist")
    browser.look_as(width=390, dark=False)
    row = Todo.objects.filter(pk=rows.todo.pk)
    for page, due_on in ((reverse("admin:index"), timezone.localdate()), (todos, None)):
        row.update(due_on=due_on)
        browser.open(page)
        assert browser.middle(".done-box")[1] < 844 / 2, page
    browser.open(reverse("admin:todos_todolist_changelist"))
    name, settings = "#result_list .field-list_name a", "#result_list .field-settings a"
    assert browser.middle(name)[1] < browser.middle(settings)[1]
    browser.open(reverse("admin:accounts_user_add"))
    assert browser.find("#id_roles input").rect["width"] < 32
    for width in (960, 1100, 1263, 1280):
        browser.look_as(width=width, dark=False)
        browser.open(f"{todos}?due=none&priority=0")
        assert browser.find("#result_list .field-labels .chip").is_displayed(), width
        assert not browser.overflows(), width
        # The filters do not push the search away.
        top = browser.find("#changelist-filter summary").rect["y"]
        assert abs(browser.find("#searchbar").rect["y"] - top) < 8, width
    for first, second in (
        ("#result_list .action-select", "#result_list .done-box"),
        ("#result_list .field-content", "#result_list .done-box"),
    ):
        assert_level(browser, first, second)
    browser.open(reverse("admin:todos_label_change", args=[rows.label.pk]))
    swatch, dot = browser.middle(".colour"), browser.middle(".colour .dot")
    assert swatch == pytest.approx(dot, abs=1)
    browser.open(reverse("admin:accounts_user_profile"))
    assert_level(browser, ".facts dt", ".facts dd")
    browser.open(reverse("admin:accounts_user_add"))
    assert_level(browser, "#id_roles input", "#id_roles label")
    refused = reverse("admin:todos_todo_change", args=[rows.todo.pk])
    browser.open(refused)
    browser.driver.execute_script(
        "document.querySelector('#id_due_time').value = '09:30'"
    )
    browser.click("[name=_save]")
    assert_level(browser, "#id_due_on", "#id_due_time")
    error = browser.middle(".field-due_time .errorlist")
    assert error[1] > browser.middle("#id_due_time")[1]


def assert_level(browser: Any, first: str, second: str) -> None:
    heights = [browser.middle(css)[1] for css in (first, second)]
    assert heights[0] == pytest.approx(heights[1], abs=1.5), (first, second)


@pytest.fixture
def people(transactional_db: None) -> Any:
    make_person("mia", display_name="Mia")
    make_person("ned", display_name="Ned")
    ada = make_person("ada", "administrator", "member")
    return rows_of(ada, ada.inbox, "A rather long text that has to wrap on a phone")

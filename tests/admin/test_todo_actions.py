"""Actions on many todos at once."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.admin import bulk_run, paginator
from core.models import Event
from core.timeouts import without_waiting
from tests.admin.cast import text_of
from tests.admin.html_pages import Page
from tests.admin.todo_pages import TABLE, TRASH, act
from tests.conftest import browser_for
from tests.todos.helpers import put
from tests.todos.threads import held
from todos.admin.todos import TodoAdmin
from todos.models import MemberRole, Todo
from todos.services.labels import add_label
from todos.services.lists import add_list
from todos.services.sharing import share_list
from todos.services.todos import add_todo

URLENCODED = "application/x-www-form-urlencoded"
LOCK = re.compile(r"BEGIN IMMEDIATE|FOR UPDATE")


def test_actions_apply_to_the_chosen_todos_and_report_counts(
    owner, owner_browser, todo_list
):
    now = timezone.now()
    todos = [
        add_todo(actor=owner, todo_list=todo_list, content=f"t{n}", now=now)
        for n in range(3)
    ]
    assert "3 todos finished." in text_of(act(owner_browser, "finish", *todos))
    finished = f"{TABLE}?state=finished"
    answer = act(owner_browser, "reopen", *todos[:2], page=finished)
    assert "2 todos reopened." in text_of(answer)
    assert Todo.objects.open().count() == 2
    answer = act(owner_browser, "trash", *todos, page=f"{TABLE}?state=all")
    assert "3 todos moved to the trash." in text_of(answer)
    assert not Todo.objects.exists()
    answer = act(owner_browser, "restore", todos[0], page=TRASH)
    assert "1 todo restored." in text_of(answer)
    assert list(Todo.objects.all()) == [todos[0]]
    asked = act(owner_browser, "purge", todos[1], page=TRASH)
    assert "cannot be undone" in text_of(asked)
    assert Todo.with_trash.filter(pk=todos[1].pk).exists()
    answer = act(owner_browser, "purge", todos[1], page=TRASH, confirmed="yes")
    assert "1 todo deleted permanently." in text_of(answer)
    assert not Todo.with_trash.filter(pk=todos[1].pk).exists()
    assert set(
        Event.objects.filter(resource_type="todo").values_list("source", flat=True)
    ) == {
        "system",
        "admin",
    }


def test_todos_are_moved_to_a_chosen_list(owner, owner_browser, todo):
    target = add_list(actor=owner, name="Shed", now=timezone.now())
    asked = act(owner_browser, "move", todo)
    assert "Plant a tree" in text_of(asked)
    given = {"confirmed": "yes", "list": str(target.pk)}
    answer = act(owner_browser, "move", todo, **given)
    assert "1 todo moved." in text_of(answer)
    todo.refresh_from_db()
    assert todo.list == target


def test_todos_cannot_be_moved_to_an_invisible_list(
    owner, owner_browser, outsider, todo
):
    given = {"confirmed": "yes", "list": str(outsider.inbox.pk)}
    answer = act(owner_browser, "move", todo, **given)
    assert "not one of the available choices" in text_of(answer)
    todo.refresh_from_db()
    assert todo.list.name == "Garden"


def test_a_label_is_added_by_name_across_lists(owner, owner_browser, todo):
    now = timezone.now()
    other = add_list(actor=owner, name="Shed", now=now)
    far = add_todo(actor=owner, todo_list=other, content="Far", now=now)
    bare = add_todo(actor=owner, content="In the inbox", now=now)
    label = add_label(actor=owner, todo_list=todo.list, name="Urgent", now=now)
    add_label(actor=owner, todo_list=other, name="urgent", now=now)
    given = {"confirmed": "yes", "label": str(label.pk)}
    answer = act(owner_browser, "label", todo, far, bare, **given)
    assert "2 todos labelled." in text_of(answer)
    assert "no label with this name" in text_of(answer)
    assert [row.name for row in far.labels.all()] == ["urgent"]
    assert not bare.labels.exists()


def test_actions_skip_read_only_todos_and_report_why(viewer, outsider, todo):
    own = add_todo(actor=viewer, content="Own", now=timezone.now())
    answer = act(browser_for(viewer), "finish", todo, own)
    assert "1 todo finished." in text_of(answer)
    assert "You do not have permission" in text_of(answer)
    act(browser_for(outsider), "finish", todo)
    todo.refresh_from_db()
    assert not todo.is_finished


def test_an_action_applies_only_to_the_chosen_rows(owner, owner_browser, todo):
    other = add_todo(
        actor=owner, todo_list=todo.list, content="Other", now=timezone.now()
    )
    act(owner_browser, "finish", todo)
    other.refresh_from_db()
    assert not other.is_finished


@pytest.fixture
def many(owner, viewer, todo_list, monkeypatch) -> list[Todo]:
    """Five todos that match the search, one of them in a list of somebody else."""
    monkeypatch.setattr(bulk_run, "CHUNK", 2)
    monkeypatch.setattr(TodoAdmin, "list_per_page", 2)
    shared = add_list(actor=viewer, name="Read only", now=timezone.now())
    share_list(
        actor=viewer,
        todo_list=shared,
        user=owner,
        role=MemberRole.VIEWER,
        now=timezone.now(),
    )
    todos = [put(owner, todo_list, f"apple {number}") for number in range(4)]
    put(owner, todo_list, "pear")
    return [*todos, put(viewer, shared, "apple of a viewer")]


def act_on_all(browser, action, page=f"{TABLE}?q=apple", **more):
    """Run an action on all rows that match, and continue as a browser does."""
    first = Todo.objects.get(content="apple 0")  # the page's rows are selected too
    given = {"action": action, "select_across": "1", "index": "0"} | more
    given["_selected_action"] = str(first.pk)
    answer = browser.post(page, given, follow=True)
    steps = []
    while "run" in (answer.context or ()):
        steps.append(answer.context["title"])
        (form,) = [form for form in Page(text(answer)).forms if form.control("action")]
        (button,) = form.buttons
        data = urlencode(form.data(button))
        answer = browser.post(page, data, URLENCODED, follow=True)
    return answer, steps


def text(answer) -> str:
    return answer.content.decode()


def test_an_action_applies_to_all_rows_that_match_in_chunks(owner, owner_browser, many):
    page = text_of(owner_browser.get(f"{TABLE}?q=apple"))
    assert "Select all 5 that match" in page
    answer, steps = act_on_all(owner_browser, "finish")
    assert steps == ["2 of 5 processed", "4 of 5 processed"]
    assert "4 todos finished." in text_of(answer)
    assert "You do not have permission" in text_of(answer)
    assert [todo.content for todo in Todo.objects.open().order_by("content")] == [
        "apple of a viewer",
        "pear",
    ]
    finished = Event.objects.filter(verb="todo.finished")
    assert finished.count() == len({event.resource_id for event in finished}) == 4
    assert set(finished.values_list("actor_id", flat=True)) == {owner.pk}


def test_all_rows_that_match_are_confirmed_and_moved(owner, owner_browser, many):
    target = add_list(actor=owner, name="Shed", now=timezone.now())
    asked, _steps = act_on_all(owner_browser, "move")
    assert "pear" not in text_of(asked)
    (form,) = [form for form in Page(text(asked)).forms if form.control("confirmed")]
    assert dict(form.data(form.buttons[0]))["select_across"] == "1"
    answer, steps = act_on_all(
        owner_browser, "move", confirmed="yes", list=str(target.pk)
    )
    assert len(steps) == 2
    assert "4 todos moved." in text_of(answer)
    assert Todo.objects.filter(list=target).count() == 4


def test_an_action_on_too_many_rows_is_refused(owner_browser, many, monkeypatch):
    monkeypatch.setattr(bulk_run, "MAX_COUNTED", 4)
    answer, _steps = act_on_all(owner_browser, "finish")
    assert "rows match. Use filters to narrow them down." in text_of(answer)
    assert not Todo.objects.finished().exists()
    monkeypatch.setattr(paginator, "MAX_COUNTED", 4)
    assert "that match" not in text_of(owner_browser.get(f"{TABLE}?q=apple"))


@pytest.mark.django_db(transaction=True)
def test_an_action_waits_only_once_for_a_locked_list(owner, owner_browser, todo):
    todos = [todo, *(put(owner, todo.list, f"{number}") for number in range(3))]
    asked = CaptureQueriesContext(connection)
    with held(todo.list), without_waiting(), asked:
        answer = act(owner_browser, "finish", *todos)
    assert "The service is busy. Try again in a moment. (4)" in text_of(answer)
    tries = [query for query in asked if LOCK.search(query["sql"])]
    assert len(tries) == 1
    assert Todo.objects.open().count() == 4

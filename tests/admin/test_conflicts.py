"""Stale forms of todos: both versions are shown and no input is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from tests.admin.cast import form_of, text_of
from tests.admin.conflicts import discard_mine, keep_mine
from todos.models import Comment, Todo
from todos.services.labels import add_label
from todos.services.todos import edit_todo, finish_todo


@pytest.fixture
def url(todo) -> str:
    return f"/admin/todos/todo/{todo.pk}/change/"


@pytest.fixture
def stale(owner_browser, editor, todo, url) -> Any:
    """A form that was opened before someone else changed the row."""
    data = form_of(owner_browser.get(url))
    edit_todo(
        actor=editor, todo=todo, content="Plant a hedge", priority=3, now=timezone.now()
    )
    return data


def test_a_stale_form_shows_both_versions_and_saves_nothing(
    owner_browser, todo, url, stale
):
    typed = stale | {
        "content": "Plant an oak",
        "notes": "By the\nfence",
        "_save": "Save",
    }
    answer = owner_browser.post(url, typed)
    assert answer.status_code == 409
    page = text_of(answer)
    for word in ("Plant an oak", "Plant a hedge", "By the<br>fence", "Edgar Editor"):
        assert word in page
    todo.refresh_from_db()
    assert (todo.content, todo.notes, todo.version) == ("Plant a hedge", "", 2)


def test_keeping_my_changes_saves_them_over_the_newer_row(
    owner_browser, todo, url, stale
):
    typed = stale | {"content": "Plant an oak", "notes": "a\nb", "_save": "Save"}
    answer = owner_browser.post(url, typed)
    answer = keep_mine(owner_browser, url, answer)
    assert answer.status_code == 302
    todo.refresh_from_db()
    assert (todo.content, todo.version) == ("Plant an oak", 3)
    assert todo.notes.splitlines() == ["a", "b"]


def test_fields_that_the_user_did_not_change_keep_the_newer_values(
    owner, owner_browser, editor, todo, url
):
    now = timezone.now()
    todo = edit_todo(
        actor=owner, todo=todo, notes="a\nb", due_on=now.date(), priority=1, now=now
    )
    data = form_of(owner_browser.get(url))
    label = add_label(actor=editor, todo_list=todo.list, name="soil", now=now)
    edit_todo(
        actor=editor,
        todo=todo,
        priority=3,
        due_on=None,
        notes="",
        labels=[label],
        assignee=editor,
        now=now,
    )
    answer = owner_browser.post(url, data | {"content": "Plant an oak"})
    assert [str(one.label) for one in answer.context["differences"]] == ["Content"]
    assert keep_mine(owner_browser, url, answer).status_code == 302
    todo.refresh_from_db()
    assert (todo.content, todo.priority, todo.due_on) == ("Plant an oak", 3, None)
    assert (todo.notes, todo.assignee) == ("", editor)
    assert list(todo.labels.all()) == [label]


def test_a_field_that_the_user_emptied_is_emptied_in_the_newer_row(
    owner, owner_browser, editor, todo, url
):
    now = timezone.now()
    todo = edit_todo(actor=owner, todo=todo, notes="a\nb", due_on=now.date(), now=now)
    data = form_of(owner_browser.get(url))
    edit_todo(actor=editor, todo=todo, notes="c", priority=2, now=now)
    answer = owner_browser.post(url, data | {"notes": "", "due_on": ""})
    mine = {one.label: (one.mine, one.theirs) for one in answer.context["differences"]}
    assert mine["Notes"] == ("–", "c")
    assert keep_mine(owner_browser, url, answer).status_code == 302
    todo.refresh_from_db()
    assert (todo.notes, todo.due_on, todo.priority) == ("", None, 2)


def test_a_stale_form_in_which_nothing_was_changed_changes_nothing(
    owner_browser, todo, url, stale
):
    assert owner_browser.post(url, stale).status_code == 302
    todo.refresh_from_db()
    assert (todo.content, todo.priority, todo.version) == ("Plant a hedge", 3, 2)


def test_new_subtasks_and_comments_are_kept_by_both_choices(
    owner_browser, editor, todo, url, stale
):
    typed = stale | {
        "content": "Plant an oak",
        "subtasks-0-content": "Dig a hole",
        "comments-0-text": "Why a\nhedge?",
    }
    answer = owner_browser.post(url, typed)
    assert answer.context["added"] == ["Dig a hole", "Why a\nhedge?"]
    assert discard_mine(owner_browser, url, answer).status_code == 302
    todo.refresh_from_db()
    assert (todo.content, todo.priority, todo.version) == ("Plant a hedge", 3, 2)
    assert Todo.objects.get(parent=todo).content == "Dig a hole"
    assert Comment.objects.get().text == "Why a\nhedge?"


def test_discarding_my_changes_is_a_link_to_the_row(owner_browser, todo, url, stale):
    answer = owner_browser.post(url, stale | {"content": "Plant an oak"})
    assert f'href="{url}"' in text_of(answer)


def test_a_second_conflict_shows_the_page_again(
    owner_browser, editor, todo, url, stale
):
    answer = owner_browser.post(url, stale | {"content": "Plant an oak"})
    edit_todo(actor=editor, todo=todo, content="Plant nothing", now=timezone.now())
    again = keep_mine(owner_browser, url, answer)
    assert again.status_code == 409
    assert "Plant nothing" in text_of(again)
    assert "Plant an oak" in text_of(again)


def test_a_comment_typed_in_a_stale_form_is_kept(owner_browser, todo, url, stale):
    typed = stale | {"content": "Plant an oak", "comments-0-text": "Why a hedge?"}
    answer = owner_browser.post(url, typed)
    assert answer.status_code == 409
    assert not Comment.objects.exists()
    keep_mine(owner_browser, url, answer)
    assert Comment.objects.get().text == "Why a hedge?"


def test_a_form_without_a_version_is_stale(owner_browser, todo, url):
    data = form_of(owner_browser.get(url))
    del data["version"]
    answer = owner_browser.post(url, data | {"content": "Blind"})
    assert answer.status_code == 409
    todo.refresh_from_db()
    assert todo.content == "Plant a tree"


def test_finishing_a_todo_makes_open_forms_stale(owner_browser, editor, todo, url):
    data = form_of(owner_browser.get(url))
    finish_todo(actor=editor, todo=todo, now=timezone.now())
    assert owner_browser.post(url, data | {"content": "x"}).status_code == 409


def test_saving_a_row_deleted_in_the_meantime_is_404(owner_browser, todo, url):
    data = form_of(owner_browser.get(url))
    owner_browser.post(url.replace("change", "delete"), {"post": "yes"})
    assert owner_browser.post(url, data | {"content": "x"}).status_code == 404
    assert Todo.with_trash.get(pk=todo.pk).content == "Plant a tree"

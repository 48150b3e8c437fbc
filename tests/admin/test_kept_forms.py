"""Refused forms: what was typed is shown again, to the user who typed it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.admin.cast import address, rows_of
from tests.admin.html_forms import forms_of, main_form
from tests.admin.todo_pages import QUICK_ADD
from tests.conftest import PASSWORD, browser_for, make_person
from todos.models import Comment, MemberRole, Membership, Todo
from todos.services.lists import edit_list, trash_list
from todos.services.sharing import change_member, remove_member
from todos.services.todos import edit_todo
from todos.services.trash import trash_todo

HERE = {"origin": "http://testserver"}
WORDS = "Typed with care"


def strict_browser(user: Any) -> Client:
    """Return a signed-in browser that is subject to CSRF checks."""
    browser = Client(enforce_csrf_checks=True, headers=HERE)
    sign_in(browser, user.username)
    return browser


def sign_in(browser: Client, username: str) -> Any:
    form = forms_of(browser.get(reverse("admin:login")))[0]
    typed = form.typed(username=username, password=PASSWORD)
    return browser.post(reverse("admin:login"), typed)


@pytest.fixture
def forms(owner, todo_list) -> dict[str, tuple[str, str]]:
    """Every kind of form, by name: its page, and a field for text."""
    rows = rows_of(owner, todo_list, "Own")
    return {
        "add a todo": (address("todos_todo_add"), "content"),
        "change a todo": (address("todos_todo_change", rows.todo.pk), "notes"),
        "comment": (address("todos_todo_change", rows.todo.pk), "comments-0-text"),
        "subtask": (address("todos_todo_change", rows.todo.pk), "subtasks-0-content"),
        "edit a comment": (address("todos_comment_change", rows.comment.pk), "text"),
        "add a list": (address("todos_todolist_add"), "name"),
        "rename a list": (address("todos_todolist_change", todo_list.pk), "name"),
        "invite": (
            address("todos_todolist_change", todo_list.pk),
            "memberships-3-person",
        ),
        "add a label": (address("todos_label_add"), "name"),
        "rename a label": (address("todos_label_change", rows.label.pk), "name"),
        "profile": (address("accounts_user_profile"), "display_name"),
        "quick add": (reverse("admin:index"), "content"),
    }


@pytest.fixture
def people_forms(owner) -> dict[str, tuple[str, str]]:
    return {
        "add a person": (address("accounts_user_add"), "display_name"),
        "change a person": (address("accounts_user_change", owner.pk), "display_name"),
        "add a role": (address("accounts_role_add"), "name"),
        "add a key": (address("accounts_apikey_add"), "name"),
    }


def sent_to(page: str) -> str:
    return QUICK_ADD if page == reverse("admin:index") else page


def assert_shown_again(answer: Any, field: str) -> None:
    assert answer.status_code == 200
    assert main_form(answer).data[field] == WORDS


def test_forms_survive_signing_in_again_in_another_tab(
    owner, administrator, forms, people_forms
):
    for user, pages in ((owner, forms), (administrator, people_forms)):
        for name, (page, field) in pages.items():
            browser = strict_browser(user)
            typed = main_form(browser.get(page)).typed(**{field: WORDS})
            browser.cookies.pop("sessionid")
            sign_in(browser, user.username)
            answer = browser.post(sent_to(page), typed, follow=True)
            assert answer.redirect_chain == [(page, 302)], name
            assert "This form was out of date." in answer.text
            assert_shown_again(answer, field)
            assert WORDS not in browser.get(page).text, name


def test_forms_survive_the_end_of_the_session(
    owner, administrator, forms, people_forms
):
    for user, pages in ((owner, forms), (administrator, people_forms)):
        for name, (page, field) in pages.items():
            browser = strict_browser(user)
            typed = main_form(browser.get(page)).typed(**{field: WORDS})
            browser.cookies.pop("sessionid")
            asked = browser.post(sent_to(page), typed)
            assert asked.status_code == 200, name
            assert WORDS not in asked.text
            form = forms_of(asked)[0]
            wrong = form.typed(username=user.username, password="guess")
            asked = browser.post(form.attributes["action"], wrong)
            form = forms_of(asked)[0]
            right = form.typed(username=user.username, password=PASSWORD)
            answer = browser.post(form.attributes["action"], right, follow=True)
            assert answer.redirect_chain == [(page, 302)], name
            assert_shown_again(answer, field)
            saved = browser.post(sent_to(page), main_form(answer).typed(_save="Save"))
            assert saved.status_code in {200, 302}, name


def test_another_user_who_signs_in_does_not_see_what_was_typed(owner, editor, todo):
    page = address("todos_todo_change", todo.pk)
    browser = strict_browser(owner)
    typed = main_form(browser.get(page)).typed(notes=WORDS)
    browser.cookies.pop("sessionid")
    form = forms_of(browser.post(page, typed))[0]
    given = form.typed(username="edgar", password=PASSWORD)
    answer = browser.post(form.attributes["action"], given, follow=True)
    assert answer.status_code == 200
    assert WORDS not in answer.text
    assert "belongs to another account" in answer.text
    # A form of the owner that is sent in the editor's session saves nothing either.
    assert browser.post(page, typed).status_code == 403
    todo.refresh_from_db()
    assert todo.notes == ""


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_a_form_of_another_site_is_not_shown(owner, todo, origin):
    page = address("todos_todo_change", todo.pk)
    browser = strict_browser(owner)
    typed = main_form(browser.get(page)).typed(notes=WORDS, csrfmiddlewaretoken="x")
    answer = browser.post(page, typed, headers={"origin": origin})
    assert answer.status_code == 403
    assert WORDS not in answer.text
    assert WORDS not in browser.get(page).text
    del browser.cookies["sessionid"]
    answer = browser.post(page, typed, headers={"origin": origin})
    assert answer.status_code == 302
    assert "kept" not in answer.text


def test_passwords_are_not_kept(administrator):
    browser = strict_browser(administrator)
    page = address("accounts_user_add")
    typed = main_form(browser.get(page)).typed(username="pat", password1="secret words")
    browser.cookies.pop("sessionid")
    form = forms_of(browser.post(page, typed))[0]
    given = form.typed(username="ada", password=PASSWORD)
    answer = browser.post(form.attributes["action"], given, follow=True)
    assert main_form(answer).data["username"] == "pat"
    assert "secret words" not in answer.text


def test_a_todo_trashed_while_it_was_edited_can_be_restored(
    owner, owner_browser, editor, todo
):
    page = address("todos_todo_change", todo.pk)
    form = main_form(owner_browser.get(page))
    typed = form.typed(
        **{"notes": WORDS, "comments-0-text": "Why?", "subtasks-0-content": "Dig"}
    )
    trash_todo(actor=editor, todo=todo, now=timezone.now())
    answer = owner_browser.post(page, typed)
    assert answer.status_code == 404
    for text in (WORDS, "Why?", "Dig", "deleted in the meantime"):
        assert text in answer.text
    form = main_form(answer)
    assert form.attributes["action"] == address("todos_todo_add")
    restore = address("todos_todo_restore", todo.pk)
    assert f'formaction="{restore}"' in answer.text
    answer = owner_browser.post(restore, form.typed(), follow=True)
    assert answer.redirect_chain == [(page, 302)]
    assert_shown_again(answer, "notes")
    owner_browser.post(page, main_form(answer).typed(_save="Save"))
    todo.refresh_from_db()
    assert (todo.notes, todo.deleted_at) == (WORDS, None)
    assert Comment.objects.get().text == "Why?"
    assert Todo.objects.get(parent=todo).content == "Dig"


def test_a_change_by_somebody_else_before_the_trash_is_a_conflict(
    owner_browser, editor, todo
):
    page, now = address("todos_todo_change", todo.pk), timezone.now()
    typed = main_form(owner_browser.get(page)).typed(notes=WORDS)
    edit_todo(actor=editor, todo=todo, notes="Theirs", now=now)
    trash_todo(actor=editor, todo=todo, now=now)
    form = main_form(owner_browser.post(page, typed))
    url = address("todos_todo_restore", todo.pk)
    answer = owner_browser.post(url, form.typed(), follow=True)
    answer = owner_browser.post(page, main_form(answer).typed())
    assert answer.status_code == 409
    assert "Theirs" in answer.text


def test_what_was_typed_for_a_lost_row_becomes_a_new_one(
    owner, editor, todo_list, todo
):
    browser, now = browser_for(editor), timezone.now()
    page = address("todos_todo_change", todo.pk)
    typed = main_form(browser.get(page)).typed(content=WORDS)
    own = Membership.objects.get(list=todo_list, user=editor)
    remove_member(actor=owner, membership=own, now=now)
    answer = browser.post(page, typed)
    assert answer.status_code == 404
    assert "Garden" not in answer.text
    assert "formaction" not in answer.text.partition('id="todo_form"')[2]
    typed = main_form(answer).typed(list=str(editor.inbox.pk))
    add = address("todos_todo_add")
    assert browser.post(add, typed).status_code == 302
    assert Todo.objects.get(content=WORDS).list == editor.inbox


def test_text_typed_for_a_row_that_became_read_only_is_shown(
    owner, editor, todo_list, todo
):
    browser, now = browser_for(editor), timezone.now()
    page = address("todos_todo_change", todo.pk)
    typed = main_form(browser.get(page)).typed(content=WORDS)
    own = Membership.objects.get(list=todo_list, user=editor)
    change_member(actor=owner, membership=own, role=MemberRole.VIEWER, now=now)
    answer = browser.post(page, typed)
    assert answer.status_code == 403
    assert main_form(answer).data["content"] == WORDS
    edit_list(actor=owner, todo_list=todo_list, is_archived=True, now=now)
    answer = browser_for(owner).post(page, typed)
    assert answer.status_code == 403
    assert main_form(answer).data["content"] == WORDS


def test_texts_without_an_add_form_are_shown_on_the_error_page(
    owner, owner_browser, todo_list
):
    rows = rows_of(owner, todo_list, "Own")
    page = address("todos_comment_change", rows.comment.pk)
    typed = main_form(owner_browser.get(page)).typed(text=WORDS)
    trash_list(actor=owner, todo_list=todo_list, now=timezone.now())
    answer = owner_browser.post(page, typed, headers=HERE)
    assert answer.status_code == 404
    assert WORDS in answer.text
    assert WORDS not in owner_browser.post(page, typed).text


def locked(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
    if sql.startswith(("INSERT", "UPDATE", "DELETE")):
        raise OperationalError("database is locked")
    return execute(sql, params, many, context)


def test_forms_survive_a_locked_database(owner, administrator, forms, people_forms):
    for user, pages in ((owner, forms), (administrator, people_forms)):
        browser = browser_for(user)
        browser.raise_request_exception = False
        for name, (page, field) in pages.items():
            typed = main_form(browser.get(page)).typed(**{field: WORDS})
            with connection.execute_wrapper(locked):
                answer = browser.post(sent_to(page), typed, headers=HERE)
            assert answer.status_code in {200, 503}, name
            assert WORDS in answer.text, name


def test_the_page_of_a_list_saves_after_a_member_left(
    owner, owner_browser, editor, viewer, todo_list
):
    page, now = address("todos_todolist_change", todo_list.pk), timezone.now()
    form = main_form(owner_browser.get(page))
    data = form.typed(name="Orchard")
    rows = {
        str(Membership.objects.get(pk=value).user): name.removesuffix("-id")
        for name, value in form.fields
        if name.startswith("memberships") and name.endswith("-id") and value
    }
    left = Membership.objects.get(list=todo_list, user=editor)
    remove_member(actor=editor, membership=left, now=now)
    stays = {f"{rows['Vera Viewer']}-role": "editor"}
    answer = owner_browser.post(page, data | stays, follow=True)
    assert answer.status_code == 200
    assert "no longer exist" in answer.text
    todo_list.refresh_from_db()
    assert todo_list.name == "Orchard"
    assert Membership.objects.get(list=todo_list, user=viewer).role == "editor"

    # Removing somebody who has left is no error, and needs no mention.
    removal = {f"{rows['Edgar Editor']}-DELETE": "on", "name": "Grove"}
    typed = data | removal | {"version": str(todo_list.version)}
    answer = owner_browser.post(page, typed, follow=True)
    assert "no longer exist" not in answer.text
    assert todo_list.memberships.count() == 2


def test_a_new_todo_for_a_list_that_was_left_is_shown_again(owner, editor, todo_list):
    browser, page = browser_for(editor), address("todos_todo_add")
    typed = main_form(browser.get(page)).typed(content=WORDS, list=str(todo_list.pk))
    own = Membership.objects.get(list=todo_list, user=editor)
    remove_member(actor=owner, membership=own, now=timezone.now())
    answer = browser.post(page, typed)
    assert answer.status_code == 200
    assert main_form(answer).data["content"] == WORDS
    assert "list" in answer.context["adminform"].form.errors


def test_a_person_without_a_role_gets_what_they_typed_back(todo_list):
    nora = make_person("nora")
    browser = browser_for(nora)
    page = address("todos_todo_add")
    typed = main_form(browser.get(page)).typed(content=WORDS)
    nora.groups.clear()
    answer = browser.post(page, typed, headers=HERE)
    assert answer.status_code == 403
    assert WORDS in answer.text

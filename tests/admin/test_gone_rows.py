"""What is done to a row that is gone has no effect, and is no error page."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client
from django.test.utils import override_script_prefix

from accounts.models import Role, User
from core.models import Event
from tests.admin.cast import Rows, address, rows_of, text_of
from tests.conftest import NOW, browser_for
from todos.models import Membership, TodoList
from todos.services.sharing import remove_member
from todos.services.trash import trash_todo

DELETED = "This was deleted already, or you no longer have access to it."
REVOKED = "This key was revoked already, or you no longer have access to it."
LEFT = "You are no longer a member of this list, or it was deleted."
UNCHANGED = "Nothing was changed: what you selected is no longer here."
STRONG = "a rather long pass phrase 9"

Send = Callable[[Client], Any]


def post(page: str, pk: Any, **typed: str) -> Send:
    return lambda browser: browser.post(address(page, pk), typed, follow=True)


def choose(table: str, pk: Any, action: str, **typed: str) -> Send:
    chosen = {"action": action, ACTION_CHECKBOX_NAME: str(pk)} | typed
    return lambda browser: browser.post(address(table), chosen, follow=True)


def remove(kind: str) -> Callable[[Rows], Send]:
    """Return how to delete the row of this kind on its confirmation page."""
    app = "accounts" if kind in {"user", "apikey"} else "todos"
    return lambda rows: post(f"{app}_{kind}_delete", rows.of(kind).pk, post="yes")


def choose_from_trash(rows: Rows, action: str, **typed: str) -> Send:
    trash_todo(actor=rows.user, todo=rows.todo, now=NOW)
    return choose("todos_todo_trash", rows.todo.pk, action, **typed)


def set_password(rows: Rows) -> Send:
    """Return a form for a password of a person who is removed by then."""
    remove("user")(rows)(browser_for(User.objects.get(username="ada")))
    typed = {"password1": STRONG, "password2": STRONG}
    return post("accounts_user_password", rows.user.pk, **typed)


def remove_role(rows: Rows) -> Send:
    role = Role.objects.create(name="temporary")
    return post("accounts_role_delete", role.pk, post="yes")


# What is sent twice, and what the second answer says.
TWICE: dict[str, tuple[Callable[[Rows], Send], str]] = {
    "a todo is trashed": (remove("todo"), DELETED),
    "a list is trashed": (remove("todolist"), DELETED),
    "a label is deleted": (remove("label"), DELETED),
    "a comment is deleted": (remove("comment"), DELETED),
    "a key is revoked": (remove("apikey"), REVOKED),
    "keys are revoked": (
        lambda rows: choose(
            "accounts_apikey_changelist", rows.of("apikey").pk, "revoke", post="yes"
        ),
        UNCHANGED,
    ),
    "a person is removed": (remove("user"), DELETED),
    "a password is set": (set_password, DELETED),
    "a role is deleted": (remove_role, DELETED),
    "todos are trashed": (
        lambda rows: choose("todos_todo_changelist", rows.todo.pk, "trash"),
        UNCHANGED,
    ),
    "todos are restored": (lambda rows: choose_from_trash(rows, "restore"), UNCHANGED),
    "todos are purged": (
        lambda rows: choose_from_trash(rows, "purge", confirmed="1"),
        UNCHANGED,
    ),
}
BY_ADMINISTRATOR = {"a person is removed", "a password is set", "a role is deleted"}


@pytest.fixture
def rows(owner: User, todo_list: TodoList) -> Rows:
    return rows_of(owner, todo_list, "Own")


@pytest.mark.parametrize("what", TWICE)
def test_what_was_done_before_has_no_effect(what, owner, administrator, rows):
    browser = browser_for(administrator if what in BY_ADMINISTRATOR else owner)
    prepare, expected = TWICE[what]
    send = prepare(rows)
    send(browser)
    done = Event.objects.count()
    answer = send(browser)
    assert answer.status_code == 200
    assert expected in text_of(answer)
    assert Event.objects.count() == done


def test_a_todo_that_was_restored_is_restored_again(owner_browser, rows):
    trash_todo(actor=rows.user, todo=rows.todo, now=NOW)
    for _time in range(2):
        answer = post("todos_todo_restore", rows.todo.pk)(owner_browser)
        assert "was restored" in text_of(answer)


@pytest.mark.parametrize("page", ["purge", "move"])
def test_nothing_is_asked_about_rows_that_are_gone(owner_browser, rows, page):
    table = "todos_todo_trash" if page == "purge" else "todos_todo_changelist"
    answer = choose(table, uuid.uuid4(), page)(owner_browser)
    assert answer.redirect_chain
    assert UNCHANGED in text_of(answer)


# --- The same answer for rows that never existed --------------------------------------

QUICK = ("todos_todo_finish", "todos_todo_reopen", "todos_todo_restore")


@pytest.mark.parametrize("page", [*QUICK, "todos_todolist_leave"])
def test_a_row_that_is_not_visible_is_like_one_that_never_existed(
    outsider, todo, todo_list, page
):
    existing = todo_list if page.endswith("leave") else todo
    browser, answers = browser_for(outsider), []
    for pk in (existing.pk, uuid.uuid4()):
        answer = post(page, pk)(browser)
        texts = [str(message) for message in answer.context["messages"]]
        answers.append((answer.redirect_chain, texts))
    assert answers[0] == answers[1]
    assert answers[0][1] == [LEFT if page.endswith("leave") else DELETED]


@pytest.mark.parametrize("method", ["get", "post"])
def test_leaving_a_list_twice_leads_to_the_lists(editor, todo_list, method):
    browser = browser_for(editor)
    url = address("todos_todolist_leave", todo_list.pk)
    browser.post(url)
    answer = getattr(browser, method)(url, follow=True)
    assert answer.redirect_chain == [(address("todos_todolist_changelist"), 302)]
    assert LEFT in text_of(answer)


def test_leaving_while_somebody_else_removes_the_member_is_harmless(
    owner, editor, todo_list, monkeypatch
):
    def remove_first(*, membership: Membership, **options: Any) -> None:
        """Remove the member as the owner, just before the member leaves."""
        remove_member(actor=owner, membership=membership, now=NOW)
        remove_member(membership=membership, **options)

    monkeypatch.setattr("todos.admin.lists.remove_member", remove_first)
    url = address("todos_todolist_leave", todo_list.pk)
    assert LEFT in text_of(browser_for(editor).post(url, follow=True))


@pytest.mark.parametrize("base", ["", "/todo"])  # BASE_PATH
@pytest.mark.parametrize("source", ["table", "row", "elsewhere"])
def test_the_answer_leads_to_the_page_of_the_button_unless_it_is_gone(
    owner_browser, source, base
):
    table = address("todos_todo_changelist")
    page = {
        "table": f"{table}?due=today",
        "row": address("todos_todo_change", uuid.uuid4()),
        "elsewhere": "/no/such/page/",
    }[source]
    finish = address("todos_todo_finish", uuid.uuid4())
    with override_script_prefix(f"{base}/"):
        answer = owner_browser.post(finish, {"next": base + page})
    assert answer["Location"] == base + (page if source == "table" else table)

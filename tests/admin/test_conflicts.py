"""A stale form: what was typed is shown beside what is there, and nothing is lost."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Role
from tests.admin.cast import form_of, rows_of, text_of
from tests.conftest import browser_for, make_person
from todos.models import Comment, MemberRole, Membership, Todo
from todos.services.comments import edit_comment
from todos.services.labels import add_label, edit_label
from todos.services.lists import edit_list
from todos.services.sharing import change_member
from todos.services.todos import edit_todo, finish_todo


def fields_of(answer: Any) -> list[tuple[str, str]]:
    """Return what the conflict page would send on."""
    return hidden_in(answer.content.decode().partition('id="theirs"')[0])


def hidden_in(html: str) -> list[tuple[str, str]]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html)
    # A browser sends CR LF.
    return [(name, unescape(value).replace("\n", "\r\n")) for name, value in found]


def resend(browser: Any, url: str, answer: Any) -> Any:
    return send(browser, url, fields_of(answer))


def take_theirs(browser: Any, url: str, answer: Any) -> Any:
    form = answer.content.decode().partition('id="theirs"')[2]
    return send(browser, url, hidden_in(form))


def send(browser: Any, url: str, fields: list[tuple[str, str]]) -> Any:
    data: dict[str, list[str]] = {}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    return browser.post(url, data)


@pytest.fixture
def url(todo) -> str:
    return f"/admin/todos/todo/{todo.pk}/change/"


@pytest.fixture
def stale(owner_browser, editor, todo, url) -> Any:
    """A form that was opened before somebody else changed the row."""
    data = form_of(owner_browser.get(url))
    edit_todo(
        actor=editor, todo=todo, content="Plant a hedge", priority=3, now=timezone.now()
    )
    return data


def test_a_stale_form_shows_both_and_saves_nothing(owner_browser, todo, url, stale):
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


def test_mine_is_saved_on_top(owner_browser, todo, url, stale):
    typed = stale | {"content": "Plant an oak", "notes": "a\nb", "_save": "Save"}
    answer = owner_browser.post(url, typed)
    answer = resend(owner_browser, url, answer)
    assert answer.status_code == 302
    todo.refresh_from_db()
    assert (todo.content, todo.version) == ("Plant an oak", 3)
    assert todo.notes.splitlines() == ["a", "b"]


def test_fields_that_one_left_alone_keep_what_somebody_else_made_of_them(
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
    assert resend(owner_browser, url, answer).status_code == 302
    todo.refresh_from_db()
    assert (todo.content, todo.priority, todo.due_on) == ("Plant an oak", 3, None)
    assert (todo.notes, todo.assignee) == ("", editor)
    assert list(todo.labels.all()) == [label]


def test_a_field_that_one_emptied_is_emptied_on_top(
    owner, owner_browser, editor, todo, url
):
    now = timezone.now()
    todo = edit_todo(actor=owner, todo=todo, notes="a\nb", due_on=now.date(), now=now)
    data = form_of(owner_browser.get(url))
    edit_todo(actor=editor, todo=todo, notes="c", priority=2, now=now)
    answer = owner_browser.post(url, data | {"notes": "", "due_on": ""})
    mine = {one.label: (one.mine, one.theirs) for one in answer.context["differences"]}
    assert mine["Notes"] == ("–", "c")
    assert resend(owner_browser, url, answer).status_code == 302
    todo.refresh_from_db()
    assert (todo.notes, todo.due_on, todo.priority) == ("", None, 2)


def test_a_stale_form_in_which_nothing_was_changed_changes_nothing(
    owner_browser, todo, url, stale
):
    assert owner_browser.post(url, stale).status_code == 302
    todo.refresh_from_db()
    assert (todo.content, todo.priority, todo.version) == ("Plant a hedge", 3, 2)


def test_what_was_typed_below_is_listed_and_kept_by_both_choices(
    owner_browser, editor, todo, url, stale
):
    typed = stale | {
        "content": "Plant an oak",
        "subtasks-0-content": "Dig a hole",
        "comments-0-text": "Why a\nhedge?",
    }
    answer = owner_browser.post(url, typed)
    assert answer.context["added"] == ["Dig a hole", "Why a\nhedge?"]
    assert take_theirs(owner_browser, url, answer).status_code == 302
    todo.refresh_from_db()
    assert (todo.content, todo.priority, todo.version) == ("Plant a hedge", 3, 2)
    assert Todo.objects.get(parent=todo).content == "Dig a hole"
    assert Comment.objects.get().text == "Why a\nhedge?"


def test_taking_theirs_is_a_link_to_the_row(owner_browser, todo, url, stale):
    answer = owner_browser.post(url, stale | {"content": "Plant an oak"})
    assert f'href="{url}"' in text_of(answer)


def test_a_conflict_that_meets_another_one_asks_again(
    owner_browser, editor, todo, url, stale
):
    answer = owner_browser.post(url, stale | {"content": "Plant an oak"})
    edit_todo(actor=editor, todo=todo, content="Plant nothing", now=timezone.now())
    again = resend(owner_browser, url, answer)
    assert again.status_code == 409
    assert "Plant nothing" in text_of(again)
    assert "Plant an oak" in text_of(again)


def test_a_comment_typed_beside_a_stale_form_is_kept(owner_browser, todo, url, stale):
    typed = stale | {"content": "Plant an oak", "comments-0-text": "Why a hedge?"}
    answer = owner_browser.post(url, typed)
    assert answer.status_code == 409
    assert not Comment.objects.exists()
    resend(owner_browser, url, answer)
    assert Comment.objects.get().text == "Why a hedge?"


def test_a_form_without_a_version_is_stale(owner_browser, todo, url):
    data = form_of(owner_browser.get(url))
    del data["version"]
    answer = owner_browser.post(url, data | {"content": "Blind"})
    assert answer.status_code == 409
    todo.refresh_from_db()
    assert todo.content == "Plant a tree"


def test_finishing_meanwhile_is_a_conflict_too(owner_browser, editor, todo, url):
    data = form_of(owner_browser.get(url))
    finish_todo(actor=editor, todo=todo, now=timezone.now())
    assert owner_browser.post(url, data | {"content": "x"}).status_code == 409


def test_a_row_that_went_away_meanwhile_is_not_found(owner_browser, todo, url):
    data = form_of(owner_browser.get(url))
    owner_browser.post(url.replace("change", "delete"), {"post": "yes"})
    assert owner_browser.post(url, data | {"content": "x"}).status_code == 404
    assert Todo.with_trash.get(pk=todo.pk).content == "Plant a tree"


def test_lists_labels_comments_and_members_know_conflicts(
    owner, owner_browser, editor, todo_list
):
    now = timezone.now()
    rows = rows_of(owner, todo_list, "Own")
    pages = {
        f"/admin/todos/label/{rows.label.pk}/change/": (
            "name",
            lambda: edit_label(actor=editor, label=rows.label, name="theirs", now=now),
        ),
        f"/admin/todos/comment/{rows.comment.pk}/change/": (
            "text",
            lambda: edit_comment(
                actor=owner, comment=rows.comment, text="theirs", now=now
            ),
        ),
        f"/admin/todos/todolist/{todo_list.pk}/change/": (
            "name",
            lambda: edit_list(actor=owner, todo_list=todo_list, name="theirs", now=now),
        ),
    }
    for page, (field, meddle) in pages.items():
        data = form_of(owner_browser.get(page))
        meddle()
        answer = owner_browser.post(page, data | {field: "mine"})
        assert answer.status_code == 409, page
        assert "theirs" in text_of(answer)
        assert resend(owner_browser, page, answer).status_code == 302
    todo_list.refresh_from_db()
    assert todo_list.name == "mine"


def test_a_members_role_that_changed_meanwhile_is_a_conflict(
    owner, owner_browser, editor, todo_list
):
    page = f"/admin/todos/todolist/{todo_list.pk}/change/"
    data = form_of(owner_browser.get(page))
    prefix = next(
        name.removesuffix("-id")
        for name, value in data.items()
        if name.endswith("-id")
        and value == str(Membership.objects.get(user=editor, list=todo_list).pk)
    )
    membership = Membership.objects.get(user=editor, list=todo_list)
    change_member(
        actor=owner, membership=membership, role=MemberRole.VIEWER, now=timezone.now()
    )
    typed = data | {f"{prefix}-role": "owner"}
    answer = owner_browser.post(page, typed)
    assert answer.status_code == 409
    assert "Edgar Editor" in text_of(answer)
    assert resend(owner_browser, page, answer).status_code == 302
    membership.refresh_from_db()
    assert membership.role == "owner"


def test_a_role_that_one_left_alone_stays_as_somebody_else_set_it(
    owner, owner_browser, editor, todo_list
):
    page = f"/admin/todos/todolist/{todo_list.pk}/change/"
    data = form_of(owner_browser.get(page))
    membership = Membership.objects.get(user=editor, list=todo_list)
    change_member(
        actor=owner, membership=membership, role=MemberRole.VIEWER, now=timezone.now()
    )
    answer = owner_browser.post(page, data | {"name": "Orchard"})
    assert answer.status_code == 302
    membership.refresh_from_db()
    todo_list.refresh_from_db()
    assert (membership.role, todo_list.name) == ("viewer", "Orchard")


def test_people_and_roles_know_conflicts(administrator, owner):
    browser = browser_for(administrator)
    role = Role.objects.create(name="gardener")
    make_person("gus", "gardener")
    for page, field in (
        (f"/admin/accounts/user/{owner.pk}/change/", "display_name"),
        (f"/admin/accounts/role/{role.pk}/change/", "name"),
    ):
        data = form_of(browser.get(page))
        assert browser.post(page, data | {field: "First"}).status_code == 302
        answer = browser.post(page, data | {field: "Second"})
        assert answer.status_code == 409, page
        assert "First" in text_of(answer)
        assert resend(browser, page, answer).status_code == 302


def test_a_profile_that_changed_meanwhile_keeps_what_was_typed(owner, owner_browser):
    page = "/admin/accounts/user/me/"
    typed = {"time_zone": "UTC", "language": "en", "version": "1"}
    assert owner_browser.post(page, typed | {"display_name": "A"}).status_code == 302
    answer = owner_browser.post(page, typed | {"display_name": "B"})
    assert "changed in the meantime" in text_of(answer)
    assert 'value="B"' in text_of(answer)
    again = typed | {
        "display_name": "B",
        "version": answer.context["form"]["version"].value(),
    }
    assert owner_browser.post(page, again).status_code == 302
    owner.refresh_from_db()
    assert owner.display_name == "B"

"""Text from right to left turns nothing around it, on any page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.urls import reverse

from core.characters import isolate
from tests.admin.cast import form_of, rows_of
from tests.conftest import NOW, browser_for, make_person
from tests.todos.helpers import fresh, put
from todos.models import MemberRole
from todos.services.lists import add_list, trash_list
from todos.services.sharing import share_list
from todos.services.todos import edit_todo, finish_todo
from todos.services.trash import trash_todo

# Hebrew, after a control that reverses everything up to the end of the paragraph.
MARK = "\u202eעברית"
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "path", "use"}
TYPED = {"text", "search", "email"}
# Each is shown by itself, and as text only.
PLAIN = {"option", "textarea", "script"}
# Attributes that are never drawn, or only by themselves.
NOT_DRAWN = {"value", "aria-label"}


class Checker(HTMLParser):
    """Collects text without a direction of its own, and inputs without `dir`."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, Any]]] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        typed = tag == "input" and given.get("type", "text") in TYPED
        if (typed or tag == "textarea") and "dir" not in given:
            self.faults.append(f"no dir: {self.get_starttag_text()}")
        for name, value in given.items():
            is_whole = name == "title" and value.startswith(MARK)
            if name not in NOT_DRAWN and not is_whole and leaks(value or ""):
                self.faults.append(f"{name}: {self.get_starttag_text()}")
        if tag not in VOID:
            self.open.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(is_isolated(*element) for element in self.open) and leaks(data):
            where = " > ".join(tag for tag, _attrs in self.open[-4:])
            self.faults.append(f"{where}: {data.strip()}")


def is_isolated(tag: str, attrs: dict[str, Any]) -> bool:
    return tag == "bdi" or tag in PLAIN or attrs.get("dir") == "auto"


def leaks(text: str) -> bool:
    """Return whether the mark stands outside of isolates."""
    return MARK in re.sub("\u2068[^\u2069]*\u2069", "", text)


def faults_of(page: Any) -> list[str]:
    checker = Checker()
    checker.feed(page.text)
    return checker.faults


@pytest.fixture
def person(db):
    """A user who may see all pages, and who sees only text from right to left."""
    person = make_person("rtl", "administrator", "auditor", display_name=f"{MARK} name")
    friend = make_person("friend", display_name=f"{MARK} friend")
    todo_list = add_list(actor=person, name=f"{MARK} list", now=NOW)
    share_list(
        actor=person, todo_list=todo_list, user=friend, role=MemberRole.EDITOR, now=NOW
    )
    rows = rows_of(person, todo_list, MARK)
    todo = rows.todo
    put(person, todo_list, f"{MARK} subtask", parent=todo)
    edit_todo(actor=friend, todo=todo, notes=f"{MARK} more", now=NOW)
    for content in ("done", "trashed"):
        todo = put(person, todo_list, f"{MARK} {content}", due_on=NOW.date())
        if content == "done":
            finish_todo(actor=person, todo=todo, now=NOW)
        else:
            trash_todo(actor=person, todo=todo, now=NOW)
    other = make_person("other owner")
    share_list(
        actor=person, todo_list=todo_list, user=other, role=MemberRole.OWNER, now=NOW
    )
    gone = add_list(actor=person, name=f"{MARK} gone", now=NOW)
    trash_list(actor=person, todo_list=gone, now=NOW)
    return person, rows


def tables_and_forms():
    """Yield the names of the pages that need no row."""
    yield from ("index", "accounts_user_profile", "password_change")
    for name in ("todos_todo", "todos_todolist", "todos_label"):
        yield f"{name}_changelist"
        yield f"{name}_add"
    yield from ("todos_todo_trash", "todos_todolist_trash")
    yield from ("core_event_changelist", "accounts_role_changelist")
    yield from ("accounts_apikey_changelist", "accounts_user_changelist")
    yield from ("accounts_role_add", "accounts_apikey_add", "accounts_user_add")


def test_right_to_left_text_does_not_affect_text_around_it(person):
    user, rows = person
    browser, faults = browser_for(user), {}
    urls = [reverse(f"admin:{name}") for name in tables_and_forms()]
    urls += [f"/admin/todos/todo/?list={rows.todolist.pk}", "/admin/todos/todo/?q=x"]
    for kind in ("todos_todo", "todos_todolist", "todos_label", "todos_comment"):
        row = rows.of(kind.partition("_")[2])
        urls += [
            reverse(f"admin:{kind}_{page}", args=[row.pk])
            for page in ("change", "history", "delete")
        ]
    urls += [
        reverse("admin:todos_todolist_leave", args=[rows.todolist.pk]),
        reverse("admin:accounts_user_change", args=[user.pk]),
        reverse("admin:accounts_user_history", args=[user.pk]),
        reverse("admin:accounts_apikey_delete", args=[rows.apikey.pk]),
        reverse("admin:accounts_apikey_history", args=[rows.apikey.pk]),
    ]
    for url in urls:
        page = browser.get(url)
        assert page.status_code == 200, url
        if found := faults_of(page):
            faults[url] = found
    assert not faults


def test_messages_and_conflicts_isolate_what_they_name(person):
    user, rows = person
    browser = browser_for(user)
    page = reverse("admin:todos_todo_change", args=[rows.todo.pk])
    typed = form_of(browser.get(page)) | {"content": f"{MARK} mine"}
    edit_todo(actor=user, todo=fresh(rows.todo), content=f"{MARK} theirs", now=NOW)
    answers = [browser.post(page, typed)]
    assert answers[0].status_code == 409
    for url, data in (
        ("/admin/todos/todo/quick-add/", {"content": f"{MARK} added", "next": page}),
        (f"/admin/todos/todo/{rows.todo.pk}/finish/", {"next": page}),
        (f"/admin/todos/todo/{rows.todo.pk}/delete/", {"post": "yes"}),
        (f"/admin/accounts/apikey/{rows.apikey.pk}/delete/", {"post": "yes"}),
    ):
        answers.append(browser.post(url, data, follow=True))
        assert 'class="messagelist"' in answers[-1].text, url
    for answer in answers:
        assert not faults_of(answer), answer.request["PATH_INFO"]


@pytest.mark.parametrize(
    ("text", "isolated"),
    [
        ("plain, 100% 好 🎉", "plain, 100% 好 🎉"),
        ("", ""),
        ("עברית", "\u2068עברית\u2069"),
        ("a\u202eb", "\u2068a\u202eb\u2069"),
        ("a\u2067b", "\u2068a\u2067b\u2069\u2069"),
        ("a\u2069\u202eb", "\u2068a\u202eb\u2069"),
        ("\u2066x\u2069\u2069y", "\u2068\u2066x\u2069y\u2069"),
    ],
)
def test_text_in_a_sentence_is_isolated_if_it_could_turn_it(text, isolated):
    assert isolate(text) == isolated

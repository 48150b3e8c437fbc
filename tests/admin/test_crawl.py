"""Every link of every page can be followed, and every form submitted unchanged."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.http import Http404
from django.utils import timezone

from accounts.models import User
from core.admin.base import ScopedModelAdmin
from core.admin.permissions import request_user
from tests.admin.cast import Rows, rows_of
from tests.admin.crawler import Crawler
from tests.conftest import browser_for, make_person
from todos.models import MemberRole, Todo, TodoList
from todos.services.comments import add_comment
from todos.services.lists import add_list, edit_list, trash_list
from todos.services.sharing import share_list
from todos.services.todos import add_todo, edit_todo, finish_todo
from todos.services.trash import trash_todo

MORE_THAN_A_PAGE = 52
PEOPLE = ("administrator", "manager", "member", "auditor", "viewer", "nobody")


@pytest.fixture
def people(
    administrator: User,
    manager: User,
    owner: User,
    auditor: User,
    viewer: User,
) -> dict[str, User]:
    # A user who deletes one of their roles can still see the roles.
    administrator.groups.add(*manager.groups.all())
    nobody = make_person("nora")
    nobody.groups.clear()
    return {
        "administrator": administrator,
        "manager": manager,
        "member": owner,
        "auditor": auditor,
        "viewer": viewer,
        "nobody": nobody,
    }


@pytest.fixture
def rows(owner: User, editor: User, viewer: User, todo_list: TodoList) -> Rows:
    """Rows in every state that pages distinguish, in lists that people share."""
    now = timezone.now()
    rows = rows_of(owner, todo_list, "Own")
    fill_list(owner, todo_list, rows.todo)
    for person in (editor, owner):
        add_comment(actor=person, todo=rows.todo, text="A comment", now=now)
    shed = add_list(actor=owner, name="Shed", now=now)
    moved = add_todo(
        actor=owner,
        todo_list=todo_list,
        content="Moved",
        labels=[rows.label],
        now=now,
    )
    edit_todo(actor=owner, todo=moved, todo_list=shed, now=now)
    archived = add_list(actor=owner, name="Archive", now=now)
    share_list(
        actor=owner, todo_list=archived, user=viewer, role=MemberRole.EDITOR, now=now
    )
    add_todo(actor=owner, todo_list=archived, content="Old", now=now)
    edit_list(actor=owner, todo_list=archived, is_archived=True, now=now)
    trash_list(
        actor=owner, todo_list=add_list(actor=owner, name="Gone", now=now), now=now
    )
    return rows


def fill_list(owner: User, todo_list: TodoList, parent: Todo) -> None:
    """Add enough todos for two pages, and one in each state."""
    now = timezone.now()

    def add(content: str, **fields: Any) -> Todo:
        return add_todo(
            actor=owner, todo_list=todo_list, content=content, now=now, **fields
        )

    for number in range(MORE_THAN_A_PAGE):
        add(f"Todo {number}")
    today = timezone.localdate()
    for content, days in (("Late", -1), ("Today", 0), ("Soon", 2)):
        add(content, due_on=today + timedelta(days=days), assignee=owner)
    finish_todo(actor=owner, todo=add("Finished"), now=now)
    add("Subtask", parent=parent)
    trash_todo(actor=owner, todo=add("Trashed"), now=now)


@pytest.fixture(autouse=True)
def _without_copies_of_contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test client not copy the context of every template and widget."""
    monkeypatch.setattr(
        "django.test.client.store_rendered_templates", lambda *_, **__: None
    )


@pytest.mark.parametrize("name", PEOPLE)
def test_every_link_can_be_followed_and_every_form_submitted(name, people, rows):
    crawler = Crawler(browser_for(people[name]))
    crawler.crawl("/admin/")
    assert not crawler.faults, "\n".join(crawler.faults)
    # The crawl must not pass because it found nothing.
    assert len(crawler.answers) >= {"nobody": 3, "auditor": 20}.get(name, 60)


def test_a_link_to_a_page_that_the_viewer_may_not_open_is_a_fault(
    viewer, rows, monkeypatch
):
    history = ScopedModelAdmin.history_rows

    def history_for_others(self: Any, request: Any, row: Any) -> Any:
        if request_user(request) == viewer:
            raise Http404
        return history(self, request, row)

    monkeypatch.setattr(ScopedModelAdmin, "history_rows", history_for_others)
    crawler = Crawler(browser_for(viewer))
    crawler.crawl(f"/admin/todos/todo/{rows.todo.pk}/change/", most=1)
    url = f"/admin/todos/todo/{rows.todo.pk}/"
    assert f"{url}change/: link to {url}history/ is 404" in crawler.faults

"""What pages say about events: names, links, one sentence for each change."""

from __future__ import annotations

from datetime import date, time

from django.utils import timezone

from core.models import Event
from tests.admin.cast import address, text_of
from tests.conftest import browser_for
from todos.services.labels import add_label
from todos.services.lists import add_list
from todos.services.todos import add_todo, edit_todo
from todos.services.trash import trash_todo

EVENTS = "/admin/core/event/"


def test_the_history_of_a_list_names_and_links_its_todos(
    owner, owner_browser, editor, todo
):
    edit_todo(actor=owner, todo=todo, assignee=editor, now=timezone.now())
    page = text_of(owner_browser.get(address("todos_todolist_history", todo.list_id)))
    url = address("todos_todo_change", todo.pk)
    assert f'<a href="{url}"><bdi>“Plant a tree”</bdi></a>: changed' in page
    assert "<bdi>Olga Owner</bdi>" in page
    assert "<bdi>“Vera Viewer”</bdi></a>: added" in page  # the membership


def test_a_todo_has_its_present_name_and_without_page_the_recorded_one(
    owner, owner_browser, todo
):
    edit_todo(actor=owner, todo=todo, content="Plant two trees", now=timezone.now())
    history = address("todos_todolist_history", todo.list_id)
    page = text_of(owner_browser.get(history))
    assert "<bdi>“Plant two trees”</bdi></a>: added" in page
    todo.refresh_from_db()
    trash_todo(actor=owner, todo=todo, now=timezone.now())
    page = text_of(owner_browser.get(history))
    assert "Todo <bdi>“Plant two trees”</bdi>: added" in page
    assert address("todos_todo_change", todo.pk) not in page


def test_a_move_is_one_event_without_unchanged_labels(
    owner, owner_browser, auditor, todo_list
):
    now = timezone.now()
    labels = [
        add_label(actor=owner, todo_list=todo_list, name=name, now=now)
        for name in ("errands", "home")
    ]
    todo = add_todo(
        actor=owner, todo_list=todo_list, content="Shop", labels=labels, now=now
    )
    shed = add_list(actor=owner, name="Shed", now=now)
    edit_todo(actor=owner, todo=todo, todo_list=shed, now=timezone.now())
    page = text_of(owner_browser.get(address("todos_todo_history", todo.pk)))
    assert page.count("Todo moved") == 1
    assert page.count('class="event"') == 2
    assert ">Garden</td>" in page
    assert ">Shed</td>" in page
    # Labels are in the event of its creation only.
    assert page.count('<th scope="row">Labels</th>') == 1
    table = browser_for(auditor).get(EVENTS)
    assert text_of(table).count("Todo moved") == 1
    both = browser_for(auditor).get(f"{EVENTS}?q={todo_list.pk}")
    assert text_of(both).count("Todo moved away") == 1
    moved = Event.objects.get(verb="todo.moved_in")
    owner.groups.add(*auditor.groups.all())
    detail = text_of(owner_browser.get(f"{EVENTS}{moved.pk}/change/"))
    assert "<bdi>“Shop”</bdi></a>: moved" in detail
    assert "errands, home" not in detail


def test_dates_and_times_are_in_the_format_of_the_page(owner, owner_browser, todo_list):
    todo = add_todo(
        actor=owner,
        todo_list=todo_list,
        content="Shop",
        due_on=date(2027, 5, 3),
        due_time=time(9, 30),
        now=timezone.now(),
    )
    page = text_of(owner_browser.get(address("todos_todo_history", todo.pk)))
    assert "2027-05-03" not in page
    assert "May 3, 2027" in page or "3 May 2027" in page


def test_an_event_is_shown_in_words_and_its_codes_below(owner, auditor, todo_list):
    shared = Event.objects.filter(verb="membership.created", stream_id=todo_list.pk)
    event = shared.latest("seq")
    owner.groups.add(*auditor.groups.all())
    page = text_of(browser_for(owner).get(f"{EVENTS}{event.pk}/change/"))
    facts, _summary, technical = page.partition("Technical details")
    assert ": added" in facts
    assert "<bdi>Garden</bdi></a>" in facts
    for code in ("membership.created", str(event.stream_id), "№"):
        assert code not in facts.partition("<main")[2].replace(
            address("todos_todolist_change", event.stream_id), ""
        )
    for code in ("membership.created", str(event.stream_id), event.resource_id):
        assert code in technical
    # Without access to the list, neither its name nor the member's is shown.
    page = text_of(browser_for(auditor).get(f"{EVENTS}{event.pk}/change/"))
    assert "Member added" in page
    assert "Garden" not in page
    assert "deleted, or you don’t have access" in page

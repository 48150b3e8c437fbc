"""Pages of todos: what they show, and that what they write is what the API writes."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Event
from tests.admin.cast import address, rows_of, save, text_of
from tests.conftest import browser_for, make_person
from todos.models import Comment, Label, Todo, TodoList
from todos.services.labels import add_label
from todos.services.lists import add_list, edit_list
from todos.services.todos import add_todo, finish_todo
from todos.services.trash import trash_todo

TABLE = "/admin/todos/todo/"
TRASH = "/admin/todos/todo/trash/"
QUICK_ADD = "/admin/todos/todo/quick-add/"


def last_event(verb: str) -> Event:
    return Event.objects.filter(verb=verb).order_by("-at", "-pk")[0]


def act(browser: Client, action: str, *todos: Todo, page: str = TABLE, **more: str):
    given = {"action": action, "_selected_action": [str(todo.pk) for todo in todos]}
    if "confirmed" not in more:
        given["index"] = "0"
    return browser.post(page, given | more, follow=True)


def test_quick_add_puts_a_todo_into_the_list_and_stays(owner, owner_browser, todo_list):
    typed = {
        "content": "Water the tomatoes",
        "list": todo_list.pk,
        "next": f"{TABLE}?due=none",
    }
    answer = owner_browser.post(QUICK_ADD, typed, follow=True)
    assert answer.redirect_chain == [(f"{TABLE}?due=none", 302)]
    assert "“Water the tomatoes” is in Garden." in text_of(answer)
    todo = Todo.objects.get(content="Water the tomatoes")
    assert (todo.list, todo.created_by) == (todo_list, owner)
    event = last_event("todo.created")
    assert (event.source, event.actor_id) == ("admin", owner.pk)
    assert event.request_id


def test_quick_add_without_a_list_lands_in_the_inbox(owner, owner_browser):
    owner_browser.post(QUICK_ADD, {"content": "Breathe"})
    assert Todo.objects.get().list == owner.inbox


def messages_of(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


@pytest.mark.parametrize("content", ["", "   ", "x" * 501, "字" * 501, "a\x00b"])
def test_quick_add_refuses_bad_content_and_gives_it_back(owner_browser, content):
    answer = owner_browser.post(QUICK_ADD, {"content": content}, follow=True)
    assert answer.status_code == 200
    assert "Not added." in text_of(answer)
    kept = re.search(r'id="quick-content"[^>]* value="([^"]*)"', text_of(answer))
    assert kept
    assert kept[1] == content.replace("\0", kept[1][1:2])
    assert not re.search("x{9}|字{9}", messages_of(answer))
    again = text_of(owner_browser.get(address("index")))
    assert re.search(r'id="quick-content"[^>]* value=""', again)
    assert not Todo.objects.exists()


def test_quick_add_refuses_a_list_that_one_may_not_write_in(
    viewer, outsider, todo_list
):
    for person in (viewer, outsider):
        browser = browser_for(person)
        typed = {"content": "Smuggled", "list": todo_list.pk}
        answer = browser.post(QUICK_ADD, typed, follow=True)
        assert "Not added." in text_of(answer)
    assert not Todo.objects.exists()


def test_quick_add_goes_back_to_no_foreign_place(owner_browser):
    typed = {"content": "x", "next": "https://evil.example/"}
    assert owner_browser.post(QUICK_ADD, typed)["Location"] == TABLE


def test_quick_add_needs_the_token_of_the_form(owner):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    assert strict.post(QUICK_ADD, {"content": "x"}).status_code == 403
    assert not Todo.objects.exists()


def test_one_click_finishes_and_reopens(owner, owner_browser, todo):
    box = address("todos_todo_finish", todo.pk)
    assert box in text_of(owner_browser.get(TABLE))
    answer = owner_browser.post(box, {"next": TABLE}, follow=True)
    assert "“Plant a tree” is done." in text_of(answer)
    todo.refresh_from_db()
    assert (todo.is_finished, todo.finished_by) == (True, owner)
    assert last_event("todo.finished").source == "admin"
    owner_browser.post(address("todos_todo_reopen", todo.pk))
    todo.refresh_from_db()
    assert not todo.is_finished


def test_a_click_is_a_post(owner_browser, todo):
    assert owner_browser.get(address("todos_todo_finish", todo.pk)).status_code == 405
    todo.refresh_from_db()
    assert not todo.is_finished


def test_a_viewer_cannot_finish_at_one_click(viewer, todo):
    browser = browser_for(viewer)
    answer = browser.post(address("todos_todo_finish", todo.pk), follow=True)
    assert "You do not have permission" in text_of(answer)
    todo.refresh_from_db()
    assert not todo.is_finished


def test_an_outsider_finds_nothing_to_click(outsider, todo):
    browser = browser_for(outsider)
    assert browser.post(address("todos_todo_finish", todo.pk)).status_code == 404


def test_a_todo_is_added_with_all_that_belongs_to_it(
    owner, owner_browser, editor, todo_list
):
    label = add_label(
        actor=owner, todo_list=todo_list, name="tools", now=timezone.now()
    )
    url = f"{TABLE}add/"
    answer = save(
        owner_browser,
        url,
        content="Sharpen the saw",
        list=str(todo_list.pk),
        due_on="2026-05-04",
        due_time="18:30",
        due_zone="Asia/Shanghai",
        priority="2",
        assignee=str(editor.pk),
        labels=[str(label.pk)],
        notes="Mind the fingers",
    )
    assert answer.status_code == 302, answer.context["errors"]
    todo = Todo.objects.get(content="Sharpen the saw")
    assert todo.due_at.isoformat() == "2026-05-04T10:30:00+00:00"
    assert (todo.priority, todo.assignee, todo.notes) == (2, editor, "Mind the fingers")
    assert list(todo.labels.all()) == [label]
    assert last_event("todo.created").changes["content"] == [None, "Sharpen the saw"]


def test_an_edit_raises_the_version_and_records_what_changed(
    owner, owner_browser, todo
):
    answer = save(owner_browser, f"{TABLE}{todo.pk}/change/", content="Plant two trees")
    assert answer.status_code == 302
    todo.refresh_from_db()
    assert (todo.content, todo.version, todo.updated_by) == (
        "Plant two trees",
        2,
        owner,
    )
    event = last_event("todo.changed")
    assert event.changes == {"content": ["Plant a tree", "Plant two trees"]}
    assert (event.source, event.stream_id) == ("admin", todo.list_id)


def test_saving_an_untouched_form_changes_nothing(owner_browser, todo):
    before = Event.objects.count()
    assert save(owner_browser, f"{TABLE}{todo.pk}/change/").status_code == 302
    todo.refresh_from_db()
    assert (todo.version, Event.objects.count()) == (1, before)


def test_lines_are_kept_as_they_are(owner_browser, todo):
    """Browsers send CR LF, whatever was typed."""
    url = f"{TABLE}{todo.pk}/change/"
    save(owner_browser, url, notes="one\r\ntwo")
    todo.refresh_from_db()
    assert (todo.notes, todo.version) == ("one\ntwo", 2)
    save(owner_browser, url, notes="one\r\ntwo")
    todo.refresh_from_db()
    assert todo.version == 2


def test_moving_by_the_form_takes_subtasks_and_labels_along(
    owner, owner_browser, todo_list
):
    rows = rows_of(owner, todo_list, "Old")
    add_todo(
        actor=owner,
        todo_list=todo_list,
        content="Sub",
        parent=rows.todo,
        now=timezone.now(),
    )
    target = add_list(actor=owner, name="Shed", now=timezone.now())
    save(owner_browser, f"{TABLE}{rows.todo.pk}/change/", list=str(target.pk))
    assert set(Todo.objects.filter(list=target).values_list("content", flat=True)) == {
        "Old content",
        "Sub",
    }
    moved = Todo.objects.get(pk=rows.todo.pk)
    assert [label.name for label in moved.labels.all()] == ["Old label"]
    assert moved.labels.get().list == target


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": "é" * 400 + "字" * 100 + "y" * 1}, "content"),
        ({"due_time": "10:00", "due_on": ""}, "due_time"),
        ({"due_on": "2026-01-02", "starts_on": "2026-01-03"}, "starts_on"),
        ({"due_on": "2026-02-30"}, "due_on"),
        ({"due_on": "0001-01-01"}, "due_on"),
        ({"priority": "9"}, "priority"),
        ({"due_zone": "Mars/Olympus"}, "due_zone"),
    ],
)
def test_what_the_rules_refuse_becomes_an_error_of_the_field(
    owner_browser, todo, typed, field
):
    answer = save(owner_browser, f"{TABLE}{todo.pk}/change/", **typed)
    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors
    todo.refresh_from_db()
    assert todo.version == 1


def test_foreign_rows_are_no_choice(owner, owner_browser, outsider, todo):
    theirs = add_list(actor=outsider, name="Theirs", now=timezone.now())
    rows = rows_of(outsider, theirs, "Theirs")
    for field, value in (
        ("list", theirs.pk),
        ("assignee", outsider.pk),
        ("parent", rows.todo.pk),
        ("labels", [str(rows.label.pk)]),
    ):
        answer = save(owner_browser, f"{TABLE}{todo.pk}/change/", **{field: value})
        assert answer.status_code == 200
        assert field in answer.context["adminform"].form.errors, field
    todo.refresh_from_db()
    assert (todo.version, todo.list.name) == (1, "Garden")


def test_a_todo_cannot_hang_below_itself(owner, owner_browser, todo):
    child = add_todo(
        actor=owner, todo_list=todo.list, parent=todo, content="c", now=timezone.now()
    )
    answer = save(owner_browser, f"{TABLE}{todo.pk}/change/", parent=str(child.pk))
    assert "parent" in answer.context["adminform"].form.errors


def test_subtasks_and_comments_are_added_on_the_page(owner, owner_browser, todo):
    url = f"{TABLE}{todo.pk}/change/"
    save(
        owner_browser,
        url,
        **{"subtasks-0-content": "Dig a hole", "comments-0-text": "Where?\nThere."},
    )
    assert Todo.objects.get(parent=todo).content == "Dig a hole"
    assert Comment.objects.get(todo=todo).text.split() == ["Where?", "There."]
    page = text_of(owner_browser.get(url))
    assert "Dig a hole" in page
    assert "Where?<br>There." in page
    assert last_event("comment.created").source == "admin"


def test_a_refused_subtask_undoes_the_whole_save(owner, owner_browser, todo):
    line = todo
    for depth in range(4):
        line = add_todo(
            actor=owner,
            todo_list=todo.list,
            parent=line,
            content=f"d{depth}",
            now=timezone.now(),
        )
    answer = save(
        owner_browser,
        f"{TABLE}{line.pk}/change/",
        **{"content": "Renamed", "subtasks-0-content": "Too deep"},
    )
    assert answer.status_code == 200
    assert "at most 5 levels" in text_of(answer)
    assert "Too deep" in text_of(answer)
    line.refresh_from_db()
    assert line.content == "d3"


def test_a_viewer_reads_the_page_and_cannot_send_it(viewer, todo):
    browser = browser_for(viewer)
    page = browser.get(f"{TABLE}{todo.pk}/change/")
    assert page.status_code == 200
    assert 'name="_save"' not in text_of(page)
    assert 'name="comments-0-text"' not in text_of(page)
    sent = {"content": "Mine now", "version": "1"}
    assert browser.post(f"{TABLE}{todo.pk}/change/", sent).status_code == 403
    todo.refresh_from_db()
    assert todo.content == "Plant a tree"


def test_an_archived_list_is_read_only(owner, owner_browser, todo):
    edit_list(actor=owner, todo_list=todo.list, is_archived=True, now=timezone.now())
    page = owner_browser.get(f"{TABLE}{todo.pk}/change/")
    assert "read-only" in text_of(page)
    assert 'name="_save"' not in text_of(page)
    answer = act(owner_browser, "finish", todo)
    assert "This list is archived" in text_of(answer)
    todo.refresh_from_db()
    assert not todo.is_finished


def test_actions_do_what_they_say(owner, owner_browser, todo_list):
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
    assert "1 todo deleted for good." in text_of(answer)
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


def test_nobody_moves_todos_into_a_list_out_of_sight(
    owner, owner_browser, outsider, todo
):
    given = {"confirmed": "yes", "list": str(outsider.inbox.pk)}
    answer = act(owner_browser, "move", todo, **given)
    assert "not one of the available choices" in text_of(answer)
    todo.refresh_from_db()
    assert todo.list.name == "Garden"


def test_a_label_is_given_by_name_across_lists(owner, owner_browser, todo):
    now = timezone.now()
    other = add_list(actor=owner, name="Shed", now=now)
    far = add_todo(actor=owner, todo_list=other, content="Far", now=now)
    bare = add_todo(actor=owner, content="In the inbox", now=now)
    label = add_label(actor=owner, todo_list=todo.list, name="Urgent", now=now)
    add_label(actor=owner, todo_list=other, name="urgent", now=now)
    given = {"confirmed": "yes", "label": str(label.pk)}
    answer = act(owner_browser, "label", todo, far, bare, **given)
    assert "2 todos labelled." in text_of(answer)
    assert "no label of this name" in text_of(answer)
    assert [row.name for row in far.labels.all()] == ["urgent"]
    assert not bare.labels.exists()


def test_actions_pass_over_what_one_may_not_change_and_say_so(viewer, outsider, todo):
    own = add_todo(actor=viewer, content="Own", now=timezone.now())
    answer = act(browser_for(viewer), "finish", todo, own)
    assert "1 todo finished." in text_of(answer)
    assert "You do not have permission" in text_of(answer)
    act(browser_for(outsider), "finish", todo)
    todo.refresh_from_db()
    assert not todo.is_finished


def test_an_action_takes_the_chosen_rows_and_no_others(owner, owner_browser, todo):
    other = add_todo(
        actor=owner, todo_list=todo.list, content="Other", now=timezone.now()
    )
    act(owner_browser, "finish", todo, select_across="1")
    other.refresh_from_db()
    assert not other.is_finished


def shown(browser: Client, query: str) -> set[str]:
    answer = browser.get(f"{TABLE}?{query}")
    assert answer.status_code == 200
    return {todo.content for todo in answer.context["cl"].result_list}


def test_filters_are_those_that_people_think_in(owner, owner_browser, todo_list):
    now = timezone.now()
    today = now.date()
    days = {"late": -1, "now": 0, "soon": 3, "far": 30}
    for name, days_on in days.items():
        add_todo(
            actor=owner,
            todo_list=todo_list,
            content=name,
            due_on=today + timedelta(days=days_on),
            now=now,
        )
    free = add_todo(actor=owner, content="free", assignee=owner, priority=3, now=now)
    done = add_todo(actor=owner, content="done", now=now)
    finish_todo(actor=owner, todo=done, now=now)
    label = add_label(actor=owner, todo_list=free.list, name="l", now=now)
    save(owner_browser, f"{TABLE}{free.pk}/change/", labels=[str(label.pk)])
    open_todos = {*days, "free"}
    assert shown(owner_browser, "") == open_todos
    assert shown(owner_browser, "state=finished") == {"done"}
    assert shown(owner_browser, "state=all") == {*open_todos, "done"}
    assert shown(owner_browser, "due=overdue") == {"late"}
    assert shown(owner_browser, "due=today") == {"now"}
    assert shown(owner_browser, "due=week") == {"now", "soon"}
    assert shown(owner_browser, "due=none") == {"free"}
    assert shown(owner_browser, "who=mine") == {"free"}
    assert shown(owner_browser, "priority=3") == {"free"}
    assert shown(owner_browser, f"list={todo_list.pk}") == set(days)
    assert shown(owner_browser, f"label={label.pk}") == {"free"}
    assert shown(owner_browser, "q=LAT") == {"late"}
    assert shown(owner_browser, "list=nonsense") == set()


def test_today_is_the_day_where_the_person_is(db):
    """Kiritimati is 14 hours ahead of UTC, Pago Pago 11 behind: never the same day."""
    pages = {}
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        person = make_person(zone.rpartition("/")[2].casefold(), time_zone=zone)
        with timezone.override(zone):
            day = timezone.localdate()
        add_todo(actor=person, content=zone, due_on=day, now=timezone.now())
        browser = browser_for(person)
        assert shown(browser, "due=today") == {zone}
        assert shown(browser, "due=overdue") == set()
        pages[zone] = day
    assert len(set(pages.values())) == 2


def test_overdue_is_marked_where_the_person_is(owner, owner_browser):
    yesterday = timezone.now().date() - timedelta(days=2)
    add_todo(actor=owner, content="Late", due_on=yesterday, now=timezone.now())
    assert "due-late" in text_of(owner_browser.get(TABLE))


def test_ordering_and_pages_go_through_all_rows_once(owner, owner_browser, todo_list):
    now = timezone.now()
    for number in range(120):
        add_todo(
            actor=owner,
            todo_list=todo_list if number % 2 else None,
            content=f"n{number}",
            due_on=date(2027, 1, 1) + timedelta(days=number % 40),
            now=now + timedelta(seconds=number),
        )
    for order in ("", "o=4", "o=-4", "o=5"):
        seen: list[str] = []
        page: str | None = f"?{order}"
        while page:
            answer = owner_browser.get(TABLE + page)
            seen += [todo.content for todo in answer.context["cl"].result_list]
            page = answer.context["cl"].next_page
        assert sorted(seen) == sorted(f"n{number}" for number in range(120)), order
    assert seen != sorted(seen)


def test_a_place_of_another_order_or_a_forged_one_begins_anew(
    owner, owner_browser, todo
):
    for place in ("p=7", "p=forged:1abc:xyz", "p="):
        assert shown(owner_browser, place) == {"Plant a tree"}


def test_the_trash_shows_what_was_deleted_and_pages_of_it_are_gone(
    owner, owner_browser, todo
):
    answer = owner_browser.post(f"{TABLE}{todo.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert owner_browser.get(f"{TABLE}{todo.pk}/change/").status_code == 404
    assert "Plant a tree" in text_of(owner_browser.get(TRASH))
    assert last_event("todo.trashed").source == "admin"


def test_an_editor_cannot_purge(editor, todo):
    trash_todo(actor=editor, todo=todo, now=timezone.now())
    answer = act(browser_for(editor), "purge", todo, page=TRASH, confirmed="yes")
    assert "You do not have permission" in text_of(answer)
    assert Todo.with_trash.filter(pk=todo.pk).exists()


def test_history_tells_in_words_who_did_what(owner, owner_browser, editor, todo):
    label = add_label(actor=owner, todo_list=todo.list, name="wood", now=timezone.now())
    save(
        owner_browser,
        f"{TABLE}{todo.pk}/change/",
        assignee=str(editor.pk),
        labels=[str(label.pk)],
        priority="3",
    )
    page = text_of(owner_browser.get(f"{TABLE}{todo.pk}/history/"))
    for word in ("olga", "Edgar Editor", "wood", "high", "changed", "added", "admin"):
        assert word in page
    assert str(editor.pk) not in page


def test_history_keeps_what_happened_in_lists_out_of_sight(
    owner, owner_browser, outsider, todo
):
    secret = add_list(actor=owner, name="Secret plans", now=timezone.now())
    save(owner_browser, f"{TABLE}{todo.pk}/change/", list=str(secret.pk))
    save(owner_browser, f"{TABLE}{todo.pk}/change/", content="Bury the gold")
    save(owner_browser, f"{TABLE}{todo.pk}/change/", content="Plant")
    save(owner_browser, f"{TABLE}{todo.pk}/change/", list=str(todo.list_id))
    editor = todo.list.memberships.exclude(user=owner).get(role="editor").user
    page = text_of(browser_for(editor).get(f"{TABLE}{todo.pk}/history/"))
    assert "moved away" in page
    assert "Bury the gold" not in page
    assert "Secret plans" not in page


def test_comments_are_changed_by_who_wrote_them(owner, editor, owner_browser, todo):
    comment = rows_of(owner, todo.list, "Own").comment
    url = f"/admin/todos/comment/{comment.pk}/change/"
    answer = save(owner_browser, url, text="Better said")
    assert answer["Location"] == f"{TABLE}{comment.todo_id}/change/"
    comment.refresh_from_db()
    assert (comment.text, comment.version) == ("Better said", 2)
    browser = browser_for(editor)
    assert browser.post(url, {"text": "Forged"}).status_code == 403
    assert (
        browser.post(url.replace("change", "delete"), {"post": "y"}).status_code == 403
    )
    answer = owner_browser.post(url.replace("change", "delete"), {"post": "y"})
    assert answer["Location"] == f"{TABLE}{comment.todo_id}/change/"
    assert not Comment.objects.exists()


def test_labels_are_made_changed_and_removed(owner, owner_browser, todo_list):
    url = "/admin/todos/label/add/"
    typed = {"name": "outdoors", "list": str(todo_list.pk), "colour": "#2f9e44"}
    assert save(owner_browser, url, **typed).status_code == 302
    label = Label.objects.get()
    again = save(owner_browser, url, **(typed | {"name": "OUTDOORS"}))
    assert "already" in text_of(again)
    save(owner_browser, f"/admin/todos/label/{label.pk}/change/", name="outside")
    label.refresh_from_db()
    assert (label.name, label.colour, label.version) == ("outside", "#2f9e44", 2)
    owner_browser.post(f"/admin/todos/label/{label.pk}/delete/", {"post": "y"})
    assert not Label.objects.exists()
    assert last_event("label.removed").source == "admin"


def test_the_first_page_greets_with_what_is_due(owner, owner_browser, todo_list):
    now = timezone.now()
    today = now.date()
    for content, days in (
        ("Yesterday's", -1),
        ("Today's", 0),
        ("Soon", 4),
        ("Far", 60),
    ):
        due = today + timedelta(days=days)
        add_todo(actor=owner, content=content, due_on=due, assignee=owner, now=now)
    page = owner_browser.get("/admin/")
    boxes = {
        name: [todo.content for todo in page.context[name]]
        for name in ("overdue", "today", "soon", "mine")
    }
    assert boxes["overdue"] == ["Yesterday's"]
    assert boxes["today"] == ["Today's"]
    assert boxes["soon"] == ["Soon"]
    assert boxes["mine"] == ["Yesterday's", "Today's", "Soon", "Far"]
    assert isinstance(page.context["lists"][0], TodoList)
    assert "Hello, Olga Owner" in text_of(page)


def test_a_subtask_in_the_table_says_what_it_is_part_of(owner, owner_browser, todo):
    add_todo(
        actor=owner, todo_list=todo.list, parent=todo, content="Dig", now=timezone.now()
    )
    page = owner_browser.get(address("todos_todo_changelist")).content.decode()
    assert 'Dig <small class="part-of">Plant a tree</small>' in page
    assert page.count('class="part-of"') == 1

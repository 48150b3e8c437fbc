"""The page of a todo, which writes the same as the API."""

from __future__ import annotations

import pytest
from django.forms import ModelForm
from django.utils import timezone
from django.utils.html import escape

from core.models import Event
from tests.admin.cast import rows_of, save, text_of
from tests.admin.todo_pages import TABLE, act, last_event
from tests.conftest import browser_for
from todos.admin import inlines
from todos.admin.forms import TodoForm
from todos.models import Comment, Todo
from todos.services.comments import add_comment
from todos.services.labels import add_label
from todos.services.lists import add_list, edit_list
from todos.services.todos import add_todo


def test_a_todo_is_added_with_all_its_fields(owner, owner_browser, editor, todo_list):
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


def test_line_breaks_are_stored_as_lf(owner_browser, todo):
    """Browsers always send CR LF."""
    url = f"{TABLE}{todo.pk}/change/"
    save(owner_browser, url, notes="one\r\ntwo")
    todo.refresh_from_db()
    assert (todo.notes, todo.version) == ("one\ntwo", 2)
    save(owner_browser, url, notes="one\r\ntwo")
    todo.refresh_from_db()
    assert todo.version == 2


def test_moving_in_the_form_moves_subtasks_and_labels(owner, owner_browser, todo_list):
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
def test_refused_values_become_errors_of_the_field(owner_browser, todo, typed, field):
    answer = save(owner_browser, f"{TABLE}{todo.pk}/change/", **typed)
    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors
    todo.refresh_from_db()
    assert todo.version == 1


def test_rows_of_others_cannot_be_chosen(owner, owner_browser, outsider, todo):
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


def test_a_todo_cannot_become_its_own_subtask(owner, owner_browser, todo):
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


def test_a_viewer_reads_the_page_and_cannot_save_it(viewer, todo):
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


def test_a_refused_save_validates_the_form_once(owner_browser, todo, monkeypatch):
    validated = []

    def count(form: TodoForm) -> None:
        if form.is_bound:
            validated.append(form)
        ModelForm.full_clean(form)

    monkeypatch.setattr(TodoForm, "full_clean", count)
    answer = save(owner_browser, f"{TABLE}{todo.pk}/change/", due_time="10:00")
    assert answer.status_code == 200
    assert "due_time" in answer.context["adminform"].form.errors
    assert len(validated) == 1


def test_all_comments_and_subtasks_can_be_reached_page_by_page(
    owner, owner_browser, todo, monkeypatch
):
    monkeypatch.setattr(inlines, "MAX_ROWS", 2)
    for number in range(5):
        now = timezone.now()
        add_comment(actor=owner, todo=todo, text=f"c{number}", now=now)
        add_todo(
            actor=owner,
            todo_list=todo.list,
            parent=todo,
            content=f"s{number}",
            now=now,
        )
    page = f"/admin/todos/todo/{todo.pk}/change/?_changelist_filters=state%3Dall"
    # The newest comments are shown first, in the order of their time.
    comments = rows_page_by_page(owner_browser, page, "comments", "previous")
    assert comments == [["c4"], ["c2", "c3"], ["c0", "c1"]]
    subtasks = rows_page_by_page(owner_browser, page, "subtasks", "next")
    assert subtasks == [["s0", "s1"], ["s2", "s3"], ["s4"]]
    assert "1–2 of 5" in text_of(owner_browser.get(page))
    for invalid in ("0", "7", "x", ""):
        assert owner_browser.get(f"{page}&comments={invalid}").status_code == 200


def test_all_members_can_be_reached_and_changed(
    owner, owner_browser, todo_list, monkeypatch
):
    monkeypatch.setattr(inlines, "MAX_MEMBERS", 2)
    url = f"/admin/todos/todolist/{todo_list.pk}/change/"
    rows = rows_page_by_page(owner_browser, url, "memberships", "next")
    assert rows == [
        ["Olga Owner (owner)", "Edgar Editor (editor)"],
        ["Vera Viewer (viewer)"],
    ]
    changed = {"memberships-0-role": "editor"}
    answer = save(owner_browser, f"{url}?memberships=2", **changed)
    assert answer.status_code == 302
    assert todo_list.memberships.get(user__username="vera").role == "editor"


def rows_page_by_page(browser, url, prefix, way):
    """Return the rows of a formset, on this page and those that follow it."""
    path, query = url, ""
    found = []
    while True:
        answer = browser.get(path.partition("?")[0] + query if query else path)
        formsets = [one.formset for one in answer.context["inline_admin_formsets"]]
        (formset,) = [one for one in formsets if one.prefix == prefix]
        found.append([str(row) for row in formset.below.rows])
        link = getattr(formset.below, way)
        if not link:
            return found
        assert f'href="{escape(link)}"' in answer.content.decode()
        query, fragment = link.split("#")
        assert f'id="{fragment}"' in text_of(answer)

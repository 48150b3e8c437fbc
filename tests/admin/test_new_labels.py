"""Labels added by typing their names in the form of a todo."""

from __future__ import annotations

import pytest
from django.utils import timezone

from core.models import Event
from tests.admin.cast import address, save, text_of
from tests.conftest import browser_for
from todos.models import Label, Todo
from todos.services.labels import add_label
from todos.services.lists import add_list
from todos.services.todos import edit_todo

ADD = "/admin/todos/todo/add/"


@pytest.fixture
def url(todo) -> str:
    return address("todos_todo_change", todo.pk)


def names_of(todo: Todo) -> list[str]:
    return sorted(label.name for label in todo.labels.all())


def test_new_labels_are_added_to_the_list_and_the_todo(owner, owner_browser, todo, url):
    now = timezone.now()
    soil = add_label(actor=owner, todo_list=todo.list, name="Soil", now=now)
    edit_todo(actor=owner, todo=todo, labels=[soil], now=now)
    answer = save(owner_browser, url, new_labels=" spring, Trees，spring ,, soil")
    assert answer.status_code == 302
    assert names_of(todo) == ["Soil", "Trees", "spring"]
    assert Label.objects.filter(list=todo.list).count() == 3
    assert Event.objects.filter(verb="label.created", source="admin").count() == 2


def test_a_new_todo_gets_new_labels(owner_browser, todo_list):
    answer = save(
        owner_browser, ADD, content="x", list=str(todo_list.pk), new_labels="a, b"
    )
    assert answer.status_code == 302
    assert names_of(Todo.objects.get(content="x")) == ["a", "b"]


def test_a_moved_todo_gets_new_labels_in_its_new_list(owner, owner_browser, todo, url):
    other = add_list(actor=owner, name="Other", now=timezone.now())
    save(owner_browser, url, list=str(other.pk), new_labels="late")
    todo.refresh_from_db()
    assert (todo.list, names_of(todo)) == (other, ["late"])
    assert Label.objects.get().list == other


@pytest.mark.parametrize("typed", ["x" * 101, ",".join("abcdefghijklmnopqrstu")])
def test_an_invalid_label_name_is_an_error_of_the_field(owner_browser, url, typed):
    answer = save(owner_browser, url, new_labels=typed)
    assert "new_labels" in answer.context["adminform"].form.errors
    assert not Label.objects.exists()


def test_a_viewer_adds_no_labels(viewer, editor, todo, url):
    assert 'name="new_labels"' in text_of(browser_for(editor).get(url))
    browser = browser_for(viewer)
    assert 'name="new_labels"' not in text_of(browser.get(url))
    assert browser.post(url, {"new_labels": "a"}).status_code == 403
    assert not Label.objects.exists()


def test_a_stale_form_adds_no_labels_until_it_is_confirmed(
    owner_browser, editor, todo, url
):
    answer = save(owner_browser, url, new_labels="a", version="1-0")
    assert answer.status_code == 409
    assert not Label.objects.exists()

"""The trash, histories, comments and labels of todos."""

from __future__ import annotations

from django.utils import timezone

from tests.admin.cast import rows_of, save, text_of
from tests.admin.todo_pages import TABLE, TRASH, act, last_event
from tests.conftest import browser_for
from todos.models import Comment, Label, Todo
from todos.services.labels import add_label
from todos.services.lists import add_list
from todos.services.trash import trash_todo


def test_the_trash_lists_deleted_todos_whose_pages_are_404(owner, owner_browser, todo):
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


def test_history_shows_who_changed_what(owner, owner_browser, editor, todo):
    label = add_label(actor=owner, todo_list=todo.list, name="wood", now=timezone.now())
    save(
        owner_browser,
        f"{TABLE}{todo.pk}/change/",
        assignee=str(editor.pk),
        labels=[str(label.pk)],
        priority="3",
    )
    page = text_of(owner_browser.get(f"{TABLE}{todo.pk}/history/"))
    for word in (
        "Olga Owner",
        "Edgar Editor",
        "wood",
        "high",
        "changed",
        "added",
        "admin",
    ):
        assert word in page
    assert str(editor.pk) not in page


def test_history_hides_events_of_invisible_lists(owner, owner_browser, outsider, todo):
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


def test_comments_are_edited_by_their_authors(owner, editor, owner_browser, todo):
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


def test_labels_are_added_edited_and_deleted(owner, owner_browser, todo_list):
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

"""Attachments on the pages of todos and comments."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from files.models import FOLDERS
from files.stores import store
from tests.conftest import browser_for
from tests.pictures import PNG
from todos.models import Attachment, Comment, Todo
from todos.services.comments import add_comment

pytestmark = pytest.mark.usefixtures("use_local_store")


def page_of(row: Todo | Comment | Attachment) -> str:
    return reverse(f"admin:todos_{row._meta.model_name}_change", args=[row.pk])


def attach(browser: Client, row: Todo | Comment, *files: SimpleUploadedFile) -> Any:
    """Send the form of the page."""
    page = browser.get(page_of(row)).text
    name = f"admin:todos_{row._meta.model_name}_attach"
    url = reverse(name, args=[row.pk])
    assert f'action="{url}"' in page
    once = re.search(r'name="once" value="([^"]*)" form="attach-form"', page)
    assert once
    data = {"file": list(files), "once": once[1], "next": page_of(row)}
    return browser.post(url, data, follow=True)


def text_file(
    name: str = "notes.txt", text: str = "Seeds & soil"
) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode(), "text/html")


def objects() -> list[str]:
    return [name for folder in FOLDERS for name in store().names(folder)]


@pytest.fixture
def editors(editor) -> Client:
    return browser_for(editor)


@pytest.fixture
def attachment(editors, todo) -> Attachment:
    attach(editors, todo, text_file())
    return Attachment.objects.get()


def test_files_are_attached_and_listed(editors, todo):
    page = attach(editors, todo, text_file(), text_file("plan.txt")).text
    assert "2 files were attached." in page
    assert "notes.txt" in page
    assert "plan.txt" in page
    page = attach(editors, todo, text_file("tree.txt")).text
    assert "“tree.txt” was attached." in page


def test_a_form_that_is_sent_twice_attaches_once(editors, todo):
    page = editors.get(page_of(todo)).text
    (once,) = re.findall(r'name="once" value="([^"]*)" form="attach-form"', page)
    url = reverse("admin:todos_todo_attach", args=[todo.pk])
    for _time in range(2):
        editors.post(url, {"file": text_file(), "once": once})
    assert Attachment.objects.count() == len(objects()) == 1


def test_a_form_without_a_file_says_what_to_do(editors, todo):
    assert "Choose a file first." in attach(editors, todo).text


def test_a_form_from_another_site_attaches_nothing(editor, todo):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(editor)
    url = reverse("admin:todos_todo_attach", args=[todo.pk])
    assert browser.post(url, {"file": text_file()}).status_code == 403
    assert (Attachment.objects.count(), objects()) == (0, [])


def test_a_signed_out_person_attaches_nothing(todo):
    url = reverse("admin:todos_todo_attach", args=[todo.pk])
    response = Client().post(url, {"file": text_file()})
    assert response.status_code in {302, 403}
    assert (Attachment.objects.count(), objects()) == (0, [])


def test_a_viewer_sees_and_downloads_but_cannot_attach(viewer, attachment):
    browser = browser_for(viewer)
    page = browser.get(page_of(attachment.todo)).text
    assert "notes.txt" in page
    assert "attach-form" not in page
    url = reverse("admin:todos_attachment_content", args=[attachment.pk])
    response = browser.get(url)
    assert b"".join(response.streaming_content) == b"Seeds & soil"  # type: ignore[attr-defined]
    assert response["Content-Disposition"] == 'attachment; filename="notes.txt"'
    url = reverse("admin:todos_todo_attach", args=[attachment.todo_id])
    browser.post(url, {"file": text_file()})
    assert Attachment.objects.count() == len(objects()) == 1


def test_an_outsider_finds_nothing(outsider, attachment):
    browser = browser_for(outsider)
    for name in ("content", "change", "delete"):
        url = reverse(f"admin:todos_attachment_{name}", args=[attachment.pk])
        assert browser.get(url).status_code == 404


def test_the_page_of_a_text_shows_it_as_text(editors, todo):
    attach(editors, todo, text_file("a.html", "<script>alert(1)</script>"))
    page = editors.get(page_of(Attachment.objects.get())).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_the_beginning_of_a_long_text_is_shown(editors, todo):
    attach(editors, todo, text_file(text="z" * 100_000))
    page = editors.get(page_of(Attachment.objects.get())).text
    assert "z" * 60_000 in page
    assert "z" * 66_000 not in page
    assert "Only the beginning is shown." in page


def test_an_image_is_shown_and_other_files_are_not(editors, todo):
    attach(editors, todo, SimpleUploadedFile("tree.png", PNG))
    attach(editors, todo, SimpleUploadedFile("fake.png", b"\x00MZ not an image"))
    image, other = Attachment.objects.order_by("created_at")
    url = reverse("admin:todos_attachment_content", args=[image.pk])
    assert f'<img src="{url}"' in editors.get(page_of(todo)).text
    assert f'<img src="{url}"' in editors.get(page_of(image)).text
    url = reverse("admin:todos_attachment_content", args=[other.pk])
    assert f'<img src="{url}"' not in editors.get(page_of(other)).text


def test_an_attachment_is_renamed(editors, attachment):
    data = {"name": "../better.txt", "version": "1", "_save": "1"}
    editors.post(page_of(attachment), data)
    attachment.refresh_from_db()
    assert attachment.name == "better.txt"


def test_a_deleted_attachment_is_gone(editors, attachment):
    url = reverse("admin:todos_attachment_delete", args=[attachment.pk])
    response = editors.post(url, {"post": "yes"}, follow=True)
    assert response.redirect_chain[-1][0] == page_of(attachment.todo)
    assert "was deleted." in response.text
    assert Attachment.objects.count() == 0


def test_a_damaged_file_is_explained(editors, attachment):
    for name in objects():
        store().delete(name)
    url = reverse("admin:todos_attachment_content", args=[attachment.pk])
    assert "missing or damaged" in editors.get(url, follow=True).text
    assert editors.get(page_of(attachment)).status_code == 200


def test_a_comment_takes_files_of_its_author_alone(editor, editors, owner, todo, now):
    comment = add_comment(actor=editor, todo=todo, text="See here.", now=now)
    attach(editors, comment, text_file())
    attachment = Attachment.objects.get()
    assert attachment.comment_id == comment.pk
    owners = browser_for(owner)
    assert "attach-form" not in owners.get(page_of(comment)).text
    assert "on a comment" in owners.get(page_of(todo)).text


def test_a_file_beyond_the_limit_is_explained(settings, editors, todo):
    settings.FILE_LIMIT = 5
    assert "The file is too large." in attach(editors, todo, text_file()).text
    assert objects() == []


def test_a_full_quota_is_explained(settings, editors, todo):
    settings.USER_FILES_LIMIT = 5
    assert "There is no room for this file." in attach(editors, todo, text_file()).text
    assert objects() == []

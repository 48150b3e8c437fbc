"""Pages show people with their picture, or their initials on a colour of their own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.images import square_image
from accounts.models import User
from accounts.services.avatars import set_avatar
from core.models import Event
from tests.admin.cast import address, statements, text_of
from tests.conftest import NOW, browser_for, make_person
from tests.images import picture
from tests.todos.helpers import fresh
from todos.models import MemberRole, Todo
from todos.services.comments import add_comment
from todos.services.sharing import share_list
from todos.services.todos import add_todo, edit_todo

PROFILE = "/admin/accounts/user/me/"
UPLOAD = "/admin/accounts/user/me/avatar/"
IMAGE = re.compile(r'<img class="avatar[^>]*>')

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def edgar(editor: User, todo: Todo) -> User:
    """A person with a picture, who is shown on every page about the todo."""
    person = give_picture(editor)
    edit_todo(actor=person, todo=todo, assignee=person, now=NOW)
    add_comment(actor=person, todo=todo, text="Soon", now=NOW)
    return person


def give_picture(person: User) -> User:
    return set_avatar(actor=person, image=square_image(picture()), now=NOW)


def upload(browser: Client, data: bytes = picture(), **others: Any) -> Any:
    file = SimpleUploadedFile("me.png", data, "image/png")
    return browser.post(UPLOAD, {"file": file} | others, follow=True)


def sources_on(browser: Client, url: str) -> list[str]:
    """Return the addresses of the pictures on a page."""
    images = IMAGE.findall(text_of(browser.get(url)))
    for image in images:
        assert re.search(r' width="\d+" height="\d+" alt="" loading="lazy"', image)
    return [re.findall(r'src="([^"]*)"', image)[0] for image in images]


def pages_with(edgar: User, todo: Todo) -> dict[str, str]:
    return {
        "todos": address("todos_todo_changelist"),
        "a todo": address("todos_todo_change", todo.pk),
        "its history": address("todos_todo_history", todo.pk),
        "a list": address("todos_todolist_change", todo.list_id),
        "people": address("accounts_user_changelist"),
        "a person": address("accounts_user_change", edgar.pk),
    }


@pytest.mark.parametrize(
    "page", ["todos", "a todo", "its history", "a list", "people", "a person"]
)
def test_the_picture_is_shown_wherever_the_person_is(owner_browser, edgar, todo, page):
    url = pages_with(edgar, todo)[page]
    size = 96 if page == "a person" else 24
    assert edgar.avatar_path(size) in sources_on(owner_browser, url)


def test_the_log_shows_who_did_it_to_those_who_see_the_person(
    edgar, administrator, auditor
):
    log = address("core_event_changelist")
    assert set(sources_on(browser_for(administrator), log)) == {edgar.avatar_path(24)}
    assert not sources_on(browser_for(auditor), log)


def test_people_see_their_own_picture_on_every_page(edgar):
    browser = browser_for(edgar)
    for url in (address("index"), address("todos_label_changelist"), PROFILE):
        assert edgar.avatar_path(24) in sources_on(browser, url)


def test_without_a_picture_the_initials_have_a_colour_of_the_person(
    owner, owner_browser
):
    page = text_of(owner_browser.get(PROFILE))
    found = re.findall(r'class="avatar[^"]* initials (tint-\d)"[^>]*>(\w+)<', page)
    assert found == [(f"tint-{owner.pk.int % 8}", "OO")] * 2
    assert "<img" not in page.replace("look/mark.svg", "").split("<main")[1]


def test_names_that_are_html_stay_text(todo_list, owner, owner_browser):
    person = make_person("h", display_name="<b>x</b> <i>")
    share_list(
        actor=owner, todo_list=todo_list, user=person, role=MemberRole.EDITOR, now=NOW
    )
    page = owner_browser.get(address("todos_todo_changelist")).content.decode()
    assert "<b>x</b>" not in page
    assert 'aria-hidden="true">&lt;&lt;</span>' in page


def test_pictures_cost_no_statements(owner, owner_browser, todo_list):
    people = [make_person(f"p{number}") for number in range(6)]
    for person in people:
        share_list(
            actor=owner,
            todo_list=todo_list,
            user=person,
            role=MemberRole.EDITOR,
            now=NOW,
        )
        todo = add_todo(
            actor=owner, todo_list=todo_list, content="x", assignee=person, now=NOW
        )
        add_comment(actor=person, todo=todo, text="x", now=NOW)
    urls = pages_with(people[0], todo).values()
    before = [len(statements(owner_browser, url)) for url in urls]
    for person in people:
        give_picture(person)
    for url, count in zip(urls, before, strict=True):
        sent = statements(owner_browser, url)
        assert len(sent) == count
        assert not any("accounts_avatar" in one for one in sent)


# --- Uploading -------------------------------------------------------------------


def test_users_upload_and_remove_their_picture(owner, owner_browser):
    page = text_of(upload(owner_browser))
    assert "Your picture was saved." in page
    assert fresh(owner).avatar_path(96) in page
    event = Event.objects.get(verb="user.changed")
    assert (event.source, event.actor_id) == ("admin", owner.pk)
    page = text_of(owner_browser.post(UPLOAD, {"remove": "1"}, follow=True))
    assert "Your picture was removed." in page
    assert fresh(owner).avatar == ""


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"text", "This is not a JPEG, PNG, WebP or GIF image, or it is damaged."),
        (picture(8, 8), "The image is too small. Use one of at least 32 × 32 pixels."),
    ],
)
def test_other_files_are_refused_with_the_reason(owner, owner_browser, data, message):
    assert message in text_of(upload(owner_browser, data))
    assert fresh(owner).avatar == ""


def test_an_image_has_to_be_chosen(owner_browser):
    page = text_of(owner_browser.post(UPLOAD, {}, follow=True))
    assert "Choose an image first." in page


def test_the_form_says_what_it_accepts(owner_browser):
    page = text_of(owner_browser.get(PROFILE))
    assert "JPEG, PNG, WebP or GIF, at most 8 MB." in page
    assert 'enctype="multipart/form-data"' in page
    assert f'data-most="{8 * 1024 * 1024}"' in page


def test_a_large_image_is_accepted_and_a_larger_one_is_not(owner, owner_browser):
    image = picture()
    assert upload(owner_browser, image.ljust(8_000_000, b"\0")).status_code == 200
    assert fresh(owner).avatar
    answer = upload(owner_browser, image.ljust(8 * 1024 * 1024, b"\0"))
    assert answer.status_code == 413


def test_a_picture_needs_the_csrf_token_and_a_session(owner):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    assert upload(browser).status_code == 403
    assert Client().post(UPLOAD, {}).status_code == 302
    assert fresh(owner).avatar == ""


def test_pictures_are_not_read_at_the_address_of_the_form(owner_browser):
    assert owner_browser.get(UPLOAD).status_code == 405


def test_a_manager_removes_the_picture_of_a_person(edgar, manager, owner_browser):
    url = f"/admin/accounts/user/{edgar.pk}/avatar/"
    manages = browser_for(manager)
    page = text_of(manages.get(address("accounts_user_change", edgar.pk)))
    assert f'action="{url}"' in page
    assert owner_browser.post(url).status_code == 403
    assert fresh(edgar).avatar
    assert "The picture was removed." in text_of(manages.post(url, follow=True))
    assert fresh(edgar).avatar == ""


def test_the_history_of_a_person_names_the_picture(owner, owner_browser):
    give_picture(owner)
    page = text_of(owner_browser.get(address("accounts_user_history", owner.pk)))
    assert "Picture" in page
    assert fresh(owner).avatar in page

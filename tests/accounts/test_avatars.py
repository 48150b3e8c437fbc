"""People have a picture, which everyone who sees them sees."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from accounts.avatar_files import file_of, folder
from accounts.images import SIZES, square_image
from accounts.models import Avatar, User
from accounts.services.avatars import remove_avatar, set_avatar, sweep_files
from accounts.services.people import remove_person
from core.errors import Forbidden
from core.models import Event
from tests.conftest import NOW, api_for, browser_for
from tests.images import RED, gif_with_frames, is_like, opened, picture
from tests.problems import assert_problem
from tests.todos.helpers import fresh
from todos.models import TodoList

AVATAR = "/api/v1/me/avatar"
URL = re.compile(r"http://testserver/media/public/avatars/[0-9a-f]{32}-256\.webp")
OTHER = picture(colour=(0, 90, 0))

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def upload(client: Any, data: bytes = picture(), kind: str = "image/png") -> Any:
    return client.generic("PUT", AVATAR, data, content_type=kind)


def give_picture(person: User, data: bytes = picture()) -> User:
    return set_avatar(actor=person, image=square_image(data), now=NOW)


def path_of(person: User, size: int = 64) -> str:
    return fresh(person).avatar_path(size)


# --- The API ----------------------------------------------------------------------


def test_an_image_becomes_the_picture_of_its_sender(owner, owner_api):
    answer = upload(owner_api)
    assert answer.status_code == 200, answer.content
    url = answer.json()["avatar_url"]
    assert URL.fullmatch(url)
    assert owner_api.get("/api/v1/me").json() == answer.json()
    shown = Client().get(url)
    assert shown["Content-Type"] == "image/webp"
    image = opened(shown.content)
    assert image.size == (256, 256)
    assert is_like(image.getpixel((9, 9)), RED)


def test_a_form_may_contain_the_image(owner_api):
    file = SimpleUploadedFile("../../face.svg", picture(), "image/svg+xml")
    answer = owner_api.put(AVATAR, {"file": file}, format="multipart")
    assert answer.status_code == 200, answer.content
    assert URL.fullmatch(answer.json()["avatar_url"])


@pytest.mark.parametrize("kind", ["text/html", "application/json", "image/svg+xml"])
def test_the_declared_type_does_not_matter(owner_api, kind):
    assert upload(owner_api, kind=kind).status_code == 200


def test_without_a_picture_the_address_is_null(owner_api):
    assert owner_api.get("/api/v1/me").json()["avatar_url"] is None


def test_a_picture_is_removed(owner, owner_api):
    url = upload(owner_api).json()["avatar_url"]
    answer = owner_api.delete(AVATAR)
    assert answer.status_code == 200
    assert answer.json()["avatar_url"] is None
    assert not Avatar.objects.exists()
    assert Client().get(url).status_code == 404
    assert owner_api.delete(AVATAR).json() == answer.json()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"plain text", "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"),
        (picture(1, 1), "image_too_small"),
        (picture(1, 20000), "image_too_small"),
    ],
)
def test_other_files_are_refused(owner, owner_api, data, code):
    assert_problem(upload(owner_api, data), 400, code, "file")
    assert (fresh(owner).avatar, fresh(owner).version) == ("", owner.version)


def test_an_empty_body_is_refused(owner_api):
    assert_problem(upload(owner_api, b""), 400, "invalid", "file")
    assert_problem(
        owner_api.put(AVATAR, {}, format="multipart"), 400, "invalid", "file"
    )


def test_a_form_with_other_fields_is_refused(owner_api):
    file = SimpleUploadedFile("a.png", picture(), "image/png")
    form = {"file": file, "size": "64"}
    answer = owner_api.put(AVATAR, form, format="multipart")
    assert_problem(answer, 400, "invalid", "size")


def test_an_animation_is_reduced_to_its_first_frame(owner_api):
    url = upload(owner_api, gif_with_frames(10_000), "image/gif").json()["avatar_url"]
    image = opened(Client().get(url).content)
    assert not getattr(image, "is_animated", False)
    assert is_like(image.getpixel((9, 9)), RED)


def test_eight_mebibytes_are_the_limit(owner_api):
    limit = 8 * 1024 * 1024
    image = picture()
    assert upload(owner_api, image.ljust(limit, b"\0")).status_code == 200
    assert_problem(upload(owner_api, image.ljust(limit + 1, b"\0")), 413, "too_large")


def test_a_key_needs_the_scope_of_the_profile(owner):
    reader = api_for(owner, scopes=["profile:read"])
    assert_problem(upload(reader), 403, "scope_missing")
    assert_problem(reader.delete(AVATAR), 403, "scope_missing")
    assert_problem(upload(APIClient()), 401, "not_authenticated")


def test_a_picture_is_a_change_of_the_profile(owner, owner_api):
    before = owner_api.get("/api/v1/me")
    after = upload(owner_api)
    assert after["ETag"] != before["ETag"]
    assert after.json()["version"] == before.json()["version"] + 1
    stale = owner_api.generic(
        "PUT", AVATAR, OTHER, "image/png", headers={"If-Match": before["ETag"]}
    )
    assert_problem(stale, 412, "version_mismatch")
    current = {"If-Match": after["ETag"]}
    assert owner_api.delete(AVATAR, headers=current).status_code == 200


def test_the_same_picture_again_changes_nothing(owner_api):
    first = upload(owner_api)
    assert upload(owner_api)["ETag"] == first["ETag"]
    assert Event.objects.filter(verb="user.changed").count() == 1


def test_the_event_has_the_names_before_and_after(owner, owner_api):
    upload(owner_api)
    first = fresh(owner).avatar
    upload(owner_api, OTHER)
    second = fresh(owner).avatar
    owner_api.delete(AVATAR)
    recorded = Event.objects.filter(verb="user.changed").order_by("pk")
    assert [event.changes for event in recorded] == [
        {"avatar": ["", first]},
        {"avatar": [first, second]},
        {"avatar": [second, ""]},
    ]
    assert {(event.source, event.actor_id) for event in recorded} == {("api", owner.pk)}


def test_people_of_the_same_lists_see_the_picture(
    owner, editor_api, outsider_api, todo_list: TodoList
):
    members = f"/api/v1/lists/{todo_list.pk}/members"
    before = editor_api.get(members)
    person = give_picture(owner)
    url = f"http://testserver{person.avatar_path(256)}"
    shown = editor_api.get(f"/api/v1/users/{owner.pk}").json()
    assert shown["avatar_url"] == url
    found = editor_api.get(members, headers={"If-None-Match": before["ETag"]})
    assert found.status_code == 200
    by_name = {row["user"]["username"]: row["user"] for row in found.json()["results"]}
    assert by_name["olga"]["avatar_url"] == url
    assert by_name["vera"]["avatar_url"] is None
    assert outsider_api.get(f"/api/v1/users/{owner.pk}").status_code == 404


def test_the_tag_of_a_member_changes_with_the_picture(owner, editor_api, todo_list):
    members = f"/api/v1/lists/{todo_list.pk}/members"
    first = editor_api.get(members).json()["results"][0]
    url = f"{members}/{first['id']}"
    before = editor_api.get(url)["ETag"]
    for user in User.objects.filter(pk=first["user"]["id"]):
        give_picture(user)
    again = editor_api.get(url, headers={"If-None-Match": before})
    assert again.status_code == 200
    assert again["ETag"] != before


# --- The files --------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_each_size_is_made_at_its_first_request_and_kept(owner, size):
    give_picture(owner)
    name = fresh(owner).avatar
    assert not file_of(name, size).exists()
    answer = Client().get(f"/media/public/avatars/{name}-{size}.webp")
    assert opened(answer.content).size == (size, size)
    assert file_of(name, size).read_bytes() == answer.content
    assert [path.suffix for path in folder().iterdir()] == [".webp"]


def test_a_kept_file_is_sent_while_somebody_has_the_picture(owner):
    name = give_picture(owner).avatar
    folder().mkdir(parents=True)
    file_of(name, 64).write_bytes(b"kept")
    assert Client().get(path_of(owner)).content == b"kept"
    url = path_of(owner)
    Avatar.objects.all().delete()
    assert Client().get(url).status_code == 404


def test_a_file_may_be_cached_forever_and_never_runs(owner):
    give_picture(owner)
    answer = browser_for(owner).get(path_of(owner))
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "Cookie" not in answer.get("Vary", "")
    assert not answer.cookies


def test_a_file_is_readable_by_the_web_server(owner):
    give_picture(owner)
    mask = os.umask(0o027)
    try:
        Client().get(path_of(owner))
    finally:
        os.umask(mask)
    assert file_of(fresh(owner).avatar, 64).stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "path",
    [
        f"{'0' * 32}-64.webp",
        "face.webp",
        "../../secret-64.webp",
        f"{'0' * 32}-64.webp%0A",
        f"{'0' * 31}%0A-64.webp",
    ],
)
def test_unknown_names_are_not_found_and_write_nothing(owner, path):
    give_picture(owner)
    assert Client().get(f"/media/public/avatars/{path}").status_code == 404
    assert not folder().exists()


@pytest.mark.parametrize("size", ["0", "1", "63", "512", "64000", "-64", "064", "٦٤"])
def test_other_sizes_are_not_found(owner, size):
    name = give_picture(owner).avatar
    answer = Client().get(f"/media/public/avatars/{name}-{size}.webp")
    assert answer.status_code == 404
    assert not folder().exists()


def test_files_are_only_read(owner):
    give_picture(owner)
    assert owner.pk
    for method in ("POST", "PUT", "DELETE"):
        answer = Client().generic(method, path_of(owner))
        assert answer.status_code == 405


def test_without_a_writable_disk_pictures_are_served(owner, settings, tmp_path):
    (tmp_path / "media").write_text("in the way of the folder")
    give_picture(owner)
    for _ in range(2):
        assert Client().get(path_of(owner)).status_code == 200


def test_the_files_of_a_replaced_picture_disappear(
    owner, django_capture_on_commit_callbacks
):
    give_picture(owner)
    old = path_of(owner)
    Client().get(old)
    with django_capture_on_commit_callbacks(execute=True):
        give_picture(owner, OTHER)
    assert not list(folder().iterdir())
    assert Client().get(old).status_code == 404
    assert Client().get(path_of(owner)).status_code == 200


def test_people_with_the_same_picture_do_not_share_files(owner, editor):
    assert give_picture(owner).avatar != give_picture(editor).avatar


def test_unused_files_are_swept(owner, editor):
    give_picture(owner)
    give_picture(editor)
    for person in (owner, editor):
        Client().get(path_of(person))
    Avatar.objects.filter(user=editor).delete()  # as after a restore
    abandoned, recent = folder() / "a.part", folder() / "b.part"
    for path in (abandoned, recent):
        path.touch()
    os.utime(abandoned, (time.time() - 7200,) * 2)
    assert sum(sweep_files()) == 2
    kept = {file_of(fresh(owner).avatar, 64), recent}
    assert set(folder().iterdir()) == kept


# --- Removed people, and managers --------------------------------------------------


def test_a_removed_person_loses_the_picture(
    owner, administrator, django_capture_on_commit_callbacks
):
    name = give_picture(owner).avatar
    url = path_of(owner)
    Client().get(url)
    with django_capture_on_commit_callbacks(execute=True):
        remove_person(actor=administrator, person=owner, now=NOW)
    assert fresh(owner).avatar == ""
    assert not Avatar.objects.exists()
    assert not list(folder().iterdir())
    assert Client().get(url).status_code == 404
    assert name not in str(list(Event.objects.values_list("changes", flat=True)))


def test_a_manager_removes_the_picture_of_somebody_else(manager, owner):
    give_picture(owner)
    remove_avatar(actor=manager, person=owner, now=NOW)
    assert fresh(owner).avatar == ""
    event = Event.objects.filter(verb="user.changed").latest("pk")
    assert event.actor_id == manager.pk


def test_others_do_not(editor, owner):
    give_picture(owner)
    with pytest.raises(Forbidden):
        remove_avatar(actor=editor, person=owner, now=NOW)


def test_a_manager_does_not_change_who_may_do_more(manager, administrator):
    give_picture(administrator)
    with pytest.raises(Forbidden):
        remove_avatar(actor=manager, person=administrator, now=NOW)


def test_lists_of_people_do_not_read_images(
    owner_api, owner, editor, todo_list, django_assert_num_queries
):
    for person in (owner, editor):
        give_picture(person)
    owner_api.get("/api/v1/users")
    with django_assert_num_queries(2) as captured:  # the key, the people
        owner_api.get("/api/v1/users")
    assert not any('"image"' in query["sql"] for query in captured.captured_queries)

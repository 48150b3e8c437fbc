"""Attachments of todos and comments: upload, download, delete, and their rights."""

from __future__ import annotations

import hashlib
import io
import os
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from core.models import Event, StoredSecret
from files.models import FOLDERS, StoredFile
from files.services import sweep
from files.stores import store
from files.streaming import CONTENT
from tests.conftest import api_for
from tests.problems import assert_problem
from todos.models import Attachment, Todo
from todos.services.comments import add_comment, remove_comment
from todos.services.lists import add_list
from todos.services.todos import edit_todo
from todos.services.trash import purge_todo, restore_todo, trash_todo

pytestmark = pytest.mark.usefixtures("use_local_store")
CONTENTS = b"%PDF-1.7\n" + os.urandom(2 * CONTENT)


def url_of(todo: Todo) -> str:
    return f"/api/v1/todos/{todo.pk}/attachments"


def upload(api: Any, todo: Todo, content: bytes = CONTENTS, **options: Any) -> Any:
    """Send a file as a part of a form."""
    name = options.pop("name", "lease.pdf")
    file = SimpleUploadedFile(name, content, "text/html")
    return api.post(url_of(todo), {"file": file}, format="multipart", **options)


def attached(api: Any, todo: Todo, content: bytes = CONTENTS) -> str:
    response = upload(api, todo, content)
    assert response.status_code == 201, response.content
    return f"{url_of(todo)}/{response.json()['id']}"


def content_of(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def objects() -> list[str]:
    return [name for folder in FOLDERS for name in store().names(folder)]


def test_an_editor_attaches_a_file_and_everyone_in_the_list_reads_it(
    editor_api, viewer_api, todo
):
    response = upload(editor_api, todo)
    shown = response.json()
    assert (response.status_code, shown["name"]) == (201, "lease.pdf")
    assert (shown["size"], shown["media_type"]) == (len(CONTENTS), "application/pdf")
    assert shown["sha256"] == hashlib.sha256(CONTENTS).hexdigest()
    assert viewer_api.get(response["Location"]).json() == shown
    assert viewer_api.get(url_of(todo)).json()["results"] == [shown]
    assert content_of(viewer_api.get(f"{response['Location']}/content")) == CONTENTS


def test_a_body_of_any_other_type_is_the_file(editor_api, todo):
    response = editor_api.generic(
        "POST",
        url_of(todo),
        CONTENTS,
        content_type="application/pdf",
        HTTP_CONTENT_DISPOSITION="attachment; filename*=UTF-8''M%C3%BCll.pdf",
    )
    assert response.json()["name"] == "Müll.pdf"
    assert content_of(editor_api.get(f"{response['Location']}/content")) == CONTENTS


def test_a_json_document_can_be_attached(editor_api, todo):
    response = editor_api.generic(
        "POST",
        url_of(todo),
        b'{"a": 1}',
        content_type="application/json",
        HTTP_CONTENT_DISPOSITION='attachment; filename="a.json"',
    )
    assert (response.status_code, response.json()["name"]) == (201, "a.json")


def test_the_store_holds_nothing_of_the_file(editor_api, todo):
    upload(editor_api, todo, b"a very secret text " * 1000, name="secret.txt")
    (name,) = objects()
    with closing(store().open(name)) as stream:
        stored = stream.read()
    assert b"secret" not in stored + name.encode()
    assert b"text/plain" not in stored


def test_an_empty_file_is_a_file(editor_api, todo):
    url = attached(editor_api, todo, b"")
    assert content_of(editor_api.get(f"{url}/content")) == b""


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        (f"bytes={CONTENT - 50}-{CONTENT + 50}", CONTENT - 50, CONTENT + 51),
        ("bytes=-5", len(CONTENTS) - 5, len(CONTENTS)),
        (f"bytes={len(CONTENTS) - 1}-", len(CONTENTS) - 1, len(CONTENTS)),
        ("bytes=5-99999999999", 5, len(CONTENTS)),
    ],
)
def test_a_range_is_answered(editor_api, todo, header, start, stop):
    url = attached(editor_api, todo)
    response = editor_api.get(f"{url}/content", HTTP_RANGE=header)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {start}-{stop - 1}/{len(CONTENTS)}"
    assert response["Content-Length"] == str(stop - start)
    assert content_of(response) == CONTENTS[start:stop]


@pytest.mark.parametrize(
    "header", ["bytes=0-1,4-5", "lines=0-1", "bytes=5-2", "bytes=-", "bytes=a-b"]
)
def test_other_ranges_are_ignored(editor_api, todo, header):
    url = attached(editor_api, todo)
    response = editor_api.get(f"{url}/content", HTTP_RANGE=header)
    assert (response.status_code, content_of(response)) == (200, CONTENTS)


@pytest.mark.parametrize("header", [f"bytes={len(CONTENTS)}-", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(editor_api, todo, header):
    url = attached(editor_api, todo)
    response = editor_api.get(f"{url}/content", HTTP_RANGE=header)
    assert_problem(response, 416, "range_not_satisfiable")
    assert response["Content-Range"] == f"bytes */{len(CONTENTS)}"


def test_a_range_of_another_version_gets_the_whole_file(editor_api, todo):
    url = attached(editor_api, todo)
    etag = editor_api.head(f"{url}/content")["ETag"]
    for given, status in ((etag, (206, 2)), ('"other"', (200, len(CONTENTS)))):
        response = editor_api.get(
            f"{url}/content", HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE=given
        )
        assert (response.status_code, len(content_of(response))) == status


def test_an_unchanged_file_is_not_sent_again(editor_api, todo):
    url = attached(editor_api, todo)
    etag = editor_api.head(f"{url}/content")["ETag"]
    response = editor_api.get(f"{url}/content", HTTP_IF_NONE_MATCH=etag)
    assert (response.status_code, response.content) == (304, b"")


def test_a_download_never_runs_in_a_browser(editor_api, todo):
    url = attached(editor_api, todo, b"<script>alert(1)</script>")
    response = editor_api.get(f"{url}/content")
    assert content_of(response).startswith(b"<script>")
    assert response["Content-Type"] == "text/plain"
    assert response["Content-Disposition"] == 'attachment; filename="lease.pdf"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "private" in response["Cache-Control"]


def test_a_changed_object_is_not_sent(editor_api, todo):
    url = attached(editor_api, todo)
    (name,) = objects()
    path = Path(store().path(name))  # type: ignore[attr-defined]
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    assert_problem(editor_api.get(f"{url}/content"), 500, "file_damaged")


def test_a_missing_object_is_reported(editor_api, todo):
    url = attached(editor_api, todo)
    for name in objects():
        store().delete(name)
    assert_problem(editor_api.get(f"{url}/content"), 500, "file_damaged")


def test_a_viewer_cannot_attach_rename_or_delete(editor_api, viewer_api, todo):
    url = attached(editor_api, todo)
    assert_problem(upload(viewer_api, todo), 403, "permission_denied")
    assert_problem(viewer_api.patch(url, {"name": "x"}), 403, "permission_denied")
    assert_problem(viewer_api.delete(url), 403, "permission_denied")
    assert len(objects()) == 1


def test_an_outsider_finds_nothing(editor_api, outsider, todo):
    url = attached(editor_api, todo)
    api = api_for(outsider)
    for response in (
        api.get(url_of(todo)),
        api.get(url),
        api.get(f"{url}/content"),
        api.delete(url),
        upload(api, todo),
    ):
        assert_problem(response, 404, "not_found")
    assert len(objects()) == 1


def test_a_key_without_the_scope_reads_and_writes_no_files(editor, editor_api, todo):
    url = attached(editor_api, todo)
    api = api_for(editor, ["todos:read", "todos:write"])
    assert_problem(api.get(f"{url}/content"), 403, "scope_missing")
    assert_problem(upload(api, todo), 403, "scope_missing")


def test_a_file_is_renamed_but_its_content_stays(editor_api, todo):
    url = attached(editor_api, todo)
    shown = editor_api.patch(url, {"name": "../new\r\nname.pdf"}).json()
    assert (shown["name"], shown["version"]) == ("new name.pdf", 2)
    assert content_of(editor_api.get(f"{url}/content")) == CONTENTS


def test_a_deleted_file_cannot_be_read_even_with_its_object(editor_api, todo):
    url = attached(editor_api, todo)
    assert editor_api.delete(url).status_code == 204
    assert_problem(editor_api.get(f"{url}/content"), 404, "not_found")
    assert StoredSecret.objects.count() == 0
    assert len(objects()) == 1  # for a backup that is running


def test_objects_of_deleted_files_are_swept_a_day_later(editor_api, todo):
    kept, deleted = (attached(editor_api, todo) for _number in range(2))
    editor_api.delete(deleted)
    for hours, left in ((23, 2), (25, 1)):
        now = timezone.now() + timedelta(hours=hours)
        for folder in FOLDERS:
            list(sweep(folder, now=now))
        assert len(objects()) == left
    assert content_of(editor_api.get(f"{kept}/content")) == CONTENTS
    assert StoredFile.objects.count() == 1


def test_the_name_is_removed_from_the_log_with_the_file(editor_api, todo):
    editor_api.delete(attached(editor_api, todo))
    for event in Event.objects.filter(resource_type="attachment"):
        assert "lease" not in str(event.changes)


def test_a_trashed_todo_hides_its_files_and_a_restored_one_shows_them(
    owner, editor_api, todo, now
):
    url = attached(editor_api, todo)
    trash_todo(actor=owner, todo=todo, now=now)
    assert_problem(editor_api.get(f"{url}/content"), 404, "not_found")
    restore_todo(actor=owner, todo=todo, now=now)
    assert content_of(editor_api.get(f"{url}/content")) == CONTENTS


def test_a_purged_todo_takes_its_files_along(owner, editor_api, todo, now):
    attached(editor_api, todo)
    trash_todo(actor=owner, todo=todo, now=now)
    purge_todo(actor=owner, todo=todo, now=now)
    assert Attachment.objects.count() == 0
    assert StoredFile.objects.existing().count() == 0


def test_a_moved_todo_takes_its_files_out_of_reach(
    owner, owner_api, editor_api, todo, now
):
    url = attached(editor_api, todo)
    private = add_list(actor=owner, name="Private", now=now)
    edit_todo(actor=owner, todo=todo, now=now, todo_list=private)
    assert_problem(editor_api.get(f"{url}/content"), 404, "not_found")
    assert content_of(owner_api.get(f"{url}/content")) == CONTENTS


def test_a_comment_has_files_of_its_author(owner, owner_api, editor_api, todo, now):
    comment = add_comment(actor=owner, todo=todo, text="See the plan.", now=now)
    url = f"/api/v1/todos/{todo.pk}/comments/{comment.pk}/attachments"
    file = SimpleUploadedFile("plan.txt", b"plan")
    assert_problem(
        editor_api.post(url, {"file": file}, format="multipart"),
        403,
        "permission_denied",
    )
    file.seek(0)
    response = owner_api.post(url, {"file": file}, format="multipart")
    assert response.json()["comment"] == str(comment.pk)
    one = f"{url_of(todo)}/{response.json()['id']}"
    assert_problem(editor_api.delete(one), 403, "permission_denied")
    remove_comment(actor=owner, comment=comment, now=now)
    assert_problem(owner_api.get(one), 404, "not_found")
    assert StoredFile.objects.existing().count() == 0


def test_a_file_beyond_the_limit_leaves_nothing(settings, editor_api, todo):
    settings.FILE_LIMIT = len(CONTENTS) - 1
    assert_problem(upload(editor_api, todo), 413, "file_too_large")
    assert objects() == []
    settings.FILE_LIMIT = len(CONTENTS)
    assert upload(editor_api, todo).status_code == 201


@pytest.mark.parametrize("limit", ["USER_FILES_LIMIT", "LIST_FILES_LIMIT"])
def test_files_beyond_a_quota_are_refused_until_there_is_room(
    settings, editor_api, todo, limit
):
    setattr(settings, limit, 2 * len(CONTENTS) - 1)
    url = attached(editor_api, todo)
    assert_problem(upload(editor_api, todo), 409, "quota_exceeded")
    assert len(objects()) == 1
    editor_api.delete(url)
    assert upload(editor_api, todo).status_code == 201


def test_a_repeated_upload_with_the_same_key_is_one_file(editor_api, todo):
    key: Any = {"HTTP_IDEMPOTENCY_KEY": "one"}
    first = upload(editor_api, todo, CONTENTS, **key)
    again = upload(editor_api, todo, name="other name.pdf", **key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(objects()) == 1
    other = upload(editor_api, todo, CONTENTS[:-1], **key)
    assert_problem(other, 422, "idempotency_key_reused")
    assert len(objects()) == 1


@pytest.mark.parametrize("body", [{}, {"other": "x"}, {"file": "text"}])
def test_a_form_without_a_file_is_refused(editor_api, todo, body):
    response = editor_api.post(url_of(todo), body, format="multipart")
    assert response.status_code == 400
    assert objects() == []


def test_an_interrupted_upload_leaves_nothing(editor_api, todo):
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 100_000:
                raise OSError("the client has gone")
            return super().read(size)

    response = editor_api.generic(
        "POST",
        url_of(todo),
        "",
        content_type="application/pdf",
        HTTP_CONTENT_DISPOSITION="attachment; filename=a.pdf",
        CONTENT_LENGTH=str(len(CONTENTS)),
        **{"wsgi.input": Broken(CONTENTS)},
    )
    assert response.status_code == 400
    assert objects() == []
    assert Attachment.objects.count() == 0


def test_a_shorter_body_than_announced_leaves_nothing(editor_api, todo):
    response = editor_api.generic(
        "POST",
        url_of(todo),
        "",
        content_type="application/pdf",
        CONTENT_LENGTH=str(len(CONTENTS) + 1),
        **{"wsgi.input": io.BytesIO(CONTENTS)},
    )
    assert_problem(response, 400, "parse_error")
    assert objects() == []


def test_the_log_of_the_list_has_what_happened_to_a_file(editor_api, todo):
    url = attached(editor_api, todo)
    editor_api.patch(url, {"name": "other.pdf"})
    editor_api.delete(url)
    events = Event.objects.filter(stream_id=todo.list_id, resource_type="attachment")
    assert list(events.order_by("seq").values_list("verb", flat=True)) == [
        "attachment.created",
        "attachment.changed",
        "attachment.removed",
    ]

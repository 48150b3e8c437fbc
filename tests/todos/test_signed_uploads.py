"""Signed uploads: files of any size are compared with their digest, or not kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.problems import assert_problem
from tests.signing import prepare, with_secret
from tests.todos.test_attachments import objects, url_of
from todos.models import Attachment

pytestmark = pytest.mark.usefixtures("use_local_store")
HEAD = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\n"
)
MIB = 1024 * 1024


@pytest.mark.parametrize("size", [100, 3 * MIB])
@pytest.mark.parametrize("is_form", [True, False], ids=["form", "body"])
def test_a_changed_file_is_refused_and_leaves_nothing(owner, todo, size, is_form):
    body, headers = b"a" * size, {"content-type": "text/plain"}
    if is_form:
        body = HEAD + body + b"\r\n--x--\r\n"
        headers = {"content-type": "multipart/form-data; boundary=x"}
    signer = with_secret(owner)
    request = prepare(signer, "POST", url_of(todo), body, headers)
    changed = body.replace(b"aaa", b"aab", 1)
    refused = replace(request, body=changed).send()
    assert_problem(refused, 400, "content_digest_mismatch")
    assert not Attachment.objects.exists()
    assert objects() == []
    again = prepare(signer, "POST", url_of(todo), body, headers).send()
    assert again.status_code == 201, again.content
    assert Attachment.objects.get().file.size == size

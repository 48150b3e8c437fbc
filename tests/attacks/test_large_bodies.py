"""A body above the limit is refused before any of it is stored."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client

LOGIN = "/admin/login/"


@pytest.fixture
def with_token(db, settings):
    """An anonymous browser, with the CSRF token of a page but no session."""
    browser = Client(enforce_csrf_checks=True)
    browser.get(LOGIN)
    return browser


def test_an_anonymous_upload_is_not_written_to_disk(with_token, settings, monkeypatch):
    written = []
    monkeypatch.setattr(
        TemporaryFileUploadHandler,
        "new_file",
        lambda *args, **_options: written.append(args),
    )
    large = b"a" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    token = with_token.cookies["csrftoken"].value
    answer = with_token.post(
        LOGIN, {"f": SimpleUploadedFile("f", large), "csrfmiddlewaretoken": token}
    )
    assert answer.status_code == 413
    assert not written


@pytest.mark.parametrize("path", [LOGIN, "/livez", "/api/v1/todos", "/nothing"])
def test_a_form_above_the_limit_is_413_everywhere(with_token, settings, path):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = with_token.post(path, {"content": "a" * 1000})
    assert answer.status_code == 413
    assert "Content-Security-Policy" in answer


def test_a_body_within_the_limit_is_read(with_token, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    token = with_token.cookies["csrftoken"].value
    typed = {"username": "a", "password": "b" * 300, "csrfmiddlewaretoken": token}
    assert with_token.post(LOGIN, typed).status_code == 200

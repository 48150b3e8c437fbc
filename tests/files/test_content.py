"""Types by content, and names that are safe anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.content import HEAD, NAME_BYTES, clean_name, media_type_of


@pytest.mark.parametrize(
    ("given_name", "cleaned"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\photo.jpg", "photo.jpg"),
        ("a\r\nSet-Cookie: x", "a Set-Cookie: x"),
        ("nul\x00byte", "nulbyte"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("  two   spaces .txt ", "two spaces .txt"),
        ("\u200b\u2800", "file"),
        ("", "file"),
        ("..", "file"),
        (".bashrc", "bashrc"),
        ("报告 2026.docx", "报告 2026.docx"),
        ("e\u0301te\u0301.txt", "\u00e9t\u00e9.txt"),
        ("👩\u200d👩\u200d👧.png", "👩\u200d👩\u200d👧.png"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("字" * 100 + ".png", "字" * 83 + ".png"),
        ("a." + "b" * 300, "a." + "b" * 253),
    ],
)
def test_a_name_is_made_safe(given_name, cleaned):
    assert clean_name(given_name) == cleaned


@given(st.text(max_size=600))
def test_any_name_becomes_one_short_visible_part(text):
    name = clean_name(text)
    assert 1 <= len(name.encode("utf-8", "surrogatepass")) <= NAME_BYTES
    assert not set(name) & set("/\\\0\r\n")
    assert name not in {".", ".."}
    assert clean_name(name) == name


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\n\r\xff\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
        (b"%PDF-1.7", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"plain text\n", "text/plain"),
        ("文字".encode(), "text/plain"),
        ("文字".encode()[:-1], "text/plain"),
        (b"", "text/plain"),
        (b"<html><script>alert(1)</script>", "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "text/plain"),
        (b"text with \x00", "application/octet-stream"),
        (b"\xff\xfe\x00", "application/octet-stream"),
        ("caf\xe9".encode("latin-1") + b" au lait", "application/octet-stream"),
        (b"MZ\x90\x00", "application/octet-stream"),
    ],
)
def test_the_type_depends_on_the_content_alone(head, media_type):
    assert media_type_of(head[:HEAD]) == media_type

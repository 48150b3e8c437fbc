"""What a file is: its type by its first bytes, and a name that is safe anywhere."""

from __future__ import annotations

import re
import unicodedata
from codecs import getincrementaldecoder

from core.characters import is_visible

HEAD = 1024  # bytes that determine the type
NAME_BYTES = 255  # in UTF-8, as file systems have it
UNKNOWN = "application/octet-stream"
# By their first bytes, from the WHATWG MIME Sniffing Standard §6.
SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"RIFF....WEBPVP", "image/webp"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"OggS\x00", "application/ogg"),
    (b"RIFF....WAVE", "audio/wav"),
    (b"ID3", "audio/mpeg"),
    (b"....ftyp", "video/mp4"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
)
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
TEXT = "text/plain"
# Control characters that no text contains (the standard's "binary data bytes").
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
# Control and formatting characters, among them those that reverse the text after them:
# with one, "photo\u202egpj.exe" looks like "photoexe.jpg".
_UNSAFE = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"  # of letters in Persian and Hindi, and of emoji


def media_type_of(head: bytes) -> str:
    """Return the type of a file that begins with these bytes."""
    for signature, media_type in SIGNATURES:
        pattern = re.escape(signature).replace(rb"\.\.\.\.", b"(?s:....)")
        if re.match(pattern, head):
            return media_type
    return TEXT if _is_text(head) else UNKNOWN


def clean_name(given: str) -> str:
    """Return the last part of a path, without what could mislead; "file" if none is.

    A name that is too long loses its middle and keeps its ending.
    """
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", given)[-1])
    safe = "".join(char for char in " ".join(name.split()) if _is_safe(char))
    return (_shortened(safe.strip(". ")) if is_visible(safe) else "") or "file"


def _is_safe(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) not in _UNSAFE


def _is_text(head: bytes) -> bool:
    """Return whether the bytes are UTF-8, possibly cut off within a character."""
    try:
        getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return not _BINARY.search(head)


def _shortened(name: str) -> str:
    if len(name.encode()) <= NAME_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > 20:
        stem, dot, ending = name, "", ""
    tail = dot + ending
    room = NAME_BYTES - len(tail.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip() + tail

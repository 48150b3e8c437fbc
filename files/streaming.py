"""Encryption of a stream in segments: AES-GCM-HKDF streaming, as Tink defines it.

https://developers.google.com/tink/streaming-aead/aes_gcm_hkdf_streaming, with AES-256
and SHA-256. Each segment is authenticated with its number and whether it is the last
one, so what was changed, reordered, repeated or cut off is not decrypted.

A stream begins with a header: its length (1 byte), a salt (32) and the prefix of all
nonces (7). The first segment is shorter than the others by the header.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY = 32  # bytes
SEGMENT = 256 * 1024  # bytes of ciphertext
_PREFIX, _TAG = 7, 16  # bytes
HEADER = 1 + KEY + _PREFIX  # bytes
CONTENT = SEGMENT - _TAG  # bytes of plaintext in each segment but the first


class Damaged(Exception):
    """The stream is not the one that was encrypted with this key."""


def ciphertext_size(size: int) -> int:
    """Return the size of an encrypted stream, in bytes, for that of its plaintext."""
    segments = max(1, -(-(size + HEADER) // CONTENT))
    return HEADER + size + segments * _TAG


class Encryptor:
    """Encrypts a stream that arrives in pieces of any size."""

    def __init__(self, key: bytes, name: bytes, write: Callable[[bytes], object]):
        self._write = write
        self._salt, self._prefix = os.urandom(KEY), os.urandom(_PREFIX)
        self._cipher = _cipher(key, self._salt, name)
        self._number, self._held = 0, bytearray()
        write(bytes([HEADER]) + self._salt + self._prefix)

    def update(self, piece: bytes) -> None:
        self._held += piece
        # The last segment is marked, so one is written only if another one follows.
        while len(self._held) > (content := _content_of(self._number)):
            self._write_segment(bytes(self._held[:content]), is_last=False)
            del self._held[:content]

    def finish(self) -> None:
        self._write_segment(bytes(self._held), is_last=True)

    def _write_segment(self, content: bytes, *, is_last: bool) -> None:
        nonce = _nonce(self._prefix, self._number, is_last)
        self._write(self._cipher.encrypt(nonce, content, None))
        self._number += 1


def decrypt(
    stream: IO[bytes], key: bytes, name: bytes, *, size: int, start: int, stop: int
) -> Iterator[bytes]:
    """Yield the plaintext from `start` to `stop` of a stream of `size` bytes.

    Only the segments that contain it are read; each is authenticated before any of it
    is yielded. Raise Damaged if one was changed.
    """
    cipher, prefix = _read_header(stream, key, name)
    last = _segment_at(max(size - 1, 0))
    number = _segment_at(start)
    stream.seek(_offset_of(number))
    while True:
        begin = _begin_of(number)
        content = _read_segment(stream, cipher, prefix, number, is_last=number == last)
        if number == last and (begin + len(content) != size or stream.read(1)):
            raise Damaged("The stream has another length.")
        yield content[max(start - begin, 0) : stop - begin]
        if number == last or begin + len(content) >= stop:
            return
        number += 1


def _read_header(stream: IO[bytes], key: bytes, name: bytes) -> tuple[AESGCM, bytes]:
    stream.seek(0)
    header = stream.read(HEADER)
    if len(header) < HEADER or header[0] != HEADER:
        raise Damaged("The header is not one of an encrypted stream.")
    return _cipher(key, header[1 : 1 + KEY], name), header[1 + KEY :]


def _read_segment(
    stream: IO[bytes], cipher: AESGCM, prefix: bytes, number: int, *, is_last: bool
) -> bytes:
    ciphertext = stream.read(_content_of(number) + _TAG)
    try:
        return cipher.decrypt(_nonce(prefix, number, is_last), ciphertext, None)
    except (InvalidTag, ValueError):  # or it is shorter than a tag
        raise Damaged(f"Segment {number} was changed.") from None


def _cipher(key: bytes, salt: bytes, name: bytes) -> AESGCM:
    derivation = HKDF(algorithm=SHA256(), length=KEY, salt=salt, info=name)
    return AESGCM(derivation.derive(key))


def _nonce(prefix: bytes, number: int, is_last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([is_last])


def _content_of(number: int) -> int:
    """Return how many bytes of plaintext a full segment holds."""
    return CONTENT if number else CONTENT - HEADER


def _segment_at(position: int) -> int:
    """Return the number of the segment that holds a position of the plaintext."""
    return (position + HEADER) // CONTENT


def _begin_of(number: int) -> int:
    """Return the position in the plaintext at which a segment begins."""
    return max(number * CONTENT - HEADER, 0)


def _offset_of(number: int) -> int:
    """Return the position in the stream at which a segment begins."""
    return number * SEGMENT or HEADER

"""Encrypted streams: compatible with Tink, and no changed byte is decrypted."""

from __future__ import annotations

import io
import os
from typing import Any

import pytest
import tink
from hypothesis import given
from hypothesis import strategies as st
from tink import secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

from files.streaming import (
    CONTENT,
    HEADER,
    KEY,
    SEGMENT,
    Damaged,
    Encryptor,
    ciphertext_size,
    decrypt,
)

NAME = b"name"
FIRST = CONTENT - HEADER  # bytes of plaintext in the first segment
SIZES = (0, 1, FIRST - 1, FIRST, FIRST + 1, FIRST + CONTENT, 3 * CONTENT + 5)


def tink_primitive(key: bytes) -> Any:
    """Return Tink's own implementation with this key."""
    streaming_aead.register()
    url = "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey"
    value = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(
        version=0,
        key_value=key,
        params=aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
            ciphertext_segment_size=SEGMENT,
            derived_key_size=KEY,
            hkdf_hash_type=common_pb2.SHA256,
        ),
    )
    keyset = tink_pb2.Keyset(primary_key_id=1)
    keyset.key.add(
        key_data=tink_pb2.KeyData(
            type_url=url,
            value=value.SerializeToString(),
            key_material_type=tink_pb2.KeyData.SYMMETRIC,
        ),
        status=tink_pb2.ENABLED,
        key_id=1,
        output_prefix_type=tink_pb2.RAW,
    )
    handle = tink.proto_keyset_format.parse(
        keyset.SerializeToString(), secret_key_access.TOKEN
    )
    return handle.primitive(streaming_aead.StreamingAead)


def encrypted(plaintext: bytes, key: bytes, *, piece: int = 100_000) -> bytes:
    written = bytearray()
    encryptor = Encryptor(key, NAME, written.extend)
    for start in range(0, len(plaintext), piece):
        encryptor.update(plaintext[start : start + piece])
    encryptor.finish()
    return bytes(written)


def decrypted(
    ciphertext: bytes, key: bytes, size: int, start: int = 0, stop: int | None = None
) -> bytes:
    stop = size if stop is None else stop
    stream = io.BytesIO(ciphertext)
    return b"".join(decrypt(stream, key, NAME, size=size, start=start, stop=stop))


@pytest.mark.parametrize("size", SIZES)
def test_tink_decrypts_what_we_encrypt(size):
    key, plaintext = os.urandom(KEY), os.urandom(size)
    stream = io.BytesIO(encrypted(plaintext, key))
    assert tink_primitive(key).new_decrypting_stream(stream, NAME).read() == plaintext


@pytest.mark.parametrize("size", SIZES)
def test_we_decrypt_what_tink_encrypts(size):
    key, plaintext = os.urandom(KEY), os.urandom(size)
    sink = io.BytesIO()
    kept = bytearray()
    sink.close = lambda: kept.extend(sink.getvalue())  # type: ignore[method-assign]
    with tink_primitive(key).new_encrypting_stream(sink, NAME) as stream:
        stream.write(plaintext)
    assert decrypted(bytes(kept), key, size) == plaintext


@pytest.mark.parametrize("size", SIZES)
def test_the_size_of_a_stream_is_known_beforehand(size):
    assert len(encrypted(bytes(size), bytes(KEY))) == ciphertext_size(size)


@given(st.integers(0, 3 * CONTENT), st.integers(0, 3 * CONTENT))
def test_any_range_is_that_of_the_plaintext(one, other):
    start, stop = sorted((one, other))
    assert (
        decrypted(STREAM, THE_KEY, len(PLAINTEXT), start, stop)
        == (PLAINTEXT[start:stop])
    )


THE_KEY = bytes(range(KEY))
PLAINTEXT = os.urandom(3 * CONTENT)
STREAM = encrypted(PLAINTEXT, THE_KEY)


@pytest.mark.parametrize(
    "position",
    [0, 1, HEADER - 1, HEADER, SEGMENT - 1, SEGMENT, 2 * SEGMENT + 7, len(STREAM) - 1],
)
def test_a_changed_byte_is_found_before_it_is_decrypted(position):
    changed = bytearray(STREAM)
    changed[position] ^= 1
    size = len(PLAINTEXT)
    stream = io.BytesIO(changed)
    given_out = bytearray()
    with pytest.raises(Damaged):
        given_out.extend(
            byte
            for piece in decrypt(stream, THE_KEY, NAME, size=size, start=0, stop=size)
            for byte in piece
        )
    assert PLAINTEXT.startswith(given_out)
    assert len(given_out) <= max(position - HEADER, 0)


def segments() -> list[bytes]:
    return [STREAM[start : start + SEGMENT] for start in range(0, len(STREAM), SEGMENT)]


@pytest.mark.parametrize(
    "rearranged",
    [
        pytest.param(lambda a, b, c, d: [a, c, b, d], id="swapped"),
        pytest.param(lambda a, b, c, d: [a, b, b, d], id="repeated"),
        pytest.param(lambda a, b, c, d: [a, b, c], id="last segment missing"),
        pytest.param(lambda a, b, c, d: [a, b, d], id="inner segment missing"),
        pytest.param(lambda a, b, c, d: [a, b, c, d[:-1]], id="one byte missing"),
        pytest.param(lambda a, b, c, d: [a, b, c, d, d], id="appended"),
        pytest.param(lambda a, b, c, d: [a, b, c, d, b"x"], id="one byte more"),
        pytest.param(lambda a, b, c, d: [], id="empty"),
    ],
)
def test_rearranged_segments_are_found(rearranged):
    parts = segments()
    assert len(parts) == 4
    with pytest.raises(Damaged):
        decrypted(b"".join(rearranged(*parts)), THE_KEY, len(PLAINTEXT))


def test_a_stream_of_another_file_is_not_decrypted():
    stream = io.BytesIO(STREAM)
    with pytest.raises(Damaged):
        list(decrypt(stream, THE_KEY, b"other", size=len(PLAINTEXT), start=0, stop=1))


@pytest.mark.parametrize("size", [FIRST, len(PLAINTEXT) - 1, len(PLAINTEXT) + CONTENT])
def test_a_stream_of_another_size_is_not_decrypted(size):
    with pytest.raises(Damaged):
        decrypted(STREAM, THE_KEY, size)


def test_equal_content_is_encrypted_differently_each_time():
    assert encrypted(b"text", THE_KEY) != encrypted(b"text", THE_KEY)

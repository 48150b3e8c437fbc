"""The test vectors for requests of RFC 9421, appendix B.2, and our reading of them."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from typing import Any

import pytest
from django.test import RequestFactory
from http_message_signatures import algorithms

from accounts.public_keys import load_public_key, normalize_public_key
from accounts.signatures.errors import SignatureInvalid
from accounts.signatures.message import Message, message_of, target_uri
from accounts.signatures.verification import verify_signature
from core.api.digests import DigestMismatch, read_digests

BODY = b'{"hello": "world"}'
DIGEST = (
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVL"
    "vRwEmTHWXvJwew==:"
)
HEADERS = {
    "Host": "example.com",
    "Date": "Tue, 20 Apr 2021 02:07:55 GMT",
    "Content-Type": "application/json",
    "Content-Digest": DIGEST,
    "Content-Length": "18",
}
SECRET = b64decode(
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMt"
    "DQ=="
)
ED25519_PEM = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----
"""
RSA_PEM = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2
+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+
oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq
gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W
Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4
aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI
2wIDAQAB
-----END PUBLIC KEY-----
"""
RSA = (algorithms.RSA_PSS_SHA512, "test-key-rsa-pss", RSA_PEM)
HMAC = (algorithms.HMAC_SHA256, "test-shared-secret", SECRET)
ED25519 = (
    algorithms.ED25519,
    "test-key-ed25519",
    load_public_key(normalize_public_key(ED25519_PEM)),
)
VECTORS: dict[str, tuple[Any, str, str]] = {
    "B.2.1": (
        RSA,
        '();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"',
        "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++"
        "wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cO"
        "GdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6U"
        "nCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO"
        "5Nyt8C8ssinQ98Xw9Q==",
    ),
    "B.2.2": (
        RSA,
        '("@authority" "content-digest" "@query-param";name="Pet");created=1618884473'
        ';keyid="test-key-rsa-pss";tag="header-example"',
        "LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfK"
        "tjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQ"
        "zRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4"
        "je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQ"
        "l3/XaVe4bXTugEjHSw==",
    ),
    "B.2.3": (
        RSA,
        '("date" "@method" "@path" "@query" "@authority" "content-type"'
        ' "content-digest" "content-length");created=1618884473'
        ';keyid="test-key-rsa-pss"',
        "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt"
        "683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPV"
        "iV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9b"
        "pG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FU"
        "o5fTIztsDZKEgM4cUA==",
    ),
    "B.2.5": (
        HMAC,
        '("date" "@authority" "content-type");created=1618884473'
        ';keyid="test-shared-secret"',
        "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=",
    ),
    "B.2.6": (
        ED25519,
        '("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"',
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPp"
        "BKRCw==",
    ),
}


def verify(name: str, **changed: str):
    (algorithm, key_id, key), stated, signature = VECTORS[name]
    signed = {"Signature-Input": f"sig={stated}", "Signature": f"sig=:{signature}:"}
    message = Message(
        changed.get("method", "POST"),
        changed.get("url", "https://example.com/foo?param=Value&Pet=dog"),
        HEADERS | signed | {k: v for k, v in changed.items() if k in HEADERS},
    )
    return verify_signature(message, algorithm=algorithm, key_id=key_id, key=key)


@pytest.mark.parametrize("name", VECTORS)
def test_the_vectors_of_the_standard_are_valid(name):
    assert verify(name).parameters["created"] == 1618884473


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("B.2.2", {"Content-Digest": DIGEST.replace("W", "X", 1)}),
        ("B.2.2", {"url": "https://example.com/foo?param=Value&Pet=cat"}),
        ("B.2.3", {"url": "https://example.com/foo?param=value&Pet=dog"}),
        ("B.2.3", {"method": "PUT"}),
        ("B.2.5", {"Date": "Tue, 20 Apr 2021 02:07:56 GMT"}),
        ("B.2.6", {"url": "https://example.org/foo"}),
        ("B.2.6", {"Content-Length": "19"}),
    ],
)
def test_a_vector_with_another_component_is_not(name, changed):
    with pytest.raises(SignatureInvalid):
        verify(name, **changed)


def test_the_digest_of_the_standard_fits_its_body():
    digests = read_digests(DIGEST)
    digests.update(BODY[:5])
    with pytest.raises(DigestMismatch):
        digests.check()
    digests.update(BODY[5:])
    digests.check()


# --- The address --------------------------------------------------------------


def address(path: str) -> str:
    request = RequestFactory().get("/", HTTP_HOST="Testserver")
    request.META["RAW_URI"] = path
    return target_uri(request).removeprefix("http://testserver")


@pytest.mark.parametrize(
    "path",
    ["/", "/?", "/a%20b?c=%2F&d", "/a//b/../c", "/%E5%AD%97?q=+", "/a?b=/c?d"],
)
def test_the_address_is_covered_as_it_was_sent(path):
    assert address(path) == path


def test_a_whole_address_counts_like_its_path():
    assert address("http://testserver/a?b") == "/a?b"


@pytest.mark.parametrize(
    ("sent", "public"),
    [
        ("/todo/api/v1/todos", "/todo/api/v1/todos"),
        ("/api/v1/todos?a", "/todo/api/v1/todos?a"),
        ("/todos", "/todo/todos"),
        ("/todo?a", "/todo?a"),
    ],
)
def test_the_base_path_is_part_of_the_address(settings, sent, public):
    settings.BASE_PATH = "/todo"
    assert address(sent) == public


def test_scheme_and_host_are_the_public_ones(settings):
    settings.ALLOWED_HOSTS = ["todo.example.com"]
    request = RequestFactory().get(
        "/a", HTTP_HOST="Todo.Example.com:8443", secure=True, REQUEST_URI="/a?b"
    )
    assert message_of(request).url == "https://todo.example.com:8443/a?b"


# --- Public keys ----------------------------------------------------------------

PUBLIC = "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"


@pytest.mark.parametrize(
    "text",
    [
        ED25519_PEM,
        ED25519_PEM.replace("\n", "\r\n"),
        PUBLIC,
        f"{PUBLIC}=\n",
        PUBLIC.replace("_", "/").replace("-", "+"),
    ],
)
def test_public_keys_are_read_in_every_usual_form(text):
    assert normalize_public_key(text) == PUBLIC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        PUBLIC[:-1],
        PUBLIC + "AA",
        RSA_PEM.decode(),
        "-----BEGIN PUBLIC KEY-----",
    ],
)
def test_other_texts_are_no_public_keys(text):
    with pytest.raises(ValueError):  # noqa: PT011  (the messages are the library's)
        normalize_public_key(text)


def test_keys_of_small_order_are_refused():
    """Anybody could sign for them: the known encodings of all eight points."""
    prime = 2**255 - 19
    order_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
    for y in (0, 1, prime - 1, prime, prime + 1, order_8, prime - order_8):
        for sign in (0, 1 << 255):
            with pytest.raises(ValueError, match="weak"):
                normalize_public_key(base64url((y | sign).to_bytes(32, "little")))


def base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")

"""Stored secrets, their keys, and the command rotatekeys."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone

from core.models import EncryptionKey, StoredSecret
from core.secrets import Unreadable, _cipher, create_key, read_secret, store_secret
from tests.commands.running import attempt, refusal, run

SECRET = b"\x00the key of a file\xff"


@pytest.fixture(autouse=True)
def _no_memory() -> None:
    """Forget the keys of other tests, as a new process does."""
    _cipher.cache_clear()


def stored(secret: bytes = SECRET) -> StoredSecret:
    return store_secret(secret, now=timezone.now())


def again(secret: StoredSecret) -> StoredSecret:
    return StoredSecret.objects.get(pk=secret.pk)


@pytest.mark.django_db
def test_a_secret_is_read_again_by_another_process():
    secret = stored()
    _cipher.cache_clear()
    assert read_secret(again(secret)) == SECRET


@pytest.mark.django_db
def test_the_database_contains_neither_the_secret_nor_a_usable_key():
    secret = again(stored())
    key = EncryptionKey.objects.get()
    assert SECRET not in bytes(secret.ciphertext)
    with pytest.raises(ValueError, match="32 url-safe base64"):
        Fernet(bytes(key.ciphertext))


@pytest.mark.django_db
def test_all_secrets_share_one_key_and_differ():
    first, second = stored(), stored()
    assert first.key == second.key == EncryptionKey.objects.get()
    assert bytes(first.ciphertext) != bytes(second.ciphertext)


@pytest.mark.django_db
def test_a_damaged_secret_is_not_read():
    secret = stored()
    damaged = bytearray(bytes(secret.ciphertext))
    damaged[40] ^= 1
    secret.ciphertext = bytes(damaged)
    with pytest.raises(Unreadable):
        read_secret(secret)


@pytest.mark.django_db
def test_another_secret_key_reads_nothing_and_the_message_says_what_to_do(settings):
    secret = stored()
    _cipher.cache_clear()
    settings.SECRET_KEY = "another-key-" * 5
    with pytest.raises(Unreadable, match="SECRET_KEY_FALLBACKS"):
        read_secret(again(secret))


@pytest.mark.django_db
def test_rotating_encrypts_all_secrets_with_a_new_key():
    secrets = [stored(bytes([number])) for number in range(3)]
    old = secrets[0].key
    result = run("rotatekeys")
    assert "3 secrets encrypted with a new key." in result.err
    assert [read_secret(again(one)) for one in secrets] == [b"\x00", b"\x01", b"\x02"]
    assert old.pk not in {again(one).key_id for one in secrets}


@pytest.mark.django_db
def test_a_request_that_uses_the_previous_key_during_a_rotation_succeeds():
    old = stored().key
    run("rotatekeys")
    late = StoredSecret.objects.create(key=old, ciphertext=_cipher(old.pk).encrypt(b""))
    assert read_secret(again(late)) == b""


@pytest.mark.django_db
def test_rotating_deletes_unused_keys_older_than_a_day():
    now = timezone.now()
    stored()
    EncryptionKey.objects.update(created_at=now - timedelta(days=2))
    used_lately = create_key(now - timedelta(hours=23))
    assert "1 old key deleted." in run("rotatekeys").err
    assert EncryptionKey.objects.count() == 2
    assert EncryptionKey.objects.filter(pk=used_lately.pk).exists()


@pytest.mark.django_db
def test_secret_key_is_replaced_by_way_of_the_fallbacks(settings):
    secret = stored()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-" * 5
    run("rotatekeys")
    _cipher.cache_clear()
    settings.SECRET_KEY_FALLBACKS = []
    assert read_secret(again(secret)) == SECRET


@pytest.mark.django_db
def test_rotating_without_the_previous_secret_key_changes_no_secret(settings):
    secret = stored()
    _cipher.cache_clear()
    settings.SECRET_KEY = "another-key-" * 5
    assert "belongs to another SECRET_KEY" in refusal("rotatekeys")
    assert again(secret).key_id == secret.key_id


@pytest.mark.django_db
def test_doctor_finds_secrets_of_another_secret_key(settings):
    secret = stored()
    assert run("doctor", "--only", "secrets").status == 0
    _cipher.cache_clear()
    settings.SECRET_KEY = "another-key-" * 5
    result = attempt("doctor", "--only", "secrets")
    assert result.status == 1
    assert f"The encryption key {secret.key_id}" in result.out

"""The keys for encrypted bodies: published, rotated, accepted for a time, deleted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from joserfc.jwk import JWKRegistry

from accounts.tasks import prune
from core.body_keys import find_key, published_keys, rotate_keys
from core.models import BodyKey, StoredSecret, TaskSchedule
from core.models.body_keys import GRACE
from core.secrets import read_secret
from tests import jose
from tests.commands.running import run
from tests.problems import assert_problem

TODOS = "/api/v1/todos"


@pytest.fixture(autouse=True)
def _keys(request, monkeypatch):
    # After a rotation, the keys have to be others.
    if "rotat" not in request.node.name:
        jose.generate_once(monkeypatch)


def send(api, key):
    body = jose.encrypt(key, {"content": "x"})
    return api.generic("POST", TODOS, body, content_type="application/jose")


@pytest.mark.django_db
def test_anyone_gets_one_public_key_for_each_algorithm(client):
    answer = client.get(jose.KEY_SET)
    assert answer["Content-Type"] == "application/jwk-set+json"
    assert answer["Cache-Control"] == "public, max-age=3600"
    members = {"kty", "kid", "use", "alg"}
    for key in (keys := answer.json()["keys"]):
        assert key["use"] == "enc"
        assert JWKRegistry.import_key(key).thumbprint() == key["kid"]
    assert [(key["alg"], key.keys() - members) for key in keys] == [
        (jose.EC, {"crv", "x", "y"}),
        (jose.RSA, {"n", "e"}),
    ]


@pytest.mark.django_db
def test_the_keys_stay_the_same_and_have_an_entity_tag(client):
    first = client.get(jose.KEY_SET)
    assert client.get(jose.KEY_SET).content == first.content
    headers = {"If-None-Match": first["ETag"]}
    assert client.get(jose.KEY_SET, headers=headers).status_code == 304
    assert client.head(jose.KEY_SET)["Content-Length"] == first["Content-Length"]


@pytest.mark.django_db
def test_errors_at_the_address_of_the_keys_are_problems():
    client = Client(enforce_csrf_checks=True)
    answer = client.post(jose.KEY_SET)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "GET, HEAD"
    assert_problem(client.get("/.well-known/nothing"), 404, "not_found")


@pytest.mark.django_db
def test_private_keys_are_stored_encrypted():
    published_keys(timezone.now())
    for key in BodyKey.objects.select_related("secret"):
        secret = read_secret(key.secret)
        assert JWKRegistry.import_key(secret, key.public_key["kty"]).is_private
        assert secret not in bytes(key.secret.ciphertext)
        assert "d" not in key.public_key


@pytest.mark.django_db
@pytest.mark.parametrize("algorithm", [jose.EC, jose.RSA])
def test_after_a_rotation_the_previous_key_is_accepted_for_thirty_days(
    owner_api, algorithm
):
    old = jose.our_keys(owner_api)[algorithm]
    assert "were replaced" in run("rotatebodykeys").err
    new = jose.our_keys(owner_api)[algorithm]
    assert old["kid"] != new["kid"]
    for key in (old, new):
        assert send(owner_api, key).status_code == 201
    retired = BodyKey.objects.filter(pk=old["kid"])
    retired.update(retired_at=timezone.now() - GRACE + timedelta(minutes=1))
    assert send(owner_api, old).status_code == 201
    retired.update(retired_at=timezone.now() - GRACE)
    assert_problem(send(owner_api, old), 400, "body_key_unknown")
    assert send(owner_api, new).status_code == 201


@pytest.mark.django_db
def test_after_a_rotation_a_key_that_leaked_can_be_forgotten_at_once(owner_api):
    old = jose.our_keys(owner_api)[jose.EC]
    assert "2 old keys deleted" in run("rotatebodykeys", "--forget-previous").err
    assert_problem(send(owner_api, old), 400, "body_key_unknown")
    assert send(owner_api, jose.our_keys(owner_api)[jose.EC]).status_code == 201


@pytest.mark.django_db
def test_rotated_keys_are_deleted_with_their_secrets_when_they_have_ended():
    published_keys(now := timezone.now())
    rotate_keys(now=now)
    retired = BodyKey.objects.exclude(retired_at=None)
    retired.filter(algorithm=jose.EC).update(retired_at=now - GRACE)
    TaskSchedule.objects.update(slot=now - timedelta(days=1))
    prune.apply()
    assert [key.algorithm for key in retired] == [jose.RSA]
    assert BodyKey.objects.count() == StoredSecret.objects.count() == 3


@pytest.mark.django_db
def test_no_other_key_is_found():
    published_keys(now := timezone.now())
    assert find_key("", now) is None
    assert find_key("x" * 43, now) is None


@pytest.mark.django_db
def test_each_algorithm_has_one_current_key():
    published_keys(now := timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        BodyKey.objects.update(retired_at=None, algorithm=jose.EC)
    assert len(published_keys(now)) == 2


@pytest.mark.django_db(transaction=True)
def test_first_calls_at_once_create_one_set_of_keys():
    def publish(_number):
        try:
            return published_keys(timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(publish, range(4))
    assert others == [first] * 3
    assert BodyKey.objects.count() == StoredSecret.objects.count() == 2

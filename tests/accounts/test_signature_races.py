"""A signed request that arrives several times at once takes effect once."""

from __future__ import annotations

from collections import Counter

import pytest

from accounts.models import UsedNonce
from tests.signing import prepare, with_key_pair, with_secret
from tests.todos.threads import together
from todos.models import Todo


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("make", [with_secret, with_key_pair])
def test_one_of_several_simultaneous_requests_is_the_first(owner, make):
    signer = make(owner)
    request = prepare(signer, "POST", "/api/v1/todos", b'{"content": "Plant a tree"}')
    answers = together(*[request.send] * 6)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 401: 5}
    refused = {a.json()["code"] for a in answers if a.status_code == 401}
    assert refused == {"nonce_reused"}
    assert Todo.objects.count() == UsedNonce.objects.count() == 1

"""Fixtures of the tests of signed requests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.signing import Signer, with_key_pair, with_secret


@pytest.fixture(params=[with_secret, with_key_pair])
def signer(request: pytest.FixtureRequest, owner: Any) -> Signer:
    """A client of the owner, once with each kind of signed-only key."""
    made: Signer = request.param(owner)
    return made

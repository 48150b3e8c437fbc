"""A response that contains a secret is not cached anywhere."""

from __future__ import annotations


def test_a_response_with_a_new_key_is_not_cached(owner_browser, owner_api):
    keys = "/api/v1/me/keys"
    made = owner_browser.post(keys, {"name": "k"}, content_type="application/json")
    assert made.status_code == 201
    assert "no-store" in made["Cache-Control"]
    assert "no-store" not in owner_api.get("/api/v1/todos")["Cache-Control"]

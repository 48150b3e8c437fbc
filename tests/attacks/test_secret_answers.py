"""A response that shows a secret is not stored anywhere on its way."""

from __future__ import annotations


def test_no_cache_keeps_a_new_key(owner_browser, owner_api):
    keys = "/api/v1/me/keys"
    made = owner_browser.post(keys, {"name": "k"}, content_type="application/json")
    assert made.status_code == 201
    assert "no-store" in made["Cache-Control"]
    assert "no-store" not in owner_api.get("/api/v1/todos")["Cache-Control"]

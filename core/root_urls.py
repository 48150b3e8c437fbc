"""URLs of the kernel outside the API."""

from __future__ import annotations

from django.urls import path

from core.api.key_set import key_set

urlpatterns = [path(".well-known/jwks.json", key_set, name="key-set")]

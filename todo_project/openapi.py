"""The OpenAPI document, generated from the code."""

from __future__ import annotations

from drf_spectacular.openapi import AutoSchema


class ApiSchema(AutoSchema):
    """Stable, readable operation ids: people generate clients from them."""

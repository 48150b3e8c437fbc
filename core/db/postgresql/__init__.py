"""Django's PostgreSQL backend, with a timeout for each answer of the server."""

from __future__ import annotations

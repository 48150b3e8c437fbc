"""What only some engines can prove."""

from __future__ import annotations

from django.conf import settings

# Plans of PostgreSQL at a million rows; SQLite runs the plain query for a few people.
collect_ignore = ["test_million.py"] if settings.ON_SQLITE else []

"""What only some engines can prove."""

from __future__ import annotations

from django.conf import settings

# Plans of PostgreSQL over many rows; SQLite has no such planner to hold to account.
collect_ignore = ["test_plans.py"] if settings.ON_SQLITE else []

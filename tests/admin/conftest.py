"""What only PostgreSQL can prove: its plans."""

from __future__ import annotations

from django.conf import settings

# SQLite serves few people and explains its plans in other words.
collect_ignore = ["test_plans.py"] if settings.ON_SQLITE else []

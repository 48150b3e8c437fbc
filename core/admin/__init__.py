"""Base classes of admin pages, and the pages of the event log."""

from __future__ import annotations

from core.admin.events import EventAdmin

__all__ = ["EventAdmin"]

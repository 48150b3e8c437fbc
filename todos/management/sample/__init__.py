"""Sample data: people, lists and todos as a team might have them."""

from __future__ import annotations

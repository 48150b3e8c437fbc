"""Doctor checks of lists and todos that no database constraint can express."""

from __future__ import annotations

"""What doctor checks of lists and todos: truths that no constraint can hold."""

from __future__ import annotations

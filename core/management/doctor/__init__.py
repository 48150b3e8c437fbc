"""The kernel's doctor checks."""

from __future__ import annotations

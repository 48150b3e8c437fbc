"""What doctor checks of the kernel itself."""

from __future__ import annotations

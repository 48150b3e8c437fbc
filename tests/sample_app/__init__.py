"""Bookmarks: a complete app, structured as ARCHITECTURE.md describes.

It imports what it needs from other apps, but no other app mentions it: only its own
settings install it.
"""

from __future__ import annotations

"""Bookmarks: a whole app in the shape that ARCHITECTURE.md describes.

It names what it needs of other apps, and no line of any other app names it: only its
own settings install it.
"""

from __future__ import annotations

"""A small image."""

from __future__ import annotations

import io

from PIL import Image


def png(width: int = 64, height: int = 48) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (60, 140, 90)).save(stream, "PNG")
    return stream.getvalue()


PNG = png()

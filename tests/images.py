"""Images as people upload them, and hostile ones."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

RED, BLUE = (220, 30, 30), (30, 30, 220)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def picture(
    width: int = 100,
    height: int = 100,
    kind: str = "PNG",
    mode: str = "RGB",
    colour: Any = RED,
    **options: Any,
) -> bytes:
    """Return an image of one colour."""
    rgb = Image.new("RGB", (width, height), colour)
    return encoded(rgb.convert(mode, palette=Image.Palette.ADAPTIVE), kind, **options)


def halves(kind: str = "JPEG", **options: Any) -> bytes:
    """Return a wide image: its left half is red, the other one blue."""
    image = Image.new("RGB", (200, 100), RED)
    image.paste(BLUE, (100, 0, 200, 100))
    return encoded(image, kind, **options)


def png_with_size(width: int, height: int) -> bytes:
    """Return a PNG whose header promises a size, with few bytes of pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + _crc(kind + data)
        for kind, data in ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    )


def gif_with_frames(count: int) -> bytes:
    """Return an animation; its first frame is red, the others are blue."""
    frames = [Image.new("RGB", (40, 40), RED), Image.new("RGB", (40, 40), BLUE)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    start = data.rindex(b"\x21\xf9")  # of the second frame, with its extension
    return data[:start] + data[start:-1] * (count - 1) + b"\x3b"


def jpeg_with_scans(count: int) -> bytes:
    """Return a progressive JPEG whose last scan is repeated."""
    data = picture(64, 64, "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * count + data[-2:]


def _crc(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def is_like(pixel: Any, colour: Any, tolerance: int = 24) -> bool:
    """Return whether a pixel has about this colour."""
    return all(abs(a - b) <= tolerance for a, b in zip(pixel[:3], colour, strict=True))

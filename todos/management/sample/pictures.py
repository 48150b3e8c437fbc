"""Pictures of sample people: a figure in two colours before a third."""

from __future__ import annotations

from io import BytesIO
from random import Random

from PIL import Image, ImageColor, ImageDraw

SIDE = 512  # pixels


def portrait(random: Random) -> bytes:
    """Return an image as a person might upload it."""
    hue = random.randrange(360)
    image = Image.new("RGB", (SIDE, SIDE), colour(hue, 55, 78))
    draw = ImageDraw.Draw(image)
    hair, skin = random.choice((20, 45, 62, 80)), random.choice((45, 60, 72, 82))
    top = random.randrange(100, 130)
    draw.ellipse((60, 350, 452, 700), fill=colour(hue + 150, 45, 42))
    draw.ellipse((150, top - 24, 362, top + 200), fill=colour(28, 45, hair))
    draw.rounded_rectangle((220, 300, 292, 400), 30, fill=colour(25, 45, skin - 6))
    draw.ellipse((168, top + 8, 344, top + 232), fill=colour(25, 48, skin))
    file = BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def colour(hue: int, saturation: int, lightness: int) -> tuple[int, ...]:
    return ImageColor.getrgb(f"hsl({hue % 360}, {saturation}%, {lightness}%)")

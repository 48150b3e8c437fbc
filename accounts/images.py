"""Images that people upload: decoded within limits, and encoded again.

Only pixels survive: no metadata, such as the place where a photo was taken, and nothing
that is hidden behind the image. Files are identified by their content alone.
"""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from threading import Lock

from django.utils.translation import gettext_lazy as _
from PIL import ExifTags, Image, ImageCms

from core.errors import Invalid

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
SIZES = (32, 64, 128, 256)  # pixels, of the square images that are served
MASTER_SIDE = 512  # pixels; the stored image, of which the others are made
MASTER_BYTES = 100_000
MAX_BYTES = 8 * 1024 * 1024  # of an upload; deploy/nginx.conf has the same limit
MIN_SIDE = 32  # pixels
MAX_PIXELS = 16_000_000  # decoding WebP takes 15 bytes for each
MAX_JPEG_PIXELS = 40_000_000  # a JPEG is decoded at a fraction of its size
# Each scan of a progressive JPEG is a pass over all pixels; cameras write about ten.
MAX_SCANS = 100
MAX_PROFILE = 4 * 1024 * 1024  # bytes
STRIP = 64  # rows of a reduced image that are converted at once
WHITE = (255, 255, 255)
QUALITIES = (85, 70, 50, 25)

# Image.open() raises an error above twice this number, before a decoder allocates.
Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS

_ROTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Decoding may take 250 MB, so a process with many threads decodes one at a time.
_decoding = Lock()


class NotAnImage(Invalid):
    code = "not_an_image"
    message = _("This is not a JPEG, PNG, WebP or GIF image, or it is damaged.")

    def __init__(self) -> None:
        super().__init__(field="file")


class ImageTooLarge(Invalid):
    code = "image_too_large"
    message = _("The image has too many pixels. Reduce its size, then try again.")

    def __init__(self) -> None:
        super().__init__(field="file")


class ImageTooSmall(Invalid):
    code = "image_too_small"
    message = _("The image is too small. Use one of at least 32 × 32 pixels.")

    def __init__(self) -> None:
        super().__init__(field="file")


def square_image(data: bytes) -> bytes:
    """Return the middle square of an image as WebP, at most MASTER_SIDE wide.

    Raise NotAnImage, ImageTooLarge or ImageTooSmall. It may take a second, so call it
    outside transactions.
    """
    try:
        with _decoding:
            return _encoded(_square(data), most=MASTER_BYTES)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageTooLarge from None
    except Invalid:
        raise
    except Exception:  # decoders raise errors of any kind for damaged files
        raise NotAnImage from None


def resized(master: bytes, side: int) -> bytes:
    """Return a master image in another size."""
    with Image.open(BytesIO(master), formats=["WEBP"]) as image:
        small = image.resize((side, side), Image.Resampling.LANCZOS)
    return _encoded(small)


def _square(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        _require_bounded(image, data)
        image.draft(None, (2 * MASTER_SIDE, 2 * MASTER_SIDE))
        image.load()
        upright = _rotated(_shrunk(image), _orientation_of(image))
        return _in_srgb(upright, image.info.get("icc_profile"))


def _require_bounded(image: Image.Image, data: bytes) -> None:
    """Refuse images by their header, before they are decoded."""
    width, height = image.size
    is_jpeg = image.format == "JPEG"
    if width * height > (MAX_JPEG_PIXELS if is_jpeg else MAX_PIXELS):
        raise ImageTooLarge
    if min(width, height) < MIN_SIDE:
        raise ImageTooSmall
    # In coded data, 0xFF is never followed by the second byte of this marker.
    if is_jpeg and data.count(b"\xff\xda") > MAX_SCANS:
        raise NotAnImage


def _shrunk(image: Image.Image) -> Image.Image:
    """Return the middle square, at most MASTER_SIDE wide.

    It is converted strip by strip: a whole copy would take as much memory again.
    """
    side = min(image.size)
    factor = max(1, side // (2 * MASTER_SIDE))
    reduced = side // factor
    used = reduced * factor
    left, top = (image.width - used) // 2, (image.height - used) // 2
    square = Image.new("CMYK" if image.mode == "CMYK" else "RGB", (reduced, reduced))
    for row in range(0, reduced, STRIP):
        end = min(row + STRIP, reduced)
        box = (left, top + row * factor, left + used, top + end * factor)
        square.paste(_opaque(image.crop(box)).reduce(factor), (0, row))
    final = min(reduced, MASTER_SIDE)
    return square.resize((final, final), Image.Resampling.LANCZOS)


def _opaque(image: Image.Image) -> Image.Image:
    """Return the image on white, in RGB or CMYK with 8 bits."""
    if image.mode.startswith("I"):  # grey with 16 bits
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image if image.mode == "CMYK" else image.convert("RGB")
    shown = Image.new("RGBA", image.size, WHITE)
    shown.alpha_composite(image.convert("RGBA"))
    return shown.convert("RGB")


def _orientation_of(image: Image.Image) -> int:
    with suppress(Exception):  # damaged metadata does not make an image useless
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    return 1


def _rotated(image: Image.Image, orientation: int) -> Image.Image:
    rotation = _ROTATIONS.get(orientation)
    return image if rotation is None else image.transpose(rotation)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert the colours from the image's profile; ignore one that does not fit."""
    if profile and len(profile) <= MAX_PROFILE:
        with suppress(Exception):
            given = ImageCms.ImageCmsProfile(BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, given, srgb, outputMode="RGB")
            image = converted or image
    return image.convert("RGB")


def _encoded(image: Image.Image, *, most: int | None = None) -> bytes:
    """Return the image as WebP without metadata, with `most` bytes if possible."""
    for quality in QUALITIES:
        file = BytesIO()
        image.save(file, "WEBP", quality=quality, exif=b"", icc_profile=b"", xmp=b"")
        if most is None or file.tell() <= most:
            break
    return file.getvalue()

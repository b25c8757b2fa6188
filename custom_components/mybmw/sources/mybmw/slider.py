"""The puzzle that BMW China sets at a sign-in: a picture with a gap, and the question where the gap is."""

import base64
from collections.abc import Iterable
from io import BytesIO
from itertools import batched
from typing import Final

from PIL import Image, ImageChops

_GAP_COLOR: Final = (220, 230, 221)
_TOLERANCE: Final = 15
_GAP_WIDTH: Final = 15
_GAP_HEIGHT: Final = 75
_SLIDER_START: Final = 26
"""How far from the picture's left edge the slider's zero is, in pixels."""

_LARGEST_PICTURE: Final = 2_000_000
"""Pixels; a real picture has a tenth of it."""


def slider_position(picture: str) -> str:
    """How far the slider has to go, as a share of the picture's width ("0.81"); empty if no gap is seen.

    `picture` is a JPEG or PNG in base64. This is work for a thread of its own.
    """
    try:
        with Image.open(BytesIO(base64.b64decode(picture)), formats=("JPEG", "PNG")) as image:
            if image.width * image.height > _LARGEST_PICTURE:
                return ""
            left = _gap(_gap_colored(image.convert("RGB")))
            return "" if left is None else str(round((left - _SLIDER_START) / image.width, 2))
    except OSError, SyntaxError, ValueError, Image.DecompressionBombError:  # what Pillow raises for broken pictures
        return ""


def _gap_colored(image: Image.Image) -> Iterable[tuple[int, ...]]:
    """The picture row by row, each pixel 1 if it has the gap's color, else 0."""
    channels = (
        channel.point([int(abs(level - wanted) <= _TOLERANCE) for level in range(256)])
        for channel, wanted in zip(image.split(), _GAP_COLOR, strict=True)
    )
    red, green, blue = channels
    mask = ImageChops.darker(ImageChops.darker(red, green), blue)
    return batched(mask.tobytes(), image.width, strict=True)


def _gap(rows: Iterable[tuple[int, ...]]) -> int | None:
    """The left edge of the uppermost, then leftmost block of gap-colored pixels that is large enough."""
    heights: list[int] = []
    enough = b"\1" * _GAP_WIDTH
    for row in rows:
        heights = [height * pixel + pixel for height, pixel in zip(heights or [0] * len(row), row, strict=True)]
        left = bytes(height >= _GAP_HEIGHT for height in heights).find(enough)
        if left >= 0:
            return left
    return None

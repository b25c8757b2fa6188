"""How a car looks: the sides it can be seen from, and pictures of it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

LARGEST_PICTURE: Final = 5_000_000
"""Bytes; several times the largest picture of a car that has been seen."""

_PNG: Final = (b"\x89PNG\r\n\x1a\n", b"\0\0\0\0IEND\xaeB`\x82")
_JPEG: Final = (b"\xff\xd8\xff", b"\xff\xd9")


class View(StrEnum):
    """A side from which a car can be seen; the value is part of unique ids and file names."""

    FRONT_SIDE = "front_side"
    """At an angle from the front: the picture that stands for the car."""
    FRONT = "front"
    FRONT_LEFT = "front_left"
    FRONT_RIGHT = "front_right"
    SIDE = "side"
    """The left side."""
    ANGLE_40 = "angle_40"
    ANGLE_60 = "angle_60"
    REAR_LEFT = "rear_left"
    REAR_RIGHT = "rear_right"
    REAR = "rear"
    DRIVER_DOOR = "driver_door"
    DASHBOARD = "dashboard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of a car; `content_type` is image/png, image/jpeg or image/webp."""

    content: bytes = field(repr=False)
    content_type: str

    @classmethod
    def of(cls, content: bytes) -> Self | None:
        """The picture that these bytes are; None if they are something else, cut off, or too much."""
        if len(content) > LARGEST_PICTURE or (content_type := _content_type(content)) is None:
            return None
        return cls(content=content, content_type=content_type)


def _content_type(content: bytes) -> str | None:
    """What kind of picture it is, told by how it begins and ends, never by what somebody says of it."""
    for content_type, (begin, end) in {"image/png": _PNG, "image/jpeg": _JPEG}.items():
        if content.startswith(begin) and content.endswith(end):
            return content_type
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return "image/webp" if is_webp and int.from_bytes(content[4:8], "little") + 8 == len(content) else None

"""What can arrive of a good answer: half of it, some of its fields, or something in their place.

All of it is the same whenever it is played: what happens to a field depends on where it stands and on nothing else.
"""

from collections.abc import Callable
import json
from typing import Final
from zlib import crc32

from custom_components.mybmw.sources import Json

from .faults import Spoil

type Change = Callable[[Json], Json]
"""Makes another document of one."""


def half(body: bytes) -> bytes:
    """The first half."""
    return body[: len(body) // 2]


def document(change: Change) -> Spoil:
    """An answer with a changed document in it."""
    return lambda body: json.dumps(change(json.loads(body))).encode()


def without(*path: str) -> Change:
    """A document without what stands at a path; "*" is any key."""

    def change(part: Json, rest: tuple[str, ...] = path) -> Json:
        if not isinstance(part, dict):
            return part
        key, *deeper = rest
        if not deeper:
            return {name: value for name, value in part.items() if name != key}
        return {name: change(value, (*deeper,)) if key in {name, "*"} else value for name, value in part.items()}

    return change


def with_gaps(part: Json, path: str = "") -> Json:
    """A document that lacks every third field."""
    match part:
        case dict():
            return {
                key: with_gaps(value, f"{path}.{key}")
                for key, value in part.items()
                if crc32(f"{path}.{key}".encode()) % 3
            }
        case list():
            return [with_gaps(value, path) for value in part]
        case _:
            return part


def mistyped(part: Json) -> Json:
    """A document in which nothing is of its type but objects: texts are numbers, numbers texts, lists nothing."""
    match part:
        case dict():
            return {key: mistyped(value) for key, value in part.items()}
        case str():
            return len(part)
        case int() | float():  # and so is what is true or false
            return f"about {part}"
        case _:
            return None


_NEW_FIELD: Final[dict[str, Json]] = {"flyingMode": {"isAirborne": False, "altitudeLimits": [0, 120]}}


def modernized(part: Json) -> Json:
    """A document of some years later: new fields everywhere, and words nobody has heard of for those in capitals."""
    match part:
        case dict():
            return {key: modernized(value) for key, value in part.items()} | _NEW_FIELD
        case list():
            return [modernized(value) for value in part]
        case str() if part.isupper() and part.isascii() and not any(letter.isdigit() for letter in part):
            return f"{part}_2030"
        case _:
            return part


def list_without(*vins: str) -> Change:
    """A list of cars on which these are not."""
    return lambda answer: _with_mappings(answer, lambda mappings: [each for each in mappings if _vin(each) not in vins])


def list_with_twin(vin: str, twin: str) -> Change:
    """A list of cars with a second one where the first one is."""

    def doubled(mappings: list[Json]) -> list[Json]:
        return mappings + [
            {**mapping, "vin": twin} for mapping in mappings if isinstance(mapping, dict) and _vin(mapping) == vin
        ]

    return lambda answer: _with_mappings(answer, doubled)


def empty_list(answer: Json) -> Json:
    """A list without any car."""
    return _with_mappings(answer, lambda _: [])


def _with_mappings(answer: Json, change: Callable[[list[Json]], list[Json]]) -> Json:
    if not isinstance(answer, dict) or not isinstance(mappings := answer.get("mappingInfos"), list):
        return answer
    return answer | {"mappingInfos": change(mappings)}


def _vin(mapping: Json) -> Json:
    return mapping.get("vin") if isinstance(mapping, dict) else None

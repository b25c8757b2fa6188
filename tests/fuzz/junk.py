"""Values that nobody should send, and ways through a document to where they can be put."""

from collections.abc import Callable
from math import inf, nan
from typing import Final

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.fields import LONGEST_TEXT

type Path = tuple[str | int, ...]
"""The way to a value of a document."""

type Change = Callable[[Json], Json]
"""What becomes of a value; it leaves alone what it is given."""

NUMBERS: Final = (
    *(0, -1, 1, 100, 101, 5299, 2**31, 2**32, 2**53 + 1, 2**63, 2**64, 10**400, -(10**400)),
    *(0.5, 16.0, -0.0, 5e-324, 1e308, -1e308, nan, inf, -inf, 48.177334),
)
WORDS: Final = (
    "",
    "0001-01-01T00:00:00Z",
    "2023-02-29T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "0000-00-00T00:00:00Z",
    "-2023-01-01T00:00:00Z",
    "2023-01-04T14:57:06",
    "2023-01-04T14:57:06.352Z",
    "2023-01-04T24:00:00+99:99",
    "CHARGING",
    "unknown",
    "INVALID",
    "A_TOKEN_NOBODY_HAS_SEEN",
    "ACTIVATE",
    "12",
    "NaN",
    "1e999",
    "x" * (LONGEST_TEXT + 1),
    "\ud83d",
    "\x00",
    "\r\nx: y",
    "ü\u202e\u200b\U0001f697",
    "٣٤",
    "../../..",
    "{0.__class__}",
    "%s%n",
    "<script>",
    "__class__",
)


def deep(levels: int) -> Json:
    """Lists and objects within each other."""
    nested: Json = []
    for level in range(levels):
        nested = [nested] if level % 2 else {"state": nested}
    return nested


NESTED: Final[tuple[Json, ...]] = (
    [],
    {},
    [[]],
    [None] * 3,
    [{}] * 1_000,
    ["MONDAY"] * 1_000,
    {"hour": 1},
    {"": ""},
    deep(300),
)


def at(json: Json, path: Path) -> Json:
    """The value a path leads to; None if it leads nowhere."""
    for key in path:
        match json, key:
            case dict(), str():
                json = json.get(key)
            case list(), int() if key < len(json):
                json = json[key]
            case _:
                return None
    return json


def changed(json: Json, path: Path, change: Change) -> Json:
    """The document with one value changed, sharing everything else with the original."""
    if not path:
        return change(json)
    key, *rest = path
    match json, key:
        case dict(), str():
            return {**json, key: changed(json.get(key), tuple(rest), change)}
        case list(), int() if key < len(json):
            return [*json[:key], changed(json[key], tuple(rest), change), *json[key + 1 :]]
        case _:
            return json


def without(key: str | int) -> Change:
    """What leaves out a field, or an item."""

    def change(json: Json) -> Json:
        match json, key:
            case dict(), str():
                return {name: value for name, value in json.items() if name != key}
            case list(), int():
                return [*json[:key], *json[key + 1 :]]
            case _:
                return json

    return change

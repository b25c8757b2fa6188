"""A vehicle as plain values, for everything that stores or shows cars without knowing what a car is.

The rules are few and hold for all parts, so that a new field is exported without a line of code here:

* A part of a car becomes an object with all its fields and public properties, under their own names.
* An enum becomes its name in lower case, so a make is "bmw" and a window "front_left".
* A moment becomes text in UTC ("2023-01-04T14:57:06Z"), a day "2023-01-04", a time on the car's own clock "07:35:00".
* A tuple becomes a list, a set a sorted list, a mapping an object; what is not known is None.

Names in here are other people's columns: they never change.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from enum import Enum
from functools import cache
from typing import Final

from . import ChargingHistory, Vehicle

type Plain = bool | int | float | str | list[Plain] | dict[str, Plain] | None
"""What JSON, YAML and templates can hold."""

EXPORT_VERSION: Final = 1
"""Changes when a name or a meaning does, which it should not; new names do not count."""


def export(what: Vehicle | ChargingHistory) -> dict[str, Plain]:
    """Everything that is known of a vehicle, or of what it has charged."""
    return _object(what)


def _object(part: object) -> dict[str, Plain]:
    kind: type = type(part)
    return {name: _plain(getattr(part, name)) for name in _names(kind)}


def _plain(value: object) -> Plain:  # noqa: PLR0911 (one kind after the other)
    match value:
        case Enum():  # first, for some are texts or numbers, too
            return value.name.lower()
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case Mapping():
            return {str(_plain(key)): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case frozenset():
            return [_plain(item) for item in sorted(value)]
        case _ if is_dataclass(value):
            return _object(value)
        case _:
            message = f"nobody has said how to export a {type(value).__name__}"
            raise TypeError(message)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(_all_names(kind))


def _all_names(kind: type) -> Iterator[str]:
    """The fields of a dataclass, then its public properties."""
    yield from (field.name for field in fields(kind))
    for name in sorted(set(dir(kind))):
        if not name.startswith("_") and isinstance(getattr(kind, name), property):
            yield name

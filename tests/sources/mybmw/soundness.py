"""Whether a car is what its types promise, and in what two cars differ."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from datetime import UTC, date, datetime, time
from enum import Enum
from math import isfinite
from types import UnionType
from typing import Final, get_args, get_origin, get_type_hints

from custom_components.mybmw.vehicle import Vehicle

_HINTS: Final[dict[type, Mapping[str, object]]] = {}


def _hints(kind: type) -> Mapping[str, object]:
    if kind not in _HINTS:
        _HINTS[kind] = get_type_hints(kind)
    return _HINTS[kind]


def changed_parts(before: Vehicle, after: Vehicle) -> set[str]:
    """The names of the fields in which two cars differ."""
    names = _hints(Vehicle).keys() - {"oddities"}
    return {name for name in names if _field(before, name) != _field(after, name)}


def _field(thing: object, name: str) -> object:
    return object.__getattribute__(thing, name)


def misfits(car: Vehicle, parts: Iterable[str] | None = None) -> list[str]:
    """Where a car (or only some of its fields) holds anything but the very types it promises."""
    promised = _hints(Vehicle)
    return [
        misfit
        for name in (promised.keys() - {"fetched_at"} if parts is None else parts)
        for misfit in _misfits(_field(car, name), promised[name], name)
    ]


def _misfits(value: object, hint: object, where: str) -> Iterator[str]:
    origin, arguments = get_origin(hint), get_args(hint)
    inner: list[tuple[object, object, str]] = []
    if origin is UnionType:
        options = [list(_misfits(value, option, where)) for option in arguments]
        yield from () if [] in options else options[0]
    elif _is_part(value) and type(value) is hint:
        inner = [(_field(value, name), promised, name) for name, promised in _hints(type(value)).items()]
    elif isinstance(value, tuple | frozenset) and type(value) is origin:
        inner = [(item, arguments[0], "item") for item in value]
    elif isinstance(value, dict) and origin is Mapping:
        inner = [(key, arguments[0], "key") for key in value] + [
            (item, arguments[1], "value") for item in value.values()
        ]
    elif not _is_sound(value, hint):
        yield f"{where}: {value!r}"
    for item, item_hint, name in inner:
        yield from _misfits(item, item_hint, f"{where}.{name}")


def _is_part(value: object) -> bool:
    return is_dataclass(value)


def _is_sound(value: object, hint: object) -> bool:
    match value:
        case datetime():
            return hint is datetime and value.tzinfo is UTC and value.microsecond == 0
        case float():
            return hint is float and isfinite(value)
        case str() if not isinstance(value, Enum):
            return hint is str and bool(value) and value.encode() != b""
        case Enum() | bool() | int() | date() | time() | None:
            return type(value) is hint
        case _:
            return False

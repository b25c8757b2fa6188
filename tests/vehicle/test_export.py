"""A vehicle as plain values: everything is in it, and the document says what."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import Enum
from functools import reduce
import json
from operator import or_
from pathlib import Path
from types import NoneType, UnionType
from typing import Final, TypeAliasType, get_args, get_origin, get_type_hints

import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.vehicle import Odometer, Vehicle
from custom_components.mybmw.vehicle.export import Plain, export
from tests.account import recorded_vehicle
from tests.recorded import RECORDED_CARS

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "command-line.md"
BEGIN: Final = "<!-- schema: written by tests -->\n"
END: Final = "<!-- end of schema -->"

type Hint = object
"""A type as it is written behind a field."""


@pytest.mark.parametrize("folder", RECORDED_CARS)
def test_every_recorded_car_is_exported_as_before(folder: str, snapshot: SnapshotAssertion) -> None:
    vehicle = replace(recorded_vehicle(folder), fetched_at=datetime(2026, 1, 1, tzinfo=UTC))
    exported = export(vehicle)
    assert json.loads(json.dumps(exported, allow_nan=False)) == exported
    assert exported == snapshot


@pytest.mark.parametrize("folder", RECORDED_CARS)
def test_every_field_and_property_of_every_part_is_there(folder: str) -> None:
    vehicle = recorded_vehicle(folder)
    seen = {path for path, _value in leaves(export(vehicle))}
    told = {row.path for row in schema()}
    assert {path for path in seen if path not in told} == set()
    for part, exported in parts(vehicle, export(vehicle)):
        assert {field.name for field in fields(type(part))} <= exported.keys()  # type: ignore[arg-type]


def test_moments_are_utc_and_say_so() -> None:
    berlin = timezone(timedelta(hours=1))
    odometer = Odometer(as_of=datetime(2026, 1, 1, 12, tzinfo=berlin), mileage_km=1)
    assert export(Vehicle(vin="V", odometer=odometer))["odometer"] == {"as_of": "2026-01-01T11:00:00Z", "mileage_km": 1}


def test_what_nobody_thought_of_is_noticed() -> None:
    with pytest.raises(TypeError, match="how to export a object"):
        export(Vehicle(vin=object()))  # type: ignore[arg-type]


def test_the_document_describes_every_value(*, update_document: bool) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _begin, rest = text.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    lines = ["| Value | Type |", "| --- | --- |", *(f"| `{row.path}` | {row.type} |" for row in schema())]
    expected = before + BEGIN + "\n".join(lines) + "\n" + END + after
    if update_document:
        DOCUMENT.write_text(expected, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == expected, "run with --snapshot-update, and tell in the changelog"


@dataclass(frozen=True)
class Row:
    """A value in the document: where it stands, and what it can be."""

    path: str
    type: str


def schema() -> list[Row]:
    """All values of a vehicle, read from the types of its parts."""
    return [*_rows("", Vehicle)]


def _rows(path: str, hint: Hint) -> Iterator[Row]:
    hint = _without_none(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    match origin, hint:
        case _, type() if is_dataclass(hint):
            for name, inner in _members(hint).items():
                yield from _rows(f"{path}.{name}" if path else name, inner)
        case _, type() if issubclass(hint, Enum):
            yield Row(path, ", ".join(f"`{member.name.lower()}`" for member in hint))
        case _, UnionType():
            yield Row(path, ", ".join(_SIMPLE[kind] for kind in get_args(hint)))
        case type() as container, _ if issubclass(container, Mapping):
            key, value = arguments
            yield from _rows(f"{path}{{{_keys(key)}}}", value)
        case type(), _:
            yield from _rows(f"{path}[]", arguments[0])
        case _:
            yield Row(path, _SIMPLE[hint])


def _keys(kind: type) -> str:
    """What may stand for a key: the words of an enumeration, or any text."""
    return ",".join(member.name.lower() for member in kind) if issubclass(kind, Enum) else "…"


_SIMPLE: Final[Mapping[Hint, str]] = {
    bool: "yes or no",
    int: "whole number",
    float: "number",
    str: "text",
    datetime: "moment",
    date: "day",
    time: "time",
}


def _members(kind: type) -> dict[str, Hint]:
    """Fields and properties, with their types."""
    properties = {
        name: get_type_hints(value.fget)["return"]
        for name in sorted(set(dir(kind)))
        if not name.startswith("_") and isinstance(value := getattr(kind, name), property)
    }
    return get_type_hints(kind) | properties


def _without_none(hint: Hint) -> Hint:
    if isinstance(hint, TypeAliasType):
        return _without_none(hint.__value__)
    if not isinstance(hint, UnionType):
        return hint
    return reduce(or_, (argument for argument in get_args(hint) if argument is not NoneType))


def _braced(path: str, row: str) -> str | None:
    """The path of a mapping's values, if a row is of them."""
    return f"{path}{{{row.removeprefix(path + '{').partition('}')[0]}}}" if row.startswith(f"{path}{{") else None


def leaves(value: Plain, path: str = "") -> Iterator[tuple[str, Plain]]:
    """All values that are neither unknown nor made of others, by path."""
    match value:
        case dict():
            braces = path in {"body.lids", "body.windows", "extras"}
            for key, inner in value.items():
                if braces:
                    yield from leaves(inner, next(braced for row in schema() if (braced := _braced(path, row.path))))
                else:
                    yield from leaves(inner, f"{path}.{key}" if path else key)
        case list():
            for inner in value:
                yield from leaves(inner, f"{path}[]")
        case None:
            pass
        case _:
            yield path, value


def parts(value: object, exported: Plain) -> Iterator[tuple[object, dict[str, Plain]]]:
    """All dataclasses in a value, each with what it was exported as."""
    if is_dataclass(value) and isinstance(exported, dict):
        yield value, exported
        for name, inner in exported.items():
            yield from parts(getattr(value, name), inner)
    elif isinstance(value, tuple) and isinstance(exported, list):
        for item, inner in zip(value, exported, strict=True):
            yield from parts(item, inner)

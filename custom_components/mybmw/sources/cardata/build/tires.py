"""The four tires: pressures from the car, all else from the tire diagnosis."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
import re
from typing import Final

from ....vehicle import Tire, Tires, TireSeason, Wheel
from ...fields import Fields, Tokens
from ..keys import Key
from .told import Told

_WHEELS: Final[Mapping[Wheel, tuple[str, Key, Key]]] = {
    Wheel.FRONT_LEFT: ("frontLeft", Key.PRESSURE_FRONT_LEFT, Key.TARGET_PRESSURE_FRONT_LEFT),
    Wheel.FRONT_RIGHT: ("frontRight", Key.PRESSURE_FRONT_RIGHT, Key.TARGET_PRESSURE_FRONT_RIGHT),
    Wheel.REAR_LEFT: ("rearLeft", Key.PRESSURE_REAR_LEFT, Key.TARGET_PRESSURE_REAR_LEFT),
    Wheel.REAR_RIGHT: ("rearRight", Key.PRESSURE_REAR_RIGHT, Key.TARGET_PRESSURE_REAR_RIGHT),
}
_SEASON: Final[Tokens[TireSeason | None]] = Tokens(
    {"SUMMER": TireSeason.SUMMER, "WINTER": TireSeason.WINTER}, absent=None, unlisted=TireSeason.UNKNOWN
)
_COLORS: Final[Tokens[int | None]] = Tokens(
    {"GREEN": 0, "YELLOW": 1, "RED": 2, "GREY": None}, absent=None, unlisted=None
)
_KILOPASCALS: Final = range(1, 1_001)
_WEEK: Final = re.compile(r"([0-9]{2})/(20[0-9]{2})")


def build_tires(told: Told, diagnosis: Fields) -> Tires | None:
    """The tires of which anything is known. A diagnosis in which all is empty or zero says nothing."""
    mounted = diagnosis.part("passengerCar").part("mountedTyres")
    tires = {
        wheel: _tire(told, mounted.part(name), pressure, target) for wheel, (name, pressure, target) in _WHEELS.items()
    }
    if not any(tires.values()):
        return None
    return Tires(
        as_of=told.as_of,
        front_left=tires[Wheel.FRONT_LEFT],
        front_right=tires[Wheel.FRONT_RIGHT],
        rear_left=tires[Wheel.REAR_LEFT],
        rear_right=tires[Wheel.REAR_RIGHT],
    )


def _tire(told: Told, wheel: Fields, pressure: Key, target: Key) -> Tire | None:
    tire = _identified(wheel)
    if tire != Tire():
        tire = replace(
            tire,
            wear_status=wheel.part("tyreWear").token("statusColor", _COLORS),
            defect_status=wheel.part("tyreDefect").token("statusColor", _COLORS),
            is_made_for_bmw=wheel.part("optimizedForOem").flag("optimizedForOem"),
        )
    tire = replace(
        tire,
        pressure_kpa=told.integer(pressure, "kPa", _KILOPASCALS),
        target_pressure_kpa=told.integer(target, "kPa", _KILOPASCALS),
    )
    return tire if tire != Tire() else None


def _identified(wheel: Fields) -> Tire:
    """Which tire it is. Of one that BMW does not know, nothing else is to be believed: it is filled in all the same."""
    tread = wheel.part("tread")
    return Tire(
        season=wheel.part("season").token("season", _SEASON),
        manufacturer=tread.text("manufacturer"),
        tread=tread.text("treadDesign"),
        size=_size(wheel.part("dimension").text("value")),
        part_number=wheel.part("partNumber").text("partNumber"),
        manufactured=_manufactured(wheel.part("tyreProductionDate")),
        mounted=wheel.part("mountingDate").day("mountingDate"),
    )


def _size(written: str | None) -> str | None:
    """A size that is one: "0/0 R0" is how BMW fills in what it does not know."""
    return None if written is None or not any(digit in written for digit in "123456789") else written


def _manufactured(production: Fields) -> date | None:
    """The Monday of the week of production, which is written as "40/2021"."""
    week = _WEEK.fullmatch(production.text("value") or "")
    if not week:
        return None
    try:
        return date.fromisocalendar(int(week[2]), int(week[1]), 1)
    except ValueError:
        production.note("value", "no week of that year")
        return None

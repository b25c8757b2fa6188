"""Where the car is, and whether it moves."""

from typing import Final

from ....vehicle import Location, Motion
from ..keys import Key
from ..traps import is_ignition_on, is_moving
from .told import Told

_HEADINGS: Final = range(361)
_METERS: Final = range(-1000, 9001)


def build_location(told: Told) -> Location | None:
    """The last position of which both halves are known."""
    latitude, longitude = told.number(Key.LATITUDE, "°", -90, 90), told.number(Key.LONGITUDE, "°", -180, 180)
    if latitude is None or longitude is None:
        return None
    as_of = told.as_of
    return Location(
        as_of=as_of,
        latitude=latitude,
        longitude=longitude,
        heading_deg=told.integer(Key.HEADING, "°", _HEADINGS),
        altitude_m=told.integer(Key.ALTITUDE, "m", _METERS),
    )


def build_motion(told: Told) -> Motion | None:
    """Whether the car is on its way, if it says anything about it."""
    ignition, moves = is_ignition_on(told.readings), is_moving(told.readings)
    if ignition is None and moves is None:
        return None
    for key in (Key.IGNITION, Key.IGNITION_TOO, Key.IS_MOVING):
        told.reading(key)
    return Motion(as_of=told.as_of, is_ignition_on=ignition, is_moving=moves)

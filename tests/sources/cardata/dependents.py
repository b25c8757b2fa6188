"""What is made of which descriptor."""

from collections.abc import Mapping
from typing import Final

from custom_components.mybmw.sources.cardata.keys import Key

_ENERGY: Final = {"energy"}
_CELLS: Final = {"energy", "identity", "charging_plan"}
"""Whether a car has a battery or a tank decides what it is."""
_PLACE: Final = {"location", "capabilities"}

_NAMES: Final[Mapping[str, set[str]]] = {
    "SOC_HEADER": _CELLS,
    "SOC_DISPLAYED": _CELLS,
    "FUEL": _CELLS,
    "TARGET": {"energy", "charging_plan"},
    "LATITUDE": _PLACE,
    "LONGITUDE": _PLACE,
    "GPS_FIX": _PLACE,
    "HEADING": {"location"},
    "ALTITUDE": {"location"},
    "MILEAGE": {"odometer"},
    "IN_DEEP_SLEEP": {"is_in_deep_sleep"},
    "LOCK": {"body"},
    "HOOD": {"body"},
    "TRUNK": {"body"},
    "SUNROOF": {"body"},
    "CONVERTIBLE": {"body"},
    "ALARM": {"body"},
    "LOCK_IN_REST": {"body"},
    "AC_LIMIT": {"charging_plan"},
    "ACOUSTIC_LIMIT": {"charging_plan"},
    "HOSPITALITY": {"charging_plan"},
    "FLAP_UNLOCKED": {"charging_plan"},
    "IS_MOVING": {"motion"},
    "SERVICES": {"maintenance"},
    "MESSAGES": {"maintenance"},
}
_BEGINNINGS: Final[Mapping[str, set[str]]] = {
    "PLAN_": {"charging_plan"},
    "DOOR_": {"body"},
    "WINDOW_": {"body"},
    "CLIMATE": {"climate"},
    "TIMER_": {"climate"},
    "IGNITION": {"motion"},
    "PRESSURE_": {"tires"},
    "TARGET_PRESSURE_": {"tires"},
}


def dependents_of(descriptor: str) -> set[str]:
    """What may change in a car when something changes in what it says for a descriptor."""
    if descriptor not in set(Key):
        return {"extras", "last_reported"}
    name = Key(descriptor).name
    parts = _NAMES.get(name) or next(
        (parts for beginning, parts in _BEGINNINGS.items() if name.startswith(beginning)), _ENERGY
    )
    return parts | {"last_reported"}

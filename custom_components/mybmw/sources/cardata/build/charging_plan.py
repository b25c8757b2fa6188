"""When and how the car charges, as far as CarData tells: no charging window, and no departure times."""

from collections.abc import Mapping
from typing import Final

from ....vehicle import ChargingMode, ChargingPlan, ChargingPreference, DriveTrain, TimerType
from ..keys import Key
from .measures import PERCENT
from .told import Told

_MODE: Final[Mapping[str, ChargingMode]] = ChargingMode.__members__
_PREFERENCE: Final[Mapping[str, ChargingPreference]] = ChargingPreference.__members__
_TIMER_TYPE: Final[Mapping[str, TimerType]] = TimerType.__members__
_LIMIT: Final[Mapping[str, str | None]] = {
    "NO_ACTION": None,
    "AUTOMATIC": "automatic",
    "UNLIMITED": "unlimited",
    "LIMITED": "limited",
}
_FLAP: Final[Mapping[str, bool | None]] = {"FLAP_UNLOCKED": True, "FLAP_LOCKED": False, "NO_ACTION": None}
_AMPERES: Final = range(253)


def build_charging_plan(told: Told, drive_train: DriveTrain) -> ChargingPlan | None:
    """The plan, if the car has a plug and speaks of it."""
    if not drive_train.has_high_voltage_battery:
        return None
    plan = ChargingPlan(
        mode=told.word(Key.PLAN_MODE, _MODE, ChargingMode.UNKNOWN) or ChargingMode.UNKNOWN,
        preference=told.word(Key.PLAN_PREFERENCE, _PREFERENCE, ChargingPreference.UNKNOWN)
        or ChargingPreference.UNKNOWN,
        timer_type=told.word(Key.PLAN_TIMER_TYPE, _TIMER_TYPE, TimerType.UNKNOWN) or TimerType.UNKNOWN,
        is_pre_entry_climatization_on=told.flag(Key.PLAN_CLIMATE),
        target_percent=told.integer(Key.TARGET, "%", PERCENT),
        ac_limit_a=told.integer(Key.AC_LIMIT, "A", _AMPERES),
        acoustic_limit=told.word(Key.ACOUSTIC_LIMIT, _LIMIT, None),
        is_cable_unlocked_when_full=told.flag(Key.HOSPITALITY),
        is_flap_permanently_unlocked=told.word(Key.FLAP_UNLOCKED, _FLAP, None),
        as_of=told.as_of,
    )
    return None if plan.as_of is None else plan

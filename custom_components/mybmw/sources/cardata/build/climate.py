"""Climate control and its timers."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Final

from ....vehicle import Climate, ClimateActivity, ClimateTimer
from ..keys import Key
from ..traps import is_of_this
from .told import Told

_ACTIVITY: Final[Mapping[str, ClimateActivity]] = {activity.value: activity for activity in ClimateActivity}
_ACTION: Final[Mapping[str, bool | None]] = {"ACTIVATE": True, "DEACTIVATE": False, "NO_ACTION": None}
_TIMERS: Final = (
    (False, Key.TIMER_ONCE_ACTION, Key.TIMER_ONCE_HOUR, Key.TIMER_ONCE_MINUTE),
    (True, Key.TIMER_1_ACTION, Key.TIMER_1_HOUR, Key.TIMER_1_MINUTE),
    (True, Key.TIMER_2_ACTION, Key.TIMER_2_HOUR, Key.TIMER_2_MINUTE),
)
_MINUTES: Final = range(24 * 60)


def build_climate(told: Told) -> Climate | None:
    """What the climate control does, if the car speaks of it at all."""
    activity = told.word(Key.CLIMATE, _ACTIVITY, ClimateActivity.UNKNOWN)
    timers = tuple([timer for keys in _TIMERS if (timer := _timer(told, *keys))])
    if activity is None and not told.says(Key.CLIMATE) and not timers:
        return None
    ends_at = _ends_at(told) if activity and activity.is_running else None
    return Climate(
        as_of=told.as_of,
        activity=activity or ClimateActivity.UNKNOWN,
        ends_at=ends_at,
        timers=timers,
    )


def _ends_at(told: Told) -> datetime | None:
    """When the climate control ends, if what is said about that was said of this time."""
    runs, left = told.reading(Key.CLIMATE), told.reading(Key.CLIMATE_MINUTES_LEFT)
    if runs is None or left is None or not is_of_this(left, runs.since):
        return None
    minutes = told.integer(Key.CLIMATE_MINUTES_LEFT, "min", _MINUTES)
    return left.at.replace(microsecond=0) + timedelta(minutes=minutes) if minutes else None


def _timer(told: Told, is_weekly: bool, action: Key, hour: Key, minute: Key) -> ClimateTimer | None:  # noqa: FBT001 (a row of the table)
    is_active, at_hour = told.word(action, _ACTION, None), told.integer(hour, "h", range(24))
    at_minute = told.integer(minute, "min", range(60))
    if is_active is None and at_hour is None:
        return None
    departs_at = None if at_hour is None or at_minute is None else time(at_hour, at_minute)
    return ClimateTimer(is_weekly=is_weekly, is_active=is_active, departs_at=departs_at)

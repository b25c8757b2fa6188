"""Climate control and its timers."""

from datetime import datetime, timedelta
from typing import Final

from ....vehicle import Climate, ClimateActivity, ClimateTimer
from ...fields import Fields, names_of
from .timers import TIMER_ACTION, WEEKDAY

_ACTIVITY: Final = names_of(ClimateActivity, unknown=ClimateActivity.UNKNOWN)
_LONGEST_RUN_S: Final = 24 * 60 * 60


def build_climate(state: Fields, as_of: datetime | None, read_at: datetime) -> Climate | None:
    """What the climate control does, if the car speaks of it at all.

    BMW's cloud counts the seconds left down to when it looked at the car (`read_at`): they come in fractions.
    """
    control, timers = state.part("climateControlState"), state.parts("climateTimers")
    if not control and timers is None:
        return None
    activity = control.token("activity", _ACTIVITY)
    remaining = control.number("remainingSeconds", 0, _LONGEST_RUN_S) if activity.is_running else None
    return Climate(
        as_of=as_of,
        activity=activity,
        ends_at=None if remaining is None else read_at + timedelta(seconds=int(remaining)),
        timers=tuple([_timer(timer) for timer in timers or ()]),
    )


def _timer(timer: Fields) -> ClimateTimer:
    return ClimateTimer(
        is_weekly=timer.flag("isWeeklyTimer"),
        is_active=timer.token("timerAction", TIMER_ACTION),
        weekdays=timer.tokens("timerWeekDays", WEEKDAY),
        departs_at=timer.clock("departureTime"),
    )

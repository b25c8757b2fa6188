"""Climate control and its timers."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final, Self

from .charging_plan import Weekday

# The remaining time is counted in seconds while the answer travels.
_SAME_END: Final = timedelta(seconds=90)


class ClimateActivity(StrEnum):
    """What the climate control of a parked car is doing."""

    HEATING = "heating"
    COOLING = "cooling"
    VENTILATION = "ventilation"
    STANDBY = "standby"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"

    @property
    def is_running(self) -> bool | None:
        """Whether air is being moved; None while the car does not say."""
        return None if self is ClimateActivity.UNKNOWN else self in _RUNNING


_RUNNING: Final = frozenset({ClimateActivity.HEATING, ClimateActivity.COOLING, ClimateActivity.VENTILATION})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClimateTimer:
    """A time for which the cabin is made comfortable, on the car's own clock."""

    is_weekly: bool | None = None
    is_active: bool | None = None
    weekdays: tuple[Weekday, ...] = ()
    departs_at: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """The climate control; `ends_at` is there only while it runs."""

    as_of: datetime | None = None
    activity: ClimateActivity = ClimateActivity.UNKNOWN
    ends_at: datetime | None = None
    timers: tuple[ClimateTimer, ...] = ()

    def settled(self, previous: Self) -> Self:
        """This state, with the end as worked out before if it still means the same end."""
        if self.ends_at is None or previous.ends_at is None or abs(self.ends_at - previous.ends_at) > _SAME_END:
            return self
        return replace(self, ends_at=previous.ends_at)

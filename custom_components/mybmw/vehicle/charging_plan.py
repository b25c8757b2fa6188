"""When and how a car charges: mode, window, departure timers and limits."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

TIMER_IDS: Final = range(1, 5)
"""The departure timers that a weekly plan has."""


class ChargingMode(StrEnum):
    """When a plugged-in car begins to charge."""

    IMMEDIATE_CHARGING = "immediate_charging"
    DELAYED_CHARGING = "delayed_charging"
    NO_ACTION = "no_action"
    UNKNOWN = "unknown"


class ChargingPreference(StrEnum):
    """Whether the charging window is used."""

    NO_PRESELECTION = "no_preselection"
    CHARGING_WINDOW = "charging_window"
    UNKNOWN = "unknown"


class TimerType(StrEnum):
    """How the departure timers repeat."""

    WEEKLY_PLANNER = "weekly_planner"
    TWO_TIMES_TIMER = "two_times_timer"
    UNKNOWN = "unknown"


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartureTimer:
    """A time at which the car shall be ready, on the car's own clock."""

    id: int | None = None
    is_active: bool | None = None
    weekdays: tuple[Weekday, ...] = ()
    departs_at: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingWindow:
    """The hours in which charging is preferred, on the car's own clock; may run past midnight."""

    start: time
    end: time

    def next_start(self, now: datetime) -> datetime:
        """The next time the window opens after `now`, in the zone of `now` (taken to be the car's)."""
        today = datetime.combine(now, self.start, tzinfo=now.tzinfo)
        return today if today > now else datetime.combine(now + timedelta(days=1), self.start, tzinfo=now.tzinfo)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingPlan:
    """The charging plan and the charging settings of a car.

    `ac_limits_a` are the AC currents the car offers to choose from, between `ac_limit_min_a` and `ac_limit_max_a`.
    BMW's app warns of a target below `warn_below_percent`, if that is not 0. `service_pack` names the generation of the
    plan that BMW wants to be told again when the plan is written.
    """

    as_of: datetime | None = None
    mode: ChargingMode = ChargingMode.UNKNOWN
    preference: ChargingPreference = ChargingPreference.UNKNOWN
    timer_type: TimerType = TimerType.UNKNOWN
    window: ChargingWindow | None = None
    departure_timers: tuple[DepartureTimer, ...] = ()
    is_pre_entry_climatization_on: bool | None = None
    target_percent: int | None = None
    warn_below_percent: int | None = None
    ac_limit_a: int | None = None
    ac_limits_a: tuple[int, ...] = ()
    ac_limit_min_a: int | None = None
    ac_limit_max_a: int | None = None
    is_ac_unlimited: bool | None = None
    acoustic_limit: str | None = None
    hospitality: str | None = None
    is_cable_unlocked_when_full: bool | None = None
    is_flap_permanently_unlocked: bool | None = None
    service_pack: str | None = None

    def timer(self, timer_id: int) -> DepartureTimer | None:
        """The departure timer with this id; None if the plan has none."""
        return next((timer for timer in self.departure_timers if timer.id == timer_id), None)

"""When and how the car charges.

The state tells the plan in one dialect, the charging details in another, which is also that of commands. Where both are
there they have always said the same.
"""

from datetime import time
from typing import Final, NamedTuple

from ....vehicle import (
    ChargingMode,
    ChargingPlan,
    ChargingPreference,
    ChargingWindow,
    DepartureTimer,
    DriveTrain,
    TimerType,
)
from ...fields import Fields, Tokens, names_of
from .measures import AMPERES, PERCENT
from .timers import TIMER_ACTION, WEEKDAY

_MODE: Final = names_of(ChargingMode, unknown=ChargingMode.UNKNOWN)
_DETAILED_MODE: Final = Tokens(
    {
        "CHARGING_IMMEDIATELY": ChargingMode.IMMEDIATE_CHARGING,
        "TIME_SLOT": ChargingMode.DELAYED_CHARGING,
        "NO_ACTION": ChargingMode.NO_ACTION,
    },
    absent=ChargingMode.UNKNOWN,
    unlisted=ChargingMode.UNKNOWN,
)
_PREFERENCE: Final = names_of(ChargingPreference, unknown=ChargingPreference.UNKNOWN)
_TIMER_TYPE: Final = names_of(TimerType, unknown=TimerType.UNKNOWN)
_DETAILED_TIMER_TYPE: Final = Tokens(
    {"WEEKLY_DEPARTURE_TIMER": TimerType.WEEKLY_PLANNER, "TWO_DEPARTURE_TIMER": TimerType.TWO_TIMES_TIMER},
    absent=TimerType.UNKNOWN,
    unlisted=TimerType.UNKNOWN,
)
_TIMER_IDS: Final = range(1_000)
_IS_AMPERE: Final = Tokens({"A": True}, absent=True, unlisted=False)


class _Told(NamedTuple):
    """What both dialects tell."""

    mode: ChargingMode
    preference: ChargingPreference
    timer_type: TimerType
    window: ChargingWindow | None
    departure_timers: tuple[DepartureTimer, ...]


def build_charging_plan(plan: Fields, details: Fields, drive_train: DriveTrain) -> ChargingPlan | None:
    """The plan as the state tells it, completed by what only the charging details say.

    BMW sends a plan for cars without a plug too; it means nothing.
    """
    if not drive_train.has_high_voltage_battery:
        return None
    if not plan and not details:
        return None
    detailed_plan = details.part("chargeAndClimateTimerDetail")
    settings, detailed_settings = plan.part("chargingSettings"), details.part("chargingSettingsDetail")
    ac_limit = detailed_settings.part("acLimit")
    told = _plan(plan) if plan else _detailed_plan(detailed_plan)
    return ChargingPlan(
        mode=told.mode,
        preference=told.preference,
        timer_type=told.timer_type,
        window=told.window,
        departure_timers=told.departure_timers,
        is_pre_entry_climatization_on=_first(
            plan.flag("climatisationOn"), detailed_plan.flag("isPreconditionForDepartureActive")
        ),
        target_percent=_first(
            settings.integer("targetSoc", PERCENT), detailed_settings.integer("chargingTarget", PERCENT)
        ),
        warn_below_percent=detailed_settings.integer("minChargingTargetToWarning", PERCENT),
        ac_limit_a=_first(settings.integer("acCurrentLimit", AMPERES), _amperes(ac_limit.part("current"))),
        ac_limits_a=ac_limit.integers("values", AMPERES),
        ac_limit_min_a=ac_limit.integer("min", AMPERES),
        ac_limit_max_a=ac_limit.integer("max", AMPERES),
        is_ac_unlimited=ac_limit.flag("isUnlimited"),
        acoustic_limit=_first(settings.word("idcc"), detailed_settings.word("dcLoudness")),
        hospitality=settings.word("hospitality"),
        is_cable_unlocked_when_full=detailed_settings.flag("isUnlockCableActive"),
        is_flap_permanently_unlocked=details.part("chargingFlapDetail").flag("isPermanentlyUnlock"),
        service_pack=details.text("servicePack"),
    )


def _first[T](told: T | None, told_elsewhere: T | None) -> T | None:
    return told_elsewhere if told is None else told


def _amperes(current: Fields) -> int | None:
    amount, is_ampere = current.integer("value", AMPERES), current.token("unit", _IS_AMPERE)
    return amount if is_ampere else None


def _plan(plan: Fields) -> _Told:
    window = plan.part("reductionOfChargeCurrent")
    return _Told(
        mode=plan.token("chargingMode", _MODE),
        preference=plan.token("chargingPreference", _PREFERENCE),
        timer_type=plan.token("chargingControlType", _TIMER_TYPE),
        window=_window(window.clock("start"), window.clock("end")),
        departure_timers=tuple(
            [
                DepartureTimer(
                    id=timer.integer("id", _TIMER_IDS),
                    is_active=timer.token("action", TIMER_ACTION),
                    weekdays=timer.tokens("timerWeekDays", WEEKDAY),
                    departs_at=timer.clock("timeStamp"),
                )
                for timer in plan.parts("departureTimes") or ()
            ]
        ),
    )


def _detailed_plan(plan: Fields) -> _Told:
    """The plan of the charging details, in which midnight stands for a time that is not set."""
    mode, timers = plan.part("chargingMode"), plan.part("departureTimer")
    start, end = mode.clock("startTimeSlot"), mode.clock("endTimeSlot")
    return _Told(
        mode=mode.token("type", _DETAILED_MODE),
        preference=mode.token("chargingPreference", _PREFERENCE),
        timer_type=timers.token("type", _DETAILED_TIMER_TYPE),
        window=None if start == end else _window(start, end),
        departure_timers=tuple(
            [
                DepartureTimer(
                    id=timer.integer("id", _TIMER_IDS),
                    is_active=timer.token("timerAction", TIMER_ACTION),
                    weekdays=timer.tokens("daysOfTheWeek", WEEKDAY),
                    departs_at=None if (at := timer.clock("time")) == time.min else at,
                )
                for timer in timers.parts("weeklyTimers") or ()
            ]
        ),
    )


def _window(start: time | None, end: time | None) -> ChargingWindow | None:
    return None if start is None or end is None else ChargingWindow(start=start, end=end)

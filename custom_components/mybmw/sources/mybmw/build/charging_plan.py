"""When and how the car charges."""

from datetime import datetime
from typing import Final

from ....vehicle import (
    ChargingMode,
    ChargingPlan,
    ChargingPreference,
    ChargingWindow,
    DepartureTimer,
    DriveTrain,
    TimerType,
)
from ...fields import Fields, names_of
from .measures import AMPERES, PERCENT
from .timers import TIMER_ACTION, WEEKDAY

_MODE: Final = names_of(ChargingMode, unknown=ChargingMode.UNKNOWN)
_PREFERENCE: Final = names_of(ChargingPreference, unknown=ChargingPreference.UNKNOWN)
_TIMER_TYPE: Final = names_of(TimerType, unknown=TimerType.UNKNOWN)
_TIMER_IDS: Final = range(1_000)


def build_charging_plan(
    state: Fields, details: Fields, drive_train: DriveTrain, as_of: datetime | None
) -> ChargingPlan | None:
    """The plan as the state tells it, completed by what only the charging details say.

    BMW sends a plan for cars without a plug too; it means nothing.
    """
    if not drive_train.has_high_voltage_battery:
        return None
    plan = state.part("chargingProfile")
    if not plan and not details:
        return None
    settings = plan.part("chargingSettings")
    detailed_settings = details.part("chargingSettingsDetail")
    ac_limit = detailed_settings.part("acLimit")
    preconditions = plan.flag("climatisationOn")
    if preconditions is None:
        preconditions = details.part("chargeAndClimateTimerDetail").flag("isPreconditionForDepartureActive")
    ac_limit_a = settings.integer("acCurrentLimit", AMPERES)
    if ac_limit_a is None:
        ac_limit_a = ac_limit.part("current").integer("value", AMPERES)
    return ChargingPlan(
        as_of=as_of,
        mode=plan.token("chargingMode", _MODE),
        preference=plan.token("chargingPreference", _PREFERENCE),
        timer_type=plan.token("chargingControlType", _TIMER_TYPE),
        window=_window(plan.part("reductionOfChargeCurrent")),
        departure_timers=tuple([_timer(timer) for timer in plan.parts("departureTimes") or ()]),
        is_pre_entry_climatization_on=preconditions,
        target_percent=settings.integer("targetSoc", PERCENT),
        ac_limit_a=ac_limit_a,
        ac_limits_a=ac_limit.integers("values", AMPERES),
        is_ac_unlimited=ac_limit.flag("isUnlimited"),
        acoustic_limit=settings.word("idcc") or detailed_settings.word("dcLoudness"),
        hospitality=settings.word("hospitality"),
        is_cable_unlocked_when_full=detailed_settings.flag("isUnlockCableActive"),
        is_flap_permanently_unlocked=details.part("chargingFlapDetail").flag("isPermanentlyUnlock"),
        service_pack=details.text("servicePack"),
    )


def _window(window: Fields) -> ChargingWindow | None:
    start, end = window.clock("start"), window.clock("end")
    return None if start is None or end is None else ChargingWindow(start=start, end=end)


def _timer(timer: Fields) -> DepartureTimer:
    return DepartureTimer(
        id=timer.integer("id", _TIMER_IDS),
        is_active=timer.token("action", TIMER_ACTION),
        weekdays=timer.tokens("timerWeekDays", WEEKDAY),
        departs_at=timer.clock("timeStamp"),
    )

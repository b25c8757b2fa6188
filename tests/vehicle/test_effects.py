"""How a car's report shows that it did what it was told."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Final

import pytest

from custom_components.mybmw.vehicle import (
    Body,
    Charging,
    ChargingMode,
    ChargingPlan,
    ChargingStatus,
    ChargingWindow,
    Climate,
    ClimateActivity,
    Command,
    CommandKey,
    DepartureTimer,
    Energy,
    FindVehicle,
    FlashLights,
    Location,
    Lock,
    LockState,
    SetChargingPlan,
    SetChargingSettings,
    StartCharging,
    StartClimate,
    StopCharging,
    StopClimate,
    TimerChange,
    Unlock,
    Vehicle,
    Weekday,
)
from custom_components.mybmw.vehicle.effects import SUBJECTS, shows_effect

SENT_AT: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SILENT: Final = Vehicle(vin="WBA00000000000001")
WINDOW: Final = ChargingWindow(start=time(22), end=time(6))
TIMER: Final = DepartureTimer(id=1, is_active=True, weekdays=(Weekday.MONDAY, Weekday.FRIDAY), departs_at=time(7, 30))


def locked(state: LockState) -> Vehicle:
    return replace(SILENT, body=Body(lock=state))


def climate(activity: ClimateActivity) -> Vehicle:
    return replace(SILENT, climate=Climate(activity=activity))


def charging(status: ChargingStatus, target: int | None = None) -> Vehicle:
    return replace(SILENT, energy=Energy(charging=Charging(status=status, target_percent=target)))


def found(after: timedelta | None) -> Vehicle:
    as_of = None if after is None else SENT_AT + after
    return replace(SILENT, location=Location(as_of=as_of, latitude=48, longitude=11))


PLANNED: Final = replace(
    charging(ChargingStatus.CHARGING, 80),
    charging_plan=ChargingPlan(
        mode=ChargingMode.DELAYED_CHARGING,
        window=WINDOW,
        is_pre_entry_climatization_on=True,
        ac_limit_a=16,
        departure_timers=(TIMER,),
    ),
)


@pytest.mark.parametrize(
    ("command", "vehicle", "is_shown"),
    [
        (Lock(), locked(LockState.LOCKED), True),
        (Lock(), locked(LockState.SECURED), True),
        (Lock(), locked(LockState.PARTIALLY_LOCKED), False),
        (Lock(), SILENT, False),
        (Unlock(), locked(LockState.UNLOCKED), True),
        (Unlock(), locked(LockState.SECURED), False),
        (Unlock(), SILENT, False),
        (StartClimate(), climate(ClimateActivity.HEATING), True),
        (StartClimate(), climate(ClimateActivity.STANDBY), False),
        (StartClimate(), SILENT, False),
        (StopClimate(), climate(ClimateActivity.STANDBY), True),
        (StopClimate(), climate(ClimateActivity.UNKNOWN), False),
        (StartCharging(), charging(ChargingStatus.CHARGING), True),
        (StartCharging(), charging(ChargingStatus.PLUGGED_IN), False),
        (StartCharging(), SILENT, False),
        (StopCharging(), charging(ChargingStatus.PLUGGED_IN), True),
        (StopCharging(), charging(ChargingStatus.UNKNOWN), False),
        (FindVehicle(), found(timedelta(seconds=1)), True),
        (FindVehicle(), found(timedelta(seconds=-1)), False),
        (FindVehicle(), found(None), False),
        (FindVehicle(), SILENT, False),
        (SetChargingSettings(target_percent=80), PLANNED, True),
        (SetChargingSettings(target_percent=80, ac_limit_a=16), PLANNED, True),
        (SetChargingSettings(target_percent=80, ac_limit_a=32), PLANNED, False),
        (SetChargingSettings(target_percent=90), PLANNED, False),
        (SetChargingSettings(target_percent=90), SILENT, False),
        (SetChargingSettings(ac_limit_a=16), SILENT, False),
        (SetChargingPlan(mode=ChargingMode.DELAYED_CHARGING), PLANNED, True),
        (SetChargingPlan(mode=ChargingMode.IMMEDIATE_CHARGING), PLANNED, False),
        (SetChargingPlan(is_pre_entry_climatization_on=True), PLANNED, True),
        (SetChargingPlan(is_pre_entry_climatization_on=False), PLANNED, False),
        (SetChargingPlan(window=WINDOW), PLANNED, True),
        (SetChargingPlan(window=ChargingWindow(start=time(1), end=time(5))), PLANNED, False),
        (SetChargingPlan(timers=(TimerChange(id=1, is_active=True),)), PLANNED, True),
        (SetChargingPlan(timers=(TimerChange(id=1, is_active=False),)), PLANNED, False),
        (SetChargingPlan(timers=(TimerChange(id=1, weekdays=(Weekday.FRIDAY, Weekday.MONDAY)),)), PLANNED, True),
        (SetChargingPlan(timers=(TimerChange(id=1, weekdays=()),)), PLANNED, False),
        (SetChargingPlan(timers=(TimerChange(id=1, departs_at=time(8)),)), PLANNED, False),
        (SetChargingPlan(timers=(TimerChange(id=2, is_active=True),)), PLANNED, False),
        (SetChargingPlan(window=WINDOW), SILENT, False),
        (SetChargingPlan(timers=(TimerChange(id=1, is_active=True),)), SILENT, False),
        (FlashLights(), SILENT, True),
    ],
)
def test_what_a_report_shows(command: Command, vehicle: Vehicle, *, is_shown: bool) -> None:
    assert shows_effect(vehicle, command, SENT_AT) is is_shown


def test_flashing_honking_and_destinations_leave_no_trace() -> None:
    assert set(CommandKey) - SUBJECTS.keys() == {
        CommandKey.FLASH_LIGHTS,
        CommandKey.SOUND_HORN,
        CommandKey.SEND_DESTINATION,
    }

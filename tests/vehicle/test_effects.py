"""How a car's report shows that it did what it was told."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Final

import pytest

from custom_components.mybmw.vehicle import (
    Body,
    Capabilities,
    Charging,
    ChargingMode,
    ChargingPlan,
    ChargingStatus,
    ChargingWindow,
    Climate,
    ClimateActivity,
    Command,
    DepartureTimer,
    Energy,
    FindVehicle,
    FlashLights,
    Location,
    Lock,
    LockState,
    Position,
    SendDestination,
    SetChargingPlan,
    SetChargingSettings,
    SoundHorn,
    StartCharging,
    StartClimate,
    StopCharging,
    StopClimate,
    TimerChange,
    Unlock,
    Vehicle,
    Weekday,
)
from custom_components.mybmw.vehicle.effects import parts_of, shows_effect, speaks_of

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


def test_the_target_may_stand_among_the_settings_only() -> None:
    car = replace(charging(ChargingStatus.CHARGING), charging_plan=ChargingPlan(target_percent=80))
    assert shows_effect(car, SetChargingSettings(target_percent=80), SENT_AT)
    assert not shows_effect(car, SetChargingSettings(target_percent=75), SENT_AT)


@pytest.mark.parametrize(
    ("command", "vehicle"),
    [
        (Lock(), locked(LockState.PARTIALLY_LOCKED)),
        (StopClimate(), climate(ClimateActivity.STANDBY)),
        (StartCharging(), charging(ChargingStatus.PLUGGED_IN)),
        (FindVehicle(), replace(SILENT, capabilities=Capabilities(tracking=True))),
    ],
)
def test_a_car_may_not_speak_of_it(command: Command, vehicle: Vehicle) -> None:
    assert speaks_of(vehicle, command)
    assert not speaks_of(SILENT, command)


def test_a_plan_is_always_spoken_of() -> None:
    assert speaks_of(SILENT, SetChargingSettings(target_percent=80)), "it is only taken by cars that have one"


@pytest.mark.parametrize(
    ("command", "parts"),
    [
        (Lock(), parts_of(Unlock())),
        (StopClimate(), parts_of(StartClimate())),
        (StopCharging(), parts_of(StartCharging())),
        (SetChargingSettings(target_percent=80, ac_limit_a=16), {"target", "ac_limit"}),
        (SetChargingPlan(window=WINDOW, timers=(TimerChange(id=2, is_active=True),)), {"window", "timer_2"}),
        (SetChargingPlan(is_pre_entry_climatization_on=False), {"pre_entry_climatization"}),
    ],
)
def test_the_parts_of_a_car_that_commands_are_about(command: Command, parts: frozenset[str]) -> None:
    assert parts
    assert parts_of(command) == parts


@pytest.mark.parametrize(
    "command", [FlashLights(), SoundHorn(), SendDestination(position=Position(latitude=48, longitude=11))]
)
def test_flashing_honking_and_destinations_leave_no_trace(command: Command) -> None:
    assert parts_of(command) == set()

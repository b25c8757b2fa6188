"""From BMW's answers to fuel, battery, ranges, charging and climate."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.mybmw.build import build_vehicle
from custom_components.mybmw.vehicle import (
    Battery,
    ChargingMode,
    ChargingPlan,
    ChargingStatus,
    Climate,
    ClimateActivity,
    DepartureTimer,
    Energy,
    Fuel,
    Weekday,
)
from tests.recorded import RECORDED_CARS

from .answers import READ_AT, REPORTED_AT, car_with, recorded_answers


@pytest.mark.parametrize(
    ("drive_train", "burning", "electric", "fuel_range", "electric_range", "total"),
    [
        ("COMBUSTION", 629, None, 629, None, 629),
        ("MILD_HYBRID", 629, 40, 629, None, 629),
        ("ELECTRIC", 0, 340, None, 340, 340),
        ("PLUGIN_HYBRID", 476, 40, 436, 40, 476),
        ("PLUGIN_HYBRID", 40, 40, 0, 40, 40),
        ("PLUGIN_HYBRID", 476, None, None, None, 476),
        ("PLUGIN_HYBRID", None, 40, None, 40, None),
        ("PLUGIN_HYBRID", 30, 40, None, 40, 30),
        ("ELECTRIC_WITH_RANGE_EXTENDER", 105, 174, 105, 174, 279),
        ("ELECTRIC_WITH_RANGE_EXTENDER", None, 174, None, 174, None),
        ("ELECTRIC_WITH_RANGE_EXTENDER", 105, None, 105, None, None),
        ("NEW_THING", 105, 174, None, None, None),
    ],
)
def test_ranges(  # noqa: PLR0913, PLR0917 (a row of the table each)
    drive_train: str,
    burning: int | None,
    electric: int | None,
    fuel_range: int | None,
    electric_range: int | None,
    total: int | None,
) -> None:
    energy = car_with(
        drive_train,
        {
            "combustionFuelLevel": {"range": burning},
            "electricChargingState": {"range": electric},
        },
    ).energy
    assert (energy.fuel and energy.fuel.range_km) == fuel_range
    assert (energy.battery and energy.battery.range_km) == electric_range
    assert energy.total_range_km == total


def test_ranges_that_contradict_each_other_are_odd() -> None:
    car = car_with("PLUGIN_HYBRID", {"combustionFuelLevel": {"range": 30}, "electricChargingState": {"range": 40}})
    assert [oddity.path for oddity in car.oddities] == ["state.state.combustionFuelLevel.range"]


@pytest.mark.parametrize("drive_train", ["COMBUSTION", "MILD_HYBRID", "ELECTRIC", "PLUGIN_HYBRID", "UNKNOWN"])
def test_a_car_has_the_energies_of_its_drive_train(drive_train: str) -> None:
    car = car_with(
        drive_train,
        {
            "combustionFuelLevel": {"remainingFuelPercent": 10},
            "electricChargingState": {"chargingLevelPercent": 70},
            "chargingProfile": {"chargingMode": "IMMEDIATE_CHARGING"},
        },
    )
    has_engine = drive_train not in {"ELECTRIC", "UNKNOWN"}
    has_plug = drive_train in {"ELECTRIC", "PLUGIN_HYBRID"}
    assert car.energy.fuel == (Fuel(as_of=REPORTED_AT, level_percent=10) if has_engine else None)
    assert car.energy.battery == (Battery(as_of=REPORTED_AT, level_percent=70) if has_plug else None)
    assert (car.energy.charging is not None) is has_plug
    assert (car.charging_plan is not None) is has_plug


@pytest.mark.parametrize("empty", [None, {}])
def test_a_car_that_tells_nothing_of_its_energies_has_none(empty: Json) -> None:
    car = car_with("PLUGIN_HYBRID", {"combustionFuelLevel": empty, "electricChargingState": empty})
    assert car.energy == Energy()
    assert car.charging_plan is None


@pytest.mark.parametrize(
    ("told", "status"),
    [
        *((status.name, status) for status in ChargingStatus),
        ("INVALID", ChargingStatus.NOT_CHARGING),
        ("HOVERING", ChargingStatus.UNKNOWN),
        (None, ChargingStatus.UNKNOWN),
    ],
)
def test_charging_status(told: str | None, status: ChargingStatus) -> None:
    car = car_with(state={"electricChargingState": {"chargingStatus": told, "remainingChargingMinutes": 10}})
    assert car.energy.charging is not None
    assert car.energy.charging.status is status
    is_charging = status is ChargingStatus.CHARGING
    assert car.energy.charging.remaining_min == (10 if is_charging else None)
    assert car.energy.charging.ends_at == (REPORTED_AT + timedelta(minutes=10) if is_charging else None)


@pytest.mark.parametrize(("told", "type_"), [("CONDUCTIVE", "conductive"), ("UNKNOWN", None), (None, None)])
def test_connection_type(told: str | None, type_: str | None) -> None:
    car = car_with(state={"electricChargingState": {"chargingConnectionType": told, "isChargerConnected": True}})
    assert car.energy.charging is not None
    assert car.energy.charging.connection_type == type_
    assert car.energy.charging.is_plugged_in is True


def test_the_end_of_charging_stays_where_it_is_until_the_car_reports_again() -> None:
    ends = set()
    for minute in range(0, 60, 5):
        car = car_with(
            state={
                "lastFetched": f"2026-03-01T09:{minute:02}:00Z",
                "lastUpdatedAt": "2026-03-01T08:58:00Z",
                "electricChargingState": {"chargingStatus": "CHARGING", "remainingChargingMinutes": 90},
            }
        )
        assert car.energy.charging is not None
        ends.add(car.energy.charging.ends_at)
    assert ends == {datetime(2026, 3, 1, 10, 28, tzinfo=UTC)}


def test_a_charging_car_with_no_minutes_left_has_no_known_end() -> None:
    car = car_with(state={"electricChargingState": {"chargingStatus": "CHARGING", "remainingChargingMinutes": 0}})
    assert car.oddities == ()
    assert car.energy.charging is not None
    assert (car.energy.charging.remaining_min, car.energy.charging.ends_at) == (None, None)


def test_minutes_left_count_from_when_bmw_looked_if_it_does_not_say_when_the_car_reported() -> None:
    car = car_with(
        state={
            "lastUpdatedAt": None,
            "electricChargingState": {"chargingStatus": "CHARGING", "remainingChargingMinutes": 90},
        }
    )
    assert car.energy.charging is not None
    assert car.energy.charging.ends_at == READ_AT + timedelta(minutes=90)


def test_times_left_count_from_when_we_asked_if_bmw_does_not_say_anything_of_time() -> None:
    car = car_with(
        state={
            "lastUpdatedAt": None,
            "lastFetched": None,
            "electricChargingState": {"chargingStatus": "CHARGING", "remainingChargingMinutes": 90},
            "climateControlState": {"activity": "COOLING", "remainingSeconds": 90.9},
        }
    )
    assert car.energy.charging is not None
    assert car.energy.charging.ends_at == datetime(2026, 3, 1, 13, 30, tzinfo=UTC)
    assert car.climate is not None
    assert car.climate.ends_at == datetime(2026, 3, 1, 12, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("left", [-1, 10**9, 1e12, "soon"])
def test_no_end_is_worked_out_from_a_senseless_time_left(left: Json) -> None:
    car = car_with(
        state={
            "electricChargingState": {"chargingStatus": "CHARGING", "remainingChargingMinutes": left},
            "climateControlState": {"activity": "COOLING", "remainingSeconds": left},
        }
    )
    assert car.energy.charging is not None
    assert car.energy.charging.ends_at is None
    assert car.climate is not None
    assert car.climate.ends_at is None


@pytest.mark.parametrize("activity", ClimateActivity)
def test_climate_ends_only_while_it_runs(activity: ClimateActivity) -> None:
    car = car_with(state={"climateControlState": {"activity": activity.name, "remainingSeconds": 1790.846}})
    assert car.climate == Climate(
        as_of=REPORTED_AT,
        activity=activity,
        ends_at=READ_AT + timedelta(seconds=1790) if activity.is_running else None,
    )


def test_a_car_may_not_speak_of_its_climate() -> None:
    assert car_with().climate is None


def test_charging_plan_is_completed_by_the_charging_details() -> None:
    details: Json = {
        "servicePack": "WAVE_01",
        "chargeAndClimateTimerDetail": {"isPreconditionForDepartureActive": True},
        "chargingSettingsDetail": {
            "acLimit": {
                "current": {"value": 16, "unit": "A"},
                "isUnlimited": True,
                "values": [6, 16, "32"],
                "min": 6,
                "max": 32,
            },
            "chargingTarget": 80,
            "minChargingTargetToWarning": 70,
            "dcLoudness": "UNLIMITED_LOUD",
            "isUnlockCableActive": True,
        },
        "chargingFlapDetail": {"isPermanentlyUnlock": True},
    }
    assert car_with(charging=details).charging_plan == ChargingPlan(
        as_of=REPORTED_AT,
        is_pre_entry_climatization_on=True,
        ac_limit_a=16,
        ac_limits_a=(6, 16),
        ac_limit_min_a=6,
        ac_limit_max_a=32,
        target_percent=80,
        warn_below_percent=70,
        is_ac_unlimited=True,
        acoustic_limit="unlimited_loud",
        is_cable_unlocked_when_full=True,
        is_flap_permanently_unlocked=True,
        service_pack="WAVE_01",
    )
    profile: Json = {
        "climatisationOn": False,
        "chargingSettings": {"acCurrentLimit": 8, "targetSoc": 90, "idcc": "NO_ACTION"},
    }
    plan = car_with(state={"chargingProfile": profile}, charging=details).charging_plan
    assert plan is not None
    assert plan.is_pre_entry_climatization_on is False
    assert (plan.ac_limit_a, plan.target_percent) == (8, 90)
    assert plan.acoustic_limit == "no_action"


@pytest.mark.parametrize("folder", ["G01", "G26", "G70", "I01_NOREX", "I01_REX", "I20"])
def test_both_dialects_tell_the_same_plan(folder: str) -> None:
    answers = recorded_answers(RECORDED_CARS[folder])
    assert isinstance(answers.state, dict)
    assert isinstance(answers.state["state"], dict)
    state: dict[str, Json] = answers.state | {"state": answers.state["state"] | {"chargingProfile": None}}
    plan, detailed = build_vehicle(answers).charging_plan, build_vehicle(replace(answers, state=state)).charging_plan
    assert plan is not None
    assert detailed is not None
    timers = [
        replace(timer, departs_at=None) if timer.departs_at == time.min else timer for timer in plan.departure_timers
    ]
    has_window = plan.window is not None and plan.window.start != plan.window.end
    told = replace(plan, departure_timers=tuple(timers), window=plan.window if has_window else None, hospitality=None)
    if not detailed.ac_limits_a:  # without settings, only the plan
        told = replace(told, target_percent=None, ac_limit_a=None, acoustic_limit=None)
    assert detailed == told


@pytest.mark.parametrize(
    ("type_", "mode"),
    [
        ("CHARGING_IMMEDIATELY", ChargingMode.IMMEDIATE_CHARGING),
        ("TIME_SLOT", ChargingMode.DELAYED_CHARGING),
        ("NO_ACTION", ChargingMode.NO_ACTION),
        ("AT_FULL_MOON", ChargingMode.UNKNOWN),
    ],
)
def test_the_mode_in_the_charging_details(type_: str, mode: ChargingMode) -> None:
    plan = car_with(charging={"chargeAndClimateTimerDetail": {"chargingMode": {"type": type_}}}).charging_plan
    assert plan == ChargingPlan(as_of=REPORTED_AT, mode=mode)


@pytest.mark.parametrize(("unit", "amperes"), [("A", 16), (None, 16), ("KW", None)])
def test_a_limit_in_another_unit_is_none(unit: str | None, amperes: int | None) -> None:
    limit: Json = {"current": {"value": 16, "unit": unit}}
    plan = car_with(charging={"chargingSettingsDetail": {"acLimit": limit}}).charging_plan
    assert plan == ChargingPlan(as_of=REPORTED_AT, ac_limit_a=amperes)


@pytest.mark.parametrize(
    "window",
    [
        None,
        {},
        {"start": {"hour": 18, "minute": 1}},
        {"end": {"hour": 18, "minute": 1}},
        {"start": {"hour": 18, "minute": 1}, "end": {"hour": 24, "minute": 0}},
    ],
)
def test_half_a_charging_window_is_none(window: Json) -> None:
    plan = car_with(state={"chargingProfile": {"chargingMode": "NO_ACTION", "reductionOfChargeCurrent": window}})
    assert plan.charging_plan == ChargingPlan(as_of=REPORTED_AT, mode=ChargingMode.NO_ACTION)


def test_timers_are_read_as_far_as_they_can_be() -> None:
    timers: Json = [{"id": 1, "action": "SNOOZE", "timerWeekDays": ["MONDAY", "FUNDAY"], "timeStamp": {"hour": 7}}, 5]
    plan = car_with(state={"chargingProfile": {"departureTimes": timers}}).charging_plan
    assert plan is not None
    assert plan.departure_timers == (DepartureTimer(id=1, weekdays=(Weekday.MONDAY,)),)

"""Every command over real HTTP, from the order to what the car tells afterwards."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Final

import httpx
import pytest

from custom_components.mybmw.sources import (
    Json,
)
from custom_components.mybmw.sources.mybmw import Region
from custom_components.mybmw.sources.mybmw.coordinates import gcj02_of_wgs84, wgs84_of_gcj02
from custom_components.mybmw.sources.mybmw.orders import UnreadablePlanError
from custom_components.mybmw.vehicle import (
    ChargingMode,
    ChargingStatus,
    ChargingWindow,
    ClimateActivity,
    Command,
    Fate,
    FindVehicle,
    FlashLights,
    Flaw,
    InvalidCommandError,
    Lock,
    LockState,
    Outcome,
    Position,
    SendDestination,
    SetChargingPlan,
    SetChargingSettings,
    SoundHorn,
    StartCharging,
    StartClimate,
    Step,
    StopCharging,
    StopClimate,
    TimerChange,
    Unlock,
    Vehicle,
    Weekday,
    WindowChange,
)
from tests.simulator import Fault

from .desk import HERE, NOW, Desk, open_desk

pytestmark = pytest.mark.usefixtures("socket_enabled")


def plan_of(car: Vehicle) -> object:
    plan = car.charging_plan
    return plan and (plan.mode, plan.is_pre_entry_climatization_on)


EFFECTS: Final[dict[str, tuple[str, Command, Callable[[Vehicle], object], object, object]]] = {
    "lock": ("I01_NOREX", Lock(), lambda car: car.body.lock, LockState.UNLOCKED, LockState.LOCKED),
    "unlock": ("G26", Unlock(), lambda car: car.body.lock, LockState.LOCKED, LockState.UNLOCKED),
    "start climate": (
        "G01",
        StartClimate(),
        lambda car: car.climate and car.climate.activity,
        ClimateActivity.STANDBY,
        ClimateActivity.COOLING,
    ),
    "stop climate": (
        "G26",
        StopClimate(),
        lambda car: car.climate and car.climate.activity,
        ClimateActivity.HEATING,
        ClimateActivity.STANDBY,
    ),
    "stop charging": (
        "I20",
        StopCharging(),
        lambda car: car.energy.charging and car.energy.charging.status,
        ChargingStatus.CHARGING,
        ChargingStatus.PLUGGED_IN,
    ),
    "settings": (
        "G26",
        SetChargingSettings(target_percent=75, ac_limit_a=12),
        lambda car: car.charging_plan and (car.charging_plan.target_percent, car.charging_plan.ac_limit_a),
        (80, 16),
        (75, 12),
    ),
    "plan": (
        "I01_NOREX",
        SetChargingPlan(mode=ChargingMode.DELAYED_CHARGING, is_pre_entry_climatization_on=False),
        plan_of,
        (ChargingMode.IMMEDIATE_CHARGING, True),
        (ChargingMode.DELAYED_CHARGING, False),
    ),
    "flash": ("J29", FlashLights(), lambda car: car.vin[:3], "WZ1", "WZ1"),
    "horn": ("F31", SoundHorn(), lambda car: car.vin[:3], "WBA", "WBA"),
}


@pytest.mark.parametrize("name", EFFECTS)
async def test_a_command_is_executed_and_the_car_tells_of_it_later(desk: Desk, name: str) -> None:
    car, command, read, before, after = EFFECTS[name]
    outcome = await desk.execute(car, command)
    assert outcome == Outcome(fate=Fate.EXECUTED, sent_at=NOW, ended_at=desk.clock())
    assert outcome.ended_at - NOW < timedelta(seconds=15)
    assert desk.steps == [*Step]
    assert [order.vin for order in desk.orders] == [desk.vin(car)]
    assert len(desk.sent()) == 1
    assert read(await desk.see(car, after=timedelta())) == before
    assert read(await desk.see(car, after=timedelta(seconds=30))) == after


async def test_climate_ends_by_itself(desk: Desk) -> None:
    await desk.execute("G01", StartClimate())
    await desk.see("G01")
    car = await desk.see("G01", after=timedelta(minutes=30))
    assert car.climate
    assert car.climate.activity is ClimateActivity.STANDBY


async def test_charging_stops_and_goes_on(desk: Desk) -> None:
    await desk.execute("I20", StopCharging())
    await desk.see("I20")
    await desk.execute("I20", StartCharging())
    charging = (await desk.see("I20")).energy.charging
    assert charging
    assert charging.is_charging


async def test_a_living_car_obeys_until_its_owner_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_desk(monkeypatch, cars=["COOPER"]) as desk:
        desk.clock.now = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
        assert (await desk.see("COOPER")).body.lock is LockState.SECURED
        await desk.execute("COOPER", Unlock())
        car = await desk.see("COOPER")
        assert (car.body.lock, car.body.is_alarm_armed) == (LockState.UNLOCKED, False)
        await desk.execute("COOPER", SetChargingSettings(target_percent=55))
        car = await desk.see("COOPER", after=timedelta(days=1))
        assert car.body.lock is LockState.SECURED
        assert car.charging_plan
        assert car.charging_plan.target_percent == 55


# Looking for the car


async def test_a_car_that_was_found_is_there_until_it_speaks_again(desk: Desk) -> None:
    desk.cloud.garage["G26"].change("state.location.coordinates", {"latitude": 12.345, "longitude": 34.5678})
    outcome = await desk.execute("G26", FindVehicle(observer=HERE))
    assert outcome.fate is Fate.EXECUTED
    assert outcome.location
    assert (outcome.location.latitude, outcome.location.longitude) == (12.345, 34.5678)
    assert outcome.location.heading_deg == 180
    assert outcome.location.as_of == desk.clock().replace(microsecond=0)
    desk.cloud.garage["G26"].change("state.location.coordinates", {"latitude": 1.0, "longitude": 2.0})
    assert (await desk.see("G26")).location == outcome.location
    spoke = desk.clock() + timedelta(minutes=1)
    desk.cloud.garage["G26"].change("state.lastUpdatedAt", spoke.isoformat())
    location = (await desk.see("G26")).location
    assert location
    assert location.latitude == 1.0


async def test_without_an_observer_a_car_reports_to_bmw_only(desk: Desk) -> None:
    outcome = await desk.execute("G26", FindVehicle())
    assert (outcome.fate, outcome.location) == (Fate.EXECUTED, None)
    assert not [asked for asked in desk.cloud.requests if asked.path.endswith("eventPosition")]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path="eventPosition", status=500),
        Fault(path="eventPosition", status=200, body={"positionData": None, "errorDetails": {"title": "No"}}),
        Fault(path="eventPosition", status=200, body={"positionData": {"position": {"latitude": 91}}}),
    ],
)
async def test_a_position_that_is_not_told_is_none(desk: Desk, fault: Fault) -> None:
    assert (await desk.execute("G26", FindVehicle(observer=HERE))).location
    desk.cloud.faults.append(fault)
    outcome = await desk.execute("G26", FindVehicle(observer=HERE))
    assert (outcome.fate, outcome.location) == (Fate.EXECUTED, None)


async def test_china_speaks_coordinates_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    beijing = Position(latitude=39.8337, longitude=116.22617)
    asked: list[tuple[float, float]] = []
    async with open_desk(monkeypatch, cars=["G26"], region=Region.CHINA) as desk:

        async def note(request: httpx.Request) -> None:
            if request.url.path.endswith("eventPosition"):
                asked.append((float(request.headers["latitude"]), float(request.headers["longitude"])))

        desk.http.event_hooks["request"] = [note]
        desk.cloud.garage["G26"].change("state.location.coordinates", {"latitude": 39.83492, "longitude": 116.23221})
        outcome = await desk.execute("G26", FindVehicle(observer=beijing))
        await desk.execute("G26", SendDestination(position=beijing, name="Home"))
        [_finder, destination] = desk.orders
    assert asked == [gcj02_of_wgs84(39.8337, 116.22617)]
    assert asked[0] == pytest.approx((39.83492, 116.23221), abs=2e-5)
    assert outcome.location
    assert (outcome.location.latitude, outcome.location.longitude) == wgs84_of_gcj02(39.83492, 116.23221)
    assert "39.83" in str(destination.body)
    assert str(39.8337) not in str(destination.body)


# Destinations


async def test_a_destination_needs_no_answer_from_the_car(desk: Desk) -> None:
    outcome = await desk.execute("G26", SendDestination(position=HERE, name="Lake", street="Lane", city="Town"))
    assert (outcome.fate, outcome.sent_at, outcome.ended_at) == (Fate.EXECUTED, NOW, NOW)
    assert desk.steps == [Step.SENT, Step.ACCEPTED]
    [order] = desk.orders
    assert order.body["places"][0]["title"] == "Lake"  # type: ignore[index,call-overload]  # JSON
    assert order.body["places"][0]["formattedAddress"] == "Lane, Town"  # type: ignore[index,call-overload]  # JSON


@pytest.mark.parametrize(
    ("destination", "title"),
    [
        (SendDestination(position=HERE), "48.10000, 11.50000"),
        (SendDestination(position=HERE, city="Town"), "Town"),
        (SendDestination(position=Position(latitude=48, longitude=11), name="Whole"), "Whole"),
    ],
)
async def test_every_destination_has_a_title(desk: Desk, destination: SendDestination, title: str) -> None:
    await desk.execute("G26", destination)
    [order] = desk.orders
    assert order.body["places"][0]["title"] == title  # type: ignore[index,call-overload]  # JSON


# Charging plan


async def test_a_plan_is_built_on_that_of_the_moment(desk: Desk) -> None:
    car = desk.cloud.garage["I01_REX"]
    assert car.charging
    detail = "charging.chargeAndClimateTimerDetail"
    car.change(f"{detail}.chargingMode.endTimeSlot", "0001-01-01T05:45:00")  # somebody was faster
    timers = (
        TimerChange(id=1, is_active=True, departs_at=time(6, 50)),
        TimerChange(id=3, weekdays=(Weekday.SUNDAY, Weekday.MONDAY)),
    )
    await desk.execute("I01_REX", SetChargingPlan(is_pre_entry_climatization_on=True, timers=timers))
    plan = (await desk.see("I01_REX")).charging_plan
    assert plan
    assert plan.window == ChargingWindow(start=time(18, 1), end=time(5, 45))
    assert plan.mode is ChargingMode.DELAYED_CHARGING
    assert plan.is_pre_entry_climatization_on
    first, second, third, _fourth = plan.departure_timers
    assert (first.is_active, first.departs_at, len(first.weekdays)) == (True, time(6, 50), 5)
    assert (second.is_active, second.departs_at, len(second.weekdays)) == (False, time(18), 7)
    assert (third.is_active, third.weekdays) == (False, (Weekday.MONDAY, Weekday.SUNDAY))


async def test_a_plan_does_not_undo_the_one_before_that_bmw_does_not_tell_of_yet(desk: Desk) -> None:
    await desk.execute("I01_REX", SetChargingPlan(timers=(TimerChange(id=1, is_active=True),)))
    await desk.execute("I01_REX", SetChargingPlan(timers=(TimerChange(id=2, is_active=True),)))
    await desk.execute("I01_REX", SetChargingPlan(is_pre_entry_climatization_on=True))
    plan = (await desk.see("I01_REX")).charging_plan
    assert plan
    assert [timer.is_active for timer in plan.departure_timers] == [True, True, False, False]
    assert plan.is_pre_entry_climatization_on


async def test_what_the_app_changes_back_later_stays(desk: Desk) -> None:
    await desk.execute("I01_REX", SetChargingPlan(is_pre_entry_climatization_on=True))
    await desk.see("I01_REX")
    path = "charging.chargeAndClimateTimerDetail.isPreconditionForDepartureActive"
    desk.cloud.garage["I01_REX"].change(path, value=False)
    await desk.execute("I01_REX", SetChargingPlan(timers=(TimerChange(id=2, is_active=True),)))
    assert desk.orders[-1].body["isPreconditionForDepartureActive"] is False


async def test_a_change_that_bmw_never_tells_of_is_not_made_again(desk: Desk) -> None:
    await desk.execute("I01_REX", SetChargingPlan(is_pre_entry_climatization_on=True))
    desk.cloud.garage["I01_REX"].acts.clear()
    desk.clock.advance(minutes=5)
    await desk.execute("I01_REX", SetChargingPlan(timers=(TimerChange(id=2, is_active=True),)))
    assert desk.orders[-1].body["isPreconditionForDepartureActive"] is False


async def test_a_change_that_was_taken_back_is_not_made_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as BMW tells of the plan before both, it only looks as if the car had taken it back."""
    monkeypatch.setattr("tests.simulator.commands.TOLD_AFTER", timedelta(minutes=1))
    for is_on in (True, False):
        await desk.execute("I01_REX", SetChargingPlan(is_pre_entry_climatization_on=is_on))
    await desk.see("I01_REX", after=timedelta())
    desk.clock.advance(minutes=2)
    await desk.execute("I01_REX", SetChargingPlan(timers=(TimerChange(id=2, is_active=True),)))
    assert desk.orders[-1].body["isPreconditionForDepartureActive"] is False


async def test_a_window_can_be_chosen(desk: Desk) -> None:
    window = ChargingWindow(start=time(22, 15), end=time(4))
    await desk.execute("G26", SetChargingPlan(mode=ChargingMode.DELAYED_CHARGING, window=window))
    plan = (await desk.see("G26")).charging_plan
    assert plan
    assert (plan.mode, plan.window) == (ChargingMode.DELAYED_CHARGING, window)


@pytest.mark.parametrize(
    ("change", "window"),
    [
        (WindowChange(start=time(22, 15)), ChargingWindow(start=time(22, 15), end=time(5, 45))),
        (WindowChange(end=time(4)), ChargingWindow(start=time(18, 1), end=time(4))),
    ],
)
async def test_one_end_of_the_window_leaves_the_other_as_it_is_now(
    desk: Desk, change: WindowChange, window: ChargingWindow
) -> None:
    car = desk.cloud.garage["I01_REX"]
    car.change("charging.chargeAndClimateTimerDetail.chargingMode.endTimeSlot", "0001-01-01T05:45:00")
    await desk.execute("I01_REX", SetChargingPlan(window=change))
    plan = (await desk.see("I01_REX")).charging_plan
    assert plan
    assert plan.window == window


async def test_the_ends_of_the_window_must_not_meet(desk: Desk) -> None:
    with pytest.raises(InvalidCommandError) as raised:
        await desk.execute("I01_REX", SetChargingPlan(window=WindowChange(end=time(18, 1))))
    assert raised.value.flaw is Flaw.WINDOW_EMPTY
    assert desk.sent() == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("chargeAndClimateTimerDetail", None),
        ("chargeAndClimateTimerDetail.chargingMode", {}),
        ("chargeAndClimateTimerDetail.chargingMode.endTimeSlot", 7),
        ("chargeAndClimateTimerDetail.departureTimer.weeklyTimers", None),
        ("chargeAndClimateTimerDetail.departureTimer.weeklyTimers", [7]),
        ("chargeAndClimateTimerDetail.departureTimer.weeklyTimers", [{"id": "1"}]),
        ("chargeAndClimateTimerDetail.departureTimer.weeklyTimers", []),  # and the timer is gone
        ("chargeAndClimateTimerDetail.isPreconditionForDepartureActive", None),
        ("servicePack", None),
    ],
)
async def test_a_plan_that_is_not_understood_is_not_written(desk: Desk, path: str, value: None) -> None:
    desk.cloud.garage["G26"].change(f"charging.{path}", value)
    with pytest.raises(UnreadablePlanError):
        await desk.execute("G26", SetChargingPlan(timers=(TimerChange(id=1, is_active=True),)))
    assert desk.sent() == []


async def test_an_unset_time_is_midnight(desk: Desk) -> None:
    detail = "charging.chargeAndClimateTimerDetail"
    timer: dict[str, Json] = {"id": 1, "timerAction": "ACTIVATE", "daysOfTheWeek": []}
    desk.cloud.garage["G26"].change(f"{detail}.departureTimer.weeklyTimers", [timer])
    desk.cloud.garage["G26"].change(f"{detail}.chargingMode.endTimeSlot", "0001-01-01T05:45:00.000")
    await desk.execute("G26", SetChargingPlan(mode=ChargingMode.IMMEDIATE_CHARGING))
    [order] = desk.orders
    assert order.body["departureTimer"]["weeklyTimers"] == [timer | {"time": "0001-01-01T00:00:00.000"}]  # type: ignore[index,call-overload]  # JSON
    assert order.body["chargingMode"]["endTimeSlot"] == "0001-01-01T05:45:00.000"  # type: ignore[index,call-overload]  # JSON

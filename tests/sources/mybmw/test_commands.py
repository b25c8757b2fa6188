"""Every command over real HTTP, from the order to what the car tells afterwards, and everything that can go wrong."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, time, timedelta
from typing import Final

import httpx
import pytest

from custom_components.mybmw.sources import (
    Json,
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
)
from custom_components.mybmw.sources.mybmw import Region
from custom_components.mybmw.sources.mybmw.client import UnknownToBmwError
from custom_components.mybmw.sources.mybmw.commands import PATIENCE, pauses_s
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
    Reason,
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
)
from tests.faults.document import Table
from tests.simulator import COMMAND_PRESETS, Fault
from tests.simulator.playing import COMMANDS

from .desk import NOW, Desk, open_desk

CARS: Final = ("F31", "G01", "G26", "I01_NOREX", "I01_REX", "I20", "J29")
HERE: Final = Position(latitude=48.1, longitude=11.5)

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Desk]:
    """An account with some of the recorded cars."""
    async with open_desk(monkeypatch, cars=CARS) as desk:
        yield desk


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
    assert desk.steps == [Step.ACCEPTED, Step.DELIVERED]
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
    assert desk.steps == [Step.ACCEPTED]
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


async def test_a_window_can_be_chosen(desk: Desk) -> None:
    window = ChargingWindow(start=time(22, 15), end=time(4))
    await desk.execute("G26", SetChargingPlan(mode=ChargingMode.DELAYED_CHARGING, window=window))
    plan = (await desk.see("G26")).charging_plan
    assert plan
    assert (plan.mode, plan.window) == (ChargingMode.DELAYED_CHARGING, window)


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


# What is not sent


@pytest.mark.parametrize(
    ("car", "command", "flaw"),
    [
        ("F31", SetChargingPlan(is_pre_entry_climatization_on=True), Flaw.NOT_SUPPORTED),
        ("G01", SetChargingSettings(target_percent=80), Flaw.NOT_SUPPORTED),
        ("I01_NOREX", SetChargingSettings(ac_limit_a=16), Flaw.NOT_SUPPORTED),
        ("G26", StartCharging(), Flaw.NOT_SUPPORTED),
        ("G26", SetChargingSettings(ac_limit_a=17), Flaw.AC_LIMIT_NOT_OFFERED),
        ("G26", SetChargingPlan(timers=(TimerChange(id=9, is_active=True),)), Flaw.TIMER_UNKNOWN),
    ],
)
async def test_what_a_car_does_not_take_is_not_sent(desk: Desk, car: str, command: Command, flaw: Flaw) -> None:
    with pytest.raises(InvalidCommandError) as raised:
        await desk.execute(car, command)
    assert raised.value.flaw is flaw
    assert desk.cloud.requests == []


@pytest.mark.parametrize(
    ("status", "is_plugged_in", "command", "reason"),
    [
        ("INVALID", False, StartCharging(), Reason.NOT_PLUGGED_IN),
        ("INVALID", False, StopCharging(), Reason.NOT_PLUGGED_IN),
        ("WAITING_FOR_CHARGING", True, StopCharging(), Reason.NOT_CHARGING),
    ],
)
async def test_what_would_change_nothing_is_not_sent(
    desk: Desk,
    status: str,
    is_plugged_in: bool,  # noqa: FBT001 (a parameter of the test)
    command: Command,
    reason: Reason,
) -> None:
    desk.cloud.garage["I20"].change("state.electricChargingState.chargingStatus", status)
    desk.cloud.garage["I20"].change("state.electricChargingState.isChargerConnected", is_plugged_in)
    await desk.see("I20")
    outcome = await desk.execute("I20", command)
    assert outcome == Outcome(fate=Fate.IGNORED, ended_at=desk.clock(), reason=reason)
    assert desk.sent() == []
    # The car is asked before it is taken at an old word: it has been plugged in since.
    desk.cloud.garage["I20"].change("state.electricChargingState.chargingStatus", "CHARGING")
    desk.cloud.garage["I20"].change("state.electricChargingState.isChargerConnected", value=True)
    assert (await desk.execute("I20", command)).fate is Fate.EXECUTED


async def test_unknown_cars_are_asked_nothing(desk: Desk) -> None:
    for unknown in (desk.source.execute("WBA00000000DEMO99", Lock()), desk.source.refresh("WBA00000000DEMO99")):
        with pytest.raises(UnknownToBmwError):
            await unknown
    assert desk.cloud.requests == []


async def test_a_car_that_was_never_read_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_desk(monkeypatch, cars=["G26", "I20"]) as desk:
        desk.cloud.garage.add("G01")
        desk.cloud.faults.append(Fault(path="/state", vin=desk.vin("G01"), status=500))
        await desk.source.fetch(look_for_cars=True)
        with pytest.raises(TryLaterError):
            await desk.execute("G01", Lock())
        assert desk.sent() == []


async def test_without_the_customers_number_no_destination_is_sent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(desk.source._tokens), "gcid", "")
    with pytest.raises(TryLaterError):
        await desk.execute("G26", SendDestination(position=HERE))
    assert desk.sent() == []


# What goes wrong

PRESET_OUTCOMES: Final[dict[str, tuple[Fate, Reason | None, str | None] | type[SourceError]]] = {
    "commands-blocked": NotAllowedError,
    "command-forbidden": NotAllowedError,
    "command-ignored": (Fate.IGNORED, Reason.BY_CAR, None),
    "command-failed": (Fate.FAILED, Reason.BY_CAR, None),
    "charging-mode-not-set": (Fate.FAILED, Reason.BY_CAR, "CHARGING_MODE_NOT_SET"),
    "car-offline": (Fate.TIMED_OUT, None, None),
    "car-silent": (Fate.TIMED_OUT, None, None),
    "command-answer-lost": (Fate.UNKNOWN, Reason.ANSWER_LOST, None),
}


@pytest.mark.parametrize("name", COMMAND_PRESETS)
async def test_every_fault_of_commands(desk: Desk, name: str, *, update_document: bool) -> None:
    expected, preset = PRESET_OUTCOMES[name], COMMAND_PRESETS[name]
    desk.cloud.switchboard.switch_on(name)
    if isinstance(expected, type):
        with pytest.raises(expected) as raised:
            await desk.execute("G26", Unlock())
        assert desk.orders == []
        becomes = f"Not sent to the car: {raised.value}."
    else:
        outcome = await desk.execute("G26", Unlock())
        assert (outcome.fate, outcome.reason, outcome.words) == expected
        assert len(desk.orders) == 1
        becomes = f"{_in_words(outcome)}, after {(outcome.ended_at - NOW).total_seconds():.0f} s."
    assert len(desk.sent()) == 1
    requests = len(desk.cloud.requests)
    car = await desk.see("G26")
    assert car.body.lock is (LockState.UNLOCKED if name == "command-answer-lost" else LockState.LOCKED)
    seen = ", ".join(f"[{seen.when}]({seen.url})" for seen in preset.seen) or "not yet"
    cells = [f"{preset.what}.", seen, f"{preset.played}.", becomes, str(requests)]
    Table("commands").check(name, cells, update=update_document)


def _in_words(outcome: Outcome) -> str:
    why = " ".join(f"(`{part}`)" for part in (outcome.reason, outcome.words) if part)
    return f"`{outcome.fate}` {why}".strip()


def test_no_other_fault_of_commands_is_documented() -> None:
    assert Table("commands").faults == [*COMMAND_PRESETS]


async def test_steps_tell_how_far_a_command_came(desk: Desk) -> None:
    desk.cloud.switchboard.switch_on("car-offline")
    assert (await desk.execute("G26", Lock())).ended_at == NOW + PATIENCE
    assert desk.steps == [Step.ACCEPTED]
    desk.cloud.switchboard.switch_all_off()
    desk.cloud.switchboard.switch_on("car-silent")
    await desk.execute("G26", Lock())
    assert desk.steps == [Step.ACCEPTED, Step.ACCEPTED, Step.DELIVERED]


def test_pauses_begin_short_and_grow() -> None:
    pauses = list(pauses_s())
    assert pauses[0] == 2
    assert sorted(pauses[:-1]) == pauses[:-1]
    assert max(pauses) == 15
    assert sum(pauses) == pytest.approx(PATIENCE.total_seconds())
    assert len(pauses) < 25


async def test_patience_ends_even_if_every_answer_is_slow(desk: Desk) -> None:
    async def dawdle(request: httpx.Request) -> None:
        if request.url.path.endswith("eventStatus"):
            desk.clock.advance(seconds=25)

    desk.http.event_hooks["request"] = [dawdle]
    desk.cloud.switchboard.switch_on("car-silent")
    outcome = await desk.execute("G26", Lock())
    assert outcome.fate is Fate.TIMED_OUT
    assert outcome.ended_at - NOW < PATIENCE + timedelta(seconds=45)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500, body="Internal Server Error"),
        Fault(status=503),
        Fault(status=408),
        Fault(drop=True),
        Fault(lose=True),
        Fault(status=200, body="<html>Maintenance</html>"),
    ],
)
async def test_nobody_knows_what_became_of_an_order_without_an_answer(desk: Desk, fault: Fault) -> None:
    fault.path = COMMANDS
    desk.cloud.faults.append(fault)
    outcome = await desk.execute("G26", Lock())
    assert (outcome.fate, outcome.reason) == (Fate.UNKNOWN, Reason.ANSWER_LOST)
    assert len(desk.sent()) == 1
    assert desk.steps == []


async def test_an_order_that_is_never_answered_is_not_sent_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.mybmw.sources.mybmw.wire.TIMEOUT_S", 0.05)
    fault = Fault(path=COMMANDS, wait_s=float("inf"))
    desk.cloud.faults.append(fault)
    outcome = await desk.execute("G26", Lock())
    assert (outcome.fate, outcome.reason) == (Fate.UNKNOWN, Reason.ANSWER_LOST)
    assert fault.struck == 1


async def test_an_order_that_never_left_has_certainly_not_been_taken(desk: Desk) -> None:
    await desk.cloud.stop()
    with pytest.raises(TryLaterError):
        await desk.execute("G26", Lock())
    assert desk.orders == []
    await desk.cloud.start()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"statusCode": 409, "message": "Vehicle is in use"}, "Vehicle is in use"),
        (
            {"title": "Not possible", "description": "Close the trunk", "errorDetails": "<no error returned>"},
            "Not possible: Close the trunk",
        ),
        ({"errorDetails": {"title": "A", "description": "B", "errorDetails": "C"}}, "A: B: C"),
        ("text", None),
    ],
)
async def test_bmw_refuses_in_words_of_its_own(desk: Desk, body: dict[str, str], words: str | None) -> None:
    desk.cloud.faults.append(Fault(path=COMMANDS, status=409, body=body))  # type: ignore[arg-type]  # JSON
    outcome = await desk.execute("G26", Lock())
    assert (outcome.fate, outcome.reason, outcome.words) == (Fate.FAILED, Reason.REFUSED, words)
    assert "trunk" not in repr(outcome)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=404), UnknownToBmwError),
        (Fault(status=302, headers={"location": "/elsewhere"}), TryLaterError),
        (Fault(status=429, body={"message": "Try again in 2 seconds."}), SlowDownError),
        (Fault(status=403, body="Quota Exceeded"), SlowDownError),
        (Fault(status=489, body="Blocked"), NotAllowedError),
        (Fault(status=403), NotAllowedError),
    ],
)
async def test_what_was_certainly_not_taken_is_an_error(desk: Desk, fault: Fault, error: type[SourceError]) -> None:
    fault.path = COMMANDS
    desk.cloud.faults.append(fault)
    with pytest.raises(error):
        await desk.execute("G26", Lock())
    assert len(desk.sent()) == 1


async def test_an_account_that_pauses_or_is_blocked_sends_nothing_and_says_so(desk: Desk) -> None:
    desk.cloud.faults.append(Fault(path="/state", status=489, body="Blocked"))
    with pytest.raises(NotAllowedError):
        await desk.source.fetch()
    desk.cloud.requests.clear()
    with pytest.raises(NotAllowedError) as blocked:
        await desk.execute("G26", Lock())
    assert blocked.value.reason is Refusal.BLOCKED
    assert desk.cloud.requests == []
    desk.cloud.faults.clear()
    await desk.source.fetch()
    assert (await desk.execute("G26", Lock())).fate is Fate.EXECUTED
    desk.cloud.faults.append(Fault(path="/state", status=429, headers={"retry-after": "600"}))
    with pytest.raises(SlowDownError):
        await desk.source.fetch()
    desk.cloud.requests.clear()
    with pytest.raises(SlowDownError) as paused:
        await desk.execute("G26", Lock())
    assert paused.value.until == desk.clock() + timedelta(minutes=10)
    assert desk.cloud.requests == []


async def test_a_token_that_is_not_accepted_is_renewed_once(desk: Desk) -> None:
    desk.clock.advance(hours=2)
    desk.cloud.accounts.forget_access_tokens()
    assert (await desk.execute("G26", Lock())).fate is Fate.EXECUTED
    assert [asked.status for asked in desk.sent()] == [401, 200]
    assert len(desk.orders) == 1


async def test_a_sign_in_that_has_ended_sends_nothing_twice(desk: Desk) -> None:
    desk.clock.advance(hours=2)
    desk.cloud.accounts.forget_access_tokens()
    desk.cloud.accounts.forget_refresh_tokens()
    with pytest.raises(SignInRequiredError):
        await desk.execute("G26", Lock())
    assert [asked.status for asked in desk.sent()] == [401]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500, times=3),
        Fault(status=404, times=2),
        Fault(drop=True, times=2),
        Fault(status=200, body="<html>", times=2),
        Fault(status=200, body={"eventStatus": None}, times=2),
        Fault(status=200, body={"eventStatus": "INITIATED"}, times=2),
    ],
)
async def test_trouble_while_waiting_does_not_end_the_wait(desk: Desk, fault: Fault) -> None:
    fault.path = "eventStatus"
    desk.cloud.faults.append(fault)
    assert (await desk.execute("G26", Lock())).fate is Fate.EXECUTED
    assert len(desk.sent()) == 1


@pytest.mark.parametrize(
    "fault", [Fault(status=489, body="Blocked"), Fault(status=403), Fault(status=403, body="Quota Exceeded")]
)
async def test_bmw_may_not_let_us_ask_what_became_of_it(desk: Desk, fault: Fault) -> None:
    fault.path = "eventStatus"
    desk.cloud.faults.append(fault)
    outcome = await desk.execute("G26", Lock())
    assert (outcome.fate, outcome.reason) == (Fate.UNKNOWN, Reason.NOT_TOLD)
    assert len(desk.orders) == 1


async def test_home_assistant_stops_while_a_car_is_at_it(desk: Desk) -> None:
    reached = asyncio.Event()

    def note(_step: Step) -> None:
        reached.set()

    desk.cloud.faults.append(Fault(path="eventStatus", wait_s=float("inf")))
    task = asyncio.create_task(desk.source.execute(desk.vin("G26"), Unlock(), note))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await desk.source.close()
    desk.cloud.faults.clear()
    assert (await desk.see("G26")).body.lock is LockState.UNLOCKED
    assert len(desk.sent()) == 1


async def test_nobody_has_to_listen(desk: Desk) -> None:
    assert (await desk.source.execute(desk.vin("G26"), Lock())).fate is Fate.EXECUTED


async def test_one_car_is_read_and_no_other(desk: Desk) -> None:
    car = await desk.source.refresh(desk.vin("G26"))
    assert car.vin == desk.vin("G26")
    assert [(asked.path.rpartition("/")[2], asked.vin) for asked in desk.cloud.requests] == [
        ("state", car.vin),
        ("vehicles", car.vin),
    ]
    desk.cloud.faults.append(Fault(path="/state", status=500))
    with pytest.raises(TryLaterError):
        await desk.source.refresh(car.vin)


async def test_nothing_personal_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "custom_components.mybmw")
    gcid = next(account.gcid for account in desk.cloud.accounts if account.region == "row")
    destination = SendDestination(position=Position(latitude=47.4567, longitude=11.5), name="Aunt", street="Lane")
    for command in (SetChargingSettings(target_percent=80), destination, FindVehicle(observer=HERE)):
        await desk.execute("G26", command)
    written = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components")]
    assert any("/eadrax-crccs/v1/vehicles/{vin}/charging-settings" in line for line in written)
    for secret in (desk.vin("G26"), gcid, "47.4567", "48.1", "Aunt", "Lane"):
        assert not [line for line in written if secret in line]

"""Commands are sound when they are made, and know which cars take them."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime, time
from typing import get_args

import pytest

from custom_components.mybmw.vehicle import (
    Capabilities,
    Charging,
    ChargingMode,
    ChargingPlan,
    ChargingStatus,
    ChargingWindow,
    Command,
    CommandKey,
    DepartureTimer,
    Energy,
    FindVehicle,
    FlashLights,
    Flaw,
    InvalidCommandError,
    Location,
    Lock,
    Position,
    Reason,
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
    WindowChange,
)

HERE = Position(latitude=48.1, longitude=11.5)
CAR = Vehicle(vin="WBA00000000DEMO99")

NEEDS: dict[str, Command] = {
    "lock": Lock(),
    "unlock": Unlock(),
    "flash_lights": FlashLights(),
    "sound_horn": SoundHorn(),
    "start_climate": StartClimate(),
    "stop_climate": StopClimate(),
    "find_vehicle": FindVehicle(observer=HERE),
    "start_charging": StartCharging(),
    "stop_charging": StopCharging(),
    "target_soc": SetChargingSettings(target_percent=80),
    "ac_limit": SetChargingSettings(ac_limit_a=16),
    "charging_plan": SetChargingPlan(mode=ChargingMode.DELAYED_CHARGING),
    "send_destination": SendDestination(position=HERE),
}
"""Every command, by the capability it takes."""

PLAN = ChargingPlan(ac_limits_a=(6, 16), departure_timers=(DepartureTimer(id=1), DepartureTimer(id=2)))


def flaw_of(make: Callable[[], object]) -> tuple[Flaw, dict[str, str]]:
    """What is wrong with what is being done."""
    with pytest.raises(InvalidCommandError) as raised:
        make()
    assert isinstance(raised.value, ValueError)
    return raised.value.flaw, raised.value.details


def only(capability: str) -> Capabilities:
    """A single capability."""
    return replace(Capabilities(), **{capability: True})  # type: ignore[arg-type]  # mypy thinks of the features


def test_every_command_has_a_key_of_its_own() -> None:
    kinds = get_args(Command.__value__)
    assert [kind.key for kind in kinds] == list(CommandKey)
    assert {type(command) for command in NEEDS.values()} == set(kinds)


@pytest.mark.parametrize("capability", NEEDS)
def test_a_command_takes_one_capability(capability: str) -> None:
    command = NEEDS[capability]
    allowed = {
        field.name
        for field in fields(Capabilities)
        if field.name != "features" and command.is_allowed(only(field.name))
    }
    assert allowed == {capability}
    assert flaw_of(lambda: command.check(CAR)) == (Flaw.NOT_SUPPORTED, {})
    can = only(capability)
    command.check(replace(CAR, capabilities=can, charging_plan=PLAN))
    assert not command.is_allowed(can.read_only())


def test_a_command_is_a_value() -> None:
    assert Lock() == Lock()
    assert len({Lock(), Lock(), Unlock(), SetChargingSettings(target_percent=80)}) == 3
    with pytest.raises(FrozenInstanceError):
        HERE.latitude = 0  # type: ignore[misc]  # what is tested
    assert not hasattr(Lock(), "__dict__")


def test_nothing_personal_is_in_its_representation() -> None:
    command = SendDestination(position=HERE, name="Home", street="Lane", house_number="7", city="Town", postal_code="8")
    assert repr(command) == "SendDestination(position=Position())"
    assert repr(FindVehicle(observer=HERE)) == "FindVehicle(observer=Position())"


@pytest.mark.parametrize("target", range(20, 101, 5))
def test_targets(target: int) -> None:
    assert SetChargingSettings(target_percent=target).target_percent == target


@pytest.mark.parametrize("target", [0, 15, 19, 21, 99, 101, 105, -20, True, 80.0, "80"])
def test_no_targets(target: int) -> None:
    assert flaw_of(lambda: SetChargingSettings(target_percent=target)) == (Flaw.TARGET_NOT_OFFERED, {})


@pytest.mark.parametrize("limit", [0, -16, True, 16.5, "16"])
def test_no_currents(limit: int) -> None:
    assert flaw_of(lambda: SetChargingSettings(ac_limit_a=limit)) == (Flaw.AC_LIMIT_IMPOSSIBLE, {})


def test_currents_are_those_of_the_car() -> None:
    car = replace(CAR, capabilities=Capabilities(ac_limit=True), charging_plan=PLAN)
    SetChargingSettings(ac_limit_a=16).check(car)
    wrong = SetChargingSettings(ac_limit_a=17)
    assert flaw_of(lambda: wrong.check(car)) == (Flaw.AC_LIMIT_NOT_OFFERED, {"offered": "6, 16"})
    assert flaw_of(lambda: wrong.check(replace(car, charging_plan=None))) == (Flaw.NOT_SUPPORTED, {})


def test_both_settings_take_both_capabilities() -> None:
    both = SetChargingSettings(target_percent=80, ac_limit_a=16)
    assert not both.is_allowed(Capabilities(target_soc=True))
    assert not both.is_allowed(Capabilities(ac_limit=True))
    assert both.is_allowed(Capabilities(target_soc=True, ac_limit=True))


@pytest.mark.parametrize(
    ("make", "flaw"),
    [
        (SetChargingSettings, Flaw.NOTHING_TO_CHANGE),
        (SetChargingPlan, Flaw.NOTHING_TO_CHANGE),
        (lambda: TimerChange(id=1), Flaw.NOTHING_TO_CHANGE),
        (WindowChange, Flaw.NOTHING_TO_CHANGE),
        (lambda: SetChargingPlan(window=WindowChange(end=time(8, 0, 1))), Flaw.TIME_NOT_IN_MINUTES),
        (lambda: SetChargingPlan(window=WindowChange(start=time(8), end=time(8))), Flaw.WINDOW_EMPTY),
        (lambda: SetChargingPlan(mode=ChargingMode.NO_ACTION), Flaw.CHARGING_MODE_NOT_SETTABLE),
        (lambda: SetChargingPlan(mode=ChargingMode.UNKNOWN), Flaw.CHARGING_MODE_NOT_SETTABLE),
        (lambda: SetChargingPlan(window=ChargingWindow(start=time(8), end=time(8))), Flaw.WINDOW_EMPTY),
        (lambda: SetChargingPlan(window=ChargingWindow(start=time(8, 0, 1), end=time(9))), Flaw.TIME_NOT_IN_MINUTES),
        (
            lambda: SetChargingPlan(window=ChargingWindow(start=time(8), end=time(9, tzinfo=UTC))),
            Flaw.TIME_NOT_IN_MINUTES,
        ),
        (lambda: TimerChange(id=1, departs_at=time(7, 0, 0, 1)), Flaw.TIME_NOT_IN_MINUTES),
        (lambda: Position(latitude=90.1, longitude=0), Flaw.POSITION_IMPOSSIBLE),
        (lambda: Position(latitude=0, longitude=-180.1), Flaw.POSITION_IMPOSSIBLE),
        (lambda: Position(latitude=float("nan"), longitude=0), Flaw.POSITION_IMPOSSIBLE),
        (lambda: Position(latitude=0, longitude=float("inf")), Flaw.POSITION_IMPOSSIBLE),
    ],
)
def test_what_makes_no_sense_is_not_made(make: Callable[[], object], flaw: Flaw) -> None:
    assert flaw_of(make) == (flaw, {})


def test_a_plan_changes_a_timer_once_and_only_those_that_there_are() -> None:
    change = TimerChange(id=0, is_active=True)
    assert flaw_of(lambda: SetChargingPlan(timers=(change, change))) == (Flaw.TIMER_TWICE, {"timer": "0"})
    car = replace(CAR, capabilities=Capabilities(charging_plan=True), charging_plan=PLAN)
    SetChargingPlan(timers=(TimerChange(id=2, weekdays=()),)).check(car)
    unknown = SetChargingPlan(timers=(TimerChange(id=1, weekdays=(Weekday.MONDAY,)), change))
    assert flaw_of(lambda: unknown.check(car)) == (Flaw.TIMER_UNKNOWN, {"timer": "0"})
    assert flaw_of(lambda: unknown.check(replace(car, charging_plan=None))) == (Flaw.NOT_SUPPORTED, {})


@pytest.mark.parametrize("part", ["name", "street", "house_number", "postal_code", "city", "country"])
@pytest.mark.parametrize("text", ["x" * 101, "a\nb", "\x00"])
def test_a_destination_is_written_in_single_lines(part: str, text: str) -> None:
    def make() -> None:
        SendDestination(position=HERE, **{part: text})

    assert flaw_of(make) == (Flaw.TEXT_NOT_USABLE, {"part": part})


def test_an_address_is_what_there_is_of_it() -> None:
    whole = SendDestination(position=HERE, street=" Lane ", house_number="7", postal_code="80333", city="Munich")
    assert whole.address == "Lane 7, 80333, Munich"
    assert replace(whole, street="", postal_code="").address == "7, Munich"
    assert SendDestination(position=HERE, country="Germany").address == ""


@pytest.mark.parametrize(
    ("is_plugged_in", "status", "start", "stop"),
    [
        (False, ChargingStatus.NOT_CHARGING, Reason.NOT_PLUGGED_IN, Reason.NOT_PLUGGED_IN),
        (True, ChargingStatus.WAITING_FOR_CHARGING, None, Reason.NOT_CHARGING),
        (True, ChargingStatus.CHARGING, None, None),
        (True, ChargingStatus.UNKNOWN, None, None),
        (None, ChargingStatus.UNKNOWN, None, None),
    ],
)
def test_charging_needs_a_cable(
    is_plugged_in: bool | None,  # noqa: FBT001 (a parameter of the test)
    status: ChargingStatus,
    start: Reason | None,
    stop: Reason | None,
) -> None:
    car = replace(CAR, energy=Energy(charging=Charging(is_plugged_in=is_plugged_in, status=status)))
    assert (StartCharging().obstacle(car), StopCharging().obstacle(car)) == (start, stop)
    assert (StartCharging().obstacle(CAR), StopCharging().obstacle(CAR)) == (None, None)
    assert Lock().obstacle(car) is None


def test_a_car_is_where_it_was_found_until_it_speaks_again() -> None:
    spoke = replace(CAR, last_reported=datetime(2026, 1, 1, 12, tzinfo=UTC))
    found = Location(as_of=datetime(2026, 1, 1, 12, 1, tzinfo=UTC), latitude=1, longitude=2)
    assert spoke.located(found).location == found
    assert CAR.located(found).location == found
    assert replace(spoke, last_reported=found.as_of).located(found).location is None
    assert spoke.located(replace(found, as_of=None)).location is None

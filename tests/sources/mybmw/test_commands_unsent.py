"""What is not sent, as the car does not take it or it would change nothing."""

import pytest

from custom_components.mybmw.sources import (
    TryLaterError,
    UnknownError,
)
from custom_components.mybmw.vehicle import (
    Command,
    Fate,
    Flaw,
    InvalidCommandError,
    Lock,
    Outcome,
    Reason,
    SendDestination,
    SetChargingPlan,
    SetChargingSettings,
    StartCharging,
    StopCharging,
    TimerChange,
)
from tests.simulator import Fault

from .desk import HERE, Desk, open_desk

pytestmark = pytest.mark.usefixtures("socket_enabled")


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
        with pytest.raises(UnknownError):
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

"""How far a command has come: until it leaves it can be taken back, and nobody is told that it was sent."""

import asyncio
from datetime import timedelta

import pytest

from custom_components.mybmw.sources.mybmw.commands import PATIENCE
from custom_components.mybmw.vehicle import (
    Command,
    Fate,
    Lock,
    LockState,
    SetChargingPlan,
    Step,
    StopCharging,
    Unlock,
)
from tests.simulator import Fault

from .desk import NOW, Desk

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_steps_tell_how_far_a_command_came(desk: Desk) -> None:
    desk.cloud.switchboard.switch_on("car-offline")
    assert (await desk.execute("G26", Lock())).ended_at == NOW + PATIENCE
    assert desk.steps == [Step.SENT, Step.ACCEPTED]
    desk.steps.clear()
    desk.cloud.switchboard.switch_all_off()
    desk.cloud.switchboard.switch_on("car-silent")
    await desk.execute("G26", Lock())
    assert desk.steps == [*Step]


@pytest.mark.parametrize(
    ("car", "command", "read_before"),
    [
        ("I01_REX", SetChargingPlan(is_pre_entry_climatization_on=True), "/eadrax-crccs/v2/vehicles"),
        ("I20", StopCharging(), "/state"),
        ("G26", Lock(), "token"),
    ],
    ids=["plan", "obstacle", "sign-in"],
)
@pytest.mark.parametrize("is_taken_back", [True, False])
async def test_what_has_to_be_known_first_is_no_part_of_sending(
    desk: Desk, car: str, command: Command, read_before: str, *, is_taken_back: bool
) -> None:
    desk.cloud.garage["I20"].change("state.electricChargingState.chargingStatus", "NOT_CHARGING")
    await desk.source.fetch()
    desk.cloud.garage["I20"].change("state.electricChargingState.chargingStatus", "CHARGING")  # just now
    if read_before == "token":
        desk.clock.advance(days=2)
    may_answer = asyncio.Event()
    fault = Fault(path=read_before, after=may_answer)
    desk.cloud.faults.append(fault)
    task = asyncio.create_task(desk.source.execute(desk.vin(car), command, desk.steps.append))
    while not fault.struck:  # noqa: ASYNC110 (it comes over the network)
        await asyncio.sleep(0)
    assert desk.steps == []
    if is_taken_back:
        task.cancel()
        may_answer.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (desk.steps, desk.sent()) == ([], [])
    else:
        may_answer.set()
        assert (await task).fate is Fate.EXECUTED
        assert desk.steps == [*Step]
        assert len(desk.sent()) == 1


async def test_a_command_is_sent_when_it_leaves(desk: Desk) -> None:
    """Not when somebody wanted it: a position older than that is none that the car was asked for."""

    async def dawdle(_request: object) -> None:
        desk.clock.advance(seconds=3)

    desk.http.event_hooks["request"] = [dawdle]
    outcome = await desk.execute("I01_REX", SetChargingPlan(is_pre_entry_climatization_on=True))
    assert outcome.sent_at == NOW + timedelta(seconds=3), "the plan was read before"


async def test_home_assistant_stops_while_a_car_is_at_it(desk: Desk) -> None:
    reached = asyncio.Event()

    def note(step: Step) -> None:
        if step is Step.ACCEPTED:
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

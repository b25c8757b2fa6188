"""Commands that wait, for their turn or for what a car never tells: not for ever, nor beyond the end of an account.

Until one leaves, it can be taken back; what the car is busy with is known all the while.
"""

import asyncio
from datetime import timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mybmw.commanding import LONGEST_TURN, LOOKS_S, Ending, Stage, Standing
from custom_components.mybmw.coordinator import MyBMWCoordinator
from custom_components.mybmw.vehicle import CommandKey, Fate, FlashLights, Lock, LockState, Unlock

from .account import NOW, FakeSource, account_entry, pass_time, set_up
from .acting import an_able_car, settle

CAR: Final = an_able_car()

pytestmark = pytest.mark.freeze_time(NOW)


@pytest.fixture
async def coordinator(hass: HomeAssistant, source: FakeSource) -> MyBMWCoordinator:
    """An account with a car."""
    source.show(CAR)
    return await set_up(hass, account_entry())


@pytest.mark.parametrize("is_too_late", [True, False])
async def test_a_command_belongs_to_the_moment_in_which_it_is_wanted(
    freezer: FrozenDateTimeFactory, source: FakeSource, coordinator: MyBMWCoordinator, *, is_too_late: bool
) -> None:
    endings: list[Ending] = []
    coordinator.commands.async_listen(CAR.vin, endings.append)
    source.may_end.clear()
    first = asyncio.create_task(coordinator.async_execute(CAR.vin, Lock()))
    second = asyncio.create_task(coordinator.async_execute(CAR.vin, Unlock()))
    await settle()
    freezer.tick(LONGEST_TURN + timedelta(seconds=is_too_late))
    source.may_end.set()
    await first
    if not is_too_late:
        await second
        assert [command for _, command in source.commands] == [Lock(), Unlock()]
        return
    with pytest.raises(HomeAssistantError) as raised:
        await second
    assert raised.value.translation_key == "command_too_late"
    assert source.commands == [(CAR.vin, Lock())]
    assert [(ending.fate, ending.reason, ending.sent_at) for ending in endings[1:]] == [(Fate.FAILED, "too_late", None)]
    assert (await coordinator.async_execute(CAR.vin, FlashLights())).fate is Fate.EXECUTED


@pytest.mark.parametrize("is_silent", [True, False])
async def test_a_car_that_never_speaks_of_it_is_read_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: FakeSource,
    coordinator: MyBMWCoordinator,
    *,
    is_silent: bool,
) -> None:
    source.show(an_able_car(lock=LockState.UNKNOWN if is_silent else LockState.UNLOCKED))
    await coordinator.async_execute(CAR.vin, Lock())
    for wait in LOOKS_S:
        await pass_time(hass, freezer, timedelta(seconds=wait))
    assert len(source.refreshed) == (1 if is_silent else len(LOOKS_S))
    assert coordinator.commands.under_way(CAR.vin) == ()


@pytest.mark.parametrize("is_stop", [True, False], ids=["stop", "unload"])
async def test_nothing_is_sent_for_an_account_that_was_taken_down(
    hass: HomeAssistant, source: FakeSource, coordinator: MyBMWCoordinator, *, is_stop: bool
) -> None:
    """An action that was looking an address up, or an automation that locks the car when Home Assistant stops."""
    if is_stop:
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
        await hass.async_block_till_done()
    else:
        assert await hass.config_entries.async_unload(coordinator.config_entry.entry_id)
    with pytest.raises(HomeAssistantError) as raised:
        await coordinator.async_execute(CAR.vin, Lock())
    assert raised.value.translation_key == "command_not_sent"
    assert source.commands == []


async def test_until_it_leaves_a_command_can_be_taken_back(source: FakeSource, coordinator: MyBMWCoordinator) -> None:
    """Also when it is its turn: what it is built on is still being read."""
    source.may_leave.clear()
    task = asyncio.create_task(coordinator.async_execute(CAR.vin, Lock()))
    await settle()
    assert coordinator.commands.standing(CAR.vin) == Standing(stage=Stage.QUEUED, key=CommandKey.LOCK)
    task.cancel()
    await settle()
    source.may_leave.set()
    assert coordinator.commands.standing(CAR.vin) == Standing()
    assert source.left == []


async def test_an_account_is_taken_down_before_a_command_leaves(
    hass: HomeAssistant, source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    source.may_leave.clear()
    task = asyncio.create_task(coordinator.async_execute(CAR.vin, Lock()))
    await settle()
    assert await hass.config_entries.async_unload(coordinator.config_entry.entry_id)
    with pytest.raises(HomeAssistantError) as raised:
        await task
    assert raised.value.translation_key == "command_not_sent"
    assert source.left == []


async def test_what_a_car_is_busy_with(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    """What it is told now comes before what it has yet to report."""
    told: list[Standing] = []

    def note() -> None:
        standing = coordinator.commands.standing(CAR.vin)
        if told[-1:] != [standing]:
            told.append(standing)

    note()
    coordinator.async_add_listener(note)
    source.may_end.clear()
    tasks = [asyncio.create_task(coordinator.async_execute(CAR.vin, each)) for each in (Lock(), FlashLights())]
    await settle()
    source.may_end.set()
    await asyncio.gather(*tasks)
    source.show(an_able_car(lock=LockState.LOCKED))
    await pass_time(hass, freezer, timedelta(seconds=LOOKS_S[0]))
    lock, flash = CommandKey.LOCK, CommandKey.FLASH_LIGHTS
    assert told == [
        Standing(),
        Standing(stage=Stage.QUEUED, key=lock),
        Standing(stage=Stage.QUEUED, key=lock, waiting=(flash,)),
        Standing(stage=Stage.SENT, key=lock, waiting=(flash,)),
        Standing(stage=Stage.DELIVERED, key=lock, waiting=(flash,)),
        Standing(stage=Stage.QUEUED, key=flash),
        Standing(stage=Stage.SENT, key=flash),
        Standing(stage=Stage.DELIVERED, key=flash),
        Standing(stage=Stage.REPORT_AWAITED, key=lock),
        Standing(),
    ]

"""Commands that wait for their turn: not for ever, and not beyond the end of their account."""

import asyncio
from datetime import timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mybmw.commanding import LONGEST_TURN, Ending
from custom_components.mybmw.coordinator import MyBMWCoordinator
from custom_components.mybmw.vehicle import Fate, FlashLights, Lock, Unlock

from .account import NOW, FakeSource, account_entry, set_up
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

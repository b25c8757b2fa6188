"""An update of very many cars: everybody is told, and nobody else has to wait for all of it."""

import asyncio
from functools import partial
from itertools import pairwise
import logging

from homeassistant.core import HomeAssistant

from custom_components.mybmw.portions import AT_ONCE, PortionedCoordinator


def coordinator_of(hass: HomeAssistant) -> PortionedCoordinator[int]:
    return PortionedCoordinator(hass, logging.getLogger(__name__), config_entry=None, name="fleet")


async def test_a_household_is_told_at_once(hass: HomeAssistant) -> None:
    coordinator, told = coordinator_of(hass), list[int]()
    for number in range(AT_ONCE):
        coordinator.async_add_listener(partial(told.append, number))
    coordinator.async_update_listeners()
    assert told == list(range(AT_ONCE))
    assert not coordinator.is_telling
    await coordinator.async_shutdown()


async def test_a_fleet_is_told_bit_by_bit(hass: HomeAssistant) -> None:
    coordinator, told = coordinator_of(hass), list[int]()
    forget = [coordinator.async_add_listener(partial(told.append, number)) for number in range(3 * AT_ONCE)]
    coordinator.async_update_listeners()
    forget.pop()()  # somebody leaves before they are told
    counts = [0]
    for _turn in range(5):
        await asyncio.sleep(0)
        counts.append(len(told))
    assert told == list(range(3 * AT_ONCE - 1))
    assert max(after - before for before, after in pairwise(counts)) <= AT_ONCE
    await coordinator.async_shutdown()


async def test_an_update_while_one_is_being_told(hass: HomeAssistant) -> None:
    coordinator, told = coordinator_of(hass), list[int]()
    for number in range(3 * AT_ONCE):
        coordinator.async_add_listener(partial(told.append, number))
    coordinator.async_update_listeners()
    await asyncio.sleep(0)
    coordinator.async_update_listeners()
    for _turn in range(5):
        await asyncio.sleep(0)
    assert not coordinator.is_telling
    assert told[-3 * AT_ONCE :] == list(range(3 * AT_ONCE)), "all of them are told of the second"
    assert len(told) < 6 * AT_ONCE, "and not of the first as well"
    await coordinator.async_shutdown()

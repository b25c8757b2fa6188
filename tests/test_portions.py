"""An update of very many cars: everybody is told, and nobody else has to wait for all of it."""

import asyncio
from collections.abc import Callable
from functools import partial
from itertools import pairwise
import logging
from typing import Final

from homeassistant.core import HomeAssistant

from custom_components.mybmw.portions import HOUSEHOLD, LOOKS_AT_ALL, PORTION, PortionedCoordinator

FLEET: Final = HOUSEHOLD + PORTION + 1


def coordinator_of(hass: HomeAssistant) -> PortionedCoordinator[int]:
    return PortionedCoordinator(hass, logging.getLogger(__name__), config_entry=None, name="fleet")


async def test_a_household_is_told_at_once(hass: HomeAssistant) -> None:
    coordinator, told = coordinator_of(hass), list[int]()
    for number in range(HOUSEHOLD):
        coordinator.async_add_listener(partial(told.append, number))
    coordinator.async_update_listeners()
    assert told == list(range(HOUSEHOLD))
    assert not coordinator.is_telling
    await coordinator.async_shutdown()


async def test_a_fleet_is_told_bit_by_bit(hass: HomeAssistant) -> None:
    coordinator, told = coordinator_of(hass), list[int]()
    forget = [coordinator.async_add_listener(partial(told.append, number)) for number in range(FLEET)]
    coordinator.async_update_listeners()
    forget.pop()()  # somebody leaves before they are told
    counts = [0]
    for _turn in range(FLEET // PORTION + 2):
        await asyncio.sleep(0)
        counts.append(len(told))
    assert told == list(range(FLEET - 1))
    assert max(after - before for before, after in pairwise(counts)) <= PORTION
    await coordinator.async_shutdown()


async def test_who_looks_at_all_is_told_alone(hass: HomeAssistant) -> None:
    """In a turn of the event loop in which nobody else is told, wherever they stand."""
    coordinator, turns = coordinator_of(hass), list[list[str]]()

    def listener(name: str) -> Callable[[], None]:
        return lambda: turns[-1].append(name)

    everybody = [f"{number}" for number in range(FLEET)]
    for place in (FLEET, PORTION + 100, PORTION, 0):
        everybody.insert(place, f"all {place}")
    for name in everybody:
        coordinator.async_add_listener(listener(name), LOOKS_AT_ALL if name.startswith("all") else None)
    coordinator.async_update_listeners()
    while coordinator.is_telling or turns[-1]:
        turns.append([])
        await asyncio.sleep(0)
    assert [name for turn in turns for name in turn] == everybody
    assert max(map(len, turns)) == PORTION
    assert [turn for turn in turns if any(name.startswith("all") for name in turn)] == [
        ["all 0"],
        [f"all {PORTION}"],
        [f"all {PORTION + 100}"],
        [f"all {FLEET}"],
    ]
    await coordinator.async_shutdown()


async def test_an_update_while_one_is_being_told(hass: HomeAssistant) -> None:
    coordinator, told = coordinator_of(hass), list[int]()
    for number in range(FLEET):
        coordinator.async_add_listener(partial(told.append, number))
    coordinator.async_update_listeners()
    await asyncio.sleep(0)
    coordinator.async_update_listeners()
    for _turn in range(FLEET // PORTION + 2):
        await asyncio.sleep(0)
    assert not coordinator.is_telling
    assert told[-FLEET:] == list(range(FLEET)), "all of them are told of the second"
    assert len(told) < 2 * FLEET, "and not of the first as well"
    await coordinator.async_shutdown()

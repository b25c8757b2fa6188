"""Set-up and refresh of an account in Home Assistant, ours or the former integration's; one process for each.

Run as `python -m tests.bench.account ours|theirs CARS LATENCY_MS ROUNDS`.
"""

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime
import json
import logging
import sys

from homeassistant.core import HomeAssistant

from custom_components.mybmw.coordinator import MyBMWCoordinator

from .cloud import far_cloud
from .former import FormerCoordinator, async_set_up_former
from .home import account_at, home
from .load import Load, forget_the_start, measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How an account did: what its set-up cost and each refresh, in which nothing was new.

    `stall_ms` is for how long a refresh held the event loop up at most, `own_stall_ms` the same without Python's
    collector, `written` how many states it wrote, `changed` how many of these differed from before.
    """

    set_up: Load
    set_up_requests: int
    refreshes: list[Load]
    requests: int
    stall_ms: float
    own_stall_ms: float
    states: int
    written: int
    changed: int


async def course(who: str, cars: int, latency_ms: int, rounds: int) -> Course:
    """Have an account read its cars for the first time, and again."""
    async with far_cloud(cars, latency_ms) as cloud, home() as hass:
        forget_the_start()
        if who == "ours":
            entry = await account_at(hass, cloud)
            async with measured(watches=True) as set_up:
                assert await hass.config_entries.async_setup(entry.entry_id)
                await hass.async_block_till_done()
            coordinator: MyBMWCoordinator | FormerCoordinator = entry.runtime_data
        else:
            async with measured(watches=True) as set_up:
                coordinator = await async_set_up_former(hass, cloud)
                await hass.async_block_till_done()
        set_up_requests = await cloud.asked()
        forget_the_start()
        await _refresh(hass, coordinator)  # whatever is done once only is done
        await cloud.asked()
        refreshes, requests = [], 0
        for _ in range(rounds):
            refreshes.append(await _refresh(hass, coordinator))
            requests = await cloud.asked()
        before = _moments(hass)
        watched = await _refresh(hass, coordinator, watches=True)
        after = _moments(hass)
        return Course(
            set_up=set_up,
            set_up_requests=set_up_requests,
            refreshes=refreshes,
            requests=requests,
            stall_ms=watched.stall_ms,
            own_stall_ms=watched.own_stall_ms,
            states=len(after),
            written=sum(before[entity_id][0] != reported for entity_id, (reported, _) in after.items()),
            changed=sum(before[entity_id][1] != updated for entity_id, (_, updated) in after.items()),
        )


async def _refresh(
    hass: HomeAssistant, coordinator: MyBMWCoordinator | FormerCoordinator, *, watches: bool = False
) -> Load:
    async with measured(watches=watches) as load:
        await coordinator.async_refresh()
        await hass.async_block_till_done()
        while isinstance(coordinator, MyBMWCoordinator) and coordinator.is_telling:  # noqa: ASYNC110 (nobody is told of its end)
            await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert coordinator.last_update_success
    assert isinstance(coordinator, FormerCoordinator) or not coordinator.troubles
    return load


def _moments(hass: HomeAssistant) -> dict[str, tuple[datetime, datetime]]:
    return {state.entity_id: (state.last_reported, state.last_updated) for state in hass.states.async_all()}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    who, *numbers = sys.argv[1:]
    print(json.dumps(asdict(asyncio.run(course(who, *map(int, numbers))))))  # noqa: T201 (is read by who started it)

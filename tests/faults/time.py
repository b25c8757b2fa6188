"""Time that passes as fast as a test can: whatever waits for it is given it, timer by timer.

The event loop's own clock is frozen together with Home Assistant's. So an answer that is late, a timeout or a pause
between two attempts takes as long as it really does, to the second, and no time at all for who waits for the test.
"""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
import math
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util.async_ import get_scheduled_timer_handles
from pytest_homeassistant_custom_component.common import async_fire_time_changed

_ROUNDS_OF_WORK: Final = 500
"""Turns of the event loop in which work that does not wait for time gets on; a request takes some twenty."""


async def see_through[T](work: Coroutine[object, object, T], freezer: FrozenDateTimeFactory) -> T:
    """Wait for some work, and let time go by whenever it does nothing but wait for time."""
    task = asyncio.create_task(work)
    while not task.done():
        for _ in range(_ROUNDS_OF_WORK):
            await asyncio.sleep(0)
            if task.done():
                break
        else:
            _tick_to_next_timer(freezer)
    return task.result()


async def live(hass: HomeAssistant, freezer: FrozenDateTimeFactory, time: timedelta) -> None:
    """Let time go by in Home Assistant, with all that is due then."""
    asyncio.get_running_loop().slow_callback_duration = math.inf  # or it would complain of how long all this takes
    freezer.tick(time)
    async_fire_time_changed(hass)
    await see_through(hass.async_block_till_done(wait_background_tasks=True), freezer)


def _tick_to_next_timer(freezer: FrozenDateTimeFactory) -> None:
    loop = asyncio.get_running_loop()
    due = min(handle.when() for handle in get_scheduled_timer_handles(loop) if not handle.cancelled())
    freezer.tick(timedelta(seconds=max(due - loop.time(), 0) + 0.001))

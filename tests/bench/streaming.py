"""From the stream's socket to a state in Home Assistant; one process.

Run as `python -m tests.bench.streaming CARS MESSAGES ROUNDS`.
"""

import asyncio
from dataclasses import asdict
import json
import logging
import os
import sys

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import Check
from custom_components.mybmw.sources.loopback import LOOPBACK, LOOPBACK_CA, LOOPBACK_STREAM
from tests.certified import ca_file
from tests.simulator import Simulator
from tests.simulator.living import LIVING_CARS
from tests.test_cardata_live import signed_in, until

from .home import home
from .line import HOST
from .load import Load, forget_the_start, measured
from .publisher import publisher


async def streams(cars: int, messages: int, rounds: int) -> list[Load]:
    """Let cars speak all at once, and wait until Home Assistant shows the last word of each."""
    async with Simulator(cars=list(LIVING_CARS)[:cars]) as cloud:
        customer = cloud.cardata.customer()
        vins = [car.vin for car in cloud.garage]
        async with publisher(customer.account.gcid, vins) as broker, home() as hass:
            os.environ[LOOPBACK] = cloud.url
            os.environ[LOOPBACK_STREAM] = f"{HOST}:{broker.port}"
            os.environ[LOOPBACK_CA] = ca_file()
            entry = await signed_in(hass, cloud)
            entry.add_to_hass(hass)
            assert await hass.config_entries.async_setup(entry.entry_id)
            await hass.async_block_till_done()
            await until(hass, entry.runtime_data, Check.CONNECTION)
            forget_the_start()
            loads = []
            for _ in range(rounds):
                async with measured(watches=True) as load:
                    mileage = await broker.publish(messages)
                    await _shown(hass, vins, mileage)
                loads.append(load)
            return loads


async def _shown(hass: HomeAssistant, vins: list[str], mileage: int) -> None:
    registry = er.async_get(hass)
    for vin in vins:
        entity_id = registry.async_get_entity_id("sensor", DOMAIN, f"{vin}-mileage")
        assert entity_id
        while (state := hass.states.get(entity_id)) is None or state.state != str(mileage):  # noqa: ASYNC110 (rare)
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    loads = asyncio.run(streams(*map(int, sys.argv[1:])))
    print(json.dumps([asdict(load) for load in loads]))  # noqa: T201 (is read by who started it)

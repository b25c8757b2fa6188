"""What an owner does with the entities of a car, and what they then read."""

import asyncio
from dataclasses import replace
from typing import Final

from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant

from custom_components.mybmw.vehicle import (
    Body,
    Capabilities,
    Charging,
    ChargingStatus,
    Climate,
    ClimateActivity,
    Energy,
    LockState,
    Vehicle,
)

from .account import a_car, state_of

EVERYTHING: Final = Capabilities(
    reports_state=True,
    tracking=True,
    lock=True,
    unlock=True,
    flash_lights=True,
    sound_horn=True,
    start_climate=True,
    stop_climate=True,
    find_vehicle=True,
    start_charging=True,
    stop_charging=True,
)


def an_able_car(
    name: str = "i4",
    *,
    lock: LockState = LockState.UNLOCKED,
    climate: ClimateActivity = ClimateActivity.INACTIVE,
    charging: ChargingStatus = ChargingStatus.PLUGGED_IN,
) -> Vehicle:
    """A car that takes all commands for which there are entities."""
    return replace(
        a_car(name),
        capabilities=EVERYTHING,
        body=Body(lock=lock),
        climate=Climate(activity=climate),
        energy=Energy(charging=Charging(status=charging, is_plugged_in=True)),
    )


async def act(hass: HomeAssistant, platform: Platform, car: Vehicle, key: str, action: str, **data: str) -> None:
    """Do something with an entity of a car, and wait for the end of it."""
    entity_id = state_of(hass, platform, car, key).entity_id
    await hass.services.async_call(platform, action, {ATTR_ENTITY_ID: entity_id, **data}, blocking=True)


async def settle() -> None:
    """Let everybody go on as far as they can without time going by."""
    for _ in range(30):
        await asyncio.sleep(0)

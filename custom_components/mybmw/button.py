"""What can be set off with a press."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import MyBMWConfigEntry, MyBMWCoordinator
from .entity import MyBMWAccountEntity, MyBMWEntity, MyBMWEntityDescription, async_add_command_entities
from .vehicle import Command, FindVehicle, FlashLights, Position, SoundHorn, StartClimate, StopClimate

PARALLEL_UPDATES = 0  # the coordinator has each car do one thing at a time, and cars do not wait for one another


@dataclass(frozen=True, kw_only=True)
class MyBMWButtonDescription(MyBMWEntityDescription, ButtonEntityDescription):
    """Something a car can be asked to do."""

    command: Callable[[HomeAssistant], Command]


@dataclass(frozen=True, kw_only=True)
class MyBMWAccountButtonDescription(ButtonEntityDescription):
    """Something to be done for an account."""

    press: Callable[[MyBMWCoordinator], Awaitable[None]]


def _find_from_home(hass: HomeAssistant) -> FindVehicle:
    """BMW only tells where a car is to who says where they look for it from."""
    return FindVehicle(observer=Position(latitude=hass.config.latitude, longitude=hass.config.longitude))


BUTTONS: Final = (
    MyBMWButtonDescription(
        key="flash_lights", exists=lambda v: v.capabilities.flash_lights, command=lambda _: FlashLights()
    ),
    MyBMWButtonDescription(key="sound_horn", exists=lambda v: v.capabilities.sound_horn, command=lambda _: SoundHorn()),
    MyBMWButtonDescription(
        key="start_climate", exists=lambda v: v.capabilities.start_climate, command=lambda _: StartClimate()
    ),
    MyBMWButtonDescription(
        key="stop_climate", exists=lambda v: v.capabilities.stop_climate, command=lambda _: StopClimate()
    ),
    MyBMWButtonDescription(key="find_vehicle", exists=lambda v: v.capabilities.find_vehicle, command=_find_from_home),
)
ACCOUNT_BUTTONS: Final = (MyBMWAccountButtonDescription(key="refresh", press=MyBMWCoordinator.async_refresh_now),)


async def async_setup_entry(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons of the account, and those of every car."""
    async_add_entities(MyBMWAccountButton(entry.runtime_data, description) for description in ACCOUNT_BUTTONS)
    await async_add_command_entities(entry, async_add_entities, BUTTONS, MyBMWButton)


class MyBMWButton(MyBMWEntity, ButtonEntity):
    """Something a car can be asked to do."""

    entity_description: MyBMWButtonDescription

    @override
    def shows(self) -> object:
        return ()  # nothing but that it is there

    @override
    async def async_press(self) -> None:
        await self.async_execute(self.entity_description.command(self.hass))


class MyBMWAccountButton(MyBMWAccountEntity, ButtonEntity):
    """Something to be done for an account."""

    entity_description: MyBMWAccountButtonDescription

    @override
    async def async_press(self) -> None:
        await self.entity_description.press(self.coordinator)

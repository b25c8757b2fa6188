"""What can be set off with a press."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import MyBMWConfigEntry, MyBMWCoordinator
from .entity import MyBMWAccountEntity

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class MyBMWAccountButtonDescription(ButtonEntityDescription):
    """Something to be done for an account."""

    press: Callable[[MyBMWCoordinator], Awaitable[None]]


ACCOUNT_BUTTONS: Final = (MyBMWAccountButtonDescription(key="refresh", press=MyBMWCoordinator.async_refresh_now),)


async def async_setup_entry(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons of the account."""
    async_add_entities(MyBMWAccountButton(entry.runtime_data, description) for description in ACCOUNT_BUTTONS)


class MyBMWAccountButton(MyBMWAccountEntity, ButtonEntity):
    """Something to be done for an account."""

    entity_description: MyBMWAccountButtonDescription

    @override
    async def async_press(self) -> None:
        await self.entity_description.press(self.coordinator)

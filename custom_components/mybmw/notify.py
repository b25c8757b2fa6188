"""Where a car can be sent to with a message."""

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.notify import NotifyEntity, NotifyEntityDescription, NotifyEntityFeature
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .coordinator import MyBMWConfigEntry
from .entity import MyBMWEntity, MyBMWEntityDescription, async_add_command_entities
from .places import position_in
from .vehicle import SendDestination

PARALLEL_UPDATES = 0  # the coordinator has each car do one thing at a time, and cars do not wait for one another


@dataclass(frozen=True, kw_only=True)
class MyBMWNotifyDescription(MyBMWEntityDescription, NotifyEntityDescription):
    """Something the car takes messages for."""


NOTIFIERS: Final = (MyBMWNotifyDescription(key="destination", exists=lambda v: v.capabilities.send_destination),)


async def async_setup_entry(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the navigation of every car."""
    await async_add_command_entities(entry, async_add_entities, NOTIFIERS, MyBMWDestination)


class MyBMWDestination(MyBMWEntity, NotifyEntity):
    """The navigation of a car: the message is where to go, in degrees, and the title what to call it.

    Nothing but a message and a title can be handed to a notifier, and the car needs to be told where a place is. So a
    message in which no place stands is refused: the action `send_destination` takes zones, persons and addresses, too.
    """

    entity_description: MyBMWNotifyDescription
    _attr_supported_features = NotifyEntityFeature.TITLE

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        await self.async_order(lambda: _destination(message, title))

    @override
    def shows(self) -> object:
        return True  # the state is when a message was sent last, and Home Assistant keeps it itself


def _destination(message: str, title: str | None) -> SendDestination:
    if (position := position_in(message)) is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="message_without_place")
    return SendDestination(position=position, name=title or "")

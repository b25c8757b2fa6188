"""What becomes of commands, for automations and the activity log."""

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import ATTR_DOMAIN, ATTR_ENTITY_ID, ATTR_NAME, EVENT_LOGBOOK_ENTRY
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_get_cached_translations

from .commanding import Ending
from .const import DOMAIN
from .coordinator import MyBMWConfigEntry
from .entity import MyBMWEntity, MyBMWEntityDescription, async_add_command_entities
from .vehicle import Fate

PARALLEL_UPDATES = 0

_ATTR_MESSAGE: Final = "message"


@dataclass(frozen=True, kw_only=True)
class MyBMWEventDescription(MyBMWEntityDescription, EventEntityDescription):
    """Something that happens to a car."""


EVENTS: Final = (
    MyBMWEventDescription(
        key="command",
        event_types=[fate.value for fate in Fate],
        exists=lambda v: v.capabilities.takes_commands,
    ),
)


async def async_setup_entry(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add an event for the commands of every car that takes some."""
    await async_add_command_entities(entry, async_add_entities, EVENTS, MyBMWCommandEvent)


class MyBMWCommandEvent(MyBMWEntity, EventEntity):
    """A command that has come to its end."""

    entity_description: MyBMWEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Hear of the end of each command, whoever gave it."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.commands.async_listen(self.vin, self._ended))

    @override
    def shows(self) -> object:
        return ()  # nothing of the car itself

    @callback
    def _ended(self, ending: Ending) -> None:
        self._trigger_event(
            ending.fate,
            {
                "command": ending.key.value,
                "reason": ending.reason,
                "words": ending.words,
                "sent_at": ending.sent_at.isoformat() if ending.sent_at else None,
            },
        )
        self.async_write_ha_state()
        self._log(ending)

    def _log(self, ending: Ending) -> None:
        """Say it in a sentence in the activity log, which shows no more of an event than its type."""
        state = self.hass.states.get(self.entity_id)
        self.hass.bus.async_fire(
            EVENT_LOGBOOK_ENTRY,
            {
                ATTR_NAME: state.name if state else DOMAIN,
                _ATTR_MESSAGE: self._sentence(ending),
                ATTR_DOMAIN: DOMAIN,
                ATTR_ENTITY_ID: self.entity_id,
            },
        )

    def _sentence(self, ending: Ending) -> str:
        """A command, how it ended and why, in the language of the server."""
        texts = async_get_cached_translations(self.hass, self.hass.config.language, "entity", DOMAIN)

        def text(attribute: str, value: str) -> str:
            key = f"component.{DOMAIN}.entity.event.{self.translation_key}.state_attributes.{attribute}.state.{value}"
            return texts.get(key, value)

        ended = f"{text('command', ending.key)}: {text('event_type', ending.fate)}"
        why = text("reason", ending.reason) if ending.reason else ""
        return " · ".join(part for part in (ended, why, ending.words) if part)

"""Notices that there may be more, or less, to take over than a moment ago."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later

from .successors import PREDECESSORS

SOON: Final = timedelta(seconds=10)
"""What comes, comes in numbers: all entities of a car, all entries of an integration."""

_DOMAINS: Final = frozenset(predecessor.domain for predecessor in PREDECESSORS)


class Lookout:
    """Has it looked soon after an account got an entity, or an entry of another integration changed.

    A car that joins the account brings entities, and so does one that tells something for the first time; an
    integration is given up by disabling or removing its entry.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str, look: Callable[[], Awaitable[object]]) -> None:
        """Watch until it is ended."""
        self._hass = hass
        self._entry_id = entry_id
        self._look = look
        self._cancel: CALLBACK_TYPE | None = None
        self._endings = (
            hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._created, event_filter=_is_creation),
            async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._changed),
        )

    @callback
    def async_end(self) -> None:
        """Watch no more."""
        for end in self._endings:
            end()
        if self._cancel:
            self._cancel()

    @callback
    def _created(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        entity = er.async_get(self._hass).async_get(event.data["entity_id"])
        if entity and entity.config_entry_id == self._entry_id:
            self._look_soon()

    @callback
    def _changed(self, _change: ConfigEntryChange, entry: ConfigEntry[object]) -> None:
        if entry.domain in _DOMAINS:
            self._look_soon()

    @callback
    def _look_soon(self) -> None:
        if self._cancel is None:
            self._cancel = async_call_later(self._hass, SOON, HassJob(self._async_look, cancel_on_shutdown=True))

    async def _async_look(self, _now: datetime) -> None:
        self._cancel = None
        await self._look()


@callback
def _is_creation(data: er.EventEntityRegistryUpdatedData) -> bool:
    return data["action"] == "create"

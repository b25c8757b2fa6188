"""What is done for very many cars is done in portions, so that nothing else in Home Assistant has to wait for it."""

import asyncio
from functools import cached_property
from itertools import islice, takewhile
from typing import Final, override

from homeassistant.core import callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

HOUSEHOLD: Final = 1000
"""So many listeners are told at once, as by any coordinator: the entities of some fifteen cars."""

PORTION: Final = 250
"""So many are told at a time if there are more."""

LOOKS_AT_ALL: Final = "looks at all cars"
"""The context of a listener that does; it takes as long as a portion of others, and is one by itself."""


class PortionedCoordinator[T](DataUpdateCoordinator[T]):
    """Tells its listeners at once, as any coordinator, but those of a fleet one portion after the other.

    Whoever is told looks at what is known by then. An update that comes while an earlier one is still being told is
    told to all from the beginning.
    """

    _to_tell: dict[int, None] | None = None

    @cached_property
    def adding(self) -> asyncio.Lock:
        """Who has it may add entities: as many at a time as nobody has to wait for."""
        return asyncio.Lock()

    @property
    def is_telling(self) -> bool:
        """Whether somebody has still to be told."""
        return self._to_tell is not None

    @callback
    @override
    def async_update_listeners(self) -> None:
        if len(self._listeners) <= HOUSEHOLD:
            self._to_tell = None
            super().async_update_listeners()
            return
        is_told_already = self.is_telling
        self._to_tell = dict.fromkeys(self._listeners)
        if not is_told_already:
            self._tell_some()

    @callback
    def _tell_some(self) -> None:
        """Have the next portion told, each listener by itself: one that fails is the event loop's to report."""
        if self._to_tell is None:
            return
        portion = list(islice(self._to_tell, PORTION))
        others = list(takewhile(lambda listener_id: not self._looks_at_all(listener_id), portion))
        for listener_id in others or portion[:1]:
            del self._to_tell[listener_id]
            self.hass.loop.call_soon(self._tell_one, listener_id)
        if self._to_tell:
            self.hass.loop.call_soon(self._tell_some)
        else:
            self._to_tell = None

    def _looks_at_all(self, listener_id: int) -> bool:
        return self._listeners.get(listener_id, (None, None))[1] == LOOKS_AT_ALL

    @callback
    def _tell_one(self, listener_id: int) -> None:
        if listener := self._listeners.get(listener_id):  # else it has gone meanwhile
            update, _context = listener
            update()

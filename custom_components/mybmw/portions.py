"""An update of very many cars is told in portions, so that nothing else in Home Assistant has to wait for it."""

from itertools import islice
from typing import Final, override

from homeassistant.core import callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

HOUSEHOLD: Final = 1000
"""So many listeners are told at once, as by any coordinator: the entities of some fifteen cars."""

PORTION: Final = 250
"""So many are told at a time if there are more."""


class PortionedCoordinator[T](DataUpdateCoordinator[T]):
    """Tells its listeners at once, as any coordinator, but those of a fleet one portion after the other.

    Whoever is told looks at what is known by then. An update that comes while an earlier one is still being told is
    told to all from the beginning.
    """

    _to_tell: dict[int, None] | None = None

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
        for listener_id in list(islice(self._to_tell, PORTION)):
            del self._to_tell[listener_id]
            self.hass.loop.call_soon(self._tell_one, listener_id)
        if self._to_tell:
            self.hass.loop.call_soon(self._tell_some)
        else:
            self._to_tell = None

    @callback
    def _tell_one(self, listener_id: int) -> None:
        if listener := self._listeners.get(listener_id):  # else it has gone meanwhile
            update, _context = listener
            update()

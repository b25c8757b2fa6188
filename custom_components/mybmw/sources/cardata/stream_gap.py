"""The gap between two connections, also if a reload or a restart of Home Assistant lies between them."""

from datetime import datetime, timedelta
import logging
from typing import Final

from .. import Clock, TryLaterError
from .memory import Memory, Page, moment_of

_LOGGER = logging.getLogger(__name__)

GAP: Final = timedelta(seconds=12)
"""Between the end of one connection and the next attempt: the broker wants ten, counted on its own clock."""


class Gap:
    """Remembers when the last connection, or attempt at one, has ended.

    Whoever comes back too early is refused with a code that may mean anything (5), and would wait twice as long and
    renew a good token because of it.
    """

    def __init__(self, memory: Memory, clock: Clock) -> None:
        """Start from what was written down last."""
        self._memory = memory
        self._clock = clock
        self._left_at = moment_of(memory.read(Page.STREAM).get("left_at"))

    @property
    def ends_at(self) -> datetime:
        """When it is over; now if nobody knows of a connection. A clock that was set back makes it no longer."""
        now = self._clock()
        return min(self._left_at, now) + GAP if self._left_at else now

    def begin(self) -> None:
        """A connection has ended, or the attempt to have one."""
        self._left_at = self._clock()

    async def store(self) -> None:
        """Write it down; that it cannot be costs an attempt."""
        if self._left_at is None:
            return
        try:
            await self._memory.write(Page.STREAM, {"left_at": self._left_at.isoformat()})
        except TryLaterError as err:
            _LOGGER.debug("%s", err)

"""How long to stay away from the broker after a connection, depending on how that went."""

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from .. import Clock
from .stream_gap import GAP
from .stream_status import Trouble

STEADY: Final = timedelta(minutes=1)
"""A connection that lasted so long was a good one: what went wrong before it is forgotten."""

_OFFLINE: Final = timedelta(seconds=30)
_NOT_PERMITTED: Final = timedelta(minutes=5)
_LADDERS: Final[Mapping[Trouble, tuple[timedelta, timedelta]]] = {
    Trouble.NO_KEY: (timedelta(seconds=30), timedelta(minutes=5)),
    Trouble.UNTRUSTED: (timedelta(seconds=30), timedelta(minutes=5)),
    Trouble.BAD_CREDENTIALS: (GAP, timedelta(minutes=5)),
    Trouble.REFUSED: (GAP, timedelta(minutes=5)),
    Trouble.BUSY: (timedelta(minutes=1), timedelta(minutes=5)),
    Trouble.RIVAL: (timedelta(minutes=15), timedelta(hours=1)),
    Trouble.BUG: (timedelta(minutes=1), timedelta(hours=1)),
}
"""The first pause and the longest one; each is twice the one before."""

_OURS: Final = timedelta(minutes=10)
"""A connection that lasted so long has no rival: other clients come back after five minutes at most."""

_DROPS: Final = 3
_DROPS_WITHIN: Final = (_DROPS - 1) * _OURS
_JITTER: Final = 0.25
"""A pause is up to so much longer, lest everybody comes back at the same moment after an outage."""

type Chance = Callable[[], float]
"""A number from 0 up to but not including 1."""


class Pauses:
    """Remembers what went wrong lately, as far as that lengthens the next pause."""

    def __init__(self, clock: Clock, chance: Chance) -> None:
        """Nothing went wrong yet."""
        self._clock = clock
        self._chance = chance
        self._climbing: Trouble | None = None
        self._steps = 0
        self._drops: deque[datetime] = deque(maxlen=_DROPS)
        self._is_contested = False
        self._has_hung_up = False

    def has_rival(self, connected_since: datetime | None) -> bool:
        """Whether another client was found to fight for the stream, and has not left it to us for long enough yet."""
        is_ours = connected_since is not None and self._clock() - connected_since >= _OURS
        return self._is_contested and not is_ours

    def judge(self, trouble: Trouble | None, lived: timedelta) -> Trouble | None:
        """What a trouble looks like together with those before it; `lived` is how long the connection lasted.

        To be asked after each connection, also if there was no trouble.

        Whoever is dropped time and again, and let in again at once, has a rival: both are let in, and each drops the
        other. Drops in an outage do not count, nor do those of connections that were meant to end, nor those before one
        that was ours for long.

        Who hangs up once when asked for messages may have broken down in that moment; who does it twice in a row does
        not permit them.
        """
        hung_up_before, self._has_hung_up = self._has_hung_up, trouble is Trouble.HUNG_UP
        if trouble is Trouble.HUNG_UP:
            trouble = Trouble.NOT_PERMITTED if hung_up_before else Trouble.UNREACHABLE
        if lived >= _OURS:
            self._is_contested = False
        if lived >= _OURS or trouble is Trouble.UNREACHABLE:
            self._drops.clear()
        if trouble is not Trouble.DROPPED:
            return trouble
        now = self._clock()
        self._drops.append(now)
        if len(self._drops) == _DROPS and now - self._drops[0] <= _DROPS_WITHIN:
            self._is_contested = True
        return Trouble.RIVAL if self._is_contested else trouble

    def after(self, trouble: Trouble | None, lived: timedelta) -> timedelta:
        """The pause after a connection that had this trouble, as judged, or None."""
        if trouble is None or (lived >= STEADY and trouble is not Trouble.RIVAL):
            self._climbing = None
        pause: timedelta
        match trouble:
            case Trouble.UNREACHABLE:
                pause = _OFFLINE  # not longer and longer, so that an outage is over when it is over
            case Trouble.NOT_PERMITTED:
                pause = _NOT_PERMITTED
            case Trouble.DROPPED | None:
                pause = GAP
            case _:  # each has a ladder of its own
                pause = self._climb(trouble)
        return pause + pause * (_JITTER * self._chance())

    def _climb(self, trouble: Trouble) -> timedelta:
        self._steps = self._steps + 1 if self._climbing is trouble else 0
        self._climbing = trouble
        shortest, longest = _LADDERS[trouble]
        return min(shortest * (1 << min(self._steps, 10)), longest)

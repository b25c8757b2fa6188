"""What has gone wrong with the stream, and whether somebody has to see to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from .. import Clock
from .stream_status import Trouble

_PATIENCE: Final[Mapping[Trouble, timedelta]] = {
    Trouble.NOT_PERMITTED: timedelta(0),
    Trouble.REFUSED: timedelta(hours=1),
    Trouble.UNTRUSTED: timedelta(hours=1),
    Trouble.UNREACHABLE: timedelta(hours=3),
    Trouble.BUSY: timedelta(hours=3),
}
"""So long a trouble may last before it is the owner's, if it can be theirs: others pass by themselves.

That BMW's broker cannot be reached, or lets nobody in, may be an outage of BMW's, of which owners hear later. It is
none of their connection to the internet: a token ends within the hour, and without a next one the trouble is NO_KEY.
A mistake of ours (BUG) is told to the log, at once.
"""

_INTERRUPTED: Final = timedelta(minutes=30)
"""What was not seen for so long, because something else was in the way or the computer slept, begins anew."""


@dataclass(slots=True)
class _Row:
    """Attempts that failed for the same reason, others perhaps in between: the first, and the newest."""

    since: datetime
    until: datetime


class Troubles:
    """Remembers what went wrong last, and for how long attempts have been failing for each reason."""

    def __init__(self, clock: Clock) -> None:
        """Nothing went wrong yet."""
        self._clock = clock
        self._rows: dict[Trouble, _Row] = {}
        self.last: Trouble | None = None
        self.last_at: datetime | None = None
        self.failed_by: Trouble | None = None
        self.evictions = 0

    @property
    def is_stuck(self) -> bool:
        """Whether what the newest attempt failed by has lasted longer than what passes by itself."""
        if self.failed_by is None or (patience := _PATIENCE.get(self.failed_by)) is None:
            return False
        return self._clock() - self._rows[self.failed_by].since >= patience

    def note(self, trouble: Trouble | None) -> None:
        """A connection, or the attempt to have one, has ended with this trouble, or as it should."""
        self.failed_by = trouble
        if trouble is None:
            return
        now = self._clock()
        self.last, self.last_at = trouble, now
        self.evictions += trouble is Trouble.RIVAL
        row = self._rows.get(trouble)
        if row and row.until <= now < row.until + _INTERRUPTED:
            row.until = now
        else:
            self._rows[trouble] = _Row(now, now)

    def connected(self) -> None:
        """The newest attempt has succeeded. What was before is not forgotten: it may last for a moment only."""
        self.failed_by = None

    def forget(self) -> None:
        """A connection has lasted: what was before it is over."""
        self._rows.clear()

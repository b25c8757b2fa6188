"""Spans of time, by a clock that may be put right while they last."""

from datetime import datetime, timedelta
from typing import Final

_SLACK: Final = timedelta(minutes=1)
"""Clocks are set back by less than this all the time."""


def is_over(since: datetime | None, span: timedelta, now: datetime) -> bool:
    """Whether a span that began then is over; also if none has begun, or if by the clock it is still to begin.

    In the last case the clock was ahead and has been set back. How long the span has lasted nobody knows then; to wait
    until the clock is there again could take hours or years.
    """
    return since is None or not -_SLACK <= now - since < span


def has_come(moment: datetime, longest: timedelta, now: datetime) -> bool:
    """Whether a moment has come for which one waits so long at most; also if it is farther off, for the same reason."""
    return not now < moment <= now + longest + _SLACK

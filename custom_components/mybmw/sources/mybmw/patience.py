"""How long BMW asks us to wait, in the several ways it has of saying so."""

from datetime import timedelta
import re
from typing import Final

LONGEST_WAIT: Final = timedelta(days=1)
"""No wait is longer: quotas start anew every day, so a longer one would be a misunderstanding."""

_SHORTEST_WAIT: Final = timedelta(seconds=1)

# "Quota will be replenished in 02:26:24.": hours, minutes and seconds; a number of days may stand before them.
_CLOCK: Final = re.compile(r"(?:(\d{1,3})\.)?\b(\d{1,3}):(\d{2}):(\d{2})\b")
# "Rate limit is exceeded. Try again in 2 seconds."
_NUMBER: Final = re.compile(r"\d{1,9}")


def told_wait(retry_after: timedelta | None, message: str) -> timedelta | None:
    """The wait that a refusal asks for, None if it names none.

    `retry_after` is what its header of that name says, `message` is BMW's own text.
    """
    wait = retry_after or _in_message(message)
    return None if wait is None else min(max(wait, _SHORTEST_WAIT), LONGEST_WAIT)


def _in_message(message: str) -> timedelta | None:
    if clock := _CLOCK.search(message):
        days, hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if number := _NUMBER.search(message):
        return timedelta(seconds=int(number[0]))
    return None

"""The words that all timers of a car share."""

from typing import Final

from ....vehicle import Weekday
from ...fields import Tokens

TIMER_ACTION: Final[Tokens[bool | None]] = Tokens({"ACTIVATE": True, "DEACTIVATE": False}, absent=None, unlisted=None)
"""Whether a timer will go off."""

WEEKDAY: Final[Tokens[Weekday | None]] = Tokens(Weekday.__members__, absent=None, unlisted=None)

"""Mistakes of ours: what they may tell the log, and that they tell it once."""

import logging
from traceback import format_tb
from typing import Final

_MOST: Final = 100
"""So many are told; more would be the same one in many clothes."""


def place_of(err: BaseException) -> str:
    """Where something was raised, line by line of our code, and not what it says: that may quote what is secret."""
    return "".join(format_tb(err.__traceback__))


class Bugs:
    """The mistakes that somebody has made so far who goes on all the same."""

    def __init__(self, logger: logging.Logger) -> None:
        """Know of none."""
        self._logger = logger
        self._told: set[tuple[str, str]] = set()

    def tell(self, err: Exception, doing: str) -> None:
        """Tell the log of one, unless it has been told: of which kind it is and where it happened."""
        bug = (type(err).__name__, place_of(err))
        if bug not in self._told and len(self._told) < _MOST:
            self._told.add(bug)
            self._logger.error("Unexpected %s while %s; it is told once, and happened at\n%s", bug[0], doing, bug[1])

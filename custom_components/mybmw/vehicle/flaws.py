"""What can be wrong with a command before it is sent."""

from collections.abc import Mapping
from enum import StrEnum


class Flaw(StrEnum):
    """Why a command makes no sense."""

    NOT_SUPPORTED = "not_supported"
    """The car, or its contract, does not allow it."""
    NOTHING_TO_CHANGE = "nothing_to_change"
    TARGET_NOT_OFFERED = "target_not_offered"
    AC_LIMIT_IMPOSSIBLE = "ac_limit_impossible"
    """No current that any car could be told."""
    AC_LIMIT_NOT_OFFERED = "ac_limit_not_offered"
    """Details: `offered`, the currents in ampere there are to choose from."""
    CHARGING_MODE_NOT_SETTABLE = "charging_mode_not_settable"
    """A mode that cars report and nobody can choose."""
    WINDOW_EMPTY = "window_empty"
    TIME_NOT_IN_MINUTES = "time_not_in_minutes"
    """A time that has seconds or a time zone; a car's clock knows hours and minutes."""
    TIMER_UNKNOWN = "timer_unknown"
    """Details: `timer`, the id the car does not have."""
    TIMER_TWICE = "timer_twice"
    """Details: `timer`."""
    POSITION_IMPOSSIBLE = "position_impossible"
    TEXT_NOT_USABLE = "text_not_usable"
    """Too long, or not in one printable line. Details: `part`."""


class InvalidCommandError(ValueError):
    """A command that makes no sense, or not for this car; nothing was sent.

    `flaw` and `details` are for a translated text. The message holds neither a position nor anything that was typed in.
    """

    def __init__(self, flaw: Flaw, details: Mapping[str, str] | None = None) -> None:
        """Keep what is wrong."""
        super().__init__(f"The command makes no sense: {flaw.replace('_', ' ')}")
        self.flaw = flaw
        self.details = dict(details or {})

"""What became of a command."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .location import Location


class Step(StrEnum):
    """How far a command has come; each is reached at most once, in this order."""

    SENT = "sent"
    """It is leaving for the cloud. Nobody can take it back any more, whatever is heard of it."""
    ACCEPTED = "accepted"
    """The cloud has taken it. From here on it is never sent again."""
    DELIVERED = "delivered"
    """The car has it."""


class Fate(StrEnum):
    """What became of a command in the end."""

    EXECUTED = "executed"
    """The car, or the cloud where the car need not be asked, says that it is done."""
    IGNORED = "ignored"
    """There was nothing to do."""
    FAILED = "failed"
    """It was refused, or the car could not do it."""
    TIMED_OUT = "timed_out"
    """The cloud has taken it, and the car said nothing for as long as one waits; it may still do it."""
    UNKNOWN = "unknown"
    """Nobody knows: it was sent, and then the connection or the cloud failed. The car's next report will tell."""


class Reason(StrEnum):
    """Why a command met its fate."""

    NOT_PLUGGED_IN = "not_plugged_in"
    """Ignored, nothing sent: no cable."""
    NOT_CHARGING = "not_charging"
    """Ignored, nothing sent: there is no charging to stop."""
    BY_CAR = "by_car"
    """Ignored or failed: the car, or the cloud on its behalf, says so; see `words`."""
    REFUSED = "refused"
    """Failed: the cloud did not take it; see `words`."""
    ANSWER_LOST = "answer_lost"
    """Unknown: no answer, or none that could be read, to the command itself."""
    NOT_TOLD = "not_told"
    """Unknown: taken, but the cloud lets nobody ask what became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of a command.

    `sent_at` is None if there was no need to send it. `reason` is None where the fate says it all. `words` are codes
    of the car or its cloud, such as CHARGING_MODE_NOT_SET, and never a sentence, which may name anybody; None if there
    are none. `location` is where a car that was looked for has been found.
    """

    fate: Fate
    sent_at: datetime | None = None
    ended_at: datetime
    reason: Reason | None = None
    words: str | None = field(default=None, repr=False)
    location: Location | None = field(default=None, repr=False)

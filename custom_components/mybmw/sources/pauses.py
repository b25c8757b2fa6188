"""How long a cloud is left alone that does not want to be asked: the same, whoever asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from . import NotAllowedError, Refusal, SlowDownError, SourceError
from .spans import is_over

REFUSAL_WAITS: Final[Mapping[Refusal, timedelta]] = {
    Refusal.BLOCKED: timedelta(days=1),
    Refusal.FORBIDDEN: timedelta(hours=1),
}
"""How long a refused account is left in peace: long enough to be no burden, short enough to notice when it is over."""

COMMANDS_WAIT: Final = timedelta(hours=1)
"""How long no command is sent after the cloud has blocked one. That says nothing about reading, which goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A time during which nothing may be asked; `refusal` says why if it is more than a full quota.

    `since` is None if it was not written down, by an earlier version.
    """

    until: datetime
    since: datetime | None = None
    refusal: Refusal | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether one may ask again."""
        return is_over(self.since, self.until - self.since, now) if self.since else now >= self.until

    def as_error(self, message: str) -> SourceError:
        """What the cloud would say if it was asked in spite of the pause."""
        return NotAllowedError(message, self.refusal) if self.refusal else SlowDownError(message, self.until)


def blocks_commands(err: SourceError) -> bool:
    """Whether no other command need be tried for a while after one has failed with this."""
    return isinstance(err, NotAllowedError) and err.reason is Refusal.BLOCKED

"""How the stream is doing, for the owner, the doctor and diagnostics."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .. import SignInRequiredError


class Trouble(StrEnum):
    """Why the stream is, or was last, not connected."""

    NO_KEY = "no_key"
    """BMW's identity service gave no token for it."""
    UNREACHABLE = "unreachable"
    """BMW's broker cannot be reached, or the way to it broke."""
    BAD_CREDENTIALS = "bad_credentials"
    """The broker did not accept the token (code 4 or 134)."""
    REFUSED = "refused"
    """The broker let us not in (code 5 or 135): mostly because another client is connected for the account."""
    BUSY = "busy"
    """The broker lets nobody in, or not so often (any other code)."""
    NOT_PERMITTED = "not_permitted"
    """The broker does not send anything: in the portal, nothing is selected for the stream."""
    DROPPED = "dropped"
    """The broker closed the connection before its time."""
    RIVAL = "rival"
    """The broker did so again and again: another client connects for the account, and the two evict each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStatus:
    """The stream at a moment. All moments are aware UTC.

    `connected_since` is None while it is not connected, `last_connected_at` is when that last came about, and
    `last_trouble` what went wrong last, also if it has been put right since. `has_rival` is whether another client
    fights for the stream, `evictions` how many connections it has ended since it was found out. `messages` were passed
    on, `strange` ones not understood. The next attempt to connect is at `next_attempt_at`; there is none if the stream
    was `ended_by` something.
    """

    connected_since: datetime | None = None
    last_connected_at: datetime | None = None
    last_message_at: datetime | None = None
    last_trouble: Trouble | None = None
    last_trouble_at: datetime | None = None
    has_rival: bool = False
    evictions: int = 0
    messages: int = 0
    strange: int = 0
    next_attempt_at: datetime | None = None
    ended_by: SignInRequiredError | None = None

    @property
    def trouble(self) -> Trouble | None:
        """What has gone wrong and has not been put right since."""
        if self.last_connected_at and self.last_trouble_at and self.last_connected_at > self.last_trouble_at:
            return None
        return self.last_trouble

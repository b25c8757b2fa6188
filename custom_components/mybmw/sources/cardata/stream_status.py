"""How the stream is doing, for the owner, the doctor and diagnostics."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from .. import Json, SignInRequiredError


class Trouble(StrEnum):
    """Why the stream is, or was last, not connected."""

    NO_KEY = "no_key"
    """BMW's identity service gave no token for it."""
    UNREACHABLE = "unreachable"
    """BMW's broker cannot be reached, or the way to it broke."""
    UNTRUSTED = "untrusted"
    """What answers in its place cannot prove to be BMW's broker."""
    BAD_CREDENTIALS = "bad_credentials"
    """The broker did not accept the token (code 4 or 134)."""
    REFUSED = "refused"
    """The broker let us not in (code 5 or 135): mostly because another client is connected for the account."""
    BUSY = "busy"
    """The broker lets nobody in, or not so often (any other code)."""
    HUNG_UP = "hung_up"
    """The broker closed the connection when it was asked for messages; or the way to it broke just then."""
    NOT_PERMITTED = "not_permitted"
    """The broker does not send anything: in the portal, nothing is selected for the stream."""
    DROPPED = "dropped"
    """The broker closed the connection before its time."""
    RIVAL = "rival"
    """The broker did so again and again: another client connects for the account, and the two evict each other."""
    BUG = "bug"
    """A mistake of ours broke it off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStatus:
    """The stream at a moment. All moments are aware UTC.

    `connected_since` is None while it is not connected, `last_trouble` what went wrong last, also if it has been put
    right since, and `failed_by` why the newest attempt has failed, None if it has not; `is_stuck` is whether that has
    gone on for so long that it will hardly pass by itself. `has_rival` is whether another client fights for the stream,
    `evictions` how many connections it has ended since it was found out. `messages` were passed on, `strange` ones not
    understood. The next attempt to connect is at `next_attempt_at`; there is none if the stream was `ended_by`
    something.
    """

    connected_since: datetime | None = None
    last_message_at: datetime | None = None
    last_trouble: Trouble | None = None
    last_trouble_at: datetime | None = None
    failed_by: Trouble | None = None
    is_stuck: bool = False
    has_rival: bool = False
    evictions: int = 0
    messages: int = 0
    strange: int = 0
    next_attempt_at: datetime | None = None
    ended_by: SignInRequiredError | None = None

    def to_tell(self) -> dict[str, Json]:
        """The same in plain values; nothing secret is among them."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


def _plain(value: object) -> Json:
    return value if value is None or isinstance(value, bool | int) else str(value)

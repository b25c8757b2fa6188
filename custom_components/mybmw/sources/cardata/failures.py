"""What exactly went wrong, for whoever helps the owner to put it right.

To everybody else a failure has one of the four meanings of a SourceError; the cause refines it.
"""

from enum import StrEnum

from .. import NotAllowedError, Refusal, SignInRequiredError, SlowDownError, SourceError, TryLaterError


class Cause(StrEnum):
    """Why BMW did not do what it was asked."""

    # Signing in
    CLIENT_UNKNOWN = "client_unknown"
    """There is no such client id, or no longer: BMW deleted many without a word (October 2025, July 2026)."""
    SCOPE_NOT_SUBSCRIBED = "scope_not_subscribed"
    """In the portal, the client is not switched on for the API or the stream."""
    SCOPE_NOT_GRANTED = "scope_not_granted"
    """The token lacks the scope: the client was switched on only after the sign-in, which has to be repeated."""
    CODE_EXPIRED = "code_expired"
    """Nobody entered the code in time, or BMW lost track of it: a new one is needed."""
    DECLINED = "declined"
    """The owner said no, or BMW insists that they did."""
    GRANT_ENDED = "grant_ended"
    """The refresh token is worthless: unused for 14 days, used by somebody else, or the client was changed."""

    # Asking
    TOKEN_NOT_ACCEPTED = "token_not_accepted"  # noqa: S105 (a name, no token)
    """Not even a new access token opens (CU-100, CU-101, CU-102)."""
    VEHICLE_NOT_OURS = "vehicle_not_ours"
    """The account is not the primary user of the car, or the car has no telematics (CU-104)."""
    CONTAINER_GONE = "container_gone"
    """There is no such container, or it is being deleted (CU-105, CU-121, CU-122)."""
    CONTAINER_LIMIT = "container_limit"
    """The account has as many containers as it may have (CU-124)."""
    KEY_UNKNOWN = "key_unknown"
    """A descriptor in the list is not, or no longer, one of BMW's (CU-402)."""
    UNEXPLAINED = "unexplained"
    """BMW says "forbidden" and no more (CU-403): a container too large for this account, or an outage."""
    PAGE_EXPIRED = "page_expired"
    """The pages of a long answer have to be read from the first again (CU-125)."""
    NOTHING_THERE = "nothing_there"
    """The car has no picture (CU-126) or no charging places (CU-127)."""
    BAD_REQUEST = "bad_request"
    """BMW does not understand what it was asked (CU-120, CU-400, CU-401)."""
    QUOTA = "quota"
    """The calls of the day are used up (CU-429)."""
    OUT_OF_ORDER = "out_of_order"
    """BMW, or a partner of BMW, is out of order (CU-500, CU-503)."""
    NOT_UNDERSTOOD = "not_understood"
    """The answer is none that can be read."""


class SignInFailedError(SignInRequiredError):
    """The way in is closed; `scopes` are those that are missing, if it is because of that."""

    def __init__(self, message: str, cause: Cause, scopes: frozenset[str] = frozenset()) -> None:
        """Keep why beside the message."""
        super().__init__(message)
        self.cause = cause
        self.scopes = scopes


class DeniedError(NotAllowedError):
    """BMW understood and refused. `note` is what BMW wrote to it, which is nothing to be logged."""

    def __init__(self, message: str, cause: Cause, note: str = "") -> None:
        """Keep why beside the message."""
        super().__init__(message, Refusal.FORBIDDEN)
        self.cause = cause
        self.note = note


class FailedError(TryLaterError):
    """It did not work this time. `note` is what BMW wrote to it, which is nothing to be logged."""

    def __init__(self, message: str, cause: Cause, note: str = "") -> None:
        """Keep why beside the message."""
        super().__init__(message)
        self.cause = cause
        self.note = note


def cause_of(err: SourceError) -> Cause | None:
    """Why it went wrong, as far as is known."""
    match err:
        case SignInFailedError() | DeniedError() | FailedError():
            return err.cause
        case SlowDownError():
            return Cause.QUOTA
        case _:
            return None

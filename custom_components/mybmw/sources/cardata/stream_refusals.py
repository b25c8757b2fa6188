"""Tokens that BMW's broker did not accept: when to ask for another one, and when no other will do."""

from datetime import timedelta
from typing import Final

from .. import Clock
from .failures import Cause, SignInFailedError
from .stream_status import Trouble

_TOKENS: Final = 3
_LASTS: Final = timedelta(hours=1)
"""So many tokens, over so long a time: the broker and the service that gives them out fall out of step for minutes."""

_NEXT: Final = timedelta(minutes=15)
"""The first bad token is exchanged at once, later ones after this time."""


class Refusals:
    """Which tokens the broker did not accept since it last accepted one, by how it said so."""

    def __init__(self, clock: Clock) -> None:
        """All have been accepted yet."""
        self._clock = clock
        self._bad: str | None = None
        self._bad_tokens = 0
        self._bad_since = self._bad_newest_since = clock()
        self._without_reason: str | None = None

    @property
    def worn(self) -> str | None:
        """The token that is not worth another attempt, if there is one.

        One that was refused without a reason is exchanged once: BMW does not take good tokens on some nights.
        """
        is_due = self._bad_tokens == 1 or self._clock() - self._bad_newest_since >= _NEXT
        return self._bad if self._bad and is_due else self._without_reason

    def accepted(self) -> None:
        """Begin anew: the broker has accepted a token."""
        self._bad = self._without_reason = None
        self._bad_tokens = 0

    def note(self, trouble: Trouble | None, token: str) -> None:
        """An attempt with a token has ended with a trouble.

        Raises:
            SignInFailedError: None of several tokens was accepted for a long time.
        """
        if trouble is Trouble.REFUSED and self._without_reason is None:
            self._without_reason = token
        if trouble is not Trouble.BAD_CREDENTIALS:
            return
        now = self._clock()
        if self._bad is None:
            self._bad_since = now
        if self._bad != token:
            self._bad, self._bad_newest_since = token, now
            self._bad_tokens += 1
        if self._bad_tokens >= _TOKENS and now - self._bad_since >= _LASTS:
            message = "BMW's stream accepts no token any more, not even a new one: sign in again"
            raise SignInFailedError(message, Cause.TOKEN_NOT_ACCEPTED)

"""Keeps the keys to an account: renews them in time, and loses none."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from .. import Clock, SignInRequiredError, SlowDownError
from ..renewal import Renewal
from .failures import Cause, SignInFailedError
from .grant import API_SCOPE, STREAM_SCOPE, Grant
from .identity import Identity
from .memory import Memory, Page

ACCESS_MARGIN: Final = timedelta(minutes=1)
"""How long before its end an access token is renewed, so that it does not expire on the way."""

_NEXT_RENEWAL: Final = timedelta(minutes=15)
"""After a renewal that brought no token for the stream: another one may, but each is a risk to the sign-in."""

STREAM_MARGIN: Final = timedelta(minutes=10)
"""A stream that is opened with a token is closed when that ends: it should be worth it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamKey:
    """What opens the stream: user name and password, and when the stream will be closed again."""

    gcid: str = field(repr=False)
    id_token: str = field(repr=False)
    ends_at: datetime


class TokenKeeper:
    """The keys of one account."""

    def __init__(self, identity: Identity, memory: Memory, clock: Clock) -> None:
        """Start from what was kept last time."""
        self._identity = identity
        self._memory = memory
        self._clock = clock
        grant = Grant.remembered(memory.read(Page.GRANT), clock())
        self._renewal = Renewal(grant, renew=self._renew, store=self._store)

    @property
    def missing_scopes(self) -> frozenset[str]:
        """What the keys do not open although they should."""
        return self._renewal.newest.missing_scopes if self._renewal.newest else frozenset()

    async def access_token(self, rejected: str | None = None) -> str:
        """A token to ask with now, but not the `rejected` one, which BMW did not accept.

        Raises:
            SignInRequiredError: The owner has to sign in again; with the cause SCOPE_NOT_GRANTED because this sign-in
                was not for the API.
            SourceError: There is none to be had now.
        """
        grant = await self._renewal.grant(
            lambda grant: grant.access_token != rejected and self._clock() + ACCESS_MARGIN < grant.access_ends_at
        )
        _require_scope(grant, API_SCOPE)
        return grant.access_token

    async def stream_key(self, rejected: str | None = None, *, margin: timedelta = STREAM_MARGIN) -> StreamKey:
        """A key to open the stream with now that is good for at least `margin`, but not one with the `rejected` token.

        BMW sometimes refuses a token long before its end, and accepts the next one.

        Raises:
            SignInRequiredError: The owner has to sign in again; with the cause SCOPE_NOT_GRANTED because this sign-in
                was not for the stream.
            SourceError: There is none to be had now.
        """
        grant = await self._renewal.grant(
            lambda grant: grant.id_token != rejected and self._clock() + margin < grant.id_ends_at
        )
        _require_scope(grant, STREAM_SCOPE)
        if not grant.id_token:
            message = "BMW has renewed the sign-in without a token for the stream"
            raise SlowDownError(message, self._clock() + _NEXT_RENEWAL)
        return StreamKey(gcid=grant.gcid, id_token=grant.id_token, ends_at=grant.id_ends_at)

    async def close(self) -> None:
        """Let a renewal that has begun come to its end, while there still is a connection to end it on."""
        await self._renewal.close()

    async def _renew(self, grant: Grant | None) -> Grant:
        if grant is None:
            message = "There is nothing to renew: the account is not signed in"
            raise SignInRequiredError(message)
        return await self._identity.next_grant(grant)

    async def _store(self, grant: Grant) -> None:
        await self._memory.write(Page.GRANT, grant.to_keep())


def _require_scope(grant: Grant, scope: str) -> None:
    if scope in grant.missing_scopes:
        message = "BMW's tokens do not open what is asked for: switch it on in the portal, then sign in again"
        raise SignInFailedError(message, Cause.SCOPE_NOT_GRANTED, frozenset({scope}))

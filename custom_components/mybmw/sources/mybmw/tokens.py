"""Keeps the key to an account: renews it in time, and loses none."""

from datetime import datetime, timedelta
from typing import Final, Protocol

from .. import Clock, Credentials, KeepCredentials, TryLaterError
from ..renewal import Renewal
from ..spans import is_over
from .credentials import AppIdentity, Grant, to_keep

YOUTH: Final = timedelta(hours=1)
"""How long a new token is not doubted: if BMW does not accept it, another one would not help."""


class Login(Protocol):
    """A region's way of signing in."""

    async def sign_in(self, identity: AppIdentity, captcha_token: str | None) -> Grant:
        """Sign in from nothing, with a captcha token where a human is asked for."""
        ...

    async def renew(self, identity: AppIdentity, grant: Grant | None) -> Grant:
        """Exchange a grant for a new one.

        Raises:
            SignInRequiredError: Only the owner can sign in again.
            SourceError: It did not work this time; the old grant is still good.
        """
        ...


class TokenKeeper:
    """The credentials of one account: BMW's newest grant, and who we are seen as."""

    def __init__(self, login: Login, credentials: Credentials, *, keep: KeepCredentials, clock: Clock) -> None:
        """Start from what was kept last time."""
        now = clock()
        self._login = login
        self._keep = keep
        self._clock = clock
        self._renewal = Renewal(Grant.remembered(credentials, now), renew=self._renew, store=self._store)
        self._granted_at: datetime | None = None
        self.identity = AppIdentity.remembered(credentials, now)

    @property
    def gcid(self) -> str:
        """BMW's number for the customer; empty as long as it has not told."""
        return self._renewal.newest.gcid if self._renewal.newest else ""

    async def access_token(self, rejected: str | None = None) -> str:
        """An access token to ask with now, but not the `rejected` one, which BMW did not accept.

        Raises:
            SourceError: There is none to be had.
        """
        grant = await self._renewal.grant(
            lambda grant: grant.access_token != rejected and grant.is_fresh(self._clock())
        )
        if not grant.access_token:
            message = "BMW renewed the sign-in, but there is no access token in its answer"
            raise TryLaterError(message)
        return grant.access_token

    def is_newest(self, access_token: str) -> bool:
        """Whether no other access token has taken the place of this one."""
        return self._renewal.newest is not None and self._renewal.newest.access_token == access_token

    @property
    def is_young(self) -> bool:
        """Whether the newest token is so new that BMW has to have another reason not to accept it."""
        return not is_over(self._granted_at, YOUTH, self._clock())

    async def close(self) -> None:
        """Let a renewal that has begun come to its end, while there still is a connection to end it on."""
        await self._renewal.close()

    async def _renew(self, grant: Grant | None) -> Grant:
        identity = self.identity.at(self._clock())
        new = await self._login.renew(identity, grant)
        self.identity, self._granted_at = identity, self._clock()
        return new

    async def _store(self, grant: Grant) -> None:
        await self._keep(to_keep(self.identity, grant))

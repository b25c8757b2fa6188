"""Keeps the key to an account: renews it in time, one renewal at a time, and loses none."""

import asyncio
from datetime import datetime, timedelta
import logging
from typing import Final, Protocol

from .. import Clock, Credentials, KeepCredentials, TryLaterError
from .credentials import AppIdentity, Grant, to_keep

_LOGGER = logging.getLogger(__name__)

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
    """The credentials of one account.

    BMW gives out a new refresh token with every access token and voids the one before. So a renewal that has begun is
    seen through even if nobody waits for it any more, and what it brings is stored before it is used. As long as it
    cannot be stored, nothing else is asked for: it is all we have.
    """

    def __init__(self, login: Login, credentials: Credentials, *, keep: KeepCredentials, clock: Clock) -> None:
        """Start from what was kept last time."""
        now = clock()
        self._login = login
        self._keep = keep
        self._clock = clock
        self._grant = Grant.remembered(credentials, now)
        self._granted_at: datetime | None = None
        self._is_stored = True
        self._renewal: asyncio.Task[Grant] | None = None
        self.identity = AppIdentity.remembered(credentials, now)

    @property
    def gcid(self) -> str:
        """BMW's number for the customer; empty as long as it has not told."""
        return self._grant.gcid if self._grant else ""

    async def access_token(self, rejected: str | None = None) -> str:
        """An access token to ask with now, but not the `rejected` one, which BMW did not accept.

        Raises:
            SourceError: There is none to be had.
        """
        grant = self._grant
        is_busy = self._renewal or not self._is_stored
        if is_busy or grant is None or grant.access_token == rejected or not grant.is_fresh(self._clock()):
            grant = await self._renewed()
        return grant.access_token

    def is_newest(self, access_token: str) -> bool:
        """Whether no other access token has taken the place of this one."""
        return self._grant is not None and self._grant.access_token == access_token

    @property
    def is_young(self) -> bool:
        """Whether the newest token is so new that BMW has to have another reason not to accept it."""
        return self._granted_at is not None and self._clock() - self._granted_at < YOUTH

    async def close(self) -> None:
        """Let a renewal that has begun come to its end, while there still is a connection to end it on."""
        if self._renewal:
            await asyncio.wait({self._renewal})
        if self._grant and not self._is_stored:
            try:
                await self._store(self._grant)
            except TryLaterError as err:
                _LOGGER.warning("%s; after a restart you will have to sign in again", err)

    async def _renewed(self) -> Grant:
        """The grant that comes out of the renewal under way, which is begun if there is none."""
        if self._renewal is None:
            self._renewal = asyncio.create_task(self._renew(), name="mybmw token renewal")
            self._renewal.add_done_callback(self._renewal_done)
        renewal = self._renewal
        await asyncio.wait({renewal})  # which leaves the renewal alone if we are cancelled
        return renewal.result()

    def _renewal_done(self, renewal: asyncio.Task[Grant]) -> None:
        self._renewal = None
        if not renewal.cancelled():
            renewal.exception()  # nobody may be left to look at it

    async def _renew(self) -> Grant:
        if self._grant and not self._is_stored:
            await self._store(self._grant)
            if self._grant.is_fresh(self._clock()):
                return self._grant
        identity = self.identity.at(self._clock())
        grant = await self._login.renew(identity, self._grant)
        self._grant, self.identity, self._granted_at, self._is_stored = grant, identity, self._clock(), False
        await self._store(grant)
        if not grant.access_token:
            message = "BMW renewed the sign-in, but there is no access token in its answer"
            raise TryLaterError(message)
        return grant

    async def _store(self, grant: Grant) -> None:
        try:
            await self._keep(to_keep(self.identity, grant))
        except OSError as err:
            message = f"BMW's new sign-in could not be stored ({type(err).__name__})"
            raise TryLaterError(message) from err
        self._is_stored = True

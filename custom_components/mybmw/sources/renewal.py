"""Staying signed in with keys of which each brings the next one, and is void from then on."""

import asyncio
from collections.abc import Awaitable, Callable
import logging

from . import TryLaterError

_LOGGER = logging.getLogger(__name__)


class Renewal[Grant]:
    """The newest grant of an account, and the way to the one after it.

    The cloud voids a grant when it gives out the next one. So a renewal that has begun is seen through even if nobody
    waits for it any more, there is one at a time, and what it brings is stored before it is used. As long as it cannot
    be stored, nothing else is asked for: it is all we have.
    """

    def __init__(
        self,
        grant: Grant | None,
        *,
        renew: Callable[[Grant | None], Awaitable[Grant]],
        store: Callable[[Grant], Awaitable[None]],
    ) -> None:
        """Start from the grant that was stored last.

        `renew` exchanges a grant for the next one; if it raises, the old one is still good. `store` raises OSError
        or a TryLaterError if a grant is not on disk when it returns.
        """
        self.newest = grant
        self._exchange = renew
        self._keep = store
        self._is_stored = True
        self._under_way: asyncio.Task[Grant] | None = None

    async def grant(self, is_good: Callable[[Grant], bool]) -> Grant:
        """The newest grant that is stored, if it is good enough; else the next one, whether that is or not.

        Raises:
            SourceError: There is none to be had.
        """
        if self.newest and self._is_stored and not self._under_way and is_good(self.newest):
            return self.newest
        if self._under_way is None:
            self._under_way = asyncio.create_task(self._renew(is_good), name="mybmw token renewal")
            self._under_way.add_done_callback(self._done)
        under_way = self._under_way
        await asyncio.wait({under_way})  # which leaves the renewal alone if we are cancelled
        return under_way.result()

    async def close(self) -> None:
        """Let a renewal that has begun come to its end, while there still is a connection to end it on."""
        if self._under_way:
            await asyncio.wait({self._under_way})
        if self.newest and not self._is_stored:
            try:
                await self._store(self.newest)
            except TryLaterError as err:
                _LOGGER.warning("%s; after a restart you will have to sign in again", err)

    def _done(self, under_way: asyncio.Task[Grant]) -> None:
        self._under_way = None
        if not under_way.cancelled():
            under_way.exception()  # nobody may be left to look at it

    async def _renew(self, is_good: Callable[[Grant], bool]) -> Grant:
        if self.newest and not self._is_stored:
            await self._store(self.newest)
            if is_good(self.newest):
                return self.newest
        self.newest, self._is_stored = await self._exchange(self.newest), False
        await self._store(self.newest)
        return self.newest

    async def _store(self, grant: Grant) -> None:
        try:
            await self._keep(grant)
        except OSError as err:
            message = f"BMW's new sign-in could not be stored ({type(err).__name__})"
            raise TryLaterError(message) from err
        self._is_stored = True

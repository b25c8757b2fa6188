"""Keeps the one container that our cars are asked by: makes it, finds it again, replaces it, and mends what BMW broke.

Ours is told by its name and its purpose, which holds a fingerprint of the list of descriptors in it. One of another
fingerprint is none of our business either, unless we remember having made it: a second Home Assistant with another
version of this integration may be on the same account.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
import logging
import re
from typing import Final, Self

from .. import Clock, Json, SourceError
from .catalogue import DESCRIPTORS
from .client import Client
from .failures import Cause, DeniedError, FailedError, cause_of
from .memory import Memory, Page
from .questions import Container
from .quota import Reason

_LOGGER = logging.getLogger(__name__)

NAME: Final = "MyBMW for Home Assistant"

SHORTEST_LIST: Final = 30
"""A list is halved until it is shorter than this; every account took that many."""

MENDING_REST: Final = timedelta(hours=6)
"""A container that does not last is not made anew more often: that takes up to four calls."""

_WORD: Final = re.compile(r"[\w.]*\w")

_STALE: Final = frozenset({Cause.CONTAINER_GONE, Cause.BAD_REQUEST})
"""BMW does not always have the right word for a container that is gone."""


def purpose_of(descriptors: Sequence[str]) -> str:
    """What a container of ours says that it is for; in whatever order, the same descriptors give the same."""
    fingerprint = sha256("\n".join(sorted(descriptors)).encode()).hexdigest()[:16]
    return f"github.com/mybmw-ha/mybmw list {fingerprint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ours:
    """A container that we made or found, for what we `wanted` (a purpose), with what was `got` (another if reduced)."""

    container_id: str
    wanted: str
    got: str

    @classmethod
    def remembered(cls, memory: Memory) -> Self | None:
        page = memory.read(Page.CONTAINER)
        container_id, wanted, got = page.get("id"), page.get("wanted"), page.get("got")
        if isinstance(container_id, str) and container_id and isinstance(wanted, str) and isinstance(got, str):
            return cls(container_id=container_id, wanted=wanted, got=got)
        return None

    def to_keep(self) -> dict[str, Json]:
        return {"id": self.container_id, "wanted": self.wanted, "got": self.got}


class ContainerKeeper:
    """The container of one account, for all its cars."""

    def __init__(self, client: Client, memory: Memory, clock: Clock, descriptors: Sequence[str] = DESCRIPTORS) -> None:
        """Ask nothing yet. The `descriptors` that matter most come first."""
        self._client = client
        self._memory = memory
        self._clock = clock
        self._lists = _shorter_and_shorter(tuple(descriptors))
        self._wanted = purpose_of(descriptors)
        self._mended_at: datetime | None = None
        self._turn = asyncio.Lock()

    @property
    def is_there(self) -> bool:
        """Whether there is one, as far as is known."""
        return _Ours.remembered(self._memory) is not None

    @property
    def is_reduced(self) -> bool:
        """Whether BMW did not want to have all descriptors in it."""
        ours = _Ours.remembered(self._memory)
        return ours is not None and ours.wanted == self._wanted != ours.got

    async def telematic_data(self, vin: str, reason: Reason) -> dict[str, Json]:
        """What BMW knows of a car's state; one call, some more if there is no container yet or BMW has lost it.

        Raises:
            SourceError: It could not be read.
        """
        container_id = await self.container_id(reason)
        try:
            return await self._client.telematic_data(vin, container_id, reason)
        except (DeniedError, FailedError) as err:
            if err.cause not in _STALE or (mended := await self._mended(container_id, reason)) is None:
                raise
        return await self._client.telematic_data(vin, mended, reason)

    async def container_id(self, reason: Reason) -> str:
        """The container to ask by, which is found or made if need be.

        Raises:
            SourceError: There is none and none can be had.
        """
        async with self._turn:
            ours = _Ours.remembered(self._memory)
            if ours is None or ours.wanted != self._wanted:
                ours = await self._renewed(ours, reason)
            return ours.container_id

    async def _mended(self, broken: str, reason: Reason) -> str | None:
        """Another container in place of one that BMW no longer answers by, None if it is too soon for that.

        What others have mended meanwhile is good.
        """
        async with self._turn:
            ours, now = _Ours.remembered(self._memory), self._clock()
            if ours is None or ours.container_id == broken:
                if self._mended_at and now < self._mended_at + MENDING_REST:
                    return None
                self._mended_at = now
                ours = await self._renewed(None, reason, besides=broken)
            return ours.container_id

    async def _renewed(self, old: _Ours | None, reason: Reason, besides: str = "") -> _Ours:
        """The best container of ours on BMW's list but for the one `besides`, or else a new one, instead of the old."""
        listed = [
            container
            for container in await self._client.containers(reason)
            if container.is_active and container.name == NAME and container.container_id != besides
        ]
        new = self._found(listed) or await self._made(listed, old, reason)
        await self._memory.write(Page.CONTAINER, new.to_keep())
        if old and any(container.container_id == old.container_id for container in listed):
            await self._delete(old.container_id, reason)
        return new

    def _found(self, listed: Sequence[Container]) -> _Ours | None:
        """One that was made for what we want, and lost: the fullest of them."""
        by_purpose = {container.purpose: container.container_id for container in listed}
        for purpose in map(purpose_of, self._lists):
            if purpose in by_purpose:
                return _Ours(container_id=by_purpose[purpose], wanted=self._wanted, got=purpose)
        return None

    async def _made(self, listed: Sequence[Container], old: _Ours | None, reason: Reason) -> _Ours:
        """A new one, without the descriptors that BMW does not know or has no room for."""
        attempts = [*reversed(self._lists)]
        while True:
            descriptors = attempts.pop()
            try:
                return await self._create(descriptors, reason)
            except (DeniedError, FailedError) as err:
                if err.cause is Cause.CONTAINER_LIMIT and old and old.container_id in _ids(listed):
                    await self._client.delete_container(old.container_id, reason)
                    return await self._create(descriptors, reason)
                if err.cause is Cause.KEY_UNKNOWN and (named := set(_WORD.findall(err.note)).intersection(descriptors)):
                    attempts.append(tuple(key for key in descriptors if key not in named))
                elif err.cause not in {Cause.UNEXPLAINED, Cause.KEY_UNKNOWN}:
                    raise
                if not attempts:
                    raise
                _LOGGER.debug("BMW did not take a container of %s descriptors (%s)", len(descriptors), err.cause)

    async def _create(self, descriptors: Sequence[str], reason: Reason) -> _Ours:
        purpose = purpose_of(descriptors)
        container = await self._client.create_container(NAME, purpose, descriptors, reason)
        return _Ours(container_id=container.container_id, wanted=self._wanted, got=purpose)

    async def _delete(self, container_id: str, reason: Reason) -> None:
        """Clear away what is needed no more; that it could not be is nobody's trouble."""
        try:
            await self._client.delete_container(container_id, reason)
        except SourceError as err:
            _LOGGER.debug("An old container could not be deleted (%s)", cause_of(err))


def _shorter_and_shorter(descriptors: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The whole list, its first half, and so on."""
    lists = [descriptors]
    while len(lists[-1]) // 2 >= SHORTEST_LIST:
        lists.append(lists[-1][: len(lists[-1]) // 2])
    return lists


def _ids(listed: Sequence[Container]) -> set[str]:
    return {container.container_id for container in listed}

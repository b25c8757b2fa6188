"""Keeps the one container that our cars are asked by: makes it, finds it again, replaces it, and mends what BMW broke.

Ours is told by its name and its purpose, which holds a fingerprint of the list of descriptors in it. One of another
fingerprint is none of our business either, unless we remember having made it: a second Home Assistant with another
version of this integration may be on the same account.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import Final

from .. import Clock, Json, SignInRequiredError, SourceError, TryLaterError
from .catalogue import DESCRIPTORS
from .client import Client
from .container_contents import Contents, purpose_of, shorter_and_shorter
from .container_status import DENIED, STALE, ContainerStatus
from .failures import Cause, DeniedError, FailedError, cause_of
from .memory import Memory
from .questions import Container
from .quota import Reason

_LOGGER = logging.getLogger(__name__)

NAME: Final = "MyBMW for Home Assistant"

CALLS_TO_MAKE: Final = 2
"""To see whether there is a container of ours, and to make one; more if BMW does not take the first one."""

_OWNERS_REST: Final = timedelta(minutes=1)
"""What the owner wants is tried at once, but not for each of the cars anew."""


class ContainerKeeper:
    """The container of one account, for all its cars."""

    def __init__(self, client: Client, memory: Memory, clock: Clock, descriptors: Sequence[str] = DESCRIPTORS) -> None:
        """Ask nothing yet. The `descriptors` that matter most come first."""
        self._client = client
        self._memory = memory
        self._clock = clock
        self._descriptors = tuple(descriptors)
        self._wanted = purpose_of(descriptors)
        self._struggled_at: datetime | None = None
        self._turn = asyncio.Lock()

    @property
    def is_there(self) -> bool:
        """Whether there is one, as far as is known."""
        return bool(self._status.container_id)

    @property
    def has_answered(self) -> bool:
        """Whether there is one that BMW has answered by."""
        return self._status.has_answered

    @property
    def refused_by(self) -> Cause | None:
        """What BMW said when it last refused to answer by the one there is, or to make one if there is none.

        None if it did neither, or was not even able to refuse.
        """
        return self._status.refused_by

    @property
    def _status(self) -> ContainerStatus:
        return ContainerStatus.remembered(self._memory, self._wanted)

    async def telematic_data(self, vin: str, reason: Reason) -> dict[str, Json]:
        """What BMW knows of a car's state; one call, some more if there is no container yet or BMW has lost it.

        Raises:
            SourceError: It could not be read.
        """
        container_id = await self.container_id(reason)
        try:
            data = await self._data_by(container_id, vin, reason)
        except (DeniedError, FailedError) as err:
            if err.cause in STALE:
                await self._note_answer(err.cause)
            raise
        await self._note_answer(None)
        return data

    async def _data_by(self, container_id: str, vin: str, reason: Reason) -> dict[str, Json]:
        """What BMW tells by a container, or by another one in its place."""
        try:
            return await self._client.telematic_data(vin, container_id, reason)
        except (DeniedError, FailedError) as err:
            if (other := await self._other(container_id, err.cause, reason)) is None:
                raise
        return await self._client.telematic_data(vin, other, reason)

    async def _note_answer(self, refused_by: Cause | None) -> None:
        """Remember whether BMW answers by the container; it may not be asked by it again for a day."""
        status = self._status
        noted = replace(status, tried=self._wanted, refused_by=refused_by)
        if refused_by is None:
            noted = replace(noted, shorter_at=None, answered_size=status.size)
        if status.container_id and noted != status:
            await noted.keep_if_possible(self._memory)

    async def container_id(self, reason: Reason) -> str:
        """The container to ask by, which is found or made if need be, and replaced if there could be more in it.

        Raises:
            SourceError: There is none and none can be had.
        """
        async with self._turn:
            status = self._status
            if not status.container_id:
                if self._must_rest(status, reason):
                    raise _not_yet(status.refused_by)
                status = await self._renewed(reason)
            elif status.may_be_better(self._wanted, self._clock()):
                status = await self._improved(reason)
            return status.container_id

    async def _improved(self, reason: Reason) -> ContainerStatus:
        """A container with more of what is wanted, or else the one that there is."""
        try:
            return await self._renewed(reason)
        except SignInRequiredError:
            raise
        except SourceError as err:
            status = self._status
            if not status.container_id:  # it has made room in vain
                raise
            _LOGGER.debug("There is no better container to be had (%s)", cause_of(err))
            return status

    async def _other(self, refused: str, cause: Cause, reason: Reason) -> str | None:
        """Another container in place of one that BMW does not answer by, None if there is none, or it is too soon.

        What others have put in its place meanwhile is good.
        """
        async with self._turn:
            status = self._status
            if status.container_id != refused:
                return status.container_id
            try:
                if cause in STALE and not self._must_rest(status, reason):
                    return (await self._renewed(reason, besides=refused)).container_id
                if cause is Cause.UNEXPLAINED and self._may_be_too_long(status):
                    return (await self._renewed(reason, less_than=status.size)).container_id
            except (DeniedError, FailedError) as err:
                _LOGGER.debug("The container could not be replaced (%s)", err.cause)
            return None

    def _may_be_too_long(self, status: ContainerStatus) -> bool:
        """Whether a shorter one is to be made if BMW refuses this one without a reason."""
        shortest = len(shorter_and_shorter(self._descriptors)[-1])
        return status.size > shortest and status.may_be_too_long(self._clock())

    def _must_rest(self, status: ContainerStatus, reason: Reason) -> bool:
        """Whether it is too soon to make one. Its owner may just have made room for it in BMW's portal."""
        now = self._clock()
        if reason is Reason.OWNER:
            struggled_at = self._struggled_at
            return struggled_at is not None and struggled_at <= now < struggled_at + _OWNERS_REST
        return status.rests(now)

    async def _renewed(self, reason: Reason, besides: str = "", less_than: int | None = None) -> ContainerStatus:
        """The best container that can be had but for the one `besides`, instead of the one that there is.

        With `less_than`, it is to be shorter than that.

        Raises:
            SourceError: None can be had, which is remembered.
        """
        status = self._status
        try:
            if less_than is not None:
                new, old = await self._made(reason, old=status.container_id, less_than=less_than)
            elif status.wanted == self._wanted and not besides:
                (new, _), old = await self._made(reason, more_than=status.size), status.container_id
            else:
                new, old = await self._found_or_made(status.container_id, besides, reason)
        except SignInRequiredError:
            raise
        except SourceError as err:
            now = self._struggled_at = self._clock()
            failed = self._status.refused(self._wanted, cause_of(err), now, is_broken=bool(besides))
            await failed.keep_if_possible(self._memory)
            raise
        now = self._clock()
        if besides:
            self._struggled_at = now
        new = new.made(self._wanted, now, instead_of=status, is_mended=bool(besides), is_shorter=less_than is not None)
        await new.keep(self._memory)
        if old:
            await self._delete(old, reason)
        return new

    async def _found_or_made(self, ours: str, besides: str, reason: Reason) -> tuple[ContainerStatus, str]:
        """A container that BMW's list has already, or else a new one; and the old one of `ours` if it is in the way."""
        listed = [
            container
            for container in await self._client.containers(reason)
            if container.is_active and container.name == NAME and container.container_id != besides
        ]
        old = ours if any(container.container_id == ours for container in listed) else ""
        if found := self._found(listed):
            return found, "" if found.container_id == old else old
        return await self._made(reason, old=old)

    def _found(self, listed: Sequence[Container]) -> ContainerStatus | None:
        """One that was made for what we want, and lost: the fullest of them."""
        by_purpose = {container.purpose: container.container_id for container in listed}
        for descriptors in shorter_and_shorter(self._descriptors):
            if container_id := by_purpose.get(purpose_of(descriptors)):
                return self._ours(container_id, descriptors)
        return None

    async def _made(
        self, reason: Reason, *, old: str = "", more_than: int = 0, less_than: int | None = None
    ) -> tuple[ContainerStatus, str]:
        """A new one of as much as BMW takes, if that is `more_than` we have; and the old one if it is still there."""
        contents = Contents(self._descriptors, more_than=more_than, less_than=less_than)
        while True:
            descriptors = contents.descriptors
            try:
                container = await self._client.create_container(NAME, purpose_of(descriptors), descriptors, reason)
                return self._ours(container.container_id, descriptors), old
            except (DeniedError, FailedError) as err:
                if err.cause is Cause.CONTAINER_LIMIT and old:
                    await self._client.delete_container(old, reason)
                    await ContainerStatus().keep(self._memory)
                    old = ""
                    continue
                if not contents.reduce(err):
                    raise
                _LOGGER.info("BMW did not take a container of %s descriptors (%s)", len(descriptors), err.cause)

    def _ours(self, container_id: str, descriptors: Sequence[str]) -> ContainerStatus:
        return ContainerStatus(
            container_id=container_id,
            wanted=self._wanted,
            got=purpose_of(descriptors),
            size=len(descriptors),
            tried=self._wanted,
        )

    async def _delete(self, container_id: str, reason: Reason) -> None:
        """Clear away what is needed no more; that it could not be is nobody's trouble."""
        try:
            await self._client.delete_container(container_id, reason)
        except SourceError as err:
            _LOGGER.debug("An old container could not be deleted (%s)", cause_of(err))


def _not_yet(cause: Cause | None) -> SourceError:
    """What is said while it is too soon to try again."""
    message = "BMW did not let this account have a container; it is asked for one again in a while"
    if cause is None:
        return TryLaterError(message)
    return DeniedError(message, cause) if cause in DENIED else FailedError(message, cause)

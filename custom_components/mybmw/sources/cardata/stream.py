"""The stream: BMW passes on what cars tell, at the moment they tell it, over one connection per account.

A token opens it for an hour at most. It is silent while cars sleep, for days, and that is no failure. What is told
while it is away is lost. No call of the day is spent here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
import logging
import random
import ssl
from typing import Final

from .. import Clock, SignInRequiredError, SlowDownError, SourceError
from ..bugs import Bugs
from .auth import Sleep
from .broker import BrokenOffError, Connection
from .hosts import Broker, broker
from .memory import Memory
from .message import Message, read_message
from .stream_gap import Gap
from .stream_pauses import STEADY, Chance, Pauses
from .stream_refusals import Refusals
from .stream_status import StreamStatus, Trouble
from .stream_troubles import Troubles
from .tokens import StreamKey, TokenKeeper

_LOGGER = logging.getLogger(__name__)

BEFORE_END: Final = timedelta(minutes=5)
"""So long before its token ends, a connection is exchanged for one with a new token."""

_SHORTEST: Final = timedelta(minutes=10)
"""No connection is exchanged earlier, whatever its token says: a clock may be wrong."""

_NAP_S: Final = 60
"""No wait is longer without a look at the clock: the one that waiting goes by stops while a computer sleeps."""

type Consume = Callable[[Message], Awaitable[None]]
"""Takes a message; the next one waits until it has returned."""

type Tell = Callable[[StreamStatus], None]
"""Is told of the stream whenever it was connected, lost or given up."""


class Stream:
    """Keeps an account connected to the stream from `start` to `close`, or until the owner has to sign in again.

    Nothing else ends it: a mistake of ours, or of those who listen, is told to the log once, and the stream goes on.
    """

    def __init__(  # noqa: PLR0913 (all it needs comes from outside)
        self,
        tokens: TokenKeeper,
        memory: Memory,
        consume: Consume,
        *,
        clock: Clock,
        tell: Tell = lambda _status: None,
        tls: ssl.SSLContext | None = None,
        sleep: Sleep = asyncio.sleep,
        chance: Chance = random.random,
    ) -> None:
        """Connect nowhere yet. Without `tls`, BMW's broker is checked against the certificates of this machine.

        Raises:
            ValueError: Requests are redirected to somewhere else than this machine.
        """
        self._broker = broker()
        self._tokens = tokens
        self._consume = consume
        self._clock = clock
        self._tell = tell
        self._tls = tls
        self._sleep = sleep
        self._gap = Gap(memory, clock)
        self._pauses = Pauses(clock, chance)
        self._refusals = Refusals(clock)
        self._troubles = Troubles(clock)
        self._bugs = Bugs(_LOGGER)
        self._task: asyncio.Task[None] | None = None
        self._connected_since: datetime | None = None
        self._last_message_at: datetime | None = None
        self._messages = self._strange = 0
        self._next_attempt_at: datetime | None = None
        self._ended_by: SignInRequiredError | None = None

    @property
    def status(self) -> StreamStatus:
        """How it is doing."""
        return StreamStatus(
            connected_since=self._connected_since,
            last_message_at=self._last_message_at,
            last_trouble=self._troubles.last,
            last_trouble_at=self._troubles.last_at,
            failed_by=self._troubles.failed_by,
            is_stuck=self._troubles.is_stuck,
            has_rival=self._pauses.has_rival(self._connected_since),
            evictions=self._troubles.evictions,
            messages=self._messages,
            strange=self._strange,
            next_attempt_at=self._next_attempt_at,
            ended_by=self._ended_by,
        )

    def start(self) -> None:
        """Begin to connect, unless that has been done already."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="mybmw cardata stream")

    async def close(self) -> None:
        """End the connection, or the attempt; nothing of it is left when this returns."""
        if self._task:
            self._task.cancel()
            await asyncio.wait({self._task})
            await self._gap.store()

    async def _run(self) -> None:
        try:
            await self._pause(self._gap.ends_at)
            while True:
                await self._pause(await self._connect_once())
        except SignInRequiredError as err:
            self._ended_by = err
            _LOGGER.debug("Stream given up: the owner has to sign in again")
            self._tell_status()

    async def _connect_once(self) -> datetime:
        """Have one connection, from its token to its end; returns when to have the next one."""
        began = self._clock()
        until: datetime | None = None
        trouble: Trouble | None = None
        try:
            key = await self._tokens.stream_key(self._refusals.worn)
            trouble, began = await self._connect_with(key)
        except SignInRequiredError:
            raise
        except SourceError as err:
            trouble, until = Trouble.NO_KEY, err.until if isinstance(err, SlowDownError) else None
        except Exception as err:  # noqa: BLE001 (whatever it is: nobody would notice that nothing streams any more)
            self._bugs.tell(err, "streaming")
            trouble = Trouble.BUG
        now = self._clock()
        lived = now - began
        trouble = self._pauses.judge(trouble, lived)
        self._troubles.note(trouble)
        return max(now + self._pauses.after(trouble, lived), until or now)

    async def _connect_with(self, key: StreamKey) -> tuple[Trouble | None, datetime]:
        """Have a connection with a token; returns what went wrong, None if it was to end, and since when it stood."""
        began = self._clock()
        connection = Connection(self._broker, key, await self._context())
        try:
            await connection.open()
            began = self._connected_since = self._clock()
            self._troubles.connected()
            self._refusals.accepted()
            _LOGGER.debug("Stream connected")
            self._tell_status()
            await self._listen(connection, max(key.ends_at - BEFORE_END, began + _SHORTEST))
        except BrokenOffError as err:
            trouble = self._expected(err.trouble, key)
            _LOGGER.debug("Stream not connected: %s", trouble or "its token has ended")
            self._refusals.note(trouble, key.id_token)
            return trouble, began
        else:
            return None, began
        finally:
            if self._connected_since and self._clock() - began >= STEADY:
                self._troubles.forget()
            self._connected_since = None
            await connection.close()
            self._gap.begin()

    async def _listen(self, connection: Connection, until: datetime) -> None:
        """Pass on what comes until it is time for a new token."""
        exchange = asyncio.create_task(self._close_at(connection, until), name="mybmw cardata stream exchange")
        try:
            await connection.listen(self._hear)
        finally:
            exchange.cancel()
            await asyncio.wait({exchange})

    async def _close_at(self, connection: Connection, until: datetime) -> None:
        await self._wait_until(until)
        await connection.close()

    async def _hear(self, topic: str, payload: bytes) -> None:
        try:
            await self._take_in(topic, payload)
        except Exception as err:  # noqa: BLE001 (whatever it is: it costs one message, not those after it)
            self._bugs.tell(err, "taking in a message of the stream")

    async def _take_in(self, topic: str, payload: bytes) -> None:
        message = read_message(topic, payload)
        if message is None:
            self._strange += 1
            return
        self._messages += 1
        self._last_message_at = self._clock()
        await self._consume(message)

    def _expected(self, trouble: Trouble, key: StreamKey) -> Trouble | None:
        """No trouble if it was broken off about when its token ends, by a clock that is not quite ours."""
        return None if trouble is Trouble.DROPPED and self._clock() >= key.ends_at - BEFORE_END else trouble

    def _tell_status(self) -> None:
        try:
            self._tell(self.status)
        except Exception as err:  # noqa: BLE001 (whatever a listener stumbles over, the stream is there for others, too)
            self._bugs.tell(err, "telling of the stream")

    async def _pause(self, until: datetime) -> None:
        self._next_attempt_at = until
        self._tell_status()
        await self._wait_until(until)
        self._next_attempt_at = None

    async def _wait_until(self, until: datetime) -> None:
        """Wait by the clock, which goes on while a computer sleeps; not longer if it is set back meanwhile."""
        now = self._clock()
        left_s = longest_s = (until - now).total_seconds()
        while left_s > 0:
            nap_s = min(left_s, _NAP_S)
            await self._sleep(nap_s)
            longest_s -= nap_s
            left_s = min((until - self._clock()).total_seconds(), longest_s)

    async def _context(self) -> ssl.SSLContext:
        """What the broker's certificate is checked with; made in a thread, for it reads files."""
        if self._tls is None:
            self._tls = await asyncio.to_thread(_tls_context, self._broker)
        return self._tls


def _tls_context(broker: Broker) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=broker.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_3  # BMW accepts nothing older since February 2026
    return context

"""What the tests of the stream share: time that passes when they say so, and an account's stream."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
import heapq
from itertools import count
import ssl

from custom_components.mybmw.sources.cardata.access import Access
from custom_components.mybmw.sources.cardata.message import Message
from custom_components.mybmw.sources.cardata.stream import Stream
from custom_components.mybmw.sources.cardata.stream_status import StreamStatus
from tests.simulator import Simulator
from tests.simulator.garage import LivingCar
from tests.simulator.stream import News, StreamFault
from tests.sources.cardata.rig import NOW

PATIENCE_S = 6
"""So long a test waits for what happens on a socket, which takes milliseconds, before it fails."""


class Time:
    """A clock that only the test moves, and sleep that goes by it."""

    def __init__(self) -> None:
        self.now = NOW
        self._numbers = count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def __call__(self) -> datetime:
        """What it shows."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait for the clock."""
        awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + timedelta(seconds=seconds), next(self._numbers), awake))
        await awake

    async def wake_one(self, end: datetime) -> bool:
        """Go on to when the next sleeper wakes, unless that is after `end`; returns whether there was one."""
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _number, awake = heapq.heappop(self._sleepers)
            if not awake.done():
                self.now = max(self.now, due)
                awake.set_result(None)
                return True
        return False


async def _settle() -> None:
    """Let everybody do what they can do without a word from outside."""
    for _ in range(50):
        await asyncio.sleep(0)


def i5(cloud: Simulator) -> LivingCar:
    """The first car."""
    car = cloud.garage["I5"]
    assert isinstance(car, LivingCar)
    return car


def news(cloud: Simulator, payload: bytes, vin: str | None = None) -> News:
    """A message of it, or of somebody else."""
    return News(f"{cloud.cardata.customer().account.gcid}/{vin or i5(cloud).vin}", payload)


class Listener:
    """A stream, and what came of it."""

    def __init__(self, cloud: Simulator, access: Access, time: Time, *, tls: ssl.SSLContext | None = None) -> None:
        self.cloud = cloud
        self.time = time
        self.messages: list[Message] = []
        self.told: list[StreamStatus] = []
        self.stumble: Callable[[object], None] = lambda _given: None
        self._happened = asyncio.Event()
        self.stream = Stream(
            access.tokens,
            access.memory,
            self._consume,
            clock=time,
            tell=self._hear,
            tls=tls,
            sleep=time.sleep,
            chance=lambda: 0,
        )

    @property
    def status(self) -> StreamStatus:
        """How it is doing."""
        return self.stream.status

    async def until(self, what: Callable[[], object]) -> None:
        """Wait until something is true of what was told, or came."""
        async with asyncio.timeout(PATIENCE_S):
            while not what():
                self._happened.clear()
                await self._happened.wait()

    async def connected(self) -> None:
        """Wait until it is connected."""
        await self.until(lambda: self.status.connected_since)

    async def waiting(self) -> timedelta:
        """Wait until it waits for its next attempt; returns for how long."""
        await self.until(lambda: self.status.next_attempt_at)
        assert self.status.next_attempt_at
        return self.status.next_attempt_at - self.time()

    async def retry(self) -> None:
        """Let the time until its next attempt pass, and wait for what comes of that."""
        await self.pass_by(seconds=(await self.waiting()).total_seconds())

    async def turned_away(self, fault: StreamFault) -> None:
        """Lose the connection, and have the next one refused."""
        self.cloud.stream.faults.add(fault)
        await self.cloud.stream.look()
        self.cloud.stream.gate.cut(next(iter(self.cloud.stream.gate.sessions.values())))
        await self.retry()
        await self.waiting()

    async def let_in(self) -> None:
        """Have the next attempt accepted."""
        self.cloud.stream.faults.clear()
        await self.cloud.stream.look()
        await self.retry()
        await self.connected()

    async def pass_by(self, **duration: float) -> None:
        """Let time pass, but not while something is happening on a socket."""
        end = self.time() + timedelta(**duration)
        await self._steady()
        while await self.time.wake_one(end):
            await self._steady()
        self.time.now = end

    async def came(self, number: int) -> list[Message]:
        """Wait until so many messages have come."""
        await self.until(lambda: len(self.messages) >= number)
        return self.messages

    async def _steady(self) -> None:
        await _settle()
        await self.until(lambda: self.status.connected_since or self.status.next_attempt_at or self.status.ended_by)
        await _settle()

    async def _consume(self, message: Message) -> None:
        self.messages.append(message)
        self._happened.set()
        self.stumble(message)

    def _hear(self, status: StreamStatus) -> None:
        self.told.append(status)
        self._happened.set()
        self.stumble(status)

"""An account at the simulated cloud, over real HTTP, whose time passes only while somebody waits."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
import pytest

from custom_components.mybmw.sources import Credentials
from custom_components.mybmw.sources.loopback import LOOPBACK
from custom_components.mybmw.sources.mybmw import Account, Region
from custom_components.mybmw.sources.mybmw.source import MyBmwSource
from custom_components.mybmw.vehicle import Command, Outcome, Position, Step, Vehicle
from tests.recorded import RECORDED_CARS
from tests.simulator import DEMO_PASSWORD, DEMO_USERNAMES, Asked, Order, Simulator

from .cloud import Clock

NOW: Final = datetime(2023, 1, 4, 15, 0, tzinfo=UTC)
"""A moment after the recorded cars spoke last."""

CARS: Final = ("F31", "G01", "G26", "I01_NOREX", "I01_REX", "I20", "J29")
"""Recorded cars that differ in what they can be told."""

HERE: Final = Position(latitude=48.1, longitude=11.5)


@dataclass(slots=True, kw_only=True)
class Desk:
    """Where commands are given; `steps` and `waits_s` are those of all of them. No wait ends before `may_wait`."""

    cloud: Simulator
    source: MyBmwSource
    clock: Clock
    http: httpx.AsyncClient
    waits_s: list[float] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    may_wait: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, seconds: float) -> None:
        """Let time pass."""
        await self.may_wait.wait()
        self.waits_s.append(seconds)
        self.clock.advance(seconds=seconds)

    def vin(self, car: str) -> str:
        """The number of a car."""
        return self.cloud.garage[car].vin

    async def execute(self, car: str, command: Command) -> Outcome:
        """Give a command."""
        return await self.source.execute(self.vin(car), command, self.steps.append)

    async def see(self, car: str, *, after: timedelta = timedelta(minutes=1)) -> Vehicle:
        """How a car says it is, some time later."""
        self.clock.advance(seconds=after.total_seconds())
        return await self.source.refresh(self.vin(car))

    @property
    def orders(self) -> list[Order]:
        """What the cloud has taken."""
        return self.cloud.orders

    def sent(self) -> list[Asked]:
        """The requests that ordered something, however they ended."""
        return [asked for asked in self.cloud.requests if is_order(asked.path)]


def is_order(path: str) -> bool:
    """Whether a request orders a car to do something."""
    return path.rpartition("/")[2] not in {
        "vehicle-list",
        "profile",
        "state",
        "vehicles",
        "eventStatus",
        "eventPosition",
        "token",
        "config",
        "authenticate",
    }


@asynccontextmanager
async def open_desk(
    monkeypatch: pytest.MonkeyPatch, cars: Iterable[str] = RECORDED_CARS, region: Region = Region.REST_OF_WORLD
) -> AsyncGenerator[Desk]:
    """Open an account and look at it once."""
    clock = Clock()
    clock.now = NOW
    async with (
        Simulator(cars=cars, clock=clock, access_lifetime=timedelta(days=1)) as cloud,
        httpx.AsyncClient() as http,
    ):
        monkeypatch.setenv(LOOPBACK, cloud.url)
        account = next(account for account in cloud.accounts if account.region == region.code)
        tokens = cloud.accounts.admit(account)
        desk = Desk(
            cloud=cloud,
            clock=clock,
            http=http,
            source=MyBmwSource(
                Account(username=DEMO_USERNAMES[region.code], password=DEMO_PASSWORD, region=region),
                {
                    "gcid": account.gcid,
                    "refresh_token": tokens.refresh_token,
                    "access_token": tokens.access_token,
                    "expires_at": (NOW + timedelta(days=1)).isoformat(),
                },
                http=http,
                keep=_keep,
                clock=clock,
                sleep=lambda seconds: desk.wait(seconds),  # noqa: PLW0108 (there is no desk yet)
            ),
        )
        desk.may_wait.set()
        await desk.source.fetch()
        cloud.requests.clear()
        yield desk
        await desk.source.close()


async def _keep(_credentials: Credentials) -> None:
    pass

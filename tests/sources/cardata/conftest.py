"""Fixtures of this room."""

from collections.abc import AsyncGenerator, Callable
import json

import httpx
import pytest

from custom_components.mybmw.sources.cardata.auth import first_credentials
from custom_components.mybmw.sources.loopback import LOOPBACK
from tests.simulator import Simulator

from .listener import Account
from .rig import Clock, Keeper, Rooms, Sleeper, granted


@pytest.fixture
def clock() -> Clock:
    """A clock in the hands of the test."""
    return Clock()


@pytest.fixture
def sleep(clock: Clock) -> Sleeper:
    """Sleep that takes no time but on the clock."""
    return Sleeper(clock)


@pytest.fixture
async def cloud(
    socket_enabled: None,  # noqa: ARG001 (asked for because of what it does)
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Simulator]:
    """A cloud with three living cars, which all requests go to."""
    async with Simulator(cars=["I5", "X1", "M240I"], clock=clock) as cloud:
        monkeypatch.setenv(LOOPBACK, cloud.url)
        yield cloud


@pytest.fixture
async def http() -> AsyncGenerator[httpx.AsyncClient]:
    """A client of somebody else's."""
    async with httpx.AsyncClient(headers={"x-of-somebody-else": "secret"}) as http:
        yield http


@pytest.fixture
def keep(cloud: Simulator) -> Keeper:
    """A place for credentials."""
    return Keeper(cloud)


@pytest.fixture
def rooms(cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper) -> Rooms:
    """An account that has signed in."""
    return Rooms(cloud, http, clock, keep)


@pytest.fixture
def restarted(cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper) -> Callable[[], Rooms]:
    """The same account after a restart, from what was kept."""
    return lambda: Rooms(cloud, http, clock, keep, credentials=keep.kept[-1])


@pytest.fixture
def account(cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper) -> Account:
    """An account that has signed in, of which nothing was asked yet."""
    return Account(cloud, http, clock, keep, first_credentials(granted(cloud, clock)))


@pytest.fixture
def account_restarted(cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper) -> Callable[[], Account]:
    """The same account after a restart, from what was kept."""

    def restart() -> Account:
        return Account(cloud, http, clock, keep, json.loads(json.dumps(keep.kept[-1])))

    return restart

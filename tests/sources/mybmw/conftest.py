"""What the tests of this room share."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from custom_components.mybmw.sources.mybmw import Account
from custom_components.mybmw.sources.mybmw.source import MyBmwSource

from .cloud import ACCOUNT, Clock, Cloud, Keeper, Open, Sleeper
from .desk import CARS, Desk, open_desk


@pytest.fixture
def clock() -> Clock:
    """A clock in the hands of the test."""
    return Clock()


@pytest.fixture
def sleep() -> Sleeper:
    """Sleep that takes no time."""
    return Sleeper()


@pytest.fixture
def cloud() -> Cloud:
    """A cloud in which everything works, with all recorded cars."""
    return Cloud()


@pytest.fixture
def keep(cloud: Cloud) -> Keeper:
    """A place for credentials."""
    return Keeper(cloud)


@pytest.fixture
def open_source(cloud: Cloud, clock: Clock, keep: Keeper) -> Open:
    """A way into accounts."""

    def _open(*, cloud: Cloud = cloud, account: Account = ACCOUNT) -> MyBmwSource:
        credentials = {
            "gcid": "G",
            "refresh_token": "refresh-0",
            "access_token": "token-0",
            "expires_at": (clock() + timedelta(days=30)).isoformat(),
        }
        return MyBmwSource(account, credentials, http=cloud.http, keep=keep, clock=clock)

    return _open


@pytest.fixture
def source(open_source: Open) -> MyBmwSource:
    """An account with all recorded cars."""
    return open_source()


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Desk]:
    """An account with some of the recorded cars."""
    async with open_desk(monkeypatch, cars=CARS) as desk:
        yield desk

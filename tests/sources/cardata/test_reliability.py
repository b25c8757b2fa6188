"""CarData on a machine that has its own troubles: no room on the disk, a clock that is put right, a copy beside it."""

from datetime import timedelta
import errno

import httpx
import pytest

from custom_components.mybmw.sources import Credentials, SignInRequiredError, TryLaterError
from custom_components.mybmw.sources.cardata.access import Access
from custom_components.mybmw.sources.cardata.auth import first_credentials
from custom_components.mybmw.sources.cardata.quota import LIMIT, Ledger, Reason
from custom_components.mybmw.sources.cardata.source import CarDataSource
from tests.simulator import Simulator

from .rig import API, TOKEN, Clock, asked, granted


class Disk:
    """Keeps credentials as long as there is no `trouble` with it."""

    def __init__(self) -> None:
        self.trouble: int | None = None
        self.kept: list[Credentials] = []

    async def __call__(self, credentials: Credentials) -> None:
        """Keep them."""
        if self.trouble:
            raise OSError(self.trouble, "of a kind that Home Assistant cannot mend")
        self.kept.append(credentials)


def opened(cloud: Simulator, http: httpx.AsyncClient, clock: Clock, disk: Disk, known: Credentials) -> CarDataSource:
    """An account without its stream."""
    settings = {"client_id": cloud.cardata.customer().client_id}
    return CarDataSource(Access.of(settings, known, http=http, keep=disk, clock=clock), clock=clock)


@pytest.fixture
def disk() -> Disk:
    """A disk that is in order."""
    return Disk()


@pytest.mark.parametrize("trouble", [errno.ENOSPC, errno.EROFS])
async def test_without_a_disk_no_call_is_made_and_none_is_counted(
    cloud: Simulator, http: httpx.AsyncClient, clock: Clock, disk: Disk, trouble: int
) -> None:
    """A call that could not be booked would be forgotten by a restart, and the 51st be made."""
    source = opened(cloud, http, clock, disk, first_credentials(granted(cloud, clock)))
    before = await source.fetch()
    calls = len(asked(cloud, API))
    disk.trouble = trouble
    for _ in range(30):
        clock.advance(hours=1)
        fetch = await source.fetch()
    assert len(asked(cloud, API)) == calls
    assert len(asked(cloud, TOKEN)) == 1, "and what it brought is stored before another one is asked for"
    assert set(fetch.failures) == set(before.vehicles), "after a day nobody believes what was read before"
    disk.trouble = None
    clock.advance(hours=3)
    assert set((await source.fetch()).vehicles) == set(before.vehicles)
    assert source.budget.calls_left == LIMIT - (len(asked(cloud, API)) - calls)
    await source.close()


async def test_an_account_can_be_closed_without_a_disk(
    cloud: Simulator, http: httpx.AsyncClient, clock: Clock, disk: Disk
) -> None:
    source = opened(cloud, http, clock, disk, first_credentials(granted(cloud, clock)))
    await source.fetch()
    disk.trouble = errno.ENOSPC
    await source.close()


async def test_a_call_that_cannot_be_booked_is_none(
    cloud: Simulator, http: httpx.AsyncClient, clock: Clock, disk: Disk
) -> None:
    access = Access.of({"client_id": cloud.cardata.customer().client_id}, {}, http=http, keep=disk, clock=clock)
    disk.trouble = errno.ENOSPC
    with pytest.raises(TryLaterError, match="could not be stored"):
        await access.ledger.book(Reason.OWNER)
    assert access.ledger.calls == ()
    assert Ledger(access.memory, clock).calls_left == LIMIT - 1, "it stands in memory until it is written anew"
    await access.close()


async def test_of_two_copies_of_one_sign_in_the_second_has_to_sign_in_again(
    cloud: Simulator, http: httpx.AsyncClient, clock: Clock, disk: Disk
) -> None:
    """A copied configuration, or a restored backup: BMW has voided the refresh token that both know."""
    shared = first_credentials(granted(cloud, clock))
    clock.advance(hours=2)
    one, other = opened(cloud, http, clock, disk, shared), opened(cloud, http, clock, Disk(), shared)
    assert (await one.fetch()).vehicles
    calls = len(asked(cloud, API))
    for _ in range(3):
        with pytest.raises(SignInRequiredError):
            await other.fetch()
        clock.advance(minutes=5)
    assert len(asked(cloud, API)) == calls, "it spends none of the calls that both share"
    clock.advance(days=1)
    assert (await one.fetch()).vehicles
    await one.close()
    await other.close()


@pytest.mark.parametrize("jump", [timedelta(hours=-5), timedelta(days=-30), timedelta(hours=5)])
async def test_a_clock_that_jumps_neither_stops_an_account_nor_spends_its_calls(
    cloud: Simulator, http: httpx.AsyncClient, clock: Clock, disk: Disk, jump: timedelta
) -> None:
    source = opened(cloud, http, clock, disk, first_credentials(granted(cloud, clock)))
    clock.advance(days=31)  # a clock that is ahead, so that there is a life to be set back into
    cloud.cardata.customers.forget_access_tokens()
    with pytest.raises(SignInRequiredError):
        await source.fetch()
    await source.close()
    source = opened(cloud, http, clock, disk, first_credentials(granted(cloud, clock)))
    await source.fetch()
    calls = len(asked(cloud, API))
    clock.now += jump
    for _ in range(12):
        clock.advance(minutes=5)
        await source.fetch()
    an_hour = len(asked(cloud, API)) - calls
    assert an_hour <= 3 * len(cloud.garage)
    for _ in range(24):
        clock.advance(hours=1)
        await source.fetch()
    assert len(asked(cloud, API)) - calls > an_hour
    await source.close()

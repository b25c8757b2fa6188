"""MyBMW on a machine that has its own troubles: a clock that is put right, a copy of it beside it."""

from collections.abc import AsyncGenerator

import httpx
import pytest

from custom_components.mybmw.sources import (
    Credentials,
    KeepCredentials,
    SignInRequiredError,
    SlowDownError,
    TryLaterError,
)
from custom_components.mybmw.sources.mybmw import Account, Region
from custom_components.mybmw.sources.mybmw.commands import PATIENCE
from custom_components.mybmw.sources.mybmw.source import MyBmwSource
from custom_components.mybmw.vehicle import Fate, Lock
from tests.simulator import DEMO_PASSWORD, DEMO_USERNAMES

from .desk import Desk, open_desk

CARS = ("G26",)
TOKEN = "/gcdm/oauth/token"
STATE = "/eadrax-vcs/v4/vehicles/state"


@pytest.fixture
async def desk(
    socket_enabled: None,  # noqa: ARG001 (asked for because of what it does)
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Desk]:
    """An account."""
    async with open_desk(monkeypatch, cars=CARS) as desk:
        yield desk


def asked(desk: Desk, path: str) -> int:
    """How often something was asked for."""
    return sum(one.path == path for one in desk.cloud.requests)


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_clock_that_jumps_costs_one_renewal_at_most(desk: Desk, hours: int) -> None:
    """A token got by a clock that was ahead seems to be good for hours when BMW's clock has ended it."""
    desk.cloud.accounts.forget_access_tokens()
    await desk.source.fetch()
    desk.cloud.requests.clear()
    desk.clock.advance(hours=hours)
    desk.cloud.accounts.forget_access_tokens()
    for _ in range(3):
        fetch = await desk.source.fetch(look_for_cars=True)
        assert not fetch.failures
    assert asked(desk, TOKEN) == 1


async def test_a_pause_does_not_last_for_as_long_as_a_clock_was_ahead(desk: Desk) -> None:
    desk.cloud.switchboard.switch_on("quota", times=1)
    with pytest.raises(SlowDownError):
        await desk.source.fetch(look_for_cars=True)
    asked_before = len(desk.cloud.requests)
    with pytest.raises(SlowDownError):
        await desk.source.fetch()
    assert len(desk.cloud.requests) == asked_before
    desk.clock.advance(hours=-5)
    assert not (await desk.source.fetch()).failures


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_command_is_neither_repeated_nor_asked_about_for_hours_when_the_clock_jumps(
    desk: Desk, hours: int
) -> None:
    desk.cloud.switchboard.switch_on("car-silent")

    async def jump(request: httpx.Request) -> None:
        if request.url.path.endswith("eventStatus"):
            desk.http.event_hooks["request"] = []
            desk.clock.advance(hours=hours)

    desk.http.event_hooks["request"] = [jump]
    outcome = await desk.execute("G26", Lock())
    assert outcome.fate is Fate.TIMED_OUT
    assert sum(desk.waits_s) <= PATIENCE.total_seconds()
    assert len(desk.orders) == 1


async def test_of_two_copies_of_one_sign_in_the_second_has_to_sign_in_again(desk: Desk) -> None:
    """A copied configuration, or a restored backup: BMW has voided the refresh token that both know."""
    account = next(account for account in desk.cloud.accounts if account.region == "row")
    shared = {"gcid": account.gcid, "refresh_token": desk.cloud.accounts.admit(account).refresh_token}
    one, other = (_copy(desk, shared) for _ in range(2))
    assert not (await one.fetch()).failures
    desk.cloud.requests.clear()
    for _ in range(3):
        with pytest.raises(SignInRequiredError):
            await other.fetch()
        desk.clock.advance(minutes=5)
    assert asked(desk, STATE) == 0
    assert asked(desk, TOKEN) == 3, "one for each look, of which Home Assistant makes no second one"
    desk.clock.advance(days=2)
    assert not (await one.fetch()).failures
    await one.close()
    await other.close()


async def test_two_sign_ins_to_one_account_leave_each_other_alone(desk: Desk) -> None:
    account = next(account for account in desk.cloud.accounts if account.region == "row")
    both = [
        _copy(desk, {"gcid": account.gcid, "refresh_token": desk.cloud.accounts.admit(account).refresh_token})
        for _ in range(2)
    ]
    for _ in range(3):
        for source in both:
            assert not (await source.fetch()).failures
        desk.clock.advance(days=2)
    for source in both:
        await source.close()


async def test_a_full_disk_costs_no_more_than_one_renewal(desk: Desk) -> None:
    account = next(account for account in desk.cloud.accounts if account.region == "row")
    is_full = True
    kept: list[Credentials] = []

    async def keep(credentials: Credentials) -> None:
        if is_full:
            raise OSError(28, "No space left on device")
        kept.append(credentials)

    known = {"gcid": account.gcid, "refresh_token": desk.cloud.accounts.admit(account).refresh_token}
    source = _copy(desk, known, keep)
    for _ in range(10):
        with pytest.raises(TryLaterError, match="could not be stored"):
            await source.fetch()
        desk.clock.advance(minutes=5)
    assert asked(desk, TOKEN) == 1
    assert asked(desk, STATE) == 0
    is_full = False
    assert not (await source.fetch()).failures
    assert kept
    await source.close()


def _copy(desk: Desk, credentials: Credentials, keep: KeepCredentials | None = None) -> MyBmwSource:
    async def forget(_credentials: Credentials) -> None:
        pass

    return MyBmwSource(
        Account(username=DEMO_USERNAMES["row"], password=DEMO_PASSWORD, region=Region.REST_OF_WORLD),
        credentials,
        http=desk.http,
        keep=keep or forget,
        clock=desk.clock,
        sleep=desk.wait,
    )

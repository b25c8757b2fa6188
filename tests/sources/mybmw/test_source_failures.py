"""A whole account: what becomes of failures."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from custom_components.mybmw.sources import (
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
    UnknownError,
)
from custom_components.mybmw.sources.mybmw.source import MyBmwSource
from tests.recorded import RECORDED_CARS

from .cloud import (
    BLOCKED,
    CHARGING,
    CONFIG,
    DEAD_TOKEN,
    FORBIDDEN,
    HTML,
    LIST,
    PROFILE,
    QUOTA,
    STATE,
    TOKEN,
    Clock,
    Cloud,
    Keeper,
    Replies,
    Reply,
    asked,
    refused,
)

F31 = RECORDED_CARS["F31"].vin  # the first that is asked for
I20 = RECORDED_CARS["I20"].vin


@pytest.mark.parametrize(("path", "is_noticed"), [(STATE, True), (PROFILE, False), (CHARGING, False)])
@pytest.mark.parametrize("reply", [FORBIDDEN, httpx.Response(404)])
async def test_a_car_that_is_denied_may_have_been_sold(
    path: str, reply: Reply, *, is_noticed: bool, source: MyBmwSource, cloud: Cloud
) -> None:
    await source.fetch()
    usual = cloud.replies[path]
    cloud.fail(path, I20, reply)
    fetch = await source.fetch()
    assert (I20 in fetch.failures) is is_noticed
    assert (await asked(cloud, source))[LIST] == (1 if is_noticed else 0)
    assert (await asked(cloud, source))[LIST] == 0  # one look was enough
    cloud.replies[path] = usual
    assert len((await source.fetch()).vehicles) == 9
    cloud.fail(path, I20, reply)
    await source.fetch()
    assert (await asked(cloud, source))[LIST] == (1 if is_noticed else 0)


@pytest.mark.parametrize("reply", [BLOCKED, QUOTA])
async def test_a_stop_at_the_lists_is_a_stop(reply: Reply, source: MyBmwSource, cloud: Cloud) -> None:
    await source.fetch()
    cloud.replies[LIST] = reply
    with cloud.next_requests() as count, pytest.raises(SourceError):
        await source.fetch(look_for_cars=True)
    assert count == {LIST: 3}


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (httpx.Response(500), TryLaterError),
        (httpx.Response(404), UnknownError),
        (httpx.Response(200, text=HTML), TryLaterError),
        (httpx.Response(200, json=[]), TryLaterError),
        (httpx.Response(200, json={}), TryLaterError),
        (httpx.ReadTimeout(""), TryLaterError),
        (FORBIDDEN, NotAllowedError),
    ],
)
async def test_one_car_that_fails_does_not_harm_the_others(
    reply: Reply, error: type[SourceError], source: MyBmwSource, cloud: Cloud
) -> None:
    cloud.fail(STATE, I20, reply)
    fetch = await source.fetch()
    assert len(fetch.vehicles) == 8
    assert {vin: type(err) for vin, err in fetch.failures.items()} == {I20: error}
    assert I20 not in str(fetch.failures[I20])


async def test_a_profile_is_kept_though_the_state_fails(source: MyBmwSource, cloud: Cloud) -> None:
    cloud.fail(STATE, I20, httpx.Response(500))
    assert set((await source.fetch()).failures) == {I20}
    with cloud.next_requests() as count:
        await source.fetch()
    assert count[PROFILE] == 0


@pytest.mark.parametrize("path", [LIST, PROFILE, STATE, CHARGING])
async def test_nothing_is_left_running_when_something_breaks(path: str, source: MyBmwSource, cloud: Cloud) -> None:
    usual, replies = cloud.replies[path], iter([LookupError("A bug")])
    assert callable(usual)
    cloud.replies[path] = lambda request: next(replies, None) or usual(request)
    others = asyncio.all_tasks()
    with pytest.RaisesGroup(LookupError, flatten_subgroups=True):
        await source.fetch()
    assert asyncio.all_tasks() == others
    assert len((await source.fetch()).vehicles) == 9


async def test_nothing_is_left_running_when_nobody_waits_any_more(source: MyBmwSource, cloud: Cloud) -> None:
    usual, is_under_way = cloud.replies[STATE], asyncio.Event()

    def answer(request: httpx.Request) -> Reply:
        is_under_way.set()
        assert callable(usual)
        return usual(request)

    cloud.replies[STATE] = answer
    others = asyncio.all_tasks()
    fetch = asyncio.create_task(source.fetch())
    await is_under_way.wait()
    fetch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetch
    assert asyncio.all_tasks() == others
    assert len((await source.fetch()).vehicles) == 9


async def test_a_quota_that_ends_early_spares_what_was_read(source: MyBmwSource, cloud: Cloud, clock: Clock) -> None:
    await source.fetch()
    cloud.fail(STATE, F31, QUOTA)
    with cloud.next_requests() as count:
        fetch = await source.fetch()
    assert fetch.vehicles
    assert fetch.failures
    assert len(fetch.vehicles) + len(fetch.failures) == 9
    until = clock() + timedelta(hours=2, minutes=26, seconds=24)
    assert all(isinstance(err, SlowDownError) and err.until == until for err in fetch.failures.values())
    assert count.total() < 15


async def test_a_quota_that_ends_with_the_last_request_is_not_forgotten(
    source: MyBmwSource, cloud: Cloud, clock: Clock
) -> None:
    cloud.replies[CHARGING] = QUOTA
    assert len((await source.fetch()).vehicles) == 9
    with cloud.next_requests() as count, pytest.raises(SlowDownError):
        await source.fetch(look_for_cars=True)
    assert not count
    clock.advance(hours=3)
    await source.fetch()


@pytest.mark.parametrize(
    ("reply", "error"), [(QUOTA, SlowDownError), (BLOCKED, NotAllowedError), (httpx.Response(500), TryLaterError)]
)
async def test_what_all_cars_say_is_said_of_the_account(
    reply: Replies, error: type[SourceError], source: MyBmwSource, cloud: Cloud
) -> None:
    await source.fetch()
    cloud.replies[STATE] = reply
    assert type(await refused(source)) is error


async def test_cars_that_are_all_forbidden_stay_the_accounts(source: MyBmwSource, cloud: Cloud) -> None:
    cloud.replies[STATE] = FORBIDDEN
    fetch = await source.fetch()
    assert not fetch.vehicles
    assert len(fetch.failures) == 9


@pytest.mark.parametrize("path", [PROFILE, STATE, CHARGING])
async def test_a_block_of_one_request_is_a_block_of_all(path: str, source: MyBmwSource, cloud: Cloud) -> None:
    cloud.fail(path, I20, BLOCKED)
    err = await refused(source)
    assert isinstance(err, NotAllowedError)
    assert err.reason is Refusal.BLOCKED


async def test_a_sign_in_that_has_ended_is_said_at_once(source: MyBmwSource, cloud: Cloud, keep: Keeper) -> None:
    await source.fetch()
    cloud.replies[TOKEN] = httpx.Response(400, json=DEAD_TOKEN)
    cloud.wants_newest_token = True
    cloud.granted()
    assert isinstance(await refused(source), SignInRequiredError)
    assert not keep.kept


async def test_a_car_that_is_always_refused_costs_the_others_nothing(
    source: MyBmwSource, cloud: Cloud, clock: Clock, keep: Keeper
) -> None:
    cloud.lifetime_s = 8 * 3600
    cloud.fail(STATE, I20, httpx.Response(401))
    for _ in range(36):
        fetch = await source.fetch()
        assert fetch.failures.keys() == {I20}
        assert isinstance(fetch.failures[I20], TryLaterError)
        clock.advance(minutes=5)
    assert len(keep.kept) <= 3, "no more than one renewal an hour"


async def test_a_token_that_cannot_be_renewed_now_fails_the_account(
    source: MyBmwSource, cloud: Cloud, clock: Clock
) -> None:
    await source.fetch()
    clock.advance(days=30)
    cloud.replies[CONFIG] = httpx.Response(503)
    with cloud.next_requests() as count, pytest.raises(TryLaterError):
        await source.fetch()
    assert count == {CONFIG: 1}
    cloud.wants_newest_token = True
    cloud.replies[CONFIG] = Cloud().replies[CONFIG]
    assert len((await source.fetch()).vehicles) == 9

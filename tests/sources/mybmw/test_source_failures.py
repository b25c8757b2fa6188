"""A whole account: what becomes of failures."""

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
)
from custom_components.mybmw.sources.mybmw import MyBmwSource
from custom_components.mybmw.sources.mybmw.brands import ListBrand
from custom_components.mybmw.sources.mybmw.build import Answers, build_vehicle
from custom_components.mybmw.sources.mybmw.client import UnknownToBmwError
from custom_components.mybmw.vehicle import Oddity
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
    assert (await asked(cloud, source))[LIST] == (2 if is_noticed else 0)
    assert (await asked(cloud, source))[LIST] == 0  # one look was enough
    cloud.replies[path] = usual
    assert len((await source.fetch()).vehicles) == 9
    cloud.fail(path, I20, reply)
    await source.fetch()
    assert (await asked(cloud, source))[LIST] == (2 if is_noticed else 0)


@pytest.mark.parametrize(
    "reply", [httpx.Response(500), httpx.Response(200, text=HTML), httpx.ReadTimeout(""), httpx.Response(409)]
)
async def test_known_cars_do_without_a_list(reply: Reply, source: MyBmwSource, cloud: Cloud, clock: Clock) -> None:
    await source.fetch()
    usual = cloud.replies[LIST]
    clock.advance(hours=1)
    cloud.fail_list("bmw", reply)
    assert len((await source.fetch()).vehicles) == 9
    cloud.replies[LIST] = usual
    assert (await asked(cloud, source))[LIST] == 2  # still due
    assert (await asked(cloud, source))[LIST] == 0


@pytest.mark.parametrize("brand", ["bmw", "mini", "toyota"])
async def test_unknown_cars_do_not(brand: str, source: MyBmwSource, cloud: Cloud) -> None:
    cloud.fail_list(brand, httpx.Response(500))
    assert type(await refused(source)) is TryLaterError
    assert cloud.asked == {LIST: 3}


@pytest.mark.parametrize("reply", [httpx.Response(404), FORBIDDEN])
async def test_a_list_that_is_denied_is_as_good_as_empty(reply: Reply, source: MyBmwSource, cloud: Cloud) -> None:
    cloud.fail_list("toyota", reply)
    assert set((await source.fetch()).vehicles) == {car.vin for car in RECORDED_CARS.values() if car.brand == "bmw"}
    assert LIST not in await asked(cloud, source)


@pytest.mark.parametrize(("reply", "error"), [(httpx.Response(404), UnknownToBmwError), (FORBIDDEN, NotAllowedError)])
async def test_an_account_that_is_denied_every_list_is_refused(
    reply: Reply, error: type[SourceError], source: MyBmwSource, cloud: Cloud
) -> None:
    cloud.replies[LIST] = reply
    assert type(await refused(source)) is error


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
        (httpx.Response(404), UnknownToBmwError),
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


async def test_a_car_is_not_built_without_its_profile(source: MyBmwSource, cloud: Cloud) -> None:
    usual = cloud.replies[PROFILE]
    cloud.fail(PROFILE, I20, httpx.Response(500))
    assert set((await source.fetch()).failures) == {I20}
    cloud.replies[PROFILE] = usual
    with cloud.next_requests() as count:
        assert len((await source.fetch()).vehicles) == 9
    assert count == {PROFILE: 1, STATE: 9, CHARGING: 6}


async def test_an_old_profile_serves_until_there_is_a_new_one(source: MyBmwSource, cloud: Cloud) -> None:
    before = (await source.fetch()).vehicles
    usual = cloud.replies[PROFILE]
    cloud.fail(PROFILE, I20, httpx.Response(500))
    assert (await source.fetch(look_for_cars=True)).vehicles == before
    cloud.replies[PROFILE] = usual
    assert await asked(cloud, source) == {PROFILE: 1, STATE: 9, CHARGING: 6}


@pytest.mark.parametrize("reply", [httpx.Response(500), FORBIDDEN, httpx.Response(404), httpx.ReadTimeout("")])
@pytest.mark.parametrize("is_first", [True, False])
async def test_a_car_is_shown_without_charging_details_that_fail(
    reply: Reply, *, is_first: bool, source: MyBmwSource, cloud: Cloud, clock: Clock
) -> None:
    if not is_first:
        await source.fetch()
    cloud.fail(CHARGING, I20, reply)
    fetch = await source.fetch()
    car = RECORDED_CARS["I20"]
    assert not fetch.failures
    without = build_vehicle(
        Answers(
            vin=I20,
            brand=ListBrand.BMW,
            profile=car.profile,
            state=car.state,
            charging=None,
            fetched_at=clock(),
        )
    )
    assert fetch.vehicles[I20] == without
    [oddity] = fetch.vehicles[I20].oddities
    assert isinstance(oddity, Oddity)
    assert oddity.path == "charging"
    assert oddity.problem.startswith("BMW")


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
    cloud.fail(STATE, I20, httpx.Response(401))
    assert isinstance(await refused(source), SignInRequiredError)
    assert not keep.kept


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

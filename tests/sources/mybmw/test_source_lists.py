"""A whole account: when lists and profiles that fail are asked for again, and which cars are believed to be gone."""

from dataclasses import replace

import httpx
import pytest

from custom_components.mybmw.sources import Fetch, NotAllowedError, SourceError, TryLaterError, UnknownError
from custom_components.mybmw.sources.mybmw.source import MyBmwSource
from custom_components.mybmw.vehicle import Brand
from tests.recorded import RECORDED_CARS

from .cloud import (
    CHARGING,
    FORBIDDEN,
    HTML,
    LIST,
    PROFILE,
    STATE,
    Clock,
    Cloud,
    Open,
    Reply,
    asked,
    brand_of,
    refused,
)

G20 = RECORDED_CARS["G20"].vin
I20 = RECORDED_CARS["I20"].vin
J29 = RECORDED_CARS["J29"].vin  # a Supra, which stands on Toyota's list


# Lists


@pytest.mark.parametrize(
    "reply", [httpx.Response(500), httpx.Response(200, text=HTML), httpx.ReadTimeout(""), httpx.Response(409)]
)
async def test_a_list_that_fails_is_asked_again_at_once_and_then_hourly(
    reply: Reply, open_source: Open, clock: Clock
) -> None:
    cloud = Cloud("G20", "J29")
    source = open_source(cloud=cloud)
    await source.fetch()
    cloud.fail_list("bmw", reply)
    asked_by_poll = []
    for _ in range(38):
        clock.advance(minutes=5)
        asked_before = len(cloud.about(LIST))
        fetch = await source.fetch()
        assert set(fetch.vehicles) == {G20, J29}
        assert not fetch.unread_makes  # it was read once, so it is known who is on it
        asked_by_poll.append([brand_of(request) for request in cloud.about(LIST)[asked_before:]])
    assert {poll: brands for poll, brands in enumerate(asked_by_poll, 1) if brands} == {
        12: ["bmw", "toyota"],
        13: ["bmw"],
        24: ["toyota"],
        25: ["bmw"],
        36: ["toyota"],
        37: ["bmw"],
    }

    cloud.replies[LIST] = cloud.vehicle_list
    clock.advance(minutes=55)
    assert (await asked(cloud, source))[LIST] == 2
    clock.advance(minutes=5)
    assert (await asked(cloud, source))[LIST] == 0


async def test_a_list_that_fails_all_day_costs_little(open_source: Open, clock: Clock) -> None:
    cloud = Cloud("G20", "J29")
    source = open_source(cloud=cloud)
    cloud.fail_list("mini", httpx.Response(500))
    for _ in range(24 * 12):
        await source.fetch()
        clock.advance(minutes=5)
    assert len([request for request in cloud.about(LIST) if brand_of(request) == "mini"]) == 25
    assert cloud.asked[LIST] == 25 + 24 + 24


@pytest.mark.parametrize(
    ("brand", "cars", "make"),
    [("bmw", 1, Brand.BMW), ("mini", 9, Brand.MINI), ("toyota", 8, Brand.TOYOTA)],
)
async def test_the_cars_of_the_lists_that_answer_are_shown(
    brand: str, cars: int, make: Brand, source: MyBmwSource, cloud: Cloud
) -> None:
    cloud.fail_list(brand, httpx.Response(500))
    fetch = await source.fetch()
    assert len(fetch.vehicles) == cars
    assert fetch.unread_makes == {make}
    cloud.replies[LIST] = cloud.vehicle_list
    with cloud.next_requests() as count:
        fetch = await source.fetch()
    assert count[LIST] == 1
    assert len(fetch.vehicles) == 9
    assert not fetch.unread_makes


@pytest.mark.parametrize("brand", ["bmw", "mini", "toyota"])
async def test_nothing_is_said_of_an_account_without_cars_that_misses_a_list(
    brand: str, source: MyBmwSource, cloud: Cloud, clock: Clock
) -> None:
    cloud.keep_only()
    cloud.fail_list(brand, httpx.Response(500))
    lists = []
    for _ in range(14):
        with cloud.next_requests() as count:
            assert type(await refused(source)) is TryLaterError
        lists.append(count[LIST])
        clock.advance(minutes=5)
    assert lists == [3, 3, *[0] * 11, 3]


async def test_an_account_without_cars_is_asked_once_more_and_then_hourly(open_source: Open, clock: Clock) -> None:
    cloud = Cloud("I20")
    cloud.keep_only()
    source = open_source(cloud=cloud)
    lists = []
    for _ in range(14):
        lists.append((await asked(cloud, source))[LIST])
        clock.advance(minutes=5)
    assert lists == [3, 3, *[0] * 11, 3]
    cloud.keep_only("I20")
    clock.advance(hours=1)
    assert set((await source.fetch()).vehicles) == {I20}


@pytest.mark.parametrize("reply", [httpx.Response(404), FORBIDDEN])
async def test_a_list_that_is_denied_is_as_good_as_empty(
    reply: Reply, source: MyBmwSource, cloud: Cloud, clock: Clock
) -> None:
    cloud.fail_list("toyota", reply)
    fetch = await source.fetch()
    assert set(fetch.vehicles) == {car.vin for car in RECORDED_CARS.values() if car.brand == "bmw"}
    assert not fetch.unread_makes
    assert LIST not in await asked(cloud, source)
    clock.advance(hours=1)
    assert (await asked(cloud, source))[LIST] == 1


@pytest.mark.parametrize(("reply", "error"), [(httpx.Response(404), UnknownError), (FORBIDDEN, NotAllowedError)])
async def test_an_account_that_is_denied_every_list_is_refused(
    reply: Reply, error: type[SourceError], source: MyBmwSource, cloud: Cloud
) -> None:
    cloud.replies[LIST] = reply
    assert type(await refused(source)) is error


async def test_only_the_list_of_a_doubted_car_is_looked_at(source: MyBmwSource, cloud: Cloud) -> None:
    await source.fetch()
    cloud.fail(STATE, J29, httpx.Response(404))
    await source.fetch()
    await source.fetch()
    assert [brand_of(request) for request in cloud.about(LIST)[3:]] == ["toyota"]


# The last car of a list


async def poll_for_an_hour(source: MyBmwSource, clock: Clock) -> Fetch:
    """Look at an account until every list with cars is due; returns what the last look brought."""
    for _ in range(12):
        fetch = await source.fetch()
        clock.advance(minutes=5)
    return fetch


async def test_the_last_car_of_a_list_goes_an_hour_after_bmw_denied_it(open_source: Open, clock: Clock) -> None:
    cloud = Cloud("I20", "J29")
    source = open_source(cloud=cloud)
    await source.fetch()
    cloud.keep_only("I20")
    assert set((await poll_for_an_hour(source, clock)).failures) == {J29}
    fetch = await poll_for_an_hour(source, clock)
    assert set(fetch.vehicles) == {I20}
    assert not fetch.failures
    assert not fetch.unread_makes
    assert await asked(cloud, source) == {STATE: 1, CHARGING: 1}


async def test_no_car_that_answers_goes_with_an_empty_list(open_source: Open, clock: Clock) -> None:
    cloud = Cloud("I20", "J29")
    source = open_source(cloud=cloud)
    await source.fetch()
    cloud.fail_list("toyota", httpx.Response(200, json={"mappingInfos": []}))
    for _ in range(3):
        assert set((await poll_for_an_hour(source, clock)).vehicles) == {I20, J29}


async def test_a_car_that_is_denied_for_a_moment_outlives_an_empty_list(open_source: Open, clock: Clock) -> None:
    cloud = Cloud("I20", "J29")
    source = open_source(cloud=cloud)
    await source.fetch()
    usual = cloud.replies[STATE]
    cloud.fail_list("toyota", httpx.Response(200, json={"mappingInfos": []}))
    for _ in range(3):
        cloud.fail(STATE, J29, httpx.Response(404))
        assert set((await source.fetch()).failures) == {J29}
        clock.advance(minutes=50)
        assert set((await source.fetch()).failures) == {J29}
        cloud.replies[STATE] = usual
        clock.advance(minutes=5)
        assert set((await source.fetch()).vehicles) == {I20, J29}


@pytest.mark.parametrize("is_denied", [True, False])
async def test_no_car_goes_with_the_last_list_or_with_one_that_is_not_read(
    open_source: Open, clock: Clock, *, is_denied: bool
) -> None:
    cloud = Cloud("I20", "J29") if is_denied else Cloud("J29")
    source = open_source(cloud=cloud)
    await source.fetch()
    cloud.fail(STATE, J29, httpx.Response(404))
    if is_denied:
        cloud.fail_list("toyota", httpx.Response(404))
    else:
        cloud.keep_only()
    for _ in range(3):
        try:
            fetch = await poll_for_an_hour(source, clock)
        except UnknownError:  # of the only car
            assert not is_denied
        else:
            assert set(fetch.failures) == {J29}


async def test_trouble_with_all_cars_takes_none_along(open_source: Open, clock: Clock) -> None:
    cloud = Cloud("I20", "J29")
    source = open_source(cloud=cloud)
    await source.fetch()
    cloud.replies[STATE] = FORBIDDEN
    cloud.fail_list("toyota", httpx.Response(200, json={"mappingInfos": []}))
    for _ in range(3):
        assert set((await poll_for_an_hour(source, clock)).failures) == {I20, J29}


# Profiles


async def test_a_car_is_not_built_without_its_profile(source: MyBmwSource, cloud: Cloud, clock: Clock) -> None:
    usual = cloud.replies[PROFILE]
    cloud.fail(PROFILE, I20, httpx.Response(500))
    for _ in range(3):
        with cloud.next_requests() as count:
            assert set((await source.fetch()).failures) == {I20}
        assert count[PROFILE] >= 1
        clock.advance(minutes=5)
    cloud.replies[PROFILE] = usual
    with cloud.next_requests() as count:
        assert len((await source.fetch()).vehicles) == 9
    assert count == {PROFILE: 1, STATE: 9, CHARGING: 6}


@pytest.mark.parametrize(("reply", "error"), [(httpx.Response(404), UnknownError), (FORBIDDEN, NotAllowedError)])
async def test_a_car_whose_profile_is_denied_is_asked_for_hourly(
    reply: Reply, error: type[SourceError], open_source: Open, clock: Clock
) -> None:
    cloud = Cloud("I20", "G20")
    source = open_source(cloud=cloud)
    cloud.fail(PROFILE, I20, reply)
    asked_about = []
    for _ in range(26):
        asked_before = len(cloud.requests)
        assert type((await source.fetch()).failures[I20]) is error
        about = [request for request in cloud.requests[asked_before:] if request.headers.get("bmw-vin") == I20]
        asked_about.append([request.url.path for request in about])
        clock.advance(minutes=5)
    both = [PROFILE, STATE]
    assert asked_about == [both, both, *[[]] * 11, both, *[[]] * 11, both]


@pytest.mark.parametrize("reply", [httpx.Response(500), httpx.Response(404)])
async def test_an_old_profile_serves_until_there_is_a_new_one(reply: Reply, open_source: Open, clock: Clock) -> None:
    cloud = Cloud("I20", "G20")
    source = open_source(cloud=cloud)
    before = (await source.fetch()).vehicles
    usual = cloud.replies[PROFILE]
    cloud.fail(PROFILE, I20, reply)
    clock.advance(days=1)
    profiles = []
    for _ in range(15):
        with cloud.next_requests() as count:
            fetch = await source.fetch()
        assert fetch.vehicles.keys() == before.keys()
        assert fetch.vehicles[I20].identity == before[I20].identity
        profiles.append(count[PROFILE])
        clock.advance(minutes=5)
    assert profiles == [2, 1, *[0] * 11, 1, 0]
    cloud.replies[PROFILE] = usual
    clock.advance(hours=1)
    assert (await asked(cloud, source))[PROFILE] == 1
    clock.advance(hours=1)
    assert (await asked(cloud, source))[PROFILE] == 0


async def test_a_new_profile_is_shown(open_source: Open, clock: Clock) -> None:
    cloud = Cloud("I20")
    source = open_source(cloud=cloud)
    assert (await source.fetch()).vehicles[I20].identity.model == "iX xDrive50"
    cloud.replies[PROFILE] = httpx.Response(200, json={"model": "iX xDrive60", "driveTrain": "ELECTRIC"})
    clock.advance(days=1)
    assert (await source.fetch()).vehicles[I20].identity.model == "iX xDrive60"


# Cars that somebody else shows


async def test_no_request_is_spent_on_cars_that_are_left_out(open_source: Open, clock: Clock) -> None:
    cloud = Cloud("I20", "G20")
    source = open_source(cloud=cloud)
    elsewhere = "WBA00000000000000"
    fetch = await source.fetch(leave_out={I20, elsewhere})
    assert set(fetch.vehicles) == {G20}
    assert fetch.left_out == {I20}
    assert cloud.asked == {LIST: 3, PROFILE: 1, STATE: 1}

    assert await asked(cloud, source) == {PROFILE: 1, STATE: 2, CHARGING: 1}
    with cloud.next_requests() as count:
        fetch = await source.fetch(leave_out=[I20, G20])
    assert not count
    assert fetch == Fetch(vehicles={}, failures={}, left_out=frozenset({I20, G20}))

    cloud.keep_only("G20")
    clock.advance(hours=1)
    assert (await source.fetch(leave_out={I20})).left_out == set()


async def test_charging_details_from_before_a_car_was_left_out_are_not_kept(source: MyBmwSource, cloud: Cloud) -> None:
    await source.fetch()
    await source.fetch(leave_out={I20})
    cloud.fail(CHARGING, I20, httpx.Response(500))
    plan = (await source.fetch()).vehicles[I20].charging_plan
    assert plan
    assert plan.service_pack is None


async def test_a_doubt_from_before_a_car_was_left_out_is_not_kept(open_source: Open, clock: Clock) -> None:
    cloud = Cloud("I20", "J29")
    source = open_source(cloud=cloud)
    await source.fetch()
    cloud.keep_only("I20")
    assert set((await source.fetch()).failures) == {J29}
    for _ in range(3):
        assert (await source.fetch(leave_out={J29})).left_out == {J29}
        clock.advance(hours=1)


# Cars that move from one list to another


@pytest.mark.parametrize("folders", [("I20",), ("I20", "G20"), ("I20", "J29"), ("I20", "G20", "J29")])
@pytest.mark.parametrize("target", ["mini", "toyota"])
async def test_a_car_that_moves_to_another_list_is_hardly_missed(
    folders: tuple[str, ...], target: str, open_source: Open, clock: Clock
) -> None:
    cloud = Cloud(*folders)
    source = open_source(cloud=cloud)
    vins = set((await source.fetch()).vehicles)
    cloud.cars = [replace(car, brand=target) if car.vin == I20 else car for car in cloud.cars]
    clock.advance(hours=1)
    await source.fetch()
    clock.advance(minutes=5)
    fetch = await source.fetch()
    assert set(fetch.vehicles) == vins
    assert not fetch.failures


async def test_a_car_that_moved_is_asked_for_under_its_new_brand(source: MyBmwSource, cloud: Cloud) -> None:
    await source.fetch()
    cloud.cars = [replace(car, brand="mini") if car.vin == J29 else car for car in cloud.cars]
    asked_before = len(cloud.requests)
    assert len((await source.fetch(look_for_cars=True)).vehicles) == 9
    [request] = [request for request in cloud.requests[asked_before:] if request.headers.get("bmw-vin") == J29][:1]
    assert brand_of(request) == "mini"

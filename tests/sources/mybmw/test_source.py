"""A whole account: what is asked when, and what becomes of failures."""

from collections import Counter
from datetime import timedelta
from typing import Protocol

import httpx
import orjson
import pytest

from custom_components.mybmw.sources import (
    Fetch,
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
)
from custom_components.mybmw.sources.mybmw import Account, MyBmwSource, Region, open_account
from custom_components.mybmw.sources.mybmw.build import Answers, ListBrand, build_vehicle
from custom_components.mybmw.sources.mybmw.client import UnknownToBmwError
from custom_components.mybmw.sources.mybmw.regions import LOOPBACK
from custom_components.mybmw.vehicle import Oddity
from tests.recorded import RECORDED_CARS

from .cloud import (
    ACCOUNT,
    AUTHENTICATE,
    BLOCKED,
    CHARGING,
    CHINA_LOGIN,
    CHINESE_ACCOUNT,
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
    brand_of,
)

F31 = RECORDED_CARS["F31"].vin  # the first that is asked for
I20 = RECORDED_CARS["I20"].vin
G20 = RECORDED_CARS["G20"].vin


class Open(Protocol):
    """Opens an account that has signed in."""

    def __call__(self, *, cloud: Cloud = ..., account: Account = ...) -> MyBmwSource:
        """Open it."""


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


async def asked(cloud: Cloud, source: MyBmwSource, *, look_for_cars: bool = False) -> Counter[str]:
    """What one look at the account asks, by path."""
    with cloud.next_requests() as count:
        await source.fetch(look_for_cars=look_for_cars)
    return count


async def refused(source: MyBmwSource) -> SourceError:
    """What a look at the account raises."""
    with pytest.raises(SourceError) as raised:
        await source.fetch()
    return raised.value


def cars_on_list(cloud: Cloud, *folders: str) -> None:
    """Sell all cars but these."""
    cloud.cars = [RECORDED_CARS[folder] for folder in folders]


def fail_list(cloud: Cloud, brand: str, reply: Reply) -> None:
    """Reply something else for one of the lists."""
    cloud.replies[LIST] = lambda request: reply if brand_of(request) == brand else cloud.vehicle_list(request)


async def test_all_recorded_cars_are_read_and_built(source: MyBmwSource, clock: Clock) -> None:
    fetch = await source.fetch()
    assert not fetch.failures
    assert fetch.vehicles == {
        car.vin: build_vehicle(
            Answers(
                vin=car.vin,
                brand=ListBrand(car.brand),
                profile=car.profile,
                state=car.state,
                charging=car.charging,
                fetched_at=clock().replace(microsecond=0),
            )
        )
        for car in RECORDED_CARS.values()
    }
    assert {vehicle.fetched_at for vehicle in fetch.vehicles.values()} == {clock().replace(microsecond=0)}
    assert not any(vehicle.oddities for vehicle in fetch.vehicles.values())


async def test_no_more_is_asked_than_needed(source: MyBmwSource, cloud: Cloud) -> None:
    assert await asked(cloud, source) == {LIST: 3, PROFILE: 9, STATE: 9, CHARGING: 6}
    assert await asked(cloud, source) == {STATE: 9, CHARGING: 6}
    assert cloud.most_at_once == 4


async def test_each_car_is_asked_for_under_its_brand(source: MyBmwSource, cloud: Cloud) -> None:
    await source.fetch()
    assert [brand_of(request) for request in cloud.about(LIST)] == ["bmw", "mini", "toyota"]
    for path in (PROFILE, STATE):
        brands = {request.headers["bmw-vin"]: brand_of(request) for request in cloud.about(path)}
        assert brands == {car.vin: car.brand for car in RECORDED_CARS.values()}


async def test_charging_details_are_asked_for_as_the_car_allows(source: MyBmwSource, cloud: Cloud) -> None:
    await source.fetch()
    await source.fetch()
    settings = {
        request.headers["bmw-vin"]: request.url.params["has_charging_settings_capabilities"]
        for request in cloud.about(CHARGING)
    }
    assert settings == {
        RECORDED_CARS[folder].vin: "true" if folder in {"G26", "G70", "I20"} else "false"
        for folder in ("G01", "G26", "G70", "I01_NOREX", "I01_REX", "I20")
    }


async def test_state_and_charging_details_are_asked_for_together(open_source: Open) -> None:
    cloud = Cloud("I20")
    source = open_source(cloud=cloud)
    await source.fetch()
    assert [request.url.path for request in cloud.requests[-3:]] == [PROFILE, STATE, CHARGING]
    cloud.most_at_once = 0
    await source.fetch()
    assert cloud.most_at_once == 2


async def test_only_lists_with_cars_are_looked_at_every_hour(source: MyBmwSource, cloud: Cloud, clock: Clock) -> None:
    await source.fetch()
    clock.advance(minutes=59)
    assert LIST not in await asked(cloud, source)
    clock.advance(minutes=1)
    assert await asked(cloud, source) == {LIST: 2, STATE: 9, CHARGING: 6}
    assert {brand_of(request) for request in cloud.about(LIST)[-2:]} == {"bmw", "toyota"}
    clock.advance(minutes=59)
    assert LIST not in await asked(cloud, source)


async def test_stock_is_taken_every_day(source: MyBmwSource, cloud: Cloud, clock: Clock) -> None:
    await source.fetch()
    clock.advance(hours=23)
    assert await asked(cloud, source) == {LIST: 2, STATE: 9, CHARGING: 6}
    clock.advance(hours=1)
    assert await asked(cloud, source) == {LIST: 3, PROFILE: 9, STATE: 9, CHARGING: 6}
    clock.advance(minutes=30)
    assert await asked(cloud, source) == {STATE: 9, CHARGING: 6}


async def test_stock_is_taken_on_demand(source: MyBmwSource, cloud: Cloud, clock: Clock) -> None:
    await source.fetch()
    clock.advance(minutes=5)
    assert await asked(cloud, source, look_for_cars=True) == {LIST: 3, PROFILE: 9, STATE: 9, CHARGING: 6}


async def test_a_new_car_appears_with_the_next_list(open_source: Open, clock: Clock) -> None:
    cloud = Cloud("I20")
    source = open_source(cloud=cloud)
    await source.fetch()
    cars_on_list(cloud, "I20", "G20")
    assert set((await source.fetch()).vehicles) == {I20}
    clock.advance(hours=1)
    with cloud.next_requests() as count:
        assert set((await source.fetch()).vehicles) == {I20, G20}
    assert count == {LIST: 1, PROFILE: 1, STATE: 2, CHARGING: 1}


async def test_a_sold_car_goes_with_the_next_list(open_source: Open, clock: Clock) -> None:
    cloud = Cloud("I20", "G20")
    source = open_source(cloud=cloud)
    await source.fetch()
    cars_on_list(cloud, "G20")
    clock.advance(hours=1)
    fetch = await source.fetch()
    assert set(fetch.vehicles) == {G20}
    assert not fetch.failures


@pytest.mark.parametrize("document", [{"mappingInfos": []}, {}, [], None, "text", {"mappingInfos": [{"vin": "short"}]}])
async def test_an_empty_list_removes_nothing(document: object, source: MyBmwSource, cloud: Cloud) -> None:
    await source.fetch()
    cloud.replies[LIST] = httpx.Response(200, content=orjson.dumps(document))
    assert len((await source.fetch(look_for_cars=True)).vehicles) == 9


async def test_an_account_without_cars_has_none(open_source: Open) -> None:
    cloud = Cloud()
    cars_on_list(cloud)
    source = open_source(cloud=cloud)
    assert await source.fetch() == Fetch(vehicles={}, failures={})
    assert await asked(cloud, source) == {LIST: 3}


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
    fail_list(cloud, "bmw", reply)
    assert len((await source.fetch()).vehicles) == 9
    cloud.replies[LIST] = usual
    assert (await asked(cloud, source))[LIST] == 2  # still due
    assert (await asked(cloud, source))[LIST] == 0


@pytest.mark.parametrize("brand", ["bmw", "mini", "toyota"])
async def test_unknown_cars_do_not(brand: str, source: MyBmwSource, cloud: Cloud) -> None:
    fail_list(cloud, brand, httpx.Response(500))
    assert type(await refused(source)) is TryLaterError
    assert cloud.asked == {LIST: 3}


@pytest.mark.parametrize("reply", [httpx.Response(404), FORBIDDEN])
async def test_a_list_that_is_denied_is_as_good_as_empty(reply: Reply, source: MyBmwSource, cloud: Cloud) -> None:
    fail_list(cloud, "toyota", reply)
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


async def test_a_car_that_learns_to_charge_is_asked_about_it(open_source: Open) -> None:
    cloud = Cloud("I20")
    source = open_source(cloud=cloud)
    state = RECORDED_CARS["I20"].state
    assert isinstance(state, dict)
    usual = cloud.replies[STATE]
    cloud.replies[STATE] = httpx.Response(200, json=state | {"capabilities": {}})
    assert await asked(cloud, source) == {LIST: 3, PROFILE: 1, STATE: 1}
    cloud.replies[STATE] = usual
    assert await asked(cloud, source) == {STATE: 1, CHARGING: 1}


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


async def test_new_tokens_are_handed_over(source: MyBmwSource, cloud: Cloud, clock: Clock, keep: Keeper) -> None:
    clock.advance(days=30)
    await source.fetch()
    [credentials] = keep.kept
    assert (credentials["refresh_token"], credentials["gcid"]) == ("refresh-1", "G")
    assert keep.asked_before == [2]
    assert cloud.asked[TOKEN] == 1


async def test_whoever_never_signed_in_has_to(cloud: Cloud, clock: Clock, keep: Keeper) -> None:
    source = MyBmwSource(ACCOUNT, {}, http=cloud.http, keep=keep, clock=clock)
    assert isinstance(await refused(source), SignInRequiredError)
    assert not cloud.requests


async def test_china_signs_in_by_itself(cloud: Cloud, clock: Clock, keep: Keeper) -> None:
    source = MyBmwSource(CHINESE_ACCOUNT, {}, http=cloud.http, keep=keep, clock=clock)
    clock.now = clock.now.replace(microsecond=0)
    fetch = await source.fetch()
    assert len(fetch.vehicles) == 9
    assert cloud.asked[CHINA_LOGIN] == 1
    assert AUTHENTICATE not in cloud.asked
    assert len(keep.kept) == 1
    assert cloud.about(STATE)[0].url.host == "myprofile.bmw.com.cn"


async def test_in_china_positions_are_put_right(open_source: Open, clock: Clock) -> None:
    cloud = Cloud("I20")
    vehicles = (await open_source(cloud=cloud, account=CHINESE_ACCOUNT).fetch()).vehicles
    car = RECORDED_CARS["I20"]
    answers = Answers(
        vin=car.vin,
        brand=ListBrand.BMW,
        profile=car.profile,
        state=car.state,
        charging=car.charging,
        fetched_at=clock(),
    )
    assert vehicles[I20] == build_vehicle(answers, in_china=True)


async def test_recordings_are_anonymous_and_whole(source: MyBmwSource) -> None:
    assert source.recordings() == {"vehicle_lists": {}, "vehicles": []}
    await source.fetch()
    recordings = source.recordings()
    assert isinstance(recordings, dict)
    assert isinstance(recordings["vehicles"], list)
    assert len(recordings["vehicles"]) == 9
    assert isinstance(recordings["vehicle_lists"], dict)
    assert recordings["vehicle_lists"].keys() == {"bmw", "mini", "toyota"}
    text = orjson.dumps(recordings).decode()
    assert not [car.vin for car in RECORDED_CARS.values() if car.vin in text]
    assert "48.177" not in text


async def test_the_recording_of_one_car(source: MyBmwSource) -> None:
    assert source.recordings(I20) is None
    await source.fetch()
    recording = source.recordings(I20)
    assert isinstance(recording, dict)
    assert recording.keys() == {"brand", "profile", "state", "charging"}
    assert recording["brand"] == "bmw"
    assert recording["charging"]
    assert source.recordings("WBA00000000000000") is None


async def test_the_recording_tells_what_was_not_answered(source: MyBmwSource, cloud: Cloud) -> None:
    await source.fetch()
    cloud.fail(CHARGING, I20, httpx.Response(500))
    await source.fetch()
    recording = source.recordings(I20)
    assert isinstance(recording, dict)
    assert recording["charging"] is None


def test_an_account_is_opened_by_its_settings(cloud: Cloud, clock: Clock, keep: Keeper) -> None:
    settings = {"source": "mybmw", "username": "u", "password": "p", "region": "china"}
    assert isinstance(open_account(settings, {}, http=cloud.http, keep=keep, clock=clock), MyBmwSource)
    assert Account.of(settings) == Account(username="u", password="p", region=Region.CHINA)
    with pytest.raises(ValueError, match="moon"):
        open_account(settings | {"region": "moon"}, {}, http=cloud.http, keep=keep, clock=clock)


def test_no_account_is_opened_with_a_wrong_redirect(open_source: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOOPBACK, "http://example.com:80")
    with pytest.raises(ValueError, match="MYBMW_LOOPBACK"):
        open_source()


async def test_the_borrowed_client_stays_open(source: MyBmwSource, cloud: Cloud) -> None:
    await source.fetch()
    assert not cloud.http.is_closed

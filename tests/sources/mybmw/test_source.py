"""A whole account: what is asked when, and what comes of it."""

import httpx
import orjson
import pytest

from custom_components.mybmw.sources import (
    Fetch,
    Json,
    SignInRequiredError,
)
from custom_components.mybmw.sources.loopback import LOOPBACK
from custom_components.mybmw.sources.mybmw import Account, Region
from custom_components.mybmw.sources.mybmw.build import build_vehicle
from custom_components.mybmw.sources.mybmw.source import MyBmwSource, open_account
from tests.recorded import RECORDED_CARS

from .answers import recorded_answers
from .cloud import (
    ACCOUNT,
    AUTHENTICATE,
    CHARGING,
    CHINA_LOGIN,
    CHINESE_ACCOUNT,
    LIST,
    PROFILE,
    STATE,
    TOKEN,
    Clock,
    Cloud,
    Keeper,
    Open,
    asked,
    brand_of,
    refused,
)

I20 = RECORDED_CARS["I20"].vin
G20 = RECORDED_CARS["G20"].vin


async def test_all_recorded_cars_are_read_and_built(source: MyBmwSource, clock: Clock) -> None:
    fetch = await source.fetch()
    assert not fetch.failures
    assert fetch.vehicles == {
        car.vin: build_vehicle(recorded_answers(car, asked_at=clock().replace(microsecond=0)))
        for car in RECORDED_CARS.values()
    }
    assert {vehicle.fetched_at for vehicle in fetch.vehicles.values()} == {clock().replace(microsecond=0)}
    assert not any(vehicle.oddities for vehicle in fetch.vehicles.values())


async def test_no_more_is_asked_than_needed(source: MyBmwSource, cloud: Cloud) -> None:
    assert await asked(cloud, source) == {LIST: 3, PROFILE: 9, STATE: 9, CHARGING: 6}
    assert await asked(cloud, source) == {STATE: 9, CHARGING: 6}
    assert cloud.most_at_once == 6


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
    cloud.keep_only("I20", "G20")
    assert set((await source.fetch()).vehicles) == {I20}
    clock.advance(hours=1)
    with cloud.next_requests() as count:
        assert set((await source.fetch()).vehicles) == {I20, G20}
    assert count == {LIST: 1, PROFILE: 1, STATE: 2, CHARGING: 1}


async def test_a_sold_car_goes_with_the_next_list(open_source: Open, clock: Clock) -> None:
    cloud = Cloud("I20", "G20")
    source = open_source(cloud=cloud)
    await source.fetch()
    cloud.keep_only("G20")
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
    cloud.keep_only()
    source = open_source(cloud=cloud)
    assert await source.fetch() == Fetch(vehicles={}, failures={})


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


def telling(folder: str, more: dict[str, Json]) -> Cloud:
    """A cloud with one car that says something more in its state."""
    cloud = Cloud(folder)
    answer = RECORDED_CARS[folder].state
    assert isinstance(answer, dict)
    assert isinstance(answer["state"], dict)
    cloud.replies[STATE] = httpx.Response(200, json=answer | {"state": answer["state"] | more})
    return cloud


@pytest.mark.parametrize(
    ("account", "latitude", "longitude"), [(CHINESE_ACCOUNT, 39.8337, 116.22617), (ACCOUNT, 39.83492, 116.23221)]
)
async def test_in_china_positions_are_put_right(
    open_source: Open, account: Account, latitude: float, longitude: float
) -> None:
    cloud = telling("I20", {"location": {"coordinates": {"latitude": 39.83492, "longitude": 116.23221}}})
    location = (await open_source(cloud=cloud, account=account).fetch()).vehicles[I20].location
    assert location
    assert (round(location.latitude, 5), round(location.longitude, 5)) == (latitude, longitude)


async def test_recordings_tell_nothing_of_account_or_cars_in_other_places(open_source: Open) -> None:
    cloud = telling("I20", {"note": f"from 8613912345678 or 13912345678 for {I20[-7:].lower()} of {I20}"})
    source = open_source(cloud=cloud, account=CHINESE_ACCOUNT)
    await source.fetch()
    recording = source.recordings(I20)
    text = orjson.dumps(recording).decode()
    assert "from some_id or some_id for PRINT01 of WBA0FINGERPRINT01" in text


async def test_recordings_of_the_account_are_anonymous_and_whole(source: MyBmwSource, cloud: Cloud) -> None:
    assert source.recordings() == {
        "vehicle_lists": {"bmw": None, "mini": None, "toyota": None},
        "unread_vehicles": [],
    }
    cloud.fail(STATE, I20, httpx.Response(500))
    await source.fetch()
    recordings = source.recordings()
    assert isinstance(recordings, dict)
    assert isinstance(recordings["vehicle_lists"], dict)
    assert recordings["vehicle_lists"]["mini"] == {"gcid": "some_id", "mappingInfos": []}
    assert isinstance(recordings["unread_vehicles"], list)
    [car] = recordings["unread_vehicles"]
    assert isinstance(car, dict)
    assert isinstance(car["profile"], dict)
    assert car["profile"]["model"] == "iX xDrive50"
    text = orjson.dumps(recordings).decode()
    assert text.count("0FINGERPRINT") == 9 + 2
    assert not [car.vin for car in RECORDED_CARS.values() if car.vin in text]


async def test_the_recording_of_one_car(source: MyBmwSource) -> None:
    assert source.recordings(I20) is None
    await source.fetch()
    recording = source.recordings(I20)
    assert isinstance(recording, dict)
    assert recording.keys() == {"vin", "brand", "profile", "state", "charging"}
    assert recording["brand"] == "bmw"
    assert recording["charging"]
    text = orjson.dumps(recording).decode()
    assert I20 not in text
    assert "48.177" not in text
    assert source.recordings("WBA00000000000000") is None


async def test_the_recording_tells_what_was_not_answered(source: MyBmwSource, cloud: Cloud) -> None:
    cloud.fail(CHARGING, I20, httpx.Response(404))
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

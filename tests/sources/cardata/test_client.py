"""Asking CarData: each question, what each of BMW's codes means, and that each call is booked before it is sent."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
import json
import os
from typing import Final
from unittest.mock import patch

import httpx
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.mybmw.sources import (
    Json,
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
)
from custom_components.mybmw.sources.cardata.client import MOST_PAGES, Client
from custom_components.mybmw.sources.cardata.device_code import DeviceCode
from custom_components.mybmw.sources.cardata.failures import Cause, cause_of
from custom_components.mybmw.sources.cardata.grant import Grant
from custom_components.mybmw.sources.cardata.memory import Page
from custom_components.mybmw.sources.cardata.questions import container_in, containers, mapped_cars, page_of
from custom_components.mybmw.sources.cardata.quota import Reason
from custom_components.mybmw.sources.cardata.refusals import is_about_token, refusal
from custom_components.mybmw.sources.exchange import Answer
from custom_components.mybmw.sources.loopback import LOOPBACK
from tests.simulator import Fault, Simulator
from tests.simulator.cardata import SCOPES, Container, Window

from .rig import API, NOW, TOKEN, Clock, Keeper, Rooms, asked

VIN: Final = "WBA00000000LIVE01"
KEYS: Final = (
    "vehicle.vehicle.travelledDistance",
    "vehicle.drivetrain.batteryManagement.header",
    "vehicle.electricalSystem.battery.stateOfCharge",
    "vehicle.cabin.door.row1.driver.isOpen",
    "vehicle.status.conditionBasedServices",
    "vehicle.vehicle.avgAuxPower",
)

type Question = Callable[[Client], Awaitable[object]]

QUESTIONS: Final[Mapping[str, Question]] = {
    "cars": lambda client: client.cars(Reason.OWNER),
    "basic data": lambda client: client.basic_data(VIN, Reason.OWNER),
    "telematic data": lambda client: client.telematic_data(VIN, "S8T5R2P9Q1W3E", Reason.OWNER),
    "charging history": lambda client: client.charging_history(VIN, NOW - timedelta(days=9), NOW, Reason.OWNER),
    "charging places": lambda client: client.charging_places(VIN, Reason.OWNER),
    "tires": lambda client: client.tire_diagnosis(VIN, Reason.OWNER),
    "picture": lambda client: client.picture(VIN, Reason.OWNER),
    "containers": lambda client: client.containers(Reason.OWNER),
    "new container": lambda client: client.create_container("n", "p", KEYS, Reason.OWNER),
}


@pytest.fixture
def container(cloud: Simulator) -> Container:
    """A container with some descriptors."""
    container = Container(name="n", purpose="p", descriptors=KEYS, created=NOW)
    cloud.cardata.customer().containers.append(container)
    return container


async def failure(rooms: Rooms, question: str = "cars") -> SourceError:
    """What a question raises."""
    with pytest.raises(SourceError) as raised:
        await QUESTIONS[question](rooms.client)
    return raised.value


def exve(code: str) -> dict[str, Json]:
    return {"exveErrorId": code, "exveErrorRef": "r", "exveErrorMsg": f"about {VIN}", "exveNote": f"about {VIN}"}


# What can be asked


async def test_the_cars_of_the_account(rooms: Rooms, cloud: Simulator) -> None:
    rooms.customer.secondary.add(VIN)
    cars = await rooms.client.cars(Reason.SET_UP)
    assert {car.vin: car.is_primary for car in cars} == {
        car.vin: car.vin != VIN for car in sorted(cloud.garage, key=lambda car: car.vin)
    }
    assert cars[0].since
    assert VIN not in repr(cars)


async def test_what_a_car_is(rooms: Rooms) -> None:
    data = await rooms.client.basic_data(VIN, Reason.SET_UP)
    assert data["modelName"] == "i5 eDrive40 Touring"
    assert data["driveTrain"] == "BEV"


async def test_how_a_car_is(rooms: Rooms, cloud: Simulator, container: Container) -> None:
    data = await rooms.client.telematic_data(VIN, container.container_id, Reason.DAILY)
    report = cloud.world.life("I5").report(NOW)
    assert data["vehicle.vehicle.travelledDistance"] == {
        "value": str(int(report.condition.mileage_km)),
        "unit": "km",
        "timestamp": report.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    assert data["vehicle.electricalSystem.battery.stateOfCharge"] == {"value": None, "unit": None, "timestamp": None}
    door, level = data["vehicle.cabin.door.row1.driver.isOpen"], data["vehicle.drivetrain.batteryManagement.header"]
    assert isinstance(door, dict)
    assert isinstance(level, dict)
    assert (door["value"], level["unit"]) == ("CLOSED", "%")
    assert "vehicle.vehicle.avgAuxPower" not in data


async def test_what_a_car_has_charged(rooms: Rooms, cloud: Simulator) -> None:
    cloud.cardata.page_size = 4
    sessions = await rooms.client.charging_history(VIN, NOW - timedelta(days=7), NOW, Reason.OWNER)
    assert len(sessions) > 4
    session = sessions[0]
    assert isinstance(session, dict)
    assert isinstance(session["startTime"], int)
    assert len(asked(cloud)) == -(-len(sessions) // 4)


async def test_a_history_without_end_is_read_so_far(rooms: Rooms, cloud: Simulator) -> None:
    cloud.cardata.page_size = 1
    sessions = await rooms.client.charging_history(VIN, NOW - timedelta(days=40), NOW, Reason.OWNER)
    assert len(sessions) == len(asked(cloud)) == MOST_PAGES


async def test_a_history_is_read_as_far_as_the_calls_reach(rooms: Rooms, cloud: Simulator) -> None:
    cloud.cardata.page_size = 1
    for _ in range(48):
        await rooms.ledger.book(Reason.OWNER)
    assert len(await rooms.client.charging_history(VIN, NOW - timedelta(days=40), NOW, Reason.OWNER)) == 2
    assert rooms.ledger.calls_left == 0


async def test_where_a_car_charges(rooms: Rooms) -> None:
    places = await rooms.client.charging_places(VIN, Reason.OWNER)
    assert places
    assert isinstance(places[0], dict)
    assert places[0]["chargingMode"] == "IMMEDIATE_CHARGING"


async def test_a_car_that_does_not_charge_has_no_places(rooms: Rooms, cloud: Simulator) -> None:
    assert await rooms.client.charging_places(cloud.garage["M240I"].vin, Reason.OWNER) == []
    assert asked(cloud) == [("locationBasedChargingSettings", 404)]


async def test_the_tires(rooms: Rooms) -> None:
    tires = await rooms.client.tire_diagnosis(VIN, Reason.DAILY)
    assert isinstance(tires["passengerCar"], dict)
    assert tires["passengerCar"].keys() == {"mountedTyres", "unmountedTyres"}


async def test_the_picture(rooms: Rooms) -> None:
    picture = await rooms.client.picture(VIN, Reason.SET_UP)
    assert picture
    assert picture.content_type == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    assert "PNG" not in repr(picture)


@pytest.mark.parametrize("fault", [Fault(status=404, body=exve("CU-126")), Fault(status=404)])
async def test_no_picture(fault: Fault, rooms: Rooms, cloud: Simulator) -> None:
    cloud.faults.append(fault)
    assert await rooms.client.picture(VIN, Reason.SET_UP) is None


@pytest.mark.parametrize("question", ["charging places", "picture"])
async def test_another_refusal_is_not_nothing(question: str, rooms: Rooms) -> None:
    rooms.customer.secondary.add(VIN)
    assert cause_of(await failure(rooms, question)) is Cause.VEHICLE_NOT_OURS


async def test_containers_come_and_go(rooms: Rooms) -> None:
    assert await rooms.client.containers(Reason.SET_UP) == []
    made = await rooms.client.create_container("name", "purpose", KEYS, Reason.SET_UP)
    assert await rooms.client.containers(Reason.SET_UP) == [made]
    assert (made.name, made.purpose, made.is_active) == ("name", "purpose", True)
    await rooms.client.delete_container(made.container_id, Reason.SET_UP)
    await rooms.client.delete_container(made.container_id, Reason.SET_UP)
    await rooms.client.delete_container("UNKNOWN000000", Reason.SET_UP)
    (gone,) = await rooms.client.containers(Reason.SET_UP)
    assert not gone.is_active


async def test_requests_say_what_bmw_wants_and_nothing_else(rooms: Rooms, http: httpx.AsyncClient) -> None:
    seen: list[httpx.Request] = []

    async def see(request: httpx.Request) -> None:
        seen.append(request)

    http.event_hooks["request"].append(see)
    http.cookies.set("of-somebody-else", "secret")
    await rooms.client.cars(Reason.OWNER)
    await rooms.client.create_container("name", "purpose", KEYS, Reason.OWNER)
    ask, make = seen
    assert ask.headers.keys() == {"host", "accept", "x-version", "authorization"}
    assert make.headers.keys() == {*ask.headers, "content-type", "content-length"}
    assert make.headers["x-version"] == "v1"


# What goes wrong


CODES: Final[Mapping[str, tuple[int, type[SourceError], Cause]]] = {
    "CU-100": (401, TryLaterError, Cause.TOKEN_NOT_ACCEPTED),
    "CU-101": (401, TryLaterError, Cause.TOKEN_NOT_ACCEPTED),
    "CU-102": (401, TryLaterError, Cause.TOKEN_NOT_ACCEPTED),
    "CU-103": (403, NotAllowedError, Cause.SCOPE_NOT_GRANTED),
    "CU-104": (403, NotAllowedError, Cause.VEHICLE_NOT_OURS),
    "CU-105": (403, TryLaterError, Cause.CONTAINER_GONE),
    "CU-120": (400, NotAllowedError, Cause.BAD_REQUEST),
    "CU-121": (400, TryLaterError, Cause.CONTAINER_GONE),
    "CU-122": (409, TryLaterError, Cause.CONTAINER_GONE),
    "CU-124": (403, NotAllowedError, Cause.CONTAINER_LIMIT),
    "CU-125": (400, TryLaterError, Cause.PAGE_EXPIRED),
    "CU-126": (404, NotAllowedError, Cause.NOTHING_THERE),
    "CU-127": (404, NotAllowedError, Cause.NOTHING_THERE),
    "CU-400": (400, NotAllowedError, Cause.BAD_REQUEST),
    "CU-401": (400, NotAllowedError, Cause.BAD_REQUEST),
    "CU-402": (400, NotAllowedError, Cause.KEY_UNKNOWN),
    "CU-403": (403, TryLaterError, Cause.UNEXPLAINED),
    "CU-429": (403, SlowDownError, Cause.QUOTA),
    "CU-500": (500, TryLaterError, Cause.OUT_OF_ORDER),
    "CU-503": (503, TryLaterError, Cause.OUT_OF_ORDER),
}


@pytest.mark.parametrize("is_odd", [False, True], ids=["status as expected", "any status"])
@pytest.mark.parametrize("code", CODES)
async def test_the_code_decides_and_not_the_status(code: str, *, is_odd: bool, rooms: Rooms, cloud: Simulator) -> None:
    status, error, cause = CODES[code]
    cloud.faults.append(Fault(path=API, status=418 if is_odd else status, body=exve(code)))
    err = await failure(rooms)
    assert isinstance(err, error)
    assert cause_of(err) is cause
    assert VIN not in str(err)
    if isinstance(err, NotAllowedError):
        assert err.reason is Refusal.FORBIDDEN


@pytest.mark.parametrize(
    ("status", "body", "error", "cause"),
    [
        (400, "<html>", NotAllowedError, Cause.BAD_REQUEST),
        (401, None, TryLaterError, Cause.TOKEN_NOT_ACCEPTED),
        (403, "<html>", TryLaterError, Cause.UNEXPLAINED),
        (403, exve("CU-999"), TryLaterError, Cause.UNEXPLAINED),
        (404, {"exveErrorId": 5}, NotAllowedError, Cause.NOTHING_THERE),
        (408, None, TryLaterError, Cause.OUT_OF_ORDER),
        (429, None, SlowDownError, Cause.QUOTA),
        (302, None, TryLaterError, Cause.OUT_OF_ORDER),
        (500, "<html>", TryLaterError, Cause.OUT_OF_ORDER),
        (502, [], TryLaterError, Cause.OUT_OF_ORDER),
    ],
)
async def test_answers_without_a_code(
    status: int, body: Json, error: type[SourceError], cause: Cause, rooms: Rooms
) -> None:
    rooms.cloud.faults.append(Fault(path=API, status=status, body=body))
    err = await failure(rooms)
    assert isinstance(err, error)
    assert cause_of(err) is cause


@pytest.mark.parametrize("body", ["", "<html>", '{"half": ', [], {}, "null", 5, [[]], [{"vin": 5}], {"data": 5}])
@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_good_status_with_nonsense(question: str, body: Json, rooms: Rooms, cloud: Simulator) -> None:
    cloud.faults.append(Fault(path=API, status=200, body=body))
    with suppress(SourceError):
        await QUESTIONS[question](rooms.client)
    assert len(asked(cloud)) == 1


DOCUMENTS: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda part: (
        st.lists(part)
        | st.dictionaries(
            st.sampled_from(["vin", "data", "telematicData", "containers", "containerId", "nextToken", "mappedSince"])
            | st.sampled_from(["next_token", "exveErrorId", "mappingType", "state", "access_token", "expires_in"])
            | st.text(),
            part,
        )
    ),
)
STATUSES: Final = st.sampled_from([200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 429, 500, 503])
ANSWERS: Final = st.lists(st.tuples(STATUSES, st.text() | DOCUMENTS), max_size=5)


@given(document=DOCUMENTS, status=STATUSES)
def test_reading_never_stumbles(document: Json, status: int) -> None:
    answer = Answer(status=status, headers=httpx.Headers({}), body=json.dumps(document).encode())
    for read in (mapped_cars, containers, container_in, lambda answer: page_of(answer, "nextToken")):
        read(document)
    Grant.answered(document, NOW)
    DeviceCode.answered(document, "verifier", NOW)
    assert isinstance(refusal(answer), SourceError)
    assert isinstance(is_about_token(answer), bool)
    if isinstance(document, dict):
        Grant.remembered(document, NOW)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=ANSWERS)
@pytest.mark.usefixtures("socket_enabled")
async def test_no_answer_hurts(answers: list[tuple[int, Json]]) -> None:
    clock = Clock()
    async with Simulator(cars=["I5"], clock=clock) as cloud, httpx.AsyncClient() as http:
        with patch.dict(os.environ, {LOOPBACK: cloud.url}):
            rooms = Rooms(cloud, http, clock, Keeper(cloud))
        for status, body in answers:
            cloud.faults[:] = [Fault(path=f"{API}|{TOKEN}", status=status, body=body)]
            clock.advance(minutes=30)
            for ask in QUESTIONS.values():
                with suppress(SourceError):
                    await ask(rooms.client)
            with suppress(SourceError):
                await rooms.tokens.stream_key()


async def test_a_broken_connection(rooms: Rooms, cloud: Simulator) -> None:
    cloud.faults.append(Fault(path=API, drop=True))
    err = await failure(rooms)
    assert isinstance(err, TryLaterError)
    assert cause_of(err) is None
    assert len(rooms.ledger.calls) == 1, "it may have been counted"


async def test_an_answer_too_large_to_be_one(rooms: Rooms, cloud: Simulator) -> None:
    cloud.faults.append(Fault(path=API, spoil=lambda _body: b" " * 10_000_001))
    assert "too large" in str(await failure(rooms))


async def test_a_token_that_is_not_accepted_is_replaced_once(rooms: Rooms, cloud: Simulator) -> None:
    cloud.cardata.customers.forget_access_tokens()
    assert await rooms.client.cars(Reason.OWNER)
    assert asked(cloud) == [("mappings", 401), ("mappings", 200)]
    assert len(asked(cloud, TOKEN)) == 1
    assert len(rooms.ledger.calls) == 2


async def test_and_no_more_than_once(rooms: Rooms, cloud: Simulator) -> None:
    cloud.faults.append(Fault(path=API, status=401, body=exve("CU-102")))
    await failure(rooms)
    assert len(asked(cloud)) == 2
    assert len(asked(cloud, TOKEN)) == 1


async def test_a_sign_in_that_has_ended_costs_no_call(rooms: Rooms, cloud: Simulator, clock: Clock) -> None:
    cloud.cardata.customers.forget_refresh_tokens()
    clock.advance(hours=2)
    assert isinstance(await failure(rooms), SignInRequiredError)
    assert rooms.ledger.calls == ()
    assert asked(cloud) == []


async def test_a_sign_in_without_the_api_costs_no_call(
    cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper
) -> None:
    rooms = Rooms(cloud, http, clock, keep, scopes=frozenset(SCOPES) - {"cardata:api:read"})
    assert cause_of(await failure(rooms)) is Cause.SCOPE_NOT_GRANTED
    assert not cloud.requests


async def test_an_api_that_was_switched_off_in_the_portal(rooms: Rooms) -> None:
    rooms.customer.subscribed.remove("cardata:api:read")
    err = await failure(rooms)
    assert isinstance(err, NotAllowedError)
    assert cause_of(err) is Cause.SCOPE_NOT_GRANTED


@pytest.mark.parametrize("vin", ["", "WBA/../LIVE01", "WBA00000000LIVE0ü", "?x=1"])
async def test_nothing_but_a_number_gets_into_an_address(vin: str, rooms: Rooms, cloud: Simulator) -> None:
    with pytest.raises(NotAllowedError):
        await rooms.client.basic_data(vin, Reason.OWNER)
    assert not cloud.requests


async def test_a_car_of_somebody_else(rooms: Rooms) -> None:
    rooms.customer.secondary.add(VIN)
    assert cause_of(await failure(rooms, "basic data")) is Cause.VEHICLE_NOT_OURS


async def test_a_clock_far_ahead_of_bmws_is_no_reason_to_fail(rooms: Rooms, cloud: Simulator) -> None:
    cloud.faults.append(Fault(path=API, status=429, headers={"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, times=1))
    err = await failure(rooms)
    assert isinstance(err, SlowDownError)
    assert err.until == NOW


# The quota


async def test_each_call_is_booked_and_stored_before_it_is_sent(rooms: Rooms, keep: Keeper) -> None:
    await rooms.client.cars(Reason.SET_UP)
    await rooms.client.basic_data(VIN, Reason.RESTART)
    assert keep.asked_before == [0, 1]
    page = keep.kept[-1][Page.CALLS]
    assert isinstance(page, dict)
    assert isinstance(page["calls"], list)
    assert [call["reason"] for call in page["calls"] if isinstance(call, dict)] == ["set_up", "restart"]


async def test_the_cloud_never_sees_a_fifty_first_call(rooms: Rooms, cloud: Simulator) -> None:
    for _ in range(60):
        try:
            await rooms.client.cars(Reason.OWNER)
        except SlowDownError as err:
            until = err.until
    assert [status for _, status in asked(cloud)] == [200] * 50
    rooms.clock.now = until
    assert await rooms.client.cars(Reason.OWNER)


async def test_without_calls_no_token_is_fetched_either(rooms: Rooms, cloud: Simulator, clock: Clock) -> None:
    clock.advance(hours=2)
    for _ in range(50):
        await rooms.ledger.book(Reason.OWNER)
    assert isinstance(await failure(rooms), SlowDownError)
    assert not cloud.requests


async def test_a_restart_frees_no_call(rooms: Rooms, restarted: Callable[[], Rooms], cloud: Simulator) -> None:
    for _ in range(45):
        await rooms.client.cars(Reason.DAILY)
    again = restarted()
    with pytest.raises(SlowDownError):
        await again.client.cars(Reason.DAILY)
    assert await again.client.cars(Reason.OWNER)
    assert again.ledger.calls_left == 4
    assert len(asked(cloud)) == 46


@pytest.mark.parametrize("window", Window)
async def test_calls_of_other_tools_fill_the_ledger_too(window: Window, rooms: Rooms, cloud: Simulator) -> None:
    cloud.cardata.quota_window = window
    rooms.customer.calls += [NOW - timedelta(hours=1)] * 50
    err = await failure(rooms)
    assert isinstance(err, SlowDownError)
    assert (err.until.date(), err.until.hour) == ((NOW + timedelta(days=1)).date(), 0)
    assert rooms.ledger.calls_left == 0
    await failure(rooms)
    assert asked(cloud) == [("mappings", 403)], "no second question"
    rooms.clock.now = err.until
    if window is Window.MIDNIGHT:
        assert await rooms.client.cars(Reason.OWNER)
    else:
        again = await failure(rooms)
        assert isinstance(again, SlowDownError)
        rooms.clock.now = again.until
        assert await rooms.client.cars(Reason.OWNER)


async def test_a_wait_that_bmw_names_is_kept(rooms: Rooms, cloud: Simulator) -> None:
    cloud.faults.append(Fault(path=API, status=403, body=exve("CU-429"), headers={"retry-after": "90"}, times=1))
    err = await failure(rooms)
    assert isinstance(err, SlowDownError)
    assert err.until == NOW + timedelta(seconds=90)
    assert rooms.ledger.next_frees_at == err.until


async def test_nothing_leaves_for_elsewhere(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOOPBACK, "http://example.com:80")
    with pytest.raises(ValueError, match="may only be"):
        Client(httpx.AsyncClient(), rooms.tokens, rooms.ledger, rooms.clock)


def test_mappings_may_be_one_object() -> None:
    cars = mapped_cars({"vin": VIN, "mappingType": "primary", "mappedSince": "2024-03-11T09:15:00Z"})
    assert cars
    assert cars[0].is_primary
    assert mapped_cars([{"vin": "not one"}, 5, {"vin": VIN}]) == mapped_cars([{"vin": VIN}])
    assert mapped_cars({"cars": []}) is None
    assert mapped_cars("x") is None

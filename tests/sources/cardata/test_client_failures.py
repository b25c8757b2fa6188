"""What each of BMW's codes means, that no answer hurts, and that each call is booked before it is sent."""

from collections.abc import Callable, Mapping
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
from custom_components.mybmw.sources.cardata.client import Client
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
from tests.simulator.cardata import SCOPES, Window

from .questions import QUESTIONS, VIN, exve, failure
from .rig import API, NOW, TOKEN, Clock, Keeper, Rooms, asked

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
    assert err.until == NOW + timedelta(hours=1)


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
    cloud.faults.append(Fault(path=API, status=403, body=exve("CU-429"), headers={"retry-after": "9000"}, times=1))
    err = await failure(rooms)
    assert isinstance(err, SlowDownError)
    assert err.until == NOW + timedelta(seconds=9000)
    assert rooms.ledger.next_frees_at == err.until


async def test_nothing_leaves_for_elsewhere(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOOPBACK, "http://example.com:80")
    with pytest.raises(ValueError, match="may only be"):
        Client(httpx.AsyncClient(), rooms.tokens, rooms.ledger, rooms.clock)


@pytest.mark.parametrize(
    ("kind", "is_primary"),
    [
        ("PRIMARY", True),
        ("primary", True),
        ("SECONDARY", False),
        ("secondary", False),
        ("CO_DRIVER", True),
        (None, True),
    ],
)
def test_whose_car_it_is(kind: str | None, *, is_primary: bool) -> None:
    """A word that nobody knows, or none, costs a question about the car and not the car."""
    [car] = mapped_cars({"vin": VIN, "mappingType": kind}) or []
    assert car.is_primary is is_primary


def test_mappings_may_be_one_object() -> None:
    cars = mapped_cars({"vin": VIN, "mappingType": "primary", "mappedSince": "2024-03-11T09:15:00Z"})
    assert cars
    assert cars[0].is_primary
    assert mapped_cars([{"vin": "not one"}, 5, {"vin": VIN}]) == mapped_cars([{"vin": VIN}])
    assert mapped_cars({"cars": []}) is None
    assert mapped_cars("x") is None

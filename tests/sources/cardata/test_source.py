"""An account as a source: real HTTP against the simulator, a day of calls, the stream put in by hand."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
import json
from typing import Final

import httpx
import pytest

from custom_components.mybmw.sources import (
    Credentials,
    Json,
    NotAllowedError,
    SignInRequiredError,
    SlowDownError,
    TryLaterError,
)
from custom_components.mybmw.sources.cardata.access import Access
from custom_components.mybmw.sources.cardata.auth import first_credentials
from custom_components.mybmw.sources.cardata.autopilot import CALLS_WITHOUT_STREAM, LEAST_REST, LEFT_FOR_BETTER
from custom_components.mybmw.sources.cardata.keys import Key
from custom_components.mybmw.sources.cardata.quota import LIMIT, RESERVE, Reason
from custom_components.mybmw.sources.cardata.source import BURST_S, CarDataSource, open_account
from custom_components.mybmw.sources.loopback import LOOPBACK_CA, LOOPBACK_STREAM
from custom_components.mybmw.vehicle import DriveTrain, Lock, Vehicle
from tests.simulator import Simulator
from tests.simulator.faults import Fault

from .rig import NOW, TOKEN, Clock, Keeper, asked, granted

I5: Final = "WBA00000000LIVE01"


class Alarm:
    """A timer in the hands of the test."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[[], None]]] = []

    def __call__(self, seconds: float, do: Callable[[], None]) -> Callable[[], object]:
        """Set it."""
        self.waiting.append((seconds, do))
        return lambda: self.waiting.remove((seconds, do))

    def ring(self) -> None:
        """Let it ring."""
        (_, do) = self.waiting.pop()
        do()


class Account:
    """A source, and what it tells."""

    def __init__(
        self, cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper, credentials: Credentials
    ) -> None:
        self.told: list[Mapping[str, Vehicle]] = []
        self.alarm = Alarm()
        self.clock = clock
        settings = {"client_id": cloud.cardata.customer().client_id}
        self.access = Access.of(settings, credentials, http=http, keep=keep, clock=clock)
        self.source = CarDataSource(self.access, clock=clock, on_change=self.told.append, later=self.alarm)

    def reasons(self) -> list[Reason]:
        """What its calls within a day were made for."""
        return [call.reason for call in self.access.ledger.calls]


@pytest.fixture
def no_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that nobody listens to: there is none at this address."""
    monkeypatch.setenv(LOOPBACK_STREAM, "127.0.0.1:1")
    monkeypatch.setenv(LOOPBACK_CA, "nowhere")


@pytest.fixture
def account(cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper) -> Account:
    return Account(cloud, http, clock, keep, first_credentials(granted(cloud, clock)))


@pytest.fixture
def restarted(cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper) -> Callable[[], Account]:
    def restart() -> Account:
        return Account(cloud, http, clock, keep, json.loads(json.dumps(keep.kept[-1])))

    return restart


def said(clock: Clock, **values: Json) -> Json:
    """A message of the stream, by names of `Key`."""
    at = clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "vin": I5,
        "timestamp": at,
        "data": {Key[name].value: {"timestamp": at, "value": value} for name, value in values.items()},
    }


async def test_an_account_is_read_once_and_then_only_looked_at(account: Account, cloud: Simulator) -> None:
    fetch = await account.source.fetch()
    assert not fetch.failures
    assert len(fetch.vehicles) == 3
    assert fetch.vehicles[I5].identity.drive_train is DriveTrain.ELECTRIC
    assert fetch.vehicles[I5].maintenance.services
    assert fetch.vehicles[I5].tires
    calls = asked(cloud)
    assert len(calls) == 1 + 2 + 3 * 3  # cars, container twice, then basic data, state and tires of each
    assert (await account.source.fetch()).vehicles == fetch.vehicles
    assert asked(cloud) == calls


async def test_nothing_is_written_down_twice(account: Account, clock: Clock, keep: Keeper) -> None:
    """Cars are parked most of the time, and a look every five minutes would wear out a memory card."""
    await account.source.fetch()
    account.source.stream_has_come()
    written = len(keep.kept)
    for _ in range(12):
        clock.advance(minutes=5)
        await account.source.fetch()
    assert len(keep.kept) == written
    account.source.take_message(I5, said(clock, HOOD="OPEN"))
    await account.source.fetch()
    assert len(keep.kept) == written + 1


async def test_a_car_is_read_once_a_day_while_it_streams(account: Account, clock: Clock, cloud: Simulator) -> None:
    await account.source.fetch()
    account.source.stream_has_come()
    before = len(asked(cloud))
    for _ in range(23):
        clock.advance(hours=1)
        await account.source.fetch()
    assert len(asked(cloud)) == before
    clock.advance(hours=1)
    await account.source.fetch()
    assert account.reasons()[12:] == [Reason.DAILY] * 7  # the cars, and two calls for each
    assert len(asked(cloud)) == before + 7


async def test_never_the_51st_call_and_a_reserve_for_the_owner(
    account: Account, clock: Clock, cloud: Simulator
) -> None:
    """A day without a stream, in which each car ends a trip every half hour."""
    await account.source.fetch()
    for turn in range(24 * 12):
        clock.advance(minutes=5)
        for vin in account.source._cars.by_vin:
            on = turn % 6 < 3
            account.source.take_message(vin, {"data": said_data(clock, on=on)})
        if account.alarm.waiting:
            account.alarm.ring()
        fetch = await account.source.fetch()
        assert len(fetch.vehicles) == 3
        assert len(account.access.ledger.calls) <= LIMIT - RESERVE
    for _ in range(account.access.ledger.calls_left):
        await account.source.refresh(I5)
    with pytest.raises(SlowDownError):
        await account.source.refresh(I5)
    assert len(account.access.ledger.calls) == LIMIT
    assert all(status != HTTPStatus.FORBIDDEN for _, status in asked(cloud))


def said_data(clock: Clock, *, on: bool) -> Json:
    at = clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {Key.IGNITION: {"timestamp": at, "value": on}, Key.IGNITION_TOO: {"timestamp": at, "value": on}}


async def test_a_burst_is_one_change_and_a_repeat_is_none(account: Account, clock: Clock) -> None:
    await account.source.fetch()
    clock.advance(minutes=1)
    for message in (said(clock, MILEAGE=90_000), said(clock, TRUNK=True), said(clock, LOCK="UNLOCKED")):
        account.source.take_message(I5, message)
    assert [seconds for seconds, _ in account.alarm.waiting] == [BURST_S]
    account.alarm.ring()
    assert [list(told) for told in account.told] == [[I5]]
    assert account.told[0][I5].odometer.mileage_km == 90_000
    assert account.told[0][I5].body.is_any_lid_open
    account.source.take_message(I5, said(clock, MILEAGE=90_000))
    assert not account.alarm.waiting
    assert (await account.source.fetch()).vehicles[I5] == account.told[0][I5]


@pytest.mark.parametrize("payload", [None, [], {}, {"data": 5}, {"data": {"vehicle.isMoving": 1}}, "x"])
async def test_junk_from_the_stream_is_nothing(account: Account, payload: Json) -> None:
    await account.source.fetch()
    account.source.take_message(I5, payload)
    account.source.take_message("WBA00000000OTHER1", said(Clock(), MILEAGE=1))
    assert not account.alarm.waiting
    assert not account.told


async def test_after_a_restart_all_is_known_and_read_once(
    account: Account, clock: Clock, restarted: Callable[[], Account]
) -> None:
    before = (await account.source.fetch()).vehicles
    account.source.take_message(I5, said(clock, HOOD="OPEN"))
    await account.source.close()
    again = restarted()
    known = (await again.source.fetch()).vehicles
    assert known.keys() == before.keys()
    assert known[I5].body.is_any_lid_open
    assert len(again.access.ledger.calls) == 12  # it was read only just now
    clock.advance(minutes=31)
    await again.source.fetch()
    assert again.reasons()[12:] == [Reason.RESTART] * 3
    clock.advance(minutes=31)
    await again.source.fetch()
    assert len(again.reasons()) == 15


async def test_what_may_have_been_missed_is_asked_for(account: Account, clock: Clock) -> None:
    await account.source.fetch()
    account.source.stream_has_come()
    clock.advance(hours=2)
    account.source.stream_has_gone()
    clock.advance(seconds=30)
    account.source.stream_has_come()  # as every hour
    await account.source.fetch()
    assert len(account.reasons()) == 12
    account.source.stream_has_gone()
    clock.advance(minutes=20)
    account.source.stream_has_come()
    await account.source.fetch()
    assert account.reasons()[12:] == [Reason.STREAM_WAS_AWAY] * 3


async def test_a_charge_that_should_be_over_is_looked_after(account: Account, clock: Clock) -> None:
    await account.source.fetch()
    account.source.stream_has_come()
    clock.advance(minutes=40)
    account.source.take_message(
        I5, said(clock, CHARGING_STATUS="CHARGINGACTIVE", MINUTES_LEFT=50, PORT_STATUS="CONNECTED")
    )
    account.alarm.ring()
    clock.advance(minutes=59)
    await account.source.fetch()
    assert len(account.reasons()) == 12
    clock.advance(minutes=2)
    await account.source.fetch()
    assert account.reasons()[12:] == [Reason.CHARGE_ENDED]


async def test_a_trip_that_ended_is_followed_by_a_look(account: Account, clock: Clock) -> None:
    await account.source.fetch()
    account.source.stream_has_come()
    for on in (True, False):
        clock.advance(minutes=20)
        account.source.take_message(I5, said(clock, IGNITION=on, IGNITION_TOO=on))
        account.alarm.ring()
    await account.source.fetch()
    assert account.reasons()[12:] == [Reason.TRIP_ENDED]
    clock.advance(hours=1)
    await account.source.fetch()
    assert len(account.reasons()) == 13


async def test_trips_leave_calls_for_a_charge_of_which_nobody_said_that_it_ended(
    account: Account, clock: Clock
) -> None:
    """A busy day: the calls that trips would use up are those that the end of a charge needs."""
    await account.source.fetch()
    account.source.stream_has_come()
    for turn in range(60):
        clock.advance(minutes=16)
        for vin in account.source._cars.by_vin:
            account.source.take_message(vin, {"data": said_data(clock, on=turn % 2 == 0)})
        account.alarm.ring()
        await account.source.fetch()
    assert account.access.ledger.calls_left == LEFT_FOR_BETTER[Reason.TRIP_ENDED]
    charging = said(clock, CHARGING_STATUS="CHARGINGACTIVE", MINUTES_LEFT=50, PORT_STATUS="CONNECTED")
    account.source.take_message(I5, charging)
    account.alarm.ring()
    clock.advance(minutes=61)
    await account.source.fetch()
    assert account.reasons()[-1] is Reason.CHARGE_ENDED


async def test_what_was_told_before_the_stream_went_away_is_good_for_a_while(account: Account, clock: Clock) -> None:
    await account.source.fetch()
    account.source.stream_has_come()
    clock.advance(hours=12)
    account.source.stream_has_gone()
    pause = timedelta(days=1) * 3 / CALLS_WITHOUT_STREAM
    clock.now += pause - timedelta(minutes=1)
    await account.source.fetch()
    assert len(account.reasons()) == 12
    clock.advance(minutes=1)
    await account.source.fetch()
    assert account.reasons()[12:] == [Reason.NO_STREAM] * 3


async def test_a_car_that_cannot_be_read_keeps_what_is_known_for_a_day(
    account: Account, clock: Clock, cloud: Simulator
) -> None:
    await account.source.fetch()
    cloud.cardata.customer().secondary.add(I5)
    account.source._cars.looked_at = NOW + timedelta(days=9)  # that it has a new owner is not noticed yet
    clock.advance(hours=4)
    assert I5 in (await account.source.fetch()).vehicles
    with pytest.raises(NotAllowedError):
        await account.source.refresh(I5)
    clock.advance(hours=21)
    fetch = await account.source.fetch()
    assert list(fetch.failures) == [I5]
    assert I5 not in fetch.vehicles
    await account.source.fetch(look_for_cars=True)
    assert I5 not in (await account.source.fetch()).failures
    with pytest.raises(TryLaterError):
        await account.source.refresh(I5)


async def test_a_set_up_that_fails_is_not_tried_every_few_seconds(
    account: Account, clock: Clock, restarted: Callable[[], Account], cloud: Simulator
) -> None:
    cloud.cardata.customer().subscribed.clear()
    with pytest.raises(NotAllowedError):
        await account.source.fetch()
    for _ in range(5):
        clock.advance(seconds=30)
        with pytest.raises(TryLaterError):
            await restarted().source.fetch()
    assert len(asked(cloud)) == 1
    clock.advance(minutes=10)
    with pytest.raises(NotAllowedError):
        await restarted().source.fetch()


async def test_tires_that_cannot_be_read_are_left_for_tomorrow(account: Account, cloud: Simulator) -> None:
    cloud.faults.append(Fault(path="smartMaintenanceTyreDiagnosis", status=503))
    vehicles = (await account.source.fetch()).vehicles
    tires = vehicles[I5].tires
    assert tires
    assert tires.front_left
    assert tires.front_left.pressure_kpa
    assert tires.front_left.manufacturer is None


async def test_a_list_that_cannot_be_read_matters_only_if_no_car_is_known(
    account: Account, clock: Clock, cloud: Simulator
) -> None:
    fault = Fault(path="mappings", status=503)
    cloud.faults.append(fault)
    with pytest.raises(TryLaterError):
        await account.source.fetch()
    cloud.faults.clear()
    clock.advance(minutes=11)
    assert len((await account.source.fetch()).vehicles) == 3
    cloud.faults.append(fault)
    for _ in range(2):
        clock.advance(hours=24)
        assert len((await account.source.fetch()).vehicles) == 3
        assert len((await account.source.fetch()).vehicles) == 3  # ... and is not asked for again at once
    assert [path for path, status in asked(cloud) if status == HTTPStatus.SERVICE_UNAVAILABLE] == ["mappings"] * 3


async def test_an_account_without_cars_is_asked_again_only_later(
    account: Account, clock: Clock, cloud: Simulator
) -> None:
    cloud.cardata.customer().secondary.update(car.vin for car in cloud.garage)
    for _ in range(3):
        assert (await account.source.fetch()).vehicles == {}
    assert len(asked(cloud)) == 1
    clock.advance(minutes=31)
    cloud.cardata.customer().secondary.clear()
    assert len((await account.source.fetch()).vehicles) == 3


@pytest.mark.parametrize("path", ["basicData", "smartMaintenanceTyreDiagnosis", "mappings"])
async def test_an_owner_who_has_to_sign_in_again_is_told(account: Account, cloud: Simulator, path: str) -> None:
    cloud.faults.append(Fault(path=path, status=401, body={"exveErrorId": "CU-102"}))
    cloud.faults.append(Fault(path=TOKEN, status=400, body={"error": "invalid_grant"}))
    with pytest.raises(SignInRequiredError):
        await account.source.fetch()


async def test_a_car_that_was_never_read_is_not_taken_for_sold(account: Account, cloud: Simulator) -> None:
    cloud.faults.append(Fault(path=f"{I5}/basicData", status=503))
    fetch = await account.source.fetch()
    assert list(fetch.failures) == [I5]
    assert len(fetch.vehicles) == 2
    account.source.take_message(I5, said(account.clock, MILEAGE=90_000))
    account.alarm.ring()
    assert not account.told  # nobody knows yet what kind of car it is
    for _ in range(LIMIT - RESERVE - len(account.access.ledger.calls)):
        await account.access.ledger.book(Reason.OWNER)
    account.clock.advance(hours=1)
    assert list((await account.source.fetch()).failures) == [I5]


async def test_a_car_for_which_no_call_was_left_is_not_taken_for_sold(account: Account, cloud: Simulator) -> None:
    for _ in range(LIMIT - 3):
        await account.access.ledger.book(Reason.OWNER)
    fetch = await account.source.fetch()
    assert len(fetch.failures) == 3
    assert len(asked(cloud)) == 3


async def test_the_last_calls_go_to_the_cars_and_not_to_their_list(account: Account) -> None:
    await account.source.fetch()
    account.clock.advance(minutes=1)
    [first, *others] = account.source._cars.by_vin.values()
    await account.source.refresh(first.vin)
    for _ in range(account.access.ledger.calls_left - 2):
        await account.access.ledger.book(Reason.OWNER)
    account.clock.advance(minutes=1)
    await account.source.fetch(look_for_cars=True)
    assert {car.read_at for car in others} == {account.clock()}, "not the one that was read last"
    assert account.access.ledger.calls_left == 0
    with pytest.raises(SlowDownError):
        await account.source.fetch(look_for_cars=True)


async def test_recordings_tell_nobody_whose_car_it_is(account: Account) -> None:
    assert account.source.recordings(I5) is None
    vehicles = (await account.source.fetch()).vehicles
    place = vehicles[I5].location
    assert place
    text = json.dumps([account.source.recordings(), account.source.recordings(I5)])
    assert Key.SOC_HEADER in text
    for secret in (*vehicles, str(place.latitude), str(place.longitude)):
        assert secret not in text


async def test_cardata_asks_no_car_for_anything(account: Account) -> None:
    assert not account.source.takes_commands
    with pytest.raises(NotAllowedError):
        await account.source.execute(I5, Lock())


@pytest.mark.usefixtures("no_stream")
async def test_it_is_opened_from_an_owners_settings(
    cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper
) -> None:
    with pytest.raises(KeyError):
        open_account({}, {}, http=http, keep=keep, clock=clock)
    credentials = first_credentials(granted(cloud, clock))
    settings = {"client_id": cloud.cardata.customer().client_id}
    source = open_account(settings, credentials, http=http, keep=keep, clock=clock)
    assert source.poll_interval_min * 60 < LEAST_REST.total_seconds()
    assert len((await source.fetch()).vehicles) == 3
    clock.advance(minutes=1)
    source.take_message(I5, said(clock, MILEAGE=90_000))
    await source.close()  # nothing is lost on the way
    assert keep.kept[-1]["cars"]


async def test_a_car_that_was_never_read_is_not_shown_after_a_restart(
    account: Account, cloud: Simulator, restarted: Callable[[], Account]
) -> None:
    cloud.faults.append(Fault(path="telematicData", status=500))
    assert not (await account.source.fetch()).vehicles
    await account.source.close()
    again = restarted()
    fetch = await again.source.fetch()
    assert (fetch.vehicles, len(fetch.failures)) == ({}, 3)


async def test_what_a_car_is_is_asked_again_if_the_answer_did_not_say_it(
    account: Account, clock: Clock, cloud: Simulator
) -> None:
    cloud.faults.append(Fault(path="basicData", status=200, body={}, times=3))
    fetch = await account.source.fetch()
    assert {vehicle.identity.model for vehicle in fetch.vehicles.values()} == {None}
    cloud.faults[:] = [Fault(path="basicData", status=500)]
    clock.advance(hours=25)
    fetch = await account.source.fetch()
    assert not fetch.failures, "a car is shown without a name, rather than not at all"
    cloud.faults.clear()
    clock.advance(hours=25)
    fetch = await account.source.fetch()
    assert None not in {vehicle.identity.model for vehicle in fetch.vehicles.values()}
    asked_before = len(asked(cloud, "/customers/vehicles"))
    clock.advance(hours=25)
    await account.source.fetch()
    assert "basicData" not in {path for path, _ in asked(cloud, "/customers/vehicles")[asked_before:]}

"""An account as a source: real HTTP against the simulator, the stream put in by hand."""

from collections.abc import Callable
from itertools import count
import json
import logging
from typing import Final

import httpx
import pytest

from custom_components.mybmw.sources import (
    Check,
    Json,
    NotAllowedError,
    SignInRequiredError,
    Verdict,
)
from custom_components.mybmw.sources.cardata.auth import first_credentials
from custom_components.mybmw.sources.cardata.autopilot import LEAST_REST
from custom_components.mybmw.sources.cardata.keys import Key
from custom_components.mybmw.sources.cardata.source import BURST_S, open_account
from custom_components.mybmw.sources.loopback import LOOPBACK_CA, LOOPBACK_STREAM
from custom_components.mybmw.vehicle import DriveTrain, Lock
from tests.simulator import Simulator
from tests.simulator.faults import Fault

from .listener import I5, Account, said
from .rig import TOKEN, Clock, Keeper, asked, granted

OTHER: Final = "WBA00000000LIVE02"


@pytest.fixture
def no_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that nobody listens to: there is none at this address."""
    monkeypatch.setenv(LOOPBACK_STREAM, "127.0.0.1:1")
    monkeypatch.setenv(LOOPBACK_CA, "nowhere")


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


async def test_what_streams_while_a_car_is_written_down_is_not_taken_back(
    account: Account, clock: Clock, keep: Keeper
) -> None:
    """Whoever asked for the car would show it as it was before, until the next look."""
    await account.source.fetch()
    mileage = count(90_000)

    def burst() -> None:
        clock.advance(seconds=1)
        account.source.take_message(I5, said(clock, MILEAGE=next(mileage)))
        account.alarm.ring()

    keep.meanwhile = burst
    clock.advance(minutes=1)
    shown = await account.source.refresh(I5)
    assert account.told, "the stream has told of it meanwhile"
    assert shown == account.told[-1][I5]


async def test_a_listener_that_stumbles_keeps_nobody_from_finishing(
    account: Account, clock: Clock, keep: Keeper, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(_changed: object) -> None:
        raise RuntimeError(I5)

    await account.source.fetch()
    account.source.listen(stumble)
    clock.advance(minutes=1)
    account.source.take_message(I5, said(clock, MILEAGE=90_000))
    written = len(keep.kept)
    await account.source.close()
    assert len(keep.kept) == written + 1, "what was heard is written down"
    [error] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "Unexpected RuntimeError while telling of cars" in error.getMessage()
    assert I5 not in logging.Formatter().format(error)


async def test_whether_each_car_has_been_heard_is_counted_by_car(account: Account, clock: Clock) -> None:
    vins = list((await account.source.fetch()).vehicles)
    for vin in vins:
        assert account.source.checkup[Check.MESSAGE] is Verdict.PENDING
        account.source.take_message(vin, said(clock, MILEAGE=90_000))
    assert account.source.checkup[Check.MESSAGE] is Verdict.GOOD


@pytest.mark.parametrize("payload", [None, [], {}, {"data": 5}, {"data": {"vehicle.isMoving": 1}}, "x"])
async def test_junk_from_the_stream_is_nothing(account: Account, payload: Json) -> None:
    await account.source.fetch()
    account.source.take_message(I5, payload)
    account.source.take_message("WBA00000000OTHER1", said(Clock(), MILEAGE=1))
    assert not account.alarm.waiting
    assert not account.told


async def test_a_new_car_is_there_as_soon_as_it_streams(account: Account, clock: Clock, cloud: Simulator) -> None:
    others: Json = [{"vin": OTHER, "mappingType": "PRIMARY"}]
    cloud.faults.append(Fault(path="mappings", status=200, body=others, times=1))
    assert set((await account.source.fetch()).vehicles) == {OTHER}
    clock.advance(minutes=5)
    account.source.take_message(I5, said(clock, MILEAGE=90_000))
    assert I5 in (await account.source.fetch()).vehicles


async def test_a_car_of_somebody_else_that_streams_is_asked_for_once(
    account: Account, clock: Clock, cloud: Simulator
) -> None:
    await account.source.fetch()
    for _ in range(3):
        for vin in ("WBA00000000OTHER1", "nonsense"):
            account.source.take_message(vin, said(clock, MILEAGE=1))
            clock.advance(minutes=5)
            await account.source.fetch()
    assert [path for path, _ in asked(cloud)].count("mappings") == 2


@pytest.mark.parametrize("path", ["basicData", "smartMaintenanceTyreDiagnosis", "mappings"])
async def test_an_owner_who_has_to_sign_in_again_is_told(account: Account, cloud: Simulator, path: str) -> None:
    cloud.faults.append(Fault(path=path, status=401, body={"exveErrorId": "CU-102"}))
    cloud.faults.append(Fault(path=TOKEN, status=400, body={"error": "invalid_grant"}))
    with pytest.raises(SignInRequiredError):
        await account.source.fetch()


async def test_recordings_tell_nobody_whose_car_it_is(account: Account) -> None:
    assert account.source.recordings(I5) is None
    vehicles = (await account.source.fetch()).vehicles
    place = vehicles[I5].location
    assert place
    text = json.dumps([account.source.recordings(), account.source.recordings(I5)])
    assert Key.SOC_HEADER in text
    for secret in (*vehicles, str(place.latitude), str(place.longitude)):
        assert secret not in text


@pytest.mark.parametrize(
    ("descriptor", "value"),
    [
        ("vehicle.tomorrow.latitude", 48.177334),
        ("vehicle.tomorrow.whereabouts", "48.177334,11.556274"),
        ("vehicle.tomorrow.note", f"About {I5}"),
        ("vehicle.tomorrow.note", "owner@example.com"),
        ("vehicle.tomorrow.plate", "M-AB 1234"),
        ("vehicle.tomorrow.label", "M-AB 1234"),
        ("vehicle.tomorrow.label", "Schwabing"),
    ],
)
async def test_nobody_is_shown_what_a_descriptor_says_that_nobody_knows(
    account: Account, clock: Clock, descriptor: str, value: Json
) -> None:
    await account.source.fetch()
    clock.advance(minutes=1)
    at = f"{clock.now:%Y-%m-%dT%H:%M:%SZ}"
    said_too: Json = {descriptor: {"timestamp": at, "value": value}, "vehicle.tomorrow.power": {"value": 11}}
    account.source.take_message(I5, {"vin": I5, "timestamp": at, "data": said_too})
    account.alarm.ring()
    extras = account.told[0][I5].extras
    assert extras[descriptor].value == value
    assert extras[descriptor].is_personal is isinstance(value, str)
    assert not extras["vehicle.tomorrow.power"].is_personal
    shown = json.dumps(account.source.recordings(I5))
    assert descriptor in shown
    assert '{"value": 11, ' in shown
    assert [secret for secret in (I5, "48.177", "owner@", "1234", "Schwabing") if secret in shown] == []


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
    account: Account, cloud: Simulator, account_restarted: Callable[[], Account]
) -> None:
    cloud.faults.append(Fault(path="telematicData", status=500))
    assert not (await account.source.fetch()).vehicles
    await account.source.close()
    again = account_restarted()
    fetch = await again.source.fetch()
    assert (fetch.vehicles, len(fetch.failures)) == ({}, 3)

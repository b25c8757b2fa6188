"""A car that BMW does not tell of is asked about ever less often, and nothing else is lost by that."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
import json

import httpx
import pytest

from custom_components.mybmw.sources import Credentials, Json, NotAllowedError, SlowDownError, SourceError
from custom_components.mybmw.sources.cardata.auth import after_sign_in, first_credentials
from custom_components.mybmw.sources.cardata.autopilot import LEFT_FOR_BETTER
from custom_components.mybmw.sources.cardata.keys import Key
from custom_components.mybmw.sources.cardata.memory import Page
from custom_components.mybmw.sources.cardata.quota import LIMIT, RESERVE, WINDOW, Reason
from tests.simulator import Simulator
from tests.simulator.faults import Fault

from .listener import I5, Account, said
from .rig import TOKEN, Clock, Gate, Keeper, asked, granted


def deny(cloud: Simulator, question: str = "") -> None:
    """Have BMW tell nothing of a car, or nothing of one kind."""
    cloud.faults.append(Fault(path=f"{I5}/{question}", status=403, body={"exveErrorId": "CU-104"}))


async def tries(
    account: Account, cloud: Simulator, days: int, each_turn: Callable[[], object] = lambda: None
) -> list[float]:
    """Let days pass, and return after how many hours a car was asked about in vain."""
    hours, begin = [], account.clock.now
    while account.clock.now < begin + timedelta(days=days):
        each_turn()
        cloud.requests.clear()
        await account.source.fetch()
        if HTTPStatus.FORBIDDEN in dict.fromkeys(status for _, status in asked(cloud)):
            hours.append((account.clock.now - begin) / timedelta(hours=1))
        account.clock.advance(minutes=30)
    return hours


async def test_a_car_that_bmw_never_tells_of_is_tried_ever_less_often(account: Account, cloud: Simulator) -> None:

    def speak() -> None:
        for vin in account.source._cars.by_vin.keys() - {I5}:
            account.source.take_message(vin, said(account.clock, HOOD="OPEN"))

    deny(cloud)
    account.source.stream_has_come()
    assert await tries(account, cloud, 2, speak) == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert account.access.ledger.calls_left > LIMIT - 8, "the other two, which are read once a day, and the list"


async def test_nor_does_what_a_car_is_wished_for_make_it_spend_more(account: Account, cloud: Simulator) -> None:
    """It streams, so that each trip and each pause of the stream would be worth a call."""
    await account.source.fetch()
    deny(cloud)
    account.clock.advance(minutes=31)

    def wish() -> None:
        account.source._cars.by_vin[I5].wishes |= {Reason.STREAM_WAS_AWAY, Reason.TRIP_ENDED}

    account.source.stream_has_come()
    assert await tries(account, cloud, 1, wish) == [0, 0.5, 1.5, 3.5, 7.5, 15.5]
    assert account.source._cars.by_vin[I5].wishes == {Reason.STREAM_WAS_AWAY, Reason.TRIP_ENDED}


async def test_how_often_it_failed_is_known_after_a_restart_and_forgotten_after_a_success(
    account: Account, cloud: Simulator, account_restarted: Callable[[], Account]
) -> None:
    deny(cloud)
    assert await tries(account, cloud, 1) == [0, 0.5, 1.5, 3.5, 7.5, 15.5]
    await account.source.close()
    again = account_restarted()
    assert await tries(again, cloud, 1) == [7.5]
    with pytest.raises(NotAllowedError):
        await again.source.refresh(I5)
    cloud.faults.clear()
    await again.source.refresh(I5)
    deny(cloud)
    car = again.source._cars.by_vin[I5]
    again.source.stream_has_come()
    assert await tries(again, cloud, 1, lambda: car.wishes.add(Reason.STREAM_WAS_AWAY)) == [0.5, 1, 2, 4, 8, 16]


async def test_after_a_new_sign_in_all_is_tried_anew(
    account: Account, cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper
) -> None:
    """The owner may have switched on the API meanwhile, and made room for a container."""
    await account.source.fetch()
    customer = cloud.cardata.customer()
    customer.containers.clear()
    customer.most_descriptors = 15
    await tries(account, cloud, 2)
    await account.source.close()
    calls = account.access.ledger.calls
    customer.most_descriptors = None
    before = json.loads(json.dumps(keep.kept[-1]))
    again = Account(cloud, http, clock, keep, after_sign_in(before, first_credentials(granted(cloud, clock))))
    assert again.access.ledger.calls == calls
    await again.source.fetch()
    assert {car.read_at for car in again.source._cars.by_vin.values()} == {clock()}


@pytest.mark.parametrize("damage", [5, {"cars": 5}, {"cars": {I5: 5}}])
async def test_a_new_sign_in_after_damage(
    damage: Json, cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper
) -> None:
    damaged: Credentials = {Page.CARS: damage, Page.CONTAINER: damage}
    account = Account(cloud, http, clock, keep, after_sign_in(damaged, first_credentials(granted(cloud, clock))))
    assert len((await account.source.fetch()).vehicles) == 3


async def test_what_cost_no_call_makes_nobody_wait_longer(account: Account, cloud: Simulator) -> None:
    await account.source.fetch()
    cloud.cardata.customers.forget_access_tokens()
    account.clock.advance(hours=2)
    cloud.faults.append(Fault(path=TOKEN, status=503))
    for _ in range(6):
        account.clock.advance(hours=4)
        await account.source.fetch()
    cloud.faults.clear()
    account.clock.advance(minutes=30)
    await account.source.fetch()
    assert {car.read_at for car in account.source._cars.by_vin.values()} == {account.clock()}


async def test_a_daily_look_that_fails_is_not_left_for_tomorrow(
    account: Account, clock: Clock, cloud: Simulator
) -> None:
    await account.source.fetch()
    account.source.stream_has_come()
    clock.advance(hours=24)
    cloud.faults.append(Fault(path="telematicData", status=503, times=3))
    await account.source.fetch()
    clock.advance(minutes=30)
    await account.source.fetch()
    assert {car.read_at for car in account.source._cars.by_vin.values()} == {clock()}


async def test_what_is_wished_for_while_bmw_is_asked_is_asked_for_afterwards(
    account: Account, clock: Clock, cloud: Simulator
) -> None:
    await account.source.fetch()
    account.source.stream_has_come()
    account.source.take_message(I5, said(clock, IGNITION=True, IGNITION_TOO=True))
    account.alarm.ring()
    clock.advance(minutes=31)
    car = account.source._cars.by_vin[I5]
    car.wishes = {Reason.RESTART}
    gate = Gate()
    cloud.faults.append(Fault(path=f"{I5}/telematicData", after=gate, times=1))
    read = asyncio.create_task(account.source.refresh(I5))
    await gate.reached.wait()
    clock.advance(seconds=10)
    account.source.take_message(I5, said(clock, IGNITION=False, IGNITION_TOO=False))
    gate.set()
    await read
    assert car.wishes == {Reason.TRIP_ENDED}
    account.alarm.ring()
    assert car.wishes == {Reason.TRIP_ENDED}
    clock.advance(minutes=31)
    await account.source.refresh(I5)
    assert car.wishes == set()


async def test_that_a_trip_has_ended_is_not_asked_for_if_the_answer_tells_it(
    account: Account, clock: Clock, cloud: Simulator
) -> None:
    await account.source.fetch()
    account.source.stream_has_come()
    on: dict[str, Json] = {"value": "true", "unit": None, "timestamp": clock.now.isoformat()}
    account.source.take_message(I5, said(clock, IGNITION=True, IGNITION_TOO=True))
    account.alarm.ring()
    clock.advance(minutes=31)
    off: Json = {
        key: on | {"value": "false", "timestamp": clock.now.isoformat()}
        for key in map(str, (Key.IGNITION, Key.IGNITION_TOO))
    }
    cloud.faults.append(Fault(path=f"{I5}/telematicData", status=200, body={"telematicData": off}))
    vehicle = await account.source.refresh(I5)
    assert vehicle.motion
    assert vehicle.motion.is_ignition_on is False
    assert account.source._cars.by_vin[I5].wishes == set()


@pytest.mark.parametrize("left", [RESERVE, RESERVE + 3])
async def test_a_new_account_with_few_calls_left_says_until_when_and_spends_none_in_vain(
    account: Account, cloud: Simulator, left: int
) -> None:
    until = account.clock() + WINDOW
    for _ in range(LIMIT - left):
        await account.access.ledger.book(Reason.OWNER)
    account.clock.advance(minutes=1)
    for _ in range(3):
        account.clock.advance(hours=1)
        if left == RESERVE:
            with pytest.raises(SlowDownError) as raised:
                await account.source.fetch()
            troubles: list[SourceError] = [raised.value]
        else:
            troubles = [*(await account.source.fetch()).failures.values()]
            assert len(troubles) == 3
        assert {trouble.until for trouble in troubles if isinstance(trouble, SlowDownError)} == {until}
    assert asked(cloud) == [("mappings", 200)] * (left > RESERVE)
    account.clock.now = until
    assert len((await account.source.fetch()).vehicles) == 3


@pytest.mark.parametrize(("question", "code"), [("telematicData", "CU-503"), ("/customers/containers$", "CU-124")])
async def test_what_a_car_is_is_not_asked_again_while_its_state_cannot_be_read(
    account: Account, clock: Clock, cloud: Simulator, question: str, code: str
) -> None:
    cloud.faults.append(Fault(path=question, status=403, body={"exveErrorId": code}))
    for _ in range(48):
        assert len((await account.source.fetch()).failures) == 3
        clock.advance(hours=1)
    assert [path for path, _ in asked(cloud)].count("basicData") == 3
    if question != "telematicData":
        failures = [car.failures for car in account.source._cars.by_vin.values()]
        assert sum(failures) < 10, "that it is too soon for a container costs no call, and is no failure of a car"


@pytest.mark.parametrize(
    ("code", "hours"), [("CU-503", [0, 6, 18, 42, 66]), ("CU-126", [0, 24, 48])], ids=["failed", "refused"]
)
async def test_tires_that_could_not_be_read_are_not_left_for_tomorrow(
    account: Account, cloud: Simulator, account_restarted: Callable[[], Account], code: str, hours: list[int]
) -> None:
    cloud.faults.append(Fault(path=f"{I5}/smart", status=403, body={"exveErrorId": code}))
    account.source.stream_has_come()
    asked_at: list[int] = []
    for hour in range(72):
        before = cloud.faults[0].struck
        await account.source.fetch()
        asked_at += [hour] * (cloud.faults[0].struck - before)
        if hour == 3:
            await account.source.close()
            account = account_restarted()
            account.source._cars.by_vin[I5].wishes.clear()
            account.source.stream_has_come()
        account.clock.advance(hours=1)
    assert asked_at == hours


async def test_an_owner_who_looks_often_has_the_tires_read_all_the_same(account: Account, clock: Clock) -> None:
    await account.source.fetch()
    account.source.stream_has_come()
    car = account.source._cars.by_vin[I5]
    for _ in range(10):
        clock.advance(hours=12)
        await account.source.refresh(I5)
        assert car.tires_at
        assert clock() < car.tires_at + timedelta(days=1)


async def test_the_calls_that_are_kept_back_for_an_owner_are_not_spent_on_tires(account: Account, clock: Clock) -> None:
    await account.source.fetch()
    clock.advance(hours=24)
    for _ in range(account.access.ledger.calls_left - RESERVE):
        await account.access.ledger.book(Reason.OWNER)
    await account.source.refresh(I5)
    assert account.access.ledger.calls_left == RESERVE - 1


async def test_tires_for_which_no_call_was_left_are_read_as_soon_as_there_is_one(
    account: Account, clock: Clock
) -> None:
    for _ in range(LIMIT - RESERVE - 5):
        await account.access.ledger.book(Reason.OWNER)
    clock.advance(hours=20)
    [car] = [account.source._cars.by_vin[vin] for vin in (await account.source.fetch()).vehicles]
    clock.now += WINDOW - timedelta(hours=20)
    await account.source.fetch()
    assert car.tires_at == clock()


async def test_a_car_that_was_never_read_leaves_calls_for_better(account: Account, cloud: Simulator) -> None:
    cloud.faults.append(Fault(path="telematicData", status=503))
    await account.source.fetch()
    ledger, most = account.access.ledger, LEFT_FOR_BETTER[Reason.SET_UP]
    for _ in range(ledger.calls_left - most):
        await ledger.book(Reason.OWNER)
    account.clock.advance(hours=1)
    await account.source.fetch()
    assert ledger.calls_left == most


async def test_a_clock_that_is_set_back_keeps_no_car_waiting(account: Account, clock: Clock, cloud: Simulator) -> None:
    """A car was asked about, and heard of, at moments that are still to come."""
    await account.source.fetch()
    cloud.faults.append(Fault(path="telematicData", status=503))
    clock.advance(days=10)
    await account.source.fetch()
    account.source.take_message(I5, said(clock, MILEAGE=90_000))
    clock.advance(days=-10, hours=2)
    await account.source.fetch()
    clock.advance(hours=3)
    before = cloud.faults[0].struck
    await account.source.fetch()
    assert cloud.faults[0].struck == before + 3
    clock.advance(hours=24)
    assert I5 in (await account.source.fetch()).failures


async def test_a_clock_that_is_set_back_does_not_hide_that_nothing_streams(account: Account, clock: Clock) -> None:
    await account.source.fetch()
    clock.advance(hours=-20)
    for _ in range(6):
        clock.advance(hours=1)
        await account.source.fetch()
    assert Reason.NO_STREAM in account.reasons()

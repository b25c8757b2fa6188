"""What an account spends its calls on in a day: real HTTP against the simulator."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import pytest

from custom_components.mybmw.sources import (
    Json,
    NotAllowedError,
    SlowDownError,
    TryLaterError,
)
from custom_components.mybmw.sources.cardata.autopilot import CALLS_WITHOUT_STREAM, LEFT_FOR_BETTER
from custom_components.mybmw.sources.cardata.quota import LIMIT, RESERVE, Reason
from custom_components.mybmw.sources.cardata.roll_call import SECOND_LOOK
from tests.simulator import Simulator
from tests.simulator.faults import Fault

from .listener import I5, Account, said, said_data
from .rig import Clock, asked


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
    while account.access.ledger.calls_left:
        await account.source.refresh(I5)
    with pytest.raises(SlowDownError):
        await account.source.refresh(I5)
    assert len(account.access.ledger.calls) == LIMIT
    assert all(status != HTTPStatus.FORBIDDEN for _, status in asked(cloud))


async def test_after_a_restart_all_is_known_and_read_once(
    account: Account, clock: Clock, account_restarted: Callable[[], Account]
) -> None:
    before = (await account.source.fetch()).vehicles
    account.source.take_message(I5, said(clock, HOOD="OPEN"))
    await account.source.close()
    again = account_restarted()
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


async def test_the_rest_of_an_upload_that_was_broken_off_is_asked_for(account: Account, clock: Clock) -> None:
    await account.source.fetch()
    account.source.stream_has_come()
    clock.advance(hours=2)
    account.source.take_message(I5, said(clock, MILEAGE=90_000))
    account.source.stream_has_gone()  # before it came to what the lock is
    account.alarm.ring()
    clock.advance(seconds=30)
    account.source.stream_has_come()
    await account.source.fetch()
    assert account.reasons()[12:] == [Reason.STREAM_WAS_AWAY], "one car was broken off, the others were silent"


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


@pytest.mark.parametrize(
    ("said_last", "first_look"),
    [({"MINUTES_LEFT": 50}, 1), ({"CHARGING_POWER": 11_000}, 2)],
    ids=["estimated", "without an estimate"],
)
async def test_a_charge_of_which_nothing_new_is_ever_said_is_looked_after_ever_less_often(
    account: Account, clock: Clock, cloud: Simulator, said_last: dict[str, Json], first_look: int
) -> None:
    """Neither the car nor BMW says that it ended; the looks of the day tell in the end."""
    await account.source.fetch()
    account.source.stream_has_come()
    cloud.faults.append(Fault(path="telematicData", status=200, body={"telematicData": {}}))
    clock.advance(minutes=40)
    account.source.take_message(I5, said(clock, CHARGING_STATUS="CHARGINGACTIVE", **said_last))
    account.alarm.ring()
    hours: list[float] = []
    for hour in range(72):
        known = len(account.access.ledger.calls)
        await account.source.fetch()
        hours += [hour - first_look] * account.reasons()[known:].count(Reason.CHARGE_ENDED)
        clock.advance(hours=1)
    assert hours[:6] == [0, 1, 2, 4, 8, 16]
    assert len(hours) <= 8


@pytest.mark.parametrize(("interrupted_min", "first_look_min"), [(1, 60), (10, 140)])
async def test_a_charge_that_was_interrupted_is_looked_after(
    account: Account, clock: Clock, interrupted_min: int, first_look_min: int
) -> None:
    """A blip leaves the estimate alone; after more than that the car owes a new one, and may not give it."""
    await account.source.fetch()
    account.source.stream_has_come()
    clock.advance(minutes=40)
    account.source.take_message(I5, said(clock, CHARGING_STATUS="CHARGINGACTIVE", MINUTES_LEFT=50))
    for status, minutes in (("NOCHARGING", 10), ("CHARGINGACTIVE", interrupted_min)):
        clock.advance(minutes=minutes)
        account.source.take_message(I5, said(clock, CHARGING_STATUS=status))
    account.alarm.ring()
    clock.advance(minutes=first_look_min - interrupted_min - 11)
    await account.source.fetch()
    assert len(account.reasons()) == 12
    clock.advance(minutes=1)
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
    cloud.faults.append(Fault(path="mappings", status=503))  # that it has a new owner is not noticed yet
    clock.advance(hours=4)
    assert I5 in (await account.source.fetch()).vehicles
    with pytest.raises(NotAllowedError):
        await account.source.refresh(I5)
    clock.advance(hours=21)
    fetch = await account.source.fetch()
    assert list(fetch.failures) == [I5]
    assert I5 not in fetch.vehicles
    cloud.faults.clear()
    await account.source.fetch(look_for_cars=True)
    clock.now += SECOND_LOOK
    assert I5 not in (await account.source.fetch()).failures
    with pytest.raises(TryLaterError):
        await account.source.refresh(I5)


async def test_a_set_up_that_fails_is_not_tried_every_few_seconds(
    account: Account, clock: Clock, account_restarted: Callable[[], Account], cloud: Simulator
) -> None:
    cloud.cardata.customer().subscribed.clear()
    with pytest.raises(NotAllowedError):
        await account.source.fetch()
    for _ in range(5):
        clock.advance(seconds=30)
        with pytest.raises(TryLaterError):
            await account_restarted().source.fetch()
    assert len(asked(cloud)) == 1
    clock.advance(minutes=10)
    with pytest.raises(NotAllowedError):
        await account_restarted().source.fetch()


async def test_without_its_tires_a_car_is_shown(account: Account, cloud: Simulator) -> None:
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


async def test_a_car_that_was_never_read_is_not_taken_for_sold(account: Account, cloud: Simulator) -> None:
    cloud.faults.append(Fault(path=I5, status=503))
    fetch = await account.source.fetch()
    assert list(fetch.failures) == [I5]
    assert len(fetch.vehicles) == 2
    for _ in range(LIMIT - RESERVE - len(account.access.ledger.calls)):
        await account.access.ledger.book(Reason.OWNER)
    account.clock.advance(hours=1)
    assert list((await account.source.fetch()).failures) == [I5]


async def test_a_car_for_which_no_call_was_left_is_not_taken_for_sold(account: Account, cloud: Simulator) -> None:
    for _ in range(LIMIT - RESERVE - 7):
        await account.access.ledger.book(Reason.OWNER)
    fetch = await account.source.fetch()
    assert (len(fetch.failures), len(fetch.vehicles)) == (2, 1)
    assert len(asked(cloud)) == 1 + 4 + 1, "the list, all about one car, and its tires"


async def test_the_last_calls_go_to_the_cars_and_not_to_their_list(account: Account) -> None:
    await account.source.fetch()
    account.clock.advance(minutes=1)
    [first, *others] = account.source._cars.by_vin.values()
    await account.source.refresh(first.vin)
    for _ in range(account.access.ledger.calls_left - 2):
        await account.access.ledger.book(Reason.OWNER)
    account.clock.advance(minutes=1)
    assert isinstance((await account.source.fetch(look_for_cars=True)).shortfall, SlowDownError), "of the third"
    assert {car.read_at for car in others} == {account.clock()}, "not the one that was read last"
    assert account.access.ledger.calls_left == 0
    fetch = await account.source.fetch(look_for_cars=True)
    assert isinstance(fetch.shortfall, SlowDownError)
    assert len(fetch.vehicles) == 3


async def test_who_has_calls_for_the_cars_alone_has_got_what_they_wanted(account: Account, cloud: Simulator) -> None:
    await account.source.fetch()
    account.clock.advance(minutes=1)
    for _ in range(account.access.ledger.calls_left - 3):
        await account.access.ledger.book(Reason.OWNER)
    account.clock.advance(minutes=1)
    assert (await account.source.fetch(look_for_cars=True)).shortfall is None
    assert [path for path, _ in asked(cloud)[-3:]] == ["telematicData"] * 3
    assert account.access.ledger.calls_left == 0


@pytest.mark.parametrize(("question", "unread"), [("mappings", set()), ("telematicData", {I5})], ids=["list", "car"])
async def test_an_owner_is_told_what_could_not_be_read_and_all_else_is_read(
    account: Account, clock: Clock, cloud: Simulator, question: str, unread: set[str]
) -> None:
    assert (await account.source.fetch()).shortfall is None
    account.source.stream_has_come()
    clock.advance(hours=1)
    assert (await account.source.fetch(look_for_cars=True)).shortfall is None
    cloud.faults.append(Fault(path=f"({'|'.join(unread)})/{question}", status=503))
    before = len(asked(cloud))
    clock.advance(hours=1)
    fetch = await account.source.fetch(look_for_cars=True)
    assert isinstance(fetch.shortfall, TryLaterError)
    assert (len(fetch.vehicles), len(fetch.failures)) == (3, 0), "what is known stands"
    assert len(asked(cloud)) == before + 4, "the list and each of the cars"
    read = {car.vin for car in account.source._cars.by_vin.values() if car.read_at == clock()}
    assert read == fetch.vehicles.keys() - unread
    clock.advance(hours=1)
    assert (await account.source.fetch()).shortfall is None, "nobody has asked for anything"


async def test_a_car_that_is_not_shown_is_no_shortfall(account: Account, cloud: Simulator) -> None:
    """It is seen to be missing; to say it each time would be all that the owner is ever told."""
    cloud.faults.append(Fault(path=I5, status=403, body={"exveErrorId": "CU-104"}))
    fetch = await account.source.fetch(look_for_cars=True)
    assert list(fetch.failures) == [I5]
    assert fetch.shortfall is None

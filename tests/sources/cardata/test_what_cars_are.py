"""What a car is: asked once, again if that failed or was not said, and not waited for."""

from collections.abc import Callable

import pytest

from custom_components.mybmw.sources import TryLaterError
from custom_components.mybmw.sources.cardata.quota import LIMIT, RESERVE, WINDOW, Reason
from custom_components.mybmw.vehicle import DriveTrain
from tests.simulator import Simulator
from tests.simulator.faults import Fault

from .listener import I5, Account, said
from .rig import Clock, asked


async def test_a_car_that_was_never_read_is_shown_when_it_speaks(
    account: Account, clock: Clock, cloud: Simulator, account_restarted: Callable[[], Account]
) -> None:
    cloud.faults.append(Fault(path=I5, status=403, body={"exveErrorId": "CU-104"}))
    await account.source.fetch()
    account.source.take_message(I5, said(clock, MILEAGE=90_000, SOC_HEADER=50))
    account.alarm.ring()
    shown = account.told[0][I5]
    assert (shown.odometer.mileage_km, shown.identity.model) == (90_000, None)
    assert shown.identity.drive_train is DriveTrain.ELECTRIC, "as nothing else tells how far it is charged"
    fetch = await account.source.fetch()
    assert (fetch.failures, fetch.vehicles[I5]) == ({}, shown)
    await account.source.close()
    assert (await account_restarted().source.fetch()).vehicles[I5] == shown


async def test_a_car_is_not_shown_before_bmw_was_asked_what_it_is(account: Account, clock: Clock) -> None:
    """Its first name is in the ids of its entities for good, and when there is a call for it is known."""
    for _ in range(LIMIT - RESERVE - 1):
        await account.access.ledger.book(Reason.OWNER)
    assert len((await account.source.fetch()).failures) == 3
    account.source.take_message(I5, said(clock, MILEAGE=90_000))
    account.alarm.ring()
    assert not account.told
    clock.now += WINDOW
    assert (await account.source.fetch()).vehicles[I5].identity.model


@pytest.mark.parametrize("question", ["basicData", "basicData|telematicData"])
async def test_a_car_that_is_added_during_an_outage_is_shown_by_its_name(
    account: Account, clock: Clock, cloud: Simulator, question: str
) -> None:
    cloud.faults.append(Fault(path=f"{I5}/({question})", status=500, times=question.count("|") + 1))
    assert I5 not in (await account.source.fetch()).vehicles
    account.source.take_message(I5, said(clock, MILEAGE=90_000))
    account.alarm.ring()
    assert not account.told
    clock.advance(minutes=30)
    assert (await account.source.fetch()).vehicles[I5].identity.model


async def test_an_outage_that_lasts_keeps_no_car_from_being_shown(
    account: Account, clock: Clock, cloud: Simulator
) -> None:
    cloud.faults.append(Fault(path=I5, status=503))
    account.source.take_message(I5, said(clock, MILEAGE=90_000))
    for _ in range(4):
        fetch = await account.source.fetch()
        account.source.take_message(I5, said(clock, MILEAGE=90_000))
        clock.advance(minutes=30)
    assert fetch.vehicles[I5].odometer.mileage_km == 90_000


async def test_a_car_that_is_shown_without_a_name_stays_so_in_an_outage(
    account: Account, clock: Clock, cloud: Simulator
) -> None:
    for status, code in ((403, "CU-104"), (500, "CU-500")):
        cloud.faults[:] = [Fault(path=f"{I5}/basicData", status=status, body={"exveErrorId": code})]
        fetch = await account.source.fetch()
        assert fetch.vehicles[I5].fetched_at == clock().replace(microsecond=0)
        clock.advance(hours=25)


@pytest.mark.parametrize(("code", "calls"), [("CU-104", [7, 2, 2]), ("CU-503", [12, 2, 2])], ids=["refused", "failed"])
async def test_a_car_that_bmw_never_tells_of_costs_few_calls(
    account: Account, clock: Clock, cloud: Simulator, code: str, calls: list[int]
) -> None:
    cloud.faults.append(fault := Fault(path=I5, status=403, body={"exveErrorId": code}))
    spent = []
    for _ in calls:
        before = fault.struck
        for _ in range(48):
            await account.source.fetch()
            clock.advance(minutes=30)
        spent.append(fault.struck - before)
    assert spent == calls


async def test_an_owner_is_told_that_a_car_has_no_name_yet(account: Account, cloud: Simulator) -> None:
    cloud.faults.append(Fault(path=f"{I5}/basicData", status=500))
    await account.source.fetch()
    with pytest.raises(TryLaterError):
        await account.source.refresh(I5)
    assert (await account.source.refresh(I5)).identity.model is None, "after the third time in vain"


async def test_the_last_call_is_for_the_state_of_a_car(account: Account, clock: Clock, cloud: Simulator) -> None:
    """What it is can wait."""
    cloud.faults.append(Fault(path=f"{I5}/basicData", status=403, body={"exveErrorId": "CU-104"}))
    await account.source.fetch()
    while account.access.ledger.calls_left > 1:
        await account.access.ledger.book(Reason.OWNER)
    clock.advance(minutes=5)
    assert (await account.source.refresh(I5)).fetched_at == clock().replace(microsecond=0)
    assert asked(cloud)[-1][0] == "telematicData"


async def test_what_a_car_is_is_asked_again_soon_if_that_failed(
    account: Account, clock: Clock, cloud: Simulator
) -> None:
    """Without it a car has no name, and maybe no tank; for it alone the car is not read again."""
    fault = Fault(path=f"{I5}/basicData", status=500)
    cloud.faults.append(fault)
    account.source.stream_has_come()
    asked_after, read = [], 0
    for half_hours in range(40):
        before = fault.struck
        fetch = await account.source.fetch()
        assert (I5 in fetch.vehicles) is (half_hours >= 3), "not before the third try"
        asked_after += [half_hours / 2] * (fault.struck - before)
        read += account.source._cars.by_vin[I5].read_at == clock()
        clock.advance(minutes=30)
    assert asked_after == [0, 0.5, 1.5, 3.5, 7.5, 15.5]
    assert read == 1
    await account.source.refresh(I5)
    assert fault.struck == 7, "its owner does not wait"
    cloud.faults.clear()
    clock.advance(days=1)
    assert (await account.source.fetch()).vehicles[I5].identity.model


async def test_what_a_car_is_is_asked_again_if_the_answer_did_not_say_it(
    account: Account, clock: Clock, cloud: Simulator
) -> None:
    cloud.faults.append(Fault(path="basicData", status=200, body={}, times=3))
    fetch = await account.source.fetch()
    assert {vehicle.identity.model for vehicle in fetch.vehicles.values()} == {None}
    for status, code in ((500, "CU-500"), (404, "CU-126"), (403, "CU-104")):
        cloud.faults[:] = [Fault(path="basicData", status=status, body={"exveErrorId": code})]
        clock.advance(hours=25)
        fetch = await account.source.fetch()
        assert {car.read_at for car in account.source._cars.by_vin.values()} == {clock()}
        assert not fetch.failures, "a car is shown without a name, rather than not at all"
    cloud.faults.clear()
    clock.advance(hours=25)
    fetch = await account.source.fetch()
    assert None not in {vehicle.identity.model for vehicle in fetch.vehicles.values()}
    asked_before = len(asked(cloud, "/customers/vehicles"))
    clock.advance(hours=25)
    await account.source.fetch()
    assert "basicData" not in {path for path, _ in asked(cloud, "/customers/vehicles")[asked_before:]}

"""A car that does not stream beside others that do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.cardata.autopilot import CALLS_WITHOUT_STREAM
from custom_components.mybmw.sources.cardata.cars import Car
from custom_components.mybmw.sources.cardata.keys import Key
from tests.simulator import Simulator
from tests.simulator.faults import Fault

from .listener import I5, Account, said
from .rig import Clock

X1: Final = "WBA00000000LIVE02"
SPREAD: Final = timedelta(days=1) * 3 / CALLS_WITHOUT_STREAM
"""How long a car is left alone that does not stream, as one of three."""


def driven(clock: Clock, mileage_km: int) -> dict[str, Json]:
    """What BMW knows of a car that has come so far."""
    at = f"{clock():%Y-%m-%dT%H:%M:%S.000Z}"
    return {"telematicData": {Key.MILEAGE: {"value": str(mileage_km), "unit": "km", "timestamp": at}}}


async def reads(account: Account, car: Car, hours: float) -> list[float]:
    """Let time pass in which the other car speaks, and return after how many hours a car was read."""
    begin, at = account.clock(), []
    while (passed := account.clock() - begin) < timedelta(hours=hours):
        account.clock.advance(minutes=12)
        account.source.take_message(I5, said(account.clock, MILEAGE=90_000 + passed // timedelta(minutes=12)))
        account.alarm.ring()
        await account.source.fetch()
        if car.read_at == account.clock():
            at.append((account.clock() - begin) / timedelta(hours=1))
    return at


@pytest.fixture
async def car(account: Account) -> Car:
    """One of three cars, of which another streams."""
    await account.source.fetch()
    account.source.stream_has_come()
    return account.source._cars.by_vin[X1]


async def test_a_car_that_was_driven_without_a_word_is_read_as_if_nothing_streamed(
    account: Account, clock: Clock, cloud: Simulator, car: Car, account_restarted: Callable[[], Account]
) -> None:
    """A motorcycle, or a car of which nothing is selected in the portal."""
    cloud.faults.append(Fault(path=f"{X1}/telematicData", status=200, body=driven(clock, 200_000)))
    clock.advance(hours=1)
    a_day = SPREAD / timedelta(hours=1)
    assert (await reads(account, car, 24 + 3 * a_day)) == [23, *(pytest.approx(23 + n * a_day) for n in range(1, 4))]
    await account.source.close()
    again = account_restarted().source._cars.by_vin[X1]
    assert again.mute_since(clock())


async def test_one_that_is_parked_is_read_once_a_day(
    account: Account, clock: Clock, cloud: Simulator, car: Car
) -> None:
    assert car.vehicle
    mileage_km = car.vehicle.odometer.mileage_km or 0
    cloud.faults.append(Fault(path=f"{X1}/telematicData", status=200, body=driven(clock, mileage_km)))
    assert await reads(account, car, 50) == [24, 48]


async def test_one_that_is_parked_for_a_day_is_left_alone_again(
    account: Account, clock: Clock, cloud: Simulator, car: Car
) -> None:
    car.driven_unheard_at = clock()
    cloud.faults.append(Fault(path=f"{X1}/telematicData", status=200, body=driven(clock, 1)))
    at = await reads(account, car, 60)
    assert len([hours for hours in at if hours < 24]) == 9
    assert len([hours for hours in at if hours > 24]) == 1


async def test_one_that_speaks_is_not_mute(account: Account, clock: Clock, car: Car) -> None:
    car.driven_unheard_at = clock()
    account.source.take_message(X1, said(clock, HOOD="OPEN"))
    assert car.mute_since(clock()) is None


@pytest.mark.parametrize("listens", [False, True], ids=["nobody listened", "it was heard"])
async def test_one_that_was_driven_while_nobody_could_hear_it_is_not_mute(
    account: Account, clock: Clock, cloud: Simulator, car: Car, *, listens: bool
) -> None:
    clock.advance(hours=1)
    if listens:
        account.source.take_message(X1, said(clock, HOOD="OPEN"))
    else:
        account.source.stream_has_gone()
        clock.advance(hours=1)
        account.source.stream_has_come()
    cloud.faults.append(Fault(path=f"{X1}/telematicData", status=200, body=driven(clock, 200_000)))
    await account.source.refresh(X1)
    assert car.vehicle
    assert car.vehicle.odometer.mileage_km == 200_000
    assert car.mute_since(clock()) is None

"""Which cars an account has: how often BMW is asked, and what becomes of a car that is missing in an answer."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest

from custom_components.mybmw.sources import (
    Check,
    Json,
    NotAllowedError,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
    Verdict,
)
from custom_components.mybmw.sources.cardata.anew import TO_TRY_ANEW
from custom_components.mybmw.sources.cardata.cars import KEPT_MISSING, MOST_CARS, Cars
from custom_components.mybmw.sources.cardata.failures import Cause, FailedError
from custom_components.mybmw.sources.cardata.memory import Page
from custom_components.mybmw.sources.cardata.quota import Reason
from custom_components.mybmw.sources.cardata.roll_call import DAILY, SECOND_LOOK, RollCall
from tests.simulator import Simulator
from tests.simulator.faults import Fault

from .listener import I5, Account, said
from .questions import exve
from .rig import NOW, Clock, Rooms, asked

OTHERS: Final = ("WBA00000000LIVE02", "WBS00000000LIVE03")


def mapped(*vins: str, kind: str = "PRIMARY") -> list[Json]:
    """How BMW says which cars there are."""
    return [{"vin": vin, "mappedSince": "2026-01-05T09:15:00Z", "mappingType": kind} for vin in vins]


def times_asked(cloud: Simulator) -> int:
    return [path for path, _ in asked(cloud)].count("mappings")


async def known(account: Account) -> None:
    """Three cars that stream."""
    assert len((await account.source.fetch()).vehicles) == 3
    account.source.stream_has_come()


def drive(account: Account, clock: Clock) -> None:
    """Have a car say something that no question brings."""
    account.source.take_message(I5, said(clock, MILEAGE=90_000))
    account.alarm.ring()


NO_CAR: Final[tuple[list[Json], ...]] = (
    [],
    [None, 5, {"vin": "too short", "mappingType": "PRIMARY"}, {"mappingType": "PRIMARY"}],
    mapped(I5, *OTHERS, kind="SECONDARY"),
)


@pytest.mark.parametrize("answer", NO_CAR)
async def test_that_all_cars_are_gone_is_not_believed_the_first_time(
    account: Account,
    clock: Clock,
    cloud: Simulator,
    account_restarted: Callable[[], Account],
    answer: list[Json],
) -> None:
    await known(account)
    cloud.faults.append(Fault(path="mappings", status=200, body=answer))
    clock.advance(hours=24)
    assert len((await account.source.fetch()).vehicles) == 3
    assert account.source.checkup[Check.CARS] is Verdict.PENDING
    await account.source.close()
    again = account_restarted()
    clock.advance(hours=1)
    assert len((await again.source.fetch(look_for_cars=True)).vehicles) == 3, "nor because the owner asks so soon"
    clock.advance(hours=23)
    assert len((await again.source.fetch()).vehicles) == 3
    assert times_asked(cloud) == 3
    cloud.faults.clear()
    clock.advance(hours=1)
    assert len((await again.source.fetch()).vehicles) == 3
    assert times_asked(cloud) == 4
    assert again.source.checkup[Check.CARS] is Verdict.GOOD


async def test_that_all_cars_are_gone_is_believed_after_a_day_and_they_come_back_as_they_were(
    account: Account, clock: Clock, cloud: Simulator, account_restarted: Callable[[], Account]
) -> None:
    await known(account)
    cloud.faults.append(Fault(path="mappings", status=200, body=[], times=2))
    clock.advance(hours=24)
    await account.source.fetch()
    clock.advance(hours=24)
    drive(account, clock)
    cloud.faults.append(Fault(path="basicData|telematicData", status=503))
    fetch = await account.source.fetch()
    assert (fetch.vehicles, fetch.failures) == ({}, {})
    assert account.source.checkup[Check.CARS] is Verdict.BAD
    await account.source.close()
    again = account_restarted()
    clock.advance(minutes=31)
    fetch = await again.source.fetch()
    assert fetch.vehicles.keys() | fetch.failures.keys() == {I5, *OTHERS}
    assert fetch.vehicles[I5].odometer.mileage_km == 90_000


async def test_a_car_that_is_missing_once_stays_until_a_second_look(
    account: Account, clock: Clock, cloud: Simulator, account_restarted: Callable[[], Account]
) -> None:
    await known(account)
    cloud.faults.append(Fault(path="mappings", status=200, body=mapped(*OTHERS), times=2))
    clock.advance(hours=24)
    before = len(asked(cloud))
    assert set((await account.source.fetch()).vehicles) == {I5, *OTHERS}
    assert [path for path, _ in asked(cloud)[before:]].count("telematicData") == 2, "what is missing is not asked about"
    drive(account, clock)
    assert account.told[-1].keys() == {I5}
    await account.source.close()
    again = account_restarted()
    again.source.stream_has_come()
    clock.advance(minutes=10)
    assert set((await again.source.fetch(look_for_cars=True)).vehicles) == {I5, *OTHERS}, "it is too soon to be sure"
    clock.now += SECOND_LOOK - timedelta(minutes=11)
    await again.source.fetch()
    assert times_asked(cloud) == 3
    clock.advance(minutes=1)
    fetch = await again.source.fetch()
    assert times_asked(cloud) == 4
    assert (set(fetch.vehicles), fetch.failures) == ({I5, *OTHERS}, {})
    clock.advance(hours=23)
    await again.source.fetch()
    assert times_asked(cloud) == 4
    cloud.faults.append(Fault(path="mappings", status=200, body=mapped(*OTHERS), times=1))
    clock.advance(hours=1)
    assert set((await again.source.fetch()).vehicles) == {I5, *OTHERS}, "another day is another first time"
    assert times_asked(cloud) == 5


async def test_a_car_that_is_missing_again_leaves_and_comes_back_as_it_was(
    account: Account, clock: Clock, cloud: Simulator, account_restarted: Callable[[], Account]
) -> None:
    await known(account)
    clock.advance(hours=24)
    cloud.faults.append(Fault(path="mappings", status=200, body=mapped(*OTHERS), times=2))
    await account.source.fetch()
    clock.now += SECOND_LOOK
    drive(account, clock)
    fetch = await account.source.fetch()
    assert set(fetch.vehicles) == set(OTHERS)
    assert not fetch.failures
    await account.source.close()
    again = account_restarted()
    again.source.stream_has_come()
    clock.now += DAILY - timedelta(minutes=1)
    assert set((await again.source.fetch()).vehicles) == set(OTHERS)
    clock.advance(minutes=1)
    cloud.faults.append(Fault(path="basicData|telematicData", status=503))
    vehicles = (await again.source.fetch()).vehicles
    assert set(vehicles) == {I5, *OTHERS}
    assert vehicles[I5].odometer.mileage_km == 90_000
    assert vehicles[I5].identity.model
    assert again.reasons()[-1] is Reason.STREAM_WAS_AWAY, "what it said meanwhile is asked for"


async def test_a_car_that_stays_away_is_asked_for_daily_and_forgotten_after_a_week(
    account: Account, clock: Clock, cloud: Simulator, account_restarted: Callable[[], Account]
) -> None:
    await known(account)
    await account.source.close()
    cloud.faults.append(Fault(path="mappings", status=200, body=mapped(*OTHERS)))
    clock.advance(hours=24)
    again = account_restarted()
    gone_at = clock.now
    while clock.now < gone_at + KEPT_MISSING - timedelta(hours=2):
        await again.source.fetch()
        clock.advance(hours=2)
    await again.source.fetch()
    assert set(again.source._cars.missing) == {I5}
    assert times_asked(cloud) == 1 + 1 + 7, "at first, when it was missing, soon after and then daily"
    clock.advance(hours=2)
    await again.source.fetch()
    await again.source.close()
    cloud.faults.clear()
    clock.advance(hours=24)
    again = account_restarted()
    assert not again.source._cars.missing
    assert set((await again.source.fetch()).vehicles) == {I5, *OTHERS}


async def test_however_many_cars_come_and_go_few_are_remembered(rooms: Rooms, clock: Clock) -> None:
    cars = Cars(rooms.memory, clock)
    for turn in range(5):
        clock.advance(hours=2)
        cars.take_in({f"WBA00000000TRN{turn}{number:02}" for number in range(MOST_CARS)}, clock())
    assert (len(cars.by_vin), len(cars.missing)) == (MOST_CARS, MOST_CARS)
    assert {vin[-3] for vin in cars.missing} == {"3"}
    await cars.store()
    again = Cars(rooms.memory, clock)
    assert (again.by_vin.keys(), again.missing.keys()) == (cars.by_vin.keys(), cars.missing.keys())


REFUSALS: Final[tuple[tuple[int, Json], ...]] = (
    (403, exve("CU-103")),
    (403, exve("CU-104")),
    (400, exve("CU-400")),
    (400, "no"),
    (404, None),
)


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_that_bmw_will_not_say_which_cars_there_are_concerns_none_that_is_known(
    account: Account,
    clock: Clock,
    cloud: Simulator,
    account_restarted: Callable[[], Account],
    refusal: tuple[int, Json],
) -> None:
    status, body = refusal
    await known(account)
    cloud.faults.append(Fault(path="mappings", status=status, body=body))
    clock.advance(hours=24)
    for _ in range(24):
        fetch = await account.source.fetch()
        assert (len(fetch.vehicles), len(fetch.failures)) == (3, 0)
        clock.advance(minutes=59)
    assert times_asked(cloud) == 2
    is_scope = body == exve("CU-103")
    assert account.source.checkup[Check.API] is (Verdict.BAD if is_scope else Verdict.GOOD)
    assert account.source.checkup[Check.CARS] is Verdict.GOOD
    await account.source.close()
    again = account_restarted()
    assert len((await again.source.fetch()).vehicles) == 3
    assert times_asked(cloud) == 2, "nor after a restart"
    assert again.source.checkup[Check.API] is (Verdict.BAD if is_scope else Verdict.GOOD)
    clock.advance(hours=2)
    await again.source.fetch()
    assert times_asked(cloud) == 3
    cloud.faults.clear()
    clock.advance(hours=24)
    await again.source.fetch()
    assert again.source.checkup[Check.API] is Verdict.GOOD


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_an_owner_who_asks_is_told_so_and_the_account_is_not_refused(
    account: Account, clock: Clock, cloud: Simulator, refusal: tuple[int, Json]
) -> None:
    await known(account)
    cloud.faults.append(Fault(path="mappings", status=refusal[0], body=refusal[1]))
    clock.advance(minutes=10)
    fetch = await account.source.fetch(look_for_cars=True)
    assert isinstance(fetch.shortfall, SourceError)
    assert len(fetch.vehicles) == 3


async def test_without_a_known_car_a_refusal_is_one_of_the_account(account: Account, cloud: Simulator) -> None:
    cloud.faults.append(Fault(path="mappings", status=403, body=exve("CU-103")))
    with pytest.raises(NotAllowedError):
        await account.source.fetch()
    assert account.source.checkup[Check.API] is Verdict.BAD


async def test_a_list_that_fails_all_day_costs_few_calls(account: Account, clock: Clock, cloud: Simulator) -> None:
    await known(account)
    cloud.faults.append(Fault(path="mappings", status=503))
    clock.advance(hours=24)
    asked_at: list[int] = []
    for minute in range(0, 3 * 24 * 60, 5):
        before = times_asked(cloud)
        assert len((await account.source.fetch()).vehicles) == 3
        if times_asked(cloud) > before:
            asked_at.append(minute // 60)
        clock.advance(minutes=5)
    assert asked_at == [0, 1, 3, 7, 15, 31, 55]


async def test_an_account_without_a_car_is_asked_for_one_ever_less_often(
    account: Account, clock: Clock, cloud: Simulator
) -> None:
    """Each time costs a call that another tool on the account may need."""
    cloud.faults.append(Fault(path="mappings", status=200, body=[]))
    asked_at: list[int] = []
    for minute in range(0, 3 * 24 * 60, 5):
        before = times_asked(cloud)
        assert not (await account.source.fetch()).vehicles
        if times_asked(cloud) > before:
            asked_at.append(minute)
        clock.advance(minutes=5)
    assert asked_at == [0, 30, 60, 120, 240, 480, 960, 1920, 3360]
    cloud.faults.clear()
    assert len((await account.source.fetch(look_for_cars=True)).vehicles) == 3


async def test_an_account_that_cannot_be_begun_with_leaves_calls_to_others(
    account: Account, clock: Clock, cloud: Simulator
) -> None:
    cloud.faults.append(Fault(path="mappings", status=503))
    for _ in range(24 * 12):
        with pytest.raises(TryLaterError):
            await account.source.fetch()
        clock.advance(minutes=5)
    assert times_asked(cloud) == 21


@pytest.mark.parametrize(("status", "body"), [(403, exve("CU-103")), (200, [])])
async def test_who_signs_in_anew_is_told_the_cars_at_once(
    account: Account, clock: Clock, cloud: Simulator, status: int, body: Json
) -> None:
    """The owner may have switched on in the portal what BMW missed, or have become a car's primary user."""
    await known(account)
    cloud.faults.append(Fault(path="mappings", status=status, body=body))
    for _ in range(3):
        clock.advance(hours=24)
        await account.source.fetch()
    page = account.access.memory.read(Page.CARS)
    anew = RollCall.remembered(TO_TRY_ANEW[Page.CARS](page), clock())
    assert anew.is_due(clock())
    assert anew.refused_by is None
    assert not RollCall.remembered(page, clock()).is_due(clock())


async def test_who_has_to_sign_in_again_hears_so_after_a_restart_too(
    account: Account, clock: Clock, account_restarted: Callable[[], Account]
) -> None:
    clock.advance(days=31)
    for turn in (account, None):
        with pytest.raises(SignInRequiredError):
            await (turn or account_restarted()).source.fetch()


@pytest.mark.parametrize(
    ("err", "wait"),
    [
        (SlowDownError("No call is left", NOW + timedelta(hours=3)), timedelta(hours=3)),
        (SlowDownError("No call is left", NOW + timedelta(days=30)), DAILY),
        (SlowDownError("No call is left", NOW), timedelta(minutes=10)),
        (FailedError("Out of order", Cause.OUT_OF_ORDER), timedelta(hours=1)),
    ],
)
def test_when_to_ask_again(err: SourceError, wait: timedelta) -> None:
    roll_call = RollCall()
    roll_call.fail(err, NOW, has_cars=True)
    assert not roll_call.is_due(NOW + wait - timedelta(seconds=1))
    assert roll_call.is_due(NOW + wait)


def test_a_clock_that_was_ahead_keeps_nobody_waiting_for_long() -> None:
    roll_call = RollCall()
    roll_call.believes(set(), {I5}, NOW + timedelta(days=30))
    again = RollCall.remembered(roll_call.to_keep(), NOW)
    assert again.is_due(NOW + DAILY)
    assert again.believes(set(), {I5}, NOW + DAILY)


@pytest.mark.parametrize(
    "page", [{}, {"due_at": 5, "failures": "x", "none_since": [], "was_answered": {}, "refused_by": []}]
)
def test_what_cannot_be_read_of_it_is_asked_for_at_once(page: dict[str, Json]) -> None:
    roll_call = RollCall.remembered(page, NOW)
    assert roll_call.is_due(NOW)
    assert roll_call.has_failed
    assert RollCall.remembered({"failures": 10**9}, NOW).failures < 10

"""A whole account: charging details that get lost are those of before, for a while."""

import httpx
import pytest

from custom_components.mybmw.sources import Json, NotAllowedError, TryLaterError
from custom_components.mybmw.sources.mybmw.brands import ListBrand
from custom_components.mybmw.sources.mybmw.build import Answers, build_vehicle
from custom_components.mybmw.sources.mybmw.source import MyBmwSource
from custom_components.mybmw.vehicle import Vehicle
from tests.recorded import RECORDED_CARS

from .cloud import BLOCKED, CHARGING, FORBIDDEN, LIST, STATE, Clock, Cloud, Open, Reply

I20 = RECORDED_CARS["I20"]  # only its charging details tell whether it climatizes before departure

LOST = [httpx.Response(500), httpx.Response(200, json=[]), httpx.ReadTimeout("")]
DENIED = [httpx.Response(404), FORBIDDEN]


@pytest.fixture
def cloud() -> Cloud:
    """A cloud with one car."""
    return Cloud("I20")


def shown_with(charging: Json, clock: Clock) -> Vehicle:
    """What there is to show of the car with these charging details."""
    return build_vehicle(
        Answers(
            vin=I20.vin,
            brand=ListBrand.BMW,
            profile=I20.profile,
            state=I20.state,
            charging=charging,
            fetched_at=clock().replace(microsecond=0),
        )
    )


def climatizes(vehicle: Vehicle) -> bool | None:
    """Whether a car climatizes before departure."""
    return vehicle.charging_plan.is_pre_entry_climatization_on if vehicle.charging_plan else None


async def look(source: MyBmwSource, clock: Clock) -> tuple[Vehicle, list[str]]:
    """The car as it is shown five minutes later, and what is odd about its charging details."""
    clock.advance(minutes=5)
    fetch = await source.fetch()
    assert not fetch.failures
    vehicle = fetch.vehicles[I20.vin]
    assert all(oddity.path == "charging" for oddity in vehicle.oddities)
    return vehicle, [oddity.problem for oddity in vehicle.oddities]


@pytest.mark.parametrize("reply", [*LOST, *DENIED])
async def test_charging_details_that_do_not_come_are_those_of_before_for_three_rounds(
    reply: Reply, source: MyBmwSource, cloud: Cloud, clock: Clock
) -> None:
    assert climatizes((await look(source, clock))[0]) is False
    usual = cloud.replies[CHARGING]
    for _ in range(2):  # the count starts anew after each success
        cloud.replies[CHARGING] = reply
        for _ in range(3):
            vehicle, [problem] = await look(source, clock)
            assert vehicle == shown_with(I20.charging, clock)
            assert problem.startswith("BMW")
            assert problem.endswith("; the details of before are shown")
        cloud.replies[CHARGING] = usual
        assert await look(source, clock) == (shown_with(I20.charging, clock), [])
    cloud.replies[CHARGING] = reply
    for _ in range(3):
        await look(source, clock)
    for _ in range(2):
        vehicle, [problem] = await look(source, clock)
        assert vehicle == shown_with(None, clock)
        assert climatizes(vehicle) is None
        assert "before" not in problem
    cloud.replies[CHARGING] = usual
    assert await look(source, clock) == (shown_with(I20.charging, clock), [])


async def test_rounds_without_the_car_count(source: MyBmwSource, cloud: Cloud, clock: Clock) -> None:
    """A car that is back after it was unavailable brings nothing along that is as old as what was taken away."""
    await source.fetch()
    usual = cloud.replies[STATE]
    cloud.replies[STATE] = FORBIDDEN
    cloud.replies[CHARGING] = httpx.Response(500)
    for _ in range(3):
        clock.advance(minutes=5)
        assert (await source.fetch()).failures
    cloud.replies[STATE] = usual
    assert climatizes((await look(source, clock))[0]) is None


async def test_a_car_that_is_back_has_the_charging_details_that_came_meanwhile(
    source: MyBmwSource, cloud: Cloud, clock: Clock
) -> None:
    await source.fetch()
    usual = cloud.replies[STATE]
    cloud.replies[STATE] = httpx.Response(500)
    for _ in range(5):
        clock.advance(minutes=5)
        with pytest.raises(TryLaterError):
            await source.fetch()
    cloud.replies |= {STATE: usual, CHARGING: httpx.Response(404)}
    assert climatizes((await look(source, clock))[0]) is False


@pytest.mark.parametrize("path", [LIST, STATE, CHARGING])
@pytest.mark.parametrize("reply", [httpx.Response(404), httpx.Response(500)])
async def test_after_a_refusal_of_the_account_there_are_no_charging_details_of_before(
    path: str, reply: Reply, source: MyBmwSource, cloud: Cloud, clock: Clock
) -> None:
    """It may have lasted for days, and nothing else is shown as it was before."""
    await source.fetch()
    usual = dict(cloud.replies)
    cloud.replies[path] = BLOCKED
    clock.advance(hours=1)
    with pytest.raises(NotAllowedError):
        await source.fetch()
    cloud.replies |= {path: usual[path], CHARGING: reply}
    vehicle, [problem] = await look(source, clock)
    assert vehicle == shown_with(None, clock)
    assert "before" not in problem
    cloud.replies[CHARGING] = usual[CHARGING]
    assert await look(source, clock) == (shown_with(I20.charging, clock), [])


@pytest.mark.parametrize("reply", [httpx.Response(404), httpx.Response(500)])
async def test_a_car_that_is_looked_at_again_and_again_does_not_lose_its_charging_details_faster(
    reply: Reply, source: MyBmwSource, cloud: Cloud, clock: Clock
) -> None:
    """As it is after a command, or by an owner who cannot wait."""
    await source.fetch()
    cloud.replies[CHARGING] = reply
    for _ in range(6):
        clock.advance(seconds=20)
        assert climatizes(await source.refresh(I20.vin)) is False
    for _ in range(2):
        assert climatizes((await look(source, clock))[0]) is False
    assert climatizes((await look(source, clock))[0]) is None


@pytest.mark.parametrize("reply", [*LOST, httpx.Response(404)])
async def test_a_car_is_shown_without_charging_details_that_never_came(
    reply: Reply, open_source: Open, cloud: Cloud, clock: Clock
) -> None:
    source = open_source(cloud=cloud)
    cloud.replies[CHARGING] = reply
    vehicle, [problem] = await look(source, clock)
    assert vehicle == shown_with(None, clock)
    assert problem.startswith("BMW")
    assert "before" not in problem


@pytest.mark.parametrize("is_lost", [True, False])
async def test_a_car_that_tells_of_charging_no_more_shows_nothing_of_it(
    source: MyBmwSource, cloud: Cloud, clock: Clock, *, is_lost: bool
) -> None:
    await source.fetch()
    assert isinstance(I20.state, dict)
    usual = dict(cloud.replies)
    cloud.replies[STATE] = httpx.Response(200, json=I20.state | {"capabilities": {}})
    if is_lost:
        cloud.replies[CHARGING] = httpx.Response(500)
    vehicle, problems = await look(source, clock)
    assert climatizes(vehicle) is None
    assert not problems
    cloud.replies[STATE] = usual[STATE]
    vehicle, problems = await look(source, clock)
    assert climatizes(vehicle) is (None if is_lost else False)
    assert len(problems) == is_lost

"""The one container of ours: made, found again, replaced, reduced, mended; and nobody else's touched."""

import asyncio
from collections.abc import Callable
from typing import Final

import httpx
import pytest

from custom_components.mybmw.sources import NotAllowedError, SlowDownError, SourceError
from custom_components.mybmw.sources.cardata.catalogue import DESCRIPTORS
from custom_components.mybmw.sources.cardata.container import NAME, ContainerKeeper
from custom_components.mybmw.sources.cardata.container_contents import SHORTEST_LIST, purpose_of
from custom_components.mybmw.sources.cardata.container_status import MENDING_REST
from custom_components.mybmw.sources.cardata.failures import Cause, cause_of
from custom_components.mybmw.sources.cardata.memory import Page
from custom_components.mybmw.sources.cardata.quota import Reason
from tests.simulator import Fault, Simulator
from tests.simulator.cardata import Container
from tests.simulator.cardata_catalogue import CATALOGUE

from .rig import NOW, Clock, Keeper, Rooms, asked

VIN: Final = "WBA00000000LIVE01"
CONTAINERS: Final = "/customers/containers"


def active(rooms: Rooms) -> list[Container]:
    """The containers that BMW has of ours."""
    return [container for container in rooms.customer.containers if container.is_active]


def other(name: str = "somebody else's", purpose: str = "theirs", *, is_active: bool = True) -> Container:
    """A container that is none of ours."""
    return Container(name=name, purpose=purpose, descriptors=DESCRIPTORS, created=NOW, is_active=is_active)


async def read(rooms: Rooms, reason: Reason = Reason.OWNER) -> int:
    """Read a car, and return how much was read."""
    return len(await rooms.containers.telematic_data(VIN, reason))


async def failure(rooms: Rooms) -> SourceError:
    """What reading a car raises."""
    with pytest.raises(SourceError) as raised:
        await read(rooms)
    return raised.value


async def test_it_is_made_when_it_is_needed_first(rooms: Rooms, cloud: Simulator, keep: Keeper) -> None:
    assert await read(rooms) > 40
    (container,) = active(rooms)
    assert (container.name, container.purpose) == (NAME, purpose_of(DESCRIPTORS))
    assert container.descriptors == DESCRIPTORS
    assert asked(cloud) == [("containers", 200), ("containers", 201), ("telematicData", 200)]
    page = keep.kept[-2][Page.CONTAINER]
    assert isinstance(page, dict)
    assert page["id"] == container.container_id


async def test_it_costs_one_call_from_then_on_also_after_a_restart(
    rooms: Rooms, cloud: Simulator, restarted: Callable[[], Rooms]
) -> None:
    await read(rooms)
    cloud.requests.clear()
    await read(rooms)
    await read(restarted())
    assert asked(cloud) == [("telematicData", 200)] * 2


async def test_several_cars_at_once_make_one(rooms: Rooms, cloud: Simulator) -> None:
    vins = [car.vin for car in cloud.garage]
    await asyncio.gather(*(rooms.containers.telematic_data(vin, Reason.SET_UP) for vin in vins))
    assert len(rooms.customer.containers) == 1
    assert len(asked(cloud)) == 2 + len(vins)


async def test_one_that_was_forgotten_is_found_again(
    rooms: Rooms, cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper
) -> None:
    await read(rooms)
    cloud.requests.clear()
    await read(Rooms(cloud, http, clock, keep))
    assert asked(cloud) == [("containers", 200), ("telematicData", 200)]
    assert len(rooms.customer.containers) == 1


async def test_another_list_makes_another_container_and_clears_the_old_one_away(rooms: Rooms, cloud: Simulator) -> None:
    await read(rooms)
    shorter = ContainerKeeper(rooms.client, rooms.memory, rooms.clock, DESCRIPTORS[:40])
    cloud.requests.clear()
    assert await shorter.telematic_data(VIN, Reason.OWNER)
    (container,) = active(rooms)
    assert container.descriptors == DESCRIPTORS[:40]
    assert [path for path, _ in asked(cloud)][:2] == ["containers", "containers"]
    assert [one.method for one in cloud.requests] == ["GET", "POST", "DELETE", "GET"], "the new one first"


async def test_an_old_one_that_cannot_be_deleted_is_nobodys_trouble(rooms: Rooms, cloud: Simulator) -> None:
    await read(rooms)
    old = rooms.customer.containers[0].container_id
    cloud.faults.append(Fault(path=f"{CONTAINERS}/{old}", status=500))
    shorter = ContainerKeeper(rooms.client, rooms.memory, rooms.clock, DESCRIPTORS[:40])
    assert await shorter.telematic_data(VIN, Reason.OWNER)
    assert len(active(rooms)) == 2


def test_the_order_of_a_list_does_not_matter() -> None:
    assert purpose_of(DESCRIPTORS) == purpose_of(DESCRIPTORS[::-1]) != purpose_of(DESCRIPTORS[1:])


def test_there_is_nothing_on_the_list_that_bmw_does_not_know() -> None:
    assert set(DESCRIPTORS) <= CATALOGUE
    assert len(set(DESCRIPTORS)) == len(DESCRIPTORS) == 286


async def test_nobody_elses_is_touched(rooms: Rooms, cloud: Simulator) -> None:
    others = [other(), other(name=NAME, purpose="another version"), other(purpose=purpose_of(DESCRIPTORS))]
    others.append(other(NAME, purpose_of(DESCRIPTORS), is_active=False))
    rooms.customer.containers += others
    await read(rooms)
    await ContainerKeeper(rooms.client, rooms.memory, rooms.clock, DESCRIPTORS[:40]).container_id(Reason.OWNER)
    assert [container.is_active for container in others] == [True, True, True, False]
    deleted = [one.path.rpartition("/")[2] for one in cloud.requests if one.method == "DELETE"]
    assert len(deleted) == 1
    assert deleted[0] not in {container.container_id for container in others}


@pytest.mark.parametrize("most", [285, 143, 100, 71, 42, 35])
async def test_it_is_reduced_if_bmw_refuses_its_size(most: int, rooms: Rooms, keep: Keeper) -> None:
    rooms.customer.most_descriptors = most
    assert await read(rooms)
    (container,) = active(rooms)
    assert container.descriptors == DESCRIPTORS[: len(container.descriptors)]
    assert most // 2 < len(container.descriptors) <= most
    calls = len(rooms.ledger.calls)
    await read(rooms)
    assert len(rooms.ledger.calls) == calls + 1, "what was refused once is not tried again"
    assert keep.kept


async def test_a_reduced_one_is_found_again(
    rooms: Rooms, cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper
) -> None:
    rooms.customer.most_descriptors = 100
    await read(rooms)
    again = Rooms(cloud, http, clock, keep)
    await read(again)
    assert len(rooms.customer.containers) == 1


async def test_a_limit_below_all_reason_is_told(rooms: Rooms, cloud: Simulator) -> None:
    rooms.customer.most_descriptors = SHORTEST_LIST // 2
    assert cause_of(await failure(rooms)) is Cause.UNEXPLAINED
    assert [status for _, status in asked(cloud)] == [200, 403, 403, 403, 403]


async def test_a_descriptor_that_bmw_has_dropped_costs_itself_only(rooms: Rooms) -> None:
    with_strangers = ("vehicle.gone.one", *DESCRIPTORS, "vehicle.gone.two")
    keeper = ContainerKeeper(rooms.client, rooms.memory, rooms.clock, with_strangers)
    assert await keeper.telematic_data(VIN, Reason.OWNER)
    (container,) = active(rooms)
    assert container.descriptors == DESCRIPTORS


async def test_a_dropped_descriptor_that_bmw_does_not_name_costs_half(rooms: Rooms, cloud: Simulator) -> None:
    keeper = ContainerKeeper(rooms.client, rooms.memory, rooms.clock, DESCRIPTORS[:200])
    cloud.faults[:] = [
        Fault(path=f"{CONTAINERS}$", status=200, body={"containers": []}, times=1),
        Fault(path=f"{CONTAINERS}$", status=400, body={"exveErrorId": "CU-402"}, times=1),
    ]
    await keeper.container_id(Reason.OWNER)
    assert rooms.customer.containers[0].descriptors == DESCRIPTORS[:100]


async def test_a_full_account_is_told_and_nothing_deleted_for_it(rooms: Rooms, cloud: Simulator) -> None:
    rooms.customer.containers += [other() for _ in range(10)]
    err = await failure(rooms)
    assert isinstance(err, NotAllowedError)
    assert cause_of(err) is Cause.CONTAINER_LIMIT
    assert not [one for one in cloud.requests if one.method == "DELETE"]


async def test_in_a_full_account_our_old_one_makes_room(rooms: Rooms) -> None:
    await read(rooms)
    rooms.customer.containers += [other() for _ in range(9)]
    await ContainerKeeper(rooms.client, rooms.memory, rooms.clock, DESCRIPTORS[:40]).container_id(Reason.OWNER)
    assert len(active(rooms)) == 10
    assert rooms.customer.containers[-1].descriptors == DESCRIPTORS[:40]


@pytest.mark.parametrize("is_listed", [False, True], ids=["gone", "deleted"])
async def test_one_that_bmw_has_lost_is_made_anew(*, is_listed: bool, rooms: Rooms, cloud: Simulator) -> None:
    await read(rooms)
    if is_listed:
        rooms.customer.containers[0].is_active = False
    else:
        rooms.customer.containers.clear()
    cloud.requests.clear()
    assert await read(rooms)
    assert [status for _, status in asked(cloud)] == [403, 200, 201, 200]


@pytest.mark.parametrize("code", ["CU-105", "CU-121", "CU-122", "CU-400"])
async def test_one_that_is_listed_but_does_not_answer_is_replaced(code: str, rooms: Rooms, cloud: Simulator) -> None:
    await read(rooms)
    cloud.faults.append(Fault(path="telematicData", status=403, body={"exveErrorId": code}, times=1))
    assert await read(rooms)
    assert len(active(rooms)) == 2, "the broken one is left alone: it may be BMW that was wrong"


async def test_two_cars_mend_it_once(rooms: Rooms, cloud: Simulator) -> None:
    await read(rooms)
    rooms.customer.containers.clear()
    vins = [car.vin for car in cloud.garage]
    await asyncio.gather(*(rooms.containers.telematic_data(vin, Reason.OWNER) for vin in vins))
    assert len(rooms.customer.containers) == 1


async def test_a_container_that_does_not_last_does_not_eat_the_calls(rooms: Rooms, cloud: Simulator) -> None:
    await read(rooms)
    cloud.faults.append(Fault(path="telematicData", status=403, body={"exveErrorId": "CU-105"}))
    assert cause_of(await failure(rooms)) is Cause.CONTAINER_GONE
    cloud.requests.clear()
    assert cause_of(await failure(rooms)) is Cause.CONTAINER_GONE
    assert len(asked(cloud)) == 1
    rooms.clock.now += MENDING_REST
    await failure(rooms)
    assert len(asked(cloud)) == 1 + 3, "one of ours is still on the list"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path="telematicData", status=500),
        Fault(path="telematicData", status=403, body={"exveErrorId": "CU-104"}),
        Fault(path="telematicData", status=200, body={"telematicData": []}),
        Fault(path=CONTAINERS, status=503),
        Fault(path=CONTAINERS, status=403, body={"exveErrorId": "CU-429"}),
    ],
)
async def test_other_trouble_is_no_reason_to_make_one(fault: Fault, rooms: Rooms, cloud: Simulator) -> None:
    if fault.path != CONTAINERS:
        await read(rooms)
    cloud.faults.append(fault)
    cloud.requests.clear()
    await failure(rooms)
    assert len(asked(cloud)) == 1


async def test_without_calls_nothing_is_begun(rooms: Rooms, cloud: Simulator) -> None:
    for _ in range(45):
        await rooms.ledger.book(Reason.OWNER)
    with pytest.raises(SlowDownError):
        await rooms.containers.telematic_data(VIN, Reason.DAILY)
    assert asked(cloud) == []


@pytest.mark.parametrize("page", [5, {}, {"id": 5}, {"id": "", "wanted": "w", "got": "g"}, {"id": "X", "wanted": 1}])
async def test_a_damaged_memory_is_none(page: object, rooms: Rooms) -> None:
    rooms.memory._pages[Page.CONTAINER] = page  # type: ignore[assignment] # damage
    assert await read(rooms)

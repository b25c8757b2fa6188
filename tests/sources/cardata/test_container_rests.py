"""A container that BMW refuses does not eat the calls, and what is wanted is not forgotten for it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest

from custom_components.mybmw.sources import Json, SourceError
from custom_components.mybmw.sources.cardata.autopilot import BASELINE, LEAST_REST
from custom_components.mybmw.sources.cardata.catalogue import DESCRIPTORS
from custom_components.mybmw.sources.cardata.container import ContainerKeeper
from custom_components.mybmw.sources.cardata.container_status import LONGEST_REST, MENDING_REST
from custom_components.mybmw.sources.cardata.failures import Cause, cause_of
from custom_components.mybmw.sources.cardata.quota import Reason
from tests.simulator import Fault, Simulator
from tests.simulator.cardata import Container

from .questions import VIN
from .rig import NOW, Keeper, Rooms, asked

CONTAINERS: Final = "/customers/containers$"
GONE: Final = "vehicle.gone.for.good"


def listed(*containers: Container) -> Fault:
    """What BMW answers to the next question for a list, so that the fault after it strikes what is asked then."""
    return Fault(path=CONTAINERS, status=200, body={"containers": [one.told() for one in containers]}, times=1)


def refused(code: str, note: str = "", times: int | None = 1, status: int = 403) -> Fault:
    """BMW's no to what is asked about containers."""
    body: Json = {"exveErrorId": code, "exveNote": note}
    return Fault(path=CONTAINERS, status=status, body=body, times=times)


def fill(rooms: Rooms, most: int = 10) -> None:
    """Have somebody else make containers until the account is full."""
    while len(active(rooms)) < most:
        theirs = Container(name="theirs", purpose="theirs", descriptors=DESCRIPTORS, created=NOW)
        rooms.customer.containers.append(theirs)


def active(rooms: Rooms) -> list[Container]:
    return [container for container in rooms.customer.containers if container.is_active]


def verdict(rooms: Rooms) -> tuple[bool, Cause | None]:
    """Whether there is a container, and what was refused last."""
    return rooms.containers.is_there, rooms.containers.refused_by


async def failure(rooms: Rooms, reason: Reason = Reason.DAILY) -> Cause | None:
    """Why a car cannot be read."""
    with pytest.raises(SourceError) as raised:
        await rooms.containers.telematic_data(VIN, reason)
    return cause_of(raised.value)


async def calls(rooms: Rooms, keeper: ContainerKeeper | None = None, reason: Reason = Reason.DAILY) -> list[str]:
    """Read a car, and return what that took but for the question about the car."""
    rooms.cloud.requests.clear()
    assert await (keeper or rooms.containers).telematic_data(VIN, reason)
    assert asked(rooms.cloud)[-1] == ("telematicData", 200)
    return [f"{one.method} {one.status}" for one in rooms.cloud.requests if one.path.startswith("/customers/")][:-1]


@pytest.mark.parametrize(
    ("most", "cause", "a_try"), [(None, Cause.CONTAINER_LIMIT, 2), (15, Cause.UNEXPLAINED, 5)], ids=["full", "small"]
)
async def test_one_that_is_refused_is_tried_ever_less_often(
    most: int | None, cause: Cause, a_try: int, rooms: Rooms, restarted: Callable[[], Rooms]
) -> None:
    rooms.customer.most_descriptors = most
    if most is None:
        fill(rooms)
    tries = []
    for turn in range(24 * 4 * 3):
        if turn % 20 == 0:
            rooms = restarted() if turn else rooms
        assert await failure(rooms) is cause, "it says why also while it rests"
        if asked(rooms.cloud):
            assert len(asked(rooms.cloud)) == a_try
            tries.append(rooms.clock.now - NOW)
            rooms.cloud.requests.clear()
        rooms.clock.advance(minutes=15)
    hours = MENDING_REST / timedelta(hours=1)
    assert [moment / timedelta(hours=1) for moment in tries] == [0, hours, 3 * hours, 7 * hours, 11 * hours]


async def test_it_is_tried_again_at_once_when_the_owner_has_made_room_but_not_for_each_car(
    rooms: Rooms, cloud: Simulator
) -> None:
    fill(rooms)
    for _ in range(3):
        assert await failure(rooms, Reason.OWNER) is Cause.CONTAINER_LIMIT
    assert len(asked(cloud)) == 2
    assert rooms.containers.refused_by is Cause.CONTAINER_LIMIT
    rooms.customer.containers.pop()
    rooms.clock.advance(minutes=2)
    assert await failure(rooms) is Cause.CONTAINER_LIMIT
    assert await calls(rooms, reason=Reason.OWNER) == ["GET 200", "POST 201"]
    assert rooms.containers.refused_by is None


async def test_what_passes_by_itself_is_waited_for_half_an_hour(rooms: Rooms, cloud: Simulator) -> None:
    cloud.faults[:] = [listed(), Fault(path=CONTAINERS, status=503, times=1)]
    assert await failure(rooms) is Cause.OUT_OF_ORDER
    assert await failure(rooms) is None
    assert len(asked(cloud)) == 2
    assert rooms.containers.refused_by is None
    rooms.clock.now += LEAST_REST
    assert await calls(rooms) == ["GET 200", "POST 201"]


async def test_a_clock_that_was_ahead_does_not_keep_it_away_for_ever(
    rooms: Rooms, restarted: Callable[[], Rooms]
) -> None:
    fill(rooms)
    rooms.clock.now = NOW + timedelta(minutes=30)
    await failure(rooms)
    rooms.customer.containers.pop()
    rooms.clock.now = NOW - timedelta(days=30)
    assert await calls(restarted()) == ["GET 200", "POST 201"]


@pytest.mark.parametrize("named", [1, 2, 9])
async def test_descriptors_that_bmw_names_one_by_one_cost_few_calls(named: int, rooms: Rooms, cloud: Simulator) -> None:
    unknown = DESCRIPTORS[-named:]
    cloud.faults[:] = [listed(), *(refused("CU-402", f"Unknown: {key}.", status=400) for key in unknown)]
    if named < 5:
        created = await calls(rooms)
        assert created == ["GET 200", *["POST 400"] * named, "POST 201"]
        size = len(DESCRIPTORS) - 1 if named == 1 else len(DESCRIPTORS) // 2
        assert len(active(rooms)[0].descriptors) == size
    else:
        assert await failure(rooms) is Cause.KEY_UNKNOWN
        assert len(asked(cloud)) == 1 + 5


async def test_a_refusal_that_passes_costs_what_is_left_out_a_day(rooms: Rooms, cloud: Simulator) -> None:
    cloud.faults[:] = [listed(), refused("CU-403")]
    assert await calls(rooms) == ["GET 200", "POST 403", "POST 201"]
    rooms.clock.now += BASELINE - timedelta(minutes=1)
    assert await calls(rooms) == []
    rooms.clock.advance(minutes=1)
    assert await calls(rooms) == ["POST 201", "DELETE 204"], "the full list is tried once"
    (container,) = active(rooms)
    assert container.descriptors == DESCRIPTORS
    rooms.clock.advance(days=10)
    assert await calls(rooms) == []


async def test_a_descriptor_that_is_gone_does_not_keep_a_container_small(rooms: Rooms, cloud: Simulator) -> None:
    keeper = ContainerKeeper(rooms.client, rooms.memory, rooms.clock, (GONE, *DESCRIPTORS))
    cloud.faults[:] = [listed(), refused("CU-402", f"Unknown: {GONE}.", status=400), refused("CU-403")]
    assert await calls(rooms, keeper) == ["GET 200", "POST 400", "POST 403", "POST 201"]
    assert len(active(rooms)[0].descriptors) < len(DESCRIPTORS) // 2
    rooms.clock.now += BASELINE
    assert await calls(rooms, keeper) == ["POST 400", "POST 201", "DELETE 204"]
    assert [container.descriptors for container in active(rooms)] == [DESCRIPTORS]
    rooms.clock.now += BASELINE
    assert await calls(rooms, keeper) == ["POST 400"], "there is no more than that to be had"
    assert [container.descriptors for container in active(rooms)] == [DESCRIPTORS]


async def test_a_small_account_gets_back_what_a_refusal_that_passes_cost(rooms: Rooms, cloud: Simulator) -> None:
    rooms.customer.most_descriptors = 150
    cloud.faults[:] = [listed(), refused("CU-403", times=2)]
    assert await calls(rooms) == ["GET 200", *["POST 403"] * 2, "POST 201"]
    rooms.clock.now += BASELINE
    assert await calls(rooms) == ["POST 403", "POST 201", "DELETE 204"]
    assert [len(container.descriptors) for container in active(rooms)] == [143]
    cloud.faults[:] = [refused("CU-403", times=2)]
    rooms.clock.now += BASELINE
    assert await calls(rooms) == ["POST 403"], "less than there is is not asked for"


async def test_an_account_that_cannot_have_more_is_asked_for_it_once_a_week_in_the_end(
    rooms: Rooms, restarted: Callable[[], Rooms]
) -> None:
    rooms.customer.most_descriptors = 100
    await calls(rooms)
    days = []
    for day in range(1, 23):
        rooms = restarted()
        rooms.clock.now = NOW + timedelta(days=day)
        if created := await calls(rooms):
            assert created == ["POST 403"] * 2, "all, and half of it; a quarter is what there is"
            days.append(day)
    assert days == [1, 3, 7, 14, 21]
    assert days[-1] - days[-2] == LONGEST_REST.days
    assert len(rooms.customer.containers) == 1
    assert len(active(rooms)[0].descriptors) <= 100


async def test_after_an_update_the_old_one_is_good_until_there_is_a_new_one(rooms: Rooms, cloud: Simulator) -> None:
    await calls(rooms)
    [old] = active(rooms)
    updated = ContainerKeeper(rooms.client, rooms.memory, rooms.clock, DESCRIPTORS[:200])
    cloud.faults[:] = [refused("CU-403", times=None)]
    assert await calls(rooms, updated) == ["GET 403"]
    assert await calls(rooms, updated) == []
    assert (active(rooms), updated.is_there, updated.refused_by) == ([old], True, None)
    cloud.faults.clear()
    rooms.clock.now += BASELINE
    assert await calls(rooms, updated) == ["GET 200", "POST 201", "DELETE 204"]
    assert [container.descriptors for container in active(rooms)] == [DESCRIPTORS[:200]]


async def test_a_reduced_one_that_an_update_would_make_too_is_not_cleared_away(rooms: Rooms) -> None:
    rooms.customer.most_descriptors = 100
    before, after = (
        ContainerKeeper(rooms.client, rooms.memory, rooms.clock, DESCRIPTORS[:size]) for size in (200, 201)
    )
    await calls(rooms, before)
    [reduced] = active(rooms)
    assert await calls(rooms, after) == ["GET 200"]
    rooms.clock.now += BASELINE
    assert await calls(rooms, after) == ["POST 403"]
    assert active(rooms) == [reduced]


async def test_an_update_does_not_wait_for_what_the_version_before_it_was_refused(rooms: Rooms) -> None:
    rooms.customer.most_descriptors = 15
    await failure(rooms)
    rooms.customer.most_descriptors = 150
    updated = ContainerKeeper(rooms.client, rooms.memory, rooms.clock, DESCRIPTORS[:40])
    assert await calls(rooms, updated) == ["GET 200", "POST 201"]


async def test_an_old_one_that_made_room_in_vain_is_forgotten(rooms: Rooms, cloud: Simulator) -> None:
    await calls(rooms)
    fill(rooms)
    updated = ContainerKeeper(rooms.client, rooms.memory, rooms.clock, DESCRIPTORS[:40])
    rooms.customer.most_descriptors = 39  # which BMW says only once there is room
    cloud.faults[:] = [listed(*rooms.customer.containers), refused("CU-124", status=400)]
    with pytest.raises(SourceError) as raised:
        await updated.telematic_data(VIN, Reason.DAILY)
    assert cause_of(raised.value) is Cause.UNEXPLAINED
    assert not updated.is_there
    assert updated.refused_by is Cause.UNEXPLAINED


async def test_what_the_owner_wants_does_not_wait_for_a_clock_that_was_ahead(rooms: Rooms) -> None:
    fill(rooms)
    await failure(rooms, Reason.OWNER)
    rooms.customer.containers.pop()
    rooms.clock.advance(hours=-1)
    assert await calls(rooms, reason=Reason.OWNER) == ["GET 200", "POST 201"]


async def test_a_refusal_that_cannot_be_written_down_is_told_and_rests_all_the_same(rooms: Rooms, keep: Keeper) -> None:
    def fail_after_refusal() -> None:
        if asked(rooms.cloud)[-1:] == [("containers", 400)]:
            raise OSError

    fill(rooms)
    keep.meanwhile = fail_after_refusal
    for _ in range(3):
        assert await failure(rooms) is Cause.CONTAINER_LIMIT
    assert asked(rooms.cloud) == [("containers", 200), ("containers", 400)]


async def test_what_is_refused_by_a_container_is_known_until_it_answers(
    rooms: Rooms, restarted: Callable[[], Rooms]
) -> None:
    await calls(rooms)
    rooms.cloud.faults[:] = [Fault(path="telematicData", status=400)]
    assert await failure(rooms) is Cause.BAD_REQUEST
    rooms = restarted()
    assert verdict(rooms) == (True, Cause.BAD_REQUEST)
    rooms.cloud.faults[:] = [Fault(path="telematicData", status=503)]
    assert await failure(rooms) is Cause.OUT_OF_ORDER
    assert verdict(rooms) == (True, Cause.BAD_REQUEST), "an outage is no news of it"
    rooms.cloud.faults.clear()
    assert await calls(rooms) == [], "it need not be another one"
    assert verdict(rooms) == verdict(restarted()) == (True, None)


# One that BMW has made, and does not answer by


def unanswered(times: int | None = None) -> Fault:
    """BMW's no to what is asked by a container, for which it gives no reason."""
    return Fault(path="telematicData", status=403, body={"exveErrorId": "CU-403"}, times=times)


async def test_one_that_bmw_has_never_answered_by_becomes_ever_shorter(
    rooms: Rooms, restarted: Callable[[], Rooms]
) -> None:
    rooms.cloud.faults[:] = [unanswered()]
    sizes = []
    for _ in range(5):
        for _ in range(2):
            assert await failure(rooms) is Cause.UNEXPLAINED
        [container] = active(rooms)
        sizes.append(len(container.descriptors))
        rooms = restarted()
        rooms.clock.now += MENDING_REST
    assert sizes == [286, 143, 71, 35, 35]


async def test_the_first_that_is_short_enough_stays_until_the_whole_list_is_offered_again(
    rooms: Rooms, restarted: Callable[[], Rooms]
) -> None:
    rooms.cloud.faults[:] = [unanswered(times=4)]
    for _ in range(2):
        await failure(rooms)
        rooms.clock.now += MENDING_REST
    assert await calls(rooms) == ["GET 403", "POST 201", "DELETE 204"]
    rooms.clock.now += LONGEST_REST - timedelta(hours=1)
    assert await calls(rooms) == []
    rooms.clock.now += timedelta(hours=1)
    rooms.cloud.faults[:] = [unanswered(times=4)]
    for size in (286, 143):
        await failure(rooms)
        assert [len(container.descriptors) for container in active(rooms)] == [size]
        rooms = restarted()
        rooms.clock.now += LEAST_REST
    assert await calls(rooms) == ["GET 403", "POST 201", "DELETE 204"], "what is known to work does not wait long"
    assert [len(container.descriptors) for container in active(rooms)] == [71]


async def test_one_that_bmw_has_answered_by_is_not_too_long(rooms: Rooms) -> None:
    await calls(rooms)
    rooms.cloud.faults[:] = [unanswered()]
    before = active(rooms)
    for _ in range(5):
        rooms.clock.now += BASELINE
        assert await failure(rooms) is Cause.UNEXPLAINED
    assert active(rooms) == before


async def test_a_shorter_one_that_bmw_does_not_take_either_is_not_tried_each_time(rooms: Rooms) -> None:
    rooms.cloud.faults[:] = [unanswered()]
    await failure(rooms)
    rooms.cloud.faults.append(refused("CU-403", times=None))
    spent = []
    for _ in range(6):
        rooms.clock.now += MENDING_REST
        rooms.cloud.requests.clear()
        assert await failure(rooms) is Cause.UNEXPLAINED
        spent.append(len(asked(rooms.cloud)))
    assert spent == [1 + 3, 1, 1, 1, 1 + 3, 1]


async def test_mending_that_fails_rests_too_but_not_for_the_owner(rooms: Rooms, cloud: Simulator) -> None:
    await calls(rooms)
    rooms.customer.containers.clear()
    fill(rooms)
    cloud.requests.clear()
    assert await failure(rooms) is Cause.CONTAINER_GONE
    assert len(asked(cloud)) == 3
    assert await failure(rooms) is Cause.CONTAINER_GONE
    assert len(asked(cloud)) == 4
    rooms.customer.containers.pop()
    rooms.clock.advance(minutes=2)
    assert await calls(rooms, reason=Reason.OWNER) == ["GET 403", "GET 200", "POST 201"]


async def test_a_reduced_one_that_is_lost_is_mended_at_once(rooms: Rooms) -> None:
    rooms.customer.most_descriptors = 100
    await calls(rooms)
    rooms.customer.containers.clear()
    assert (await calls(rooms))[:2] == ["GET 403", "GET 200"]
    assert len(active(rooms)) == 1


async def test_one_that_does_not_last_is_not_mended_again_after_a_restart(
    rooms: Rooms, restarted: Callable[[], Rooms]
) -> None:
    await calls(rooms)
    rooms.customer.containers.clear()
    await calls(rooms)
    rooms.customer.containers.clear()
    rooms = restarted()
    rooms.cloud.requests.clear()
    assert await failure(rooms) is Cause.CONTAINER_GONE
    assert asked(rooms.cloud) == [("telematicData", 403)]
    rooms.clock.now += MENDING_REST
    assert await calls(rooms) == ["GET 403", "GET 200", "POST 201"]


@pytest.mark.parametrize(
    "damage",
    [{"failures": True, "refused_by": 7}, {"failures": -3, "rests_until": 5, "better_at": "x", "refused_by": "quota"}],
)
async def test_a_damaged_note_of_a_failure_is_none(damage: dict[str, Json], rooms: Rooms) -> None:
    page: dict[str, Json] = {"tried": rooms.containers._wanted, **damage}
    rooms.memory._pages["container"] = page
    assert rooms.containers.refused_by is None
    assert await calls(rooms) == ["GET 200", "POST 201"]

"""Asking CarData: each question, and what it brings."""

from datetime import timedelta

import httpx
import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.cardata.client import LARGEST_PAPER, MOST_PAGES
from custom_components.mybmw.sources.cardata.failures import Cause, cause_of
from custom_components.mybmw.sources.cardata.quota import Reason
from tests.simulator import Fault, Simulator
from tests.simulator.cardata import Container

from .questions import KEYS, VIN, exve, failure
from .rig import NOW, Rooms, asked


@pytest.fixture
def container(cloud: Simulator) -> Container:
    """A container with some descriptors."""
    container = Container(name="n", purpose="p", descriptors=KEYS, created=NOW)
    cloud.cardata.customer().containers.append(container)
    return container


async def test_the_cars_of_the_account(rooms: Rooms, cloud: Simulator) -> None:
    rooms.customer.secondary.add(VIN)
    cars = await rooms.client.cars(Reason.SET_UP)
    assert {car.vin: car.is_primary for car in cars} == {
        car.vin: car.vin != VIN for car in sorted(cloud.garage, key=lambda car: car.vin)
    }
    assert VIN not in repr(cars)


async def test_what_a_car_is(rooms: Rooms) -> None:
    data = await rooms.client.basic_data(VIN, Reason.SET_UP)
    assert data["modelName"] == "i5 eDrive40 Touring"
    assert data["driveTrain"] == "BEV"


async def test_how_a_car_is(rooms: Rooms, cloud: Simulator, container: Container) -> None:
    data = await rooms.client.telematic_data(VIN, container.container_id, Reason.DAILY)
    report = cloud.world.life("I5").report(NOW)
    assert data["vehicle.vehicle.travelledDistance"] == {
        "value": str(int(report.condition.mileage_km)),
        "unit": "km",
        "timestamp": report.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    assert data["vehicle.electricalSystem.battery.stateOfCharge"] == {"value": None, "unit": None, "timestamp": None}
    door, level = data["vehicle.cabin.door.row1.driver.isOpen"], data["vehicle.drivetrain.batteryManagement.header"]
    assert isinstance(door, dict)
    assert isinstance(level, dict)
    assert (door["value"], level["unit"]) == ("CLOSED", "%")
    assert "vehicle.vehicle.avgAuxPower" not in data


async def test_what_a_car_has_charged(rooms: Rooms, cloud: Simulator) -> None:
    cloud.cardata.page_size = 4
    pages = await rooms.client.charging_history(VIN, NOW - timedelta(days=7), NOW, Reason.OWNER)
    assert len(pages.items) > 4
    assert pages.is_complete
    session = pages.items[0]
    assert isinstance(session, dict)
    assert isinstance(session["startTime"], int)
    assert len(asked(cloud)) == -(-len(pages.items) // 4)


async def test_a_history_without_end_is_read_so_far(rooms: Rooms, cloud: Simulator) -> None:
    cloud.cardata.page_size = 1
    pages = await rooms.client.charging_history(VIN, NOW - timedelta(days=40), NOW, Reason.OWNER)
    assert len(pages.items) == len(asked(cloud)) == MOST_PAGES
    assert not pages.is_complete


async def test_a_history_is_read_as_far_as_the_calls_reach(rooms: Rooms, cloud: Simulator) -> None:
    cloud.cardata.page_size = 1
    for _ in range(48):
        await rooms.ledger.book(Reason.OWNER)
    pages = await rooms.client.charging_history(VIN, NOW - timedelta(days=40), NOW, Reason.OWNER)
    assert (len(pages.items), pages.is_complete) == (2, False)
    assert rooms.ledger.calls_left == 0


async def test_where_a_car_charges(rooms: Rooms) -> None:
    places = await rooms.client.charging_places(VIN, Reason.OWNER)
    assert places
    assert isinstance(places[0], dict)
    assert places[0]["chargingMode"] == "IMMEDIATE_CHARGING"


async def test_a_car_that_does_not_charge_has_no_places(rooms: Rooms, cloud: Simulator) -> None:
    assert await rooms.client.charging_places(cloud.garage["M240I"].vin, Reason.OWNER) == []
    assert asked(cloud) == [("locationBasedChargingSettings", 404)]


async def test_the_tires(rooms: Rooms) -> None:
    tires = await rooms.client.tire_diagnosis(VIN, Reason.DAILY)
    assert isinstance(tires["passengerCar"], dict)
    assert tires["passengerCar"].keys() == {"mountedTyres", "unmountedTyres"}


async def test_the_picture(rooms: Rooms) -> None:
    picture = await rooms.client.picture(VIN, Reason.SET_UP)
    assert picture
    assert picture.content_type == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    assert "PNG" not in repr(picture)


@pytest.mark.parametrize("fault", [Fault(status=404, body=exve("CU-126")), Fault(status=404)])
async def test_no_picture(fault: Fault, rooms: Rooms, cloud: Simulator) -> None:
    cloud.faults.append(fault)
    assert await rooms.client.picture(VIN, Reason.SET_UP) is None


@pytest.mark.parametrize("question", ["charging places", "picture"])
async def test_another_refusal_is_not_nothing(question: str, rooms: Rooms) -> None:
    rooms.customer.secondary.add(VIN)
    assert cause_of(await failure(rooms, question)) is Cause.VEHICLE_NOT_OURS


async def test_containers_come_and_go(rooms: Rooms) -> None:
    assert await rooms.client.containers(Reason.SET_UP) == []
    made = await rooms.client.create_container("name", "purpose", KEYS, Reason.SET_UP)
    assert await rooms.client.containers(Reason.SET_UP) == [made]
    assert (made.name, made.purpose, made.is_active) == ("name", "purpose", True)
    await rooms.client.delete_container(made.container_id, Reason.SET_UP)
    await rooms.client.delete_container(made.container_id, Reason.SET_UP)
    await rooms.client.delete_container("UNKNOWN000000", Reason.SET_UP)
    (gone,) = await rooms.client.containers(Reason.SET_UP)
    assert not gone.is_active


async def test_requests_say_what_bmw_wants_and_nothing_else(rooms: Rooms, http: httpx.AsyncClient) -> None:
    seen: list[httpx.Request] = []

    async def see(request: httpx.Request) -> None:
        seen.append(request)

    http.event_hooks["request"].append(see)
    http.cookies.set("of-somebody-else", "secret")
    await rooms.client.cars(Reason.OWNER)
    await rooms.client.create_container("name", "purpose", KEYS, Reason.OWNER)
    ask, make = seen
    assert ask.headers.keys() == {"host", "accept", "accept-encoding", "x-version", "authorization"}
    assert make.headers.keys() == {*ask.headers, "content-type", "content-length"}
    assert make.headers["x-version"] == "v1"


@pytest.mark.parametrize(
    "body",
    [
        {"a": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]},
        {"a": "x" * LARGEST_PAPER},
    ],
    ids=["deep", "large"],
)
@pytest.mark.parametrize("question", ["basic data", "tires"])
async def test_what_could_not_be_stored_is_not_taken(
    rooms: Rooms, cloud: Simulator, body: dict[str, Json], question: str
) -> None:
    """With it, nothing else could be stored: not even a new sign-in."""
    cloud.faults.append(Fault(path="basicData|smartMaintenance", status=200, body=body))
    assert cause_of(await failure(rooms, question)) is Cause.NOT_UNDERSTOOD

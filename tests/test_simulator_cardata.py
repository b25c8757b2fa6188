"""The official door of the simulator: strict as BMW's, and to the same cars as the other one."""

from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
import json
from typing import Final

import httpx
import pytest

from custom_components.mybmw.sources import Json
from tests.clock import SetClock
from tests.simulator import Asked, Simulator
from tests.simulator.cardata import API, SCOPES, STREAM, Container, Window
from tests.simulator.cardata.papers import basic_data
from tests.simulator.cardata_catalogue import CATALOGUE
from tests.simulator.garage import LivingCar
from tests.simulator.living import LIVING_CARS, Charge
from tests.simulator.speaks_cardata import Said, in_rest, in_stream, said

VEHICLES: Final = "/customers/vehicles"
CONTAINERS: Final = "/customers/containers"
VIN: Final = "WBA00000000LIVE01"

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime(2026, 2, 20, 12, 3, 21, tzinfo=UTC))


@pytest.fixture
async def cloud(clock: SetClock) -> AsyncGenerator[Simulator]:
    async with Simulator(cars=[*LIVING_CARS, "G26"], clock=clock) as cloud:
        yield cloud


@pytest.fixture
async def client(cloud: Simulator) -> AsyncGenerator[httpx.AsyncClient]:
    """A client that has signed in."""
    grant = cloud.cardata.customers.admit(cloud.cardata.customer(), frozenset(SCOPES))
    headers = {"x-version": "v1", "authorization": f"Bearer {grant.access_token}"}
    async with httpx.AsyncClient(base_url=cloud.url, headers=headers) as client:
        yield client


def living(cloud: Simulator, name: str) -> LivingCar:
    car = cloud.garage[name]
    assert isinstance(car, LivingCar)
    return car


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["exveErrorId"])


def at(document: Json, *path: str) -> Json:
    for key in path:
        assert isinstance(document, dict)
        document = document[key]
    return document


@pytest.mark.parametrize("name", LIVING_CARS)
async def test_both_doors_lead_to_the_same_car(name: str, cloud: Simulator, clock: SetClock) -> None:
    car = living(cloud, name)
    for hours in range(0, 72, 5):
        clock.now = datetime(2026, 2, 20, 12, tzinfo=UTC) + timedelta(hours=hours)
        mybmw, cardata = car.told(), said(car.life, car.clock)
        assert at(mybmw, "currentMileage") == cardata["vehicle.vehicle.travelledDistance"].value
        lock = cardata["vehicle.cabin.door.status"]
        assert at(mybmw, "doorsState", "combinedSecurityState") == lock.value
        hood = cardata["vehicle.body.hood.isOpen"]
        assert at(mybmw, "doorsState", "hood") == hood.value
        trunk = cardata["vehicle.body.trunk.isOpen"]
        assert (at(mybmw, "doorsState", "trunk") == "OPEN") is trunk.value
        place = "vehicle.cabin.infotainment.navigation.currentLocation"
        assert at(mybmw, "location", "coordinates", "latitude") == cardata[f"{place}.latitude"].value
        front_left = cardata["vehicle.chassis.axle.row1.wheel.left.tire.pressure"]
        assert at(mybmw, "tireState", "frontLeft", "status", "currentPressure") == front_left.value
        assert lock.at
        assert at(mybmw, "lastUpdatedAt") == lock.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if car.life.model.battery:
            level = cardata["vehicle.drivetrain.batteryManagement.header"].value
            assert at(mybmw, "electricChargingState", "chargingLevelPercent") == level
            is_plugged = cardata["vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged"].value
            assert at(mybmw, "electricChargingState", "isChargerConnected") is is_plugged
        if car.life.model.tank:
            assert at(mybmw, "combustionFuelLevel", "remainingFuelPercent") == (
                cardata["vehicle.drivetrain.fuelSystem.level"].value
            )


@pytest.mark.parametrize("name", LIVING_CARS)
async def test_no_car_says_what_is_in_no_catalogue(name: str, cloud: Simulator) -> None:
    car = living(cloud, name)
    told = said(car.life, car.clock)
    assert told.keys() <= CATALOGUE
    assert len({entry.at for entry in told.values()}) >= 3, "of different ages, and never"
    assert all(entry.at is None or entry.at <= car.clock() for entry in told.values())
    for entry in told.values():
        value = in_rest(entry)["value"]
        assert value is None or isinstance(value, str)
    services = told["vehicle.status.conditionBasedServices"].value
    assert isinstance(services, str)
    assert {item["messageType"] for item in json.loads(services)} == {"CBS"}


async def test_before_anything_has_happened(clock: SetClock) -> None:
    clock.now = datetime(2026, 1, 5, 6, tzinfo=UTC)
    async with Simulator(cars=["I5"], clock=clock) as cloud:
        car = living(cloud, "I5")
        assert said(car.life, car.clock)["vehicle.vehicle.travelledDistance"].value


def test_how_both_ways_write_a_value() -> None:
    moment = datetime(2026, 2, 20, 12, tzinfo=UTC)
    level = Said(58, "percent", moment)
    assert in_rest(level) == {"value": "58", "unit": "%", "timestamp": "2026-02-20T12:00:00.000Z"}
    assert in_stream(level) == {"value": 58, "unit": "percent", "timestamp": "2026-02-20T12:00:00Z"}
    door = Said(value=False, unit=None, at=moment, rest="CLOSED")
    assert in_rest(door)["value"] == "CLOSED"
    assert in_stream(door) == {"value": False, "timestamp": "2026-02-20T12:00:00Z"}
    assert in_rest(Said(value=True, unit=None, at=None)) == {"value": "true", "unit": None, "timestamp": None}
    assert in_stream(Said(None, None, None)) == {"value": None, "timestamp": None}


async def test_only_living_cars_are_known(client: httpx.AsyncClient, cloud: Simulator) -> None:
    answer = await client.get(f"{VEHICLES}/mappings")
    assert {mapping["vin"] for mapping in answer.json()} == {cloud.garage[name].vin for name in LIVING_CARS}
    assert error(await client.get(f"{VEHICLES}/{cloud.garage['G26'].vin}/basicData")) == (403, "CU-104")


def test_what_a_car_is() -> None:
    assert basic_data(LIVING_CARS["M240I"])["driveTrain"] == "CONV"
    assert "chargingModes" not in basic_data(LIVING_CARS["M240I"])
    assert basic_data(LIVING_CARS["I5"])["driveTrain"] == "BEV"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"x-version": ""}, 400, "CU-400"),
        ({"authorization": ""}, 401, "CU-100"),
        ({"authorization": "Bearer wrong"}, 401, "CU-101"),
        ({"authorization": "Basic wrong"}, 401, "CU-101"),
    ],
)
async def test_who_may_not_ask(
    headers: Mapping[str, str], status: int, code: str, client: httpx.AsyncClient, cloud: Simulator
) -> None:
    assert error(await client.get(f"{VEHICLES}/mappings", headers=headers)) == (status, code)
    assert not cloud.cardata.customer().calls, "nobody's call"


async def test_a_token_ends_after_an_hour(client: httpx.AsyncClient, clock: SetClock) -> None:
    clock.now += timedelta(hours=1)
    assert error(await client.get(f"{VEHICLES}/mappings")) == (401, "CU-102")


async def test_an_api_that_is_switched_off(client: httpx.AsyncClient, cloud: Simulator) -> None:
    cloud.cardata.customer().subscribed.remove(API)
    assert error(await client.get(f"{VEHICLES}/mappings")) == (403, "CU-103")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{VEHICLES}/short/basicData", 400, "CU-120"),
        (f"{VEHICLES}/{VIN.lower()}/basicData", 400, "CU-120"),
        (f"{VEHICLES}/WBA00000000000000/basicData", 403, "CU-104"),
        (f"{VEHICLES}/{VIN}/telematicData", 400, "CU-121"),
        (f"{VEHICLES}/{VIN}/telematicData?containerId=short", 400, "CU-121"),
        (f"{VEHICLES}/{VIN}/telematicData?containerId=0123456789ABC", 403, "CU-105"),
        (f"{VEHICLES}/{VIN}/chargingHistory", 400, "CU-400"),
        (f"{VEHICLES}/{VIN}/chargingHistory?from=2026-01-01&to=2026-02-01T00:00:00Z", 400, "CU-400"),
        (f"{VEHICLES}/{VIN}/locationBasedChargingSettings?nextToken=old", 400, "CU-125"),
        (f"{CONTAINERS}/0123456789ABC", 403, "CU-105"),
    ],
)
async def test_what_may_not_be_asked(path: str, status: int, code: str, client: httpx.AsyncClient) -> None:
    assert error(await client.get(path)) == (status, code)


async def test_a_car_without_charging_has_no_history(client: httpx.AsyncClient, cloud: Simulator) -> None:
    vin = cloud.garage["M240I"].vin
    query = {"from": "2025-01-01T00:00:00Z", "to": "2026-02-20T00:00:00Z"}
    assert (await client.get(f"{VEHICLES}/{vin}/chargingHistory", params=query)).json() == {"data": []}
    early = {"from": "2025-01-01T00:00:00Z", "to": "2025-02-20T00:00:00Z"}
    assert (await client.get(f"{VEHICLES}/{VIN}/chargingHistory", params=early)).json() == {"data": []}


async def test_a_charge_that_goes_on_has_no_end_yet(
    client: httpx.AsyncClient, cloud: Simulator, clock: SetClock
) -> None:
    life = cloud.world.life("I5")
    charge = next(
        entry
        for entry in life.diary(clock.now, clock.now + timedelta(days=9))
        if isinstance(entry, Charge) and entry.end - entry.start > timedelta(hours=1)
    )
    clock.now = charge.start + timedelta(minutes=20)
    grant = cloud.cardata.customers.admit(cloud.cardata.customer(), frozenset(SCOPES))
    answer = await client.get(
        f"{VEHICLES}/{VIN}/chargingHistory",
        params={"from": charge.start.isoformat(), "to": clock.now.isoformat()},
        headers={"authorization": f"Bearer {grant.access_token}"},
    )
    (session,) = answer.json()["data"]
    assert session["startTime"] == int(charge.start.timestamp())
    assert "endTime" not in session
    car = living(cloud, "I5")
    told = said(car.life, car.clock)
    assert told["vehicle.drivetrain.electricEngine.charging.status"].value == "CHARGINGACTIVE"
    power = told["vehicle.powertrain.electric.battery.charging.power"].value
    assert isinstance(power, int)
    assert power > 1000
    predicted = told["vehicle.drivetrain.electricEngine.charging.level"]
    assert predicted.at == clock.now, "BMW goes on predicting while the car is silent"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("nonsense", 400, "CU-400"),
        ("{}", 400, "CU-400"),
        (json.dumps({"name": "", "purpose": "p", "technicalDescriptors": ["x"]}), 400, "CU-401"),
        (json.dumps({"name": "n", "purpose": "p", "technicalDescriptors": ["x"]}), 400, "CU-402"),
    ],
)
async def test_containers_that_are_not_made(body: str, status: int, code: str, client: httpx.AsyncClient) -> None:
    answer = await client.post(CONTAINERS, content=body, headers={"content-type": "application/json"})
    assert error(answer) == (status, code)


async def test_the_life_of_a_container(client: httpx.AsyncClient, cloud: Simulator) -> None:
    content = {"name": "n", "purpose": "p", "technicalDescriptors": ["vehicle.vehicle.travelledDistance"]}
    made = await client.post(CONTAINERS, json=content)
    assert made.status_code == 201
    where = f"{CONTAINERS}/{made.json()['containerId']}"
    assert (await client.get(where)).json() == made.json()
    assert (await client.delete(where)).status_code == 204
    assert (await client.delete(where)).status_code == 208
    (listed,) = (await client.get(CONTAINERS)).json()["containers"]
    assert listed["state"] == "DELETED"
    answer = await client.get(f"{VEHICLES}/{VIN}/telematicData?containerId={listed['containerId']}")
    assert error(answer) == (403, "CU-105")
    customer = cloud.cardata.customer()
    customer.containers += [Container(name="x", purpose="y", descriptors=(), created=cloud.world.clock())] * 10
    assert error(await client.post(CONTAINERS, json=content)) == (400, "CU-124")
    customer.most_descriptors = 0
    assert error(await client.post(CONTAINERS, json=content)) == (403, "CU-403")


@pytest.mark.parametrize("window", Window)
async def test_the_quota(window: Window, client: httpx.AsyncClient, cloud: Simulator, clock: SetClock) -> None:
    cloud.cardata.quota_window = window
    cloud.cardata.customer().calls += [clock.now - timedelta(hours=1)] * 49
    assert (await client.get(f"{VEHICLES}/mappings")).status_code == 200
    assert error(await client.get(f"{VEHICLES}/mappings")) == (403, "CU-429")
    clock.now = datetime(2026, 2, 21, 0, 1, tzinfo=UTC)
    grant = cloud.cardata.customers.admit(cloud.cardata.customer(), frozenset(SCOPES))
    headers = {"authorization": f"Bearer {grant.access_token}"}
    is_free = (await client.get(f"{VEHICLES}/mappings", headers=headers)).status_code == 200
    assert is_free is (window is Window.MIDNIGHT)


async def test_the_key_to_the_stream(cloud: Simulator, clock: SetClock) -> None:
    customers, customer = cloud.cardata.customers, cloud.cardata.customer()
    gcid = customer.account.gcid
    grant = customers.admit(customer, frozenset(SCOPES))
    assert customers.who_streams(gcid, grant.id_token) is grant
    assert customers.who_streams("somebody else", grant.id_token) is None
    assert customers.who_streams(gcid, grant.access_token) is None
    without = customers.admit(customer, frozenset({API}))
    assert STREAM not in without.scopes
    assert customers.who_streams(gcid, without.id_token) is None
    clock.now += timedelta(hours=1)
    assert customers.who_streams(gcid, grant.id_token) is None


@pytest.mark.parametrize(
    ("form", "status", "word"),
    [
        ({"grant_type": "something"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "wrong"}, 400, "invalid_grant"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, 400, "invalid_grant"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"client_id": "WRONG"}, 500, "server_error"),
    ],
)
async def test_tokens_are_not_for_everybody(form: Mapping[str, str], status: int, word: str, cloud: Simulator) -> None:
    form = {"client_id": cloud.cardata.customer().client_id, **form}
    async with httpx.AsyncClient(base_url=cloud.url) as app:
        answer = await app.post("/gcdm/oauth/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (status, word)


async def test_polling_too_fast_is_told_so(cloud: Simulator, clock: SetClock) -> None:
    client_id = {"client_id": cloud.cardata.customer().client_id}
    begin = {"response_type": "device_code", "scope": API, "code_challenge_method": "S256", "code_challenge": "c"}
    challenge = {"code_challenge": "iMnq5o6zALKXGivsnlom_0F5_WYda32GHkxlV7mq7hQ"}
    async with httpx.AsyncClient(base_url=cloud.url) as app:
        code = (await app.post("/gcdm/oauth/device/code", data=client_id | begin | challenge)).json()
        poll = client_id | {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": code["device_code"],
            "code_verifier": "verifier",
        }
        words = [(await app.post("/gcdm/oauth/token", data=poll)).json()["error"] for _ in range(2)]
        assert words == ["authorization_pending", "slow_down"]
        clock.now += timedelta(minutes=5)
        late = await app.post("/gcdm/oauth/token", data=poll)
        assert (late.status_code, late.json()["error"]) == (401, "expired_token")
        assert not cloud.cardata.sign_in.approve(code["user_code"])
        page = await app.post("/oneid/link", data={"user_code": code["user_code"], "answer": "no"})
        assert "too old" in page.text


async def test_the_log_names_the_car(client: httpx.AsyncClient, cloud: Simulator) -> None:
    await client.get(f"{VEHICLES}/{VIN}/image")
    path = f"{VEHICLES}/{VIN}/image"
    assert cloud.requests == [Asked(method="GET", path=path, vin=VIN, brand=None, status=200)]

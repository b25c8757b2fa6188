"""The simulator answers what was recorded, to whom may ask, until it is told to answer something else."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
import ssl
import sys
from typing import Final
from uuid import uuid4

import httpx
import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.vehicle import Picture
from tests.certified import ca_file, certified, for_server
from tests.clock import SetClock
from tests.recorded import RECORDED_CARS, RecordedCar
from tests.simulator import Account, Age, Asked, Fault, Garage, Simulator
from tests.simulator.pictures import VIEWS, draw

NOW: Final = datetime(2026, 11, 20, 12, 3, 21, tzinfo=UTC)

CHECKOUT: Final = Path(__file__).parent.parent
LIST: Final = "/eadrax-vcs/v5/vehicle-list"
PROFILE: Final = "/eadrax-vcs/v5/vehicle-data/profile"
STATE: Final = "/eadrax-vcs/v4/vehicles/state"
CHARGING: Final = "/eadrax-crccs/v2/vehicles"

pytestmark = pytest.mark.usefixtures("socket_enabled")


class Phone:
    """An application that has signed in."""

    def __init__(self, cloud: Simulator, http: httpx.AsyncClient, *, brand: str = "bmw", region: str = "row") -> None:
        self._http = http
        account = next(account for account in cloud.accounts if account.region == region)
        correlation = str(uuid4())
        self.headers = {
            "accept": "application/json",
            "accept-language": "en",
            "x-raw-locale": "en-US",
            "bmw-units-preferences": "d=KM;v=L;p=B;ec=KWH100KM;fc=L100KM;em=GKM;",
            "24-hour-format": "true",
            "x-identity-provider": "gcdm",
            "x-correlation-id": correlation,
            "bmw-correlation-id": correlation,
            "bmw-session-id": str(uuid4()),
            "x-user-agent": f"android(AP2A.735595.124);{brand};4.9.2(36892);{region}",
            "authorization": f"Bearer {cloud.accounts.admit(account).access_token}",
        }

    async def vins(self) -> list[str]:
        """The cars it shows."""
        answer = await self._http.post(LIST, headers=self.headers)
        assert answer.status_code == 200
        return [str(mapping["vin"]) for mapping in answer.json()["mappingInfos"]]

    async def ask(self, path: str, vin: str) -> httpx.Response:
        """What it hears about a car."""
        queries = {
            PROFILE: {},
            STATE: {"apptimezone": "0", "appDateTime": "1795176201000"},
            CHARGING: {"fields": "charging-profile", "has_charging_settings_capabilities": "true"},
        }
        headers = self.headers | {"bmw-vin": vin, "bmw-current-date": NOW.isoformat()}
        return await self._http.get(path, params=queries[path], headers=headers)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
async def cloud(clock: SetClock) -> AsyncGenerator[Simulator]:
    async with Simulator(clock=clock) as cloud:
        yield cloud


@pytest.fixture
async def http(cloud: Simulator) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=cloud.url) as http:
        yield http


@pytest.fixture
def phone(cloud: Simulator, http: httpx.AsyncClient) -> Phone:
    return Phone(cloud, http)


@pytest.fixture
def i4(cloud: Simulator) -> str:
    return cloud.garage["G26"].vin


async def test_every_brand_has_a_list_of_its_own(cloud: Simulator, http: httpx.AsyncClient) -> None:
    assert len(await Phone(cloud, http, brand="bmw").vins()) == 8
    assert await Phone(cloud, http, brand="mini").vins() == []
    assert await Phone(cloud, http, brand="toyota").vins() == [RECORDED_CARS["J29"].vin]


@pytest.mark.parametrize("car", RECORDED_CARS.values(), ids=RECORDED_CARS)
async def test_recorded_cars_answer_what_was_recorded(
    cloud: Simulator, http: httpx.AsyncClient, car: RecordedCar
) -> None:
    phone = Phone(cloud, http, brand=car.brand)
    assert (await phone.ask(PROFILE, car.vin)).json() == car.profile
    assert (await phone.ask(STATE, car.vin)).json() == car.state
    answer = await phone.ask(CHARGING, car.vin)
    assert answer.status_code == (404 if car.charging is None else 200)
    assert car.charging is None or answer.json() == car.charging


async def test_a_car_is_only_found_by_its_own_brand_and_account(cloud: Simulator, http: httpx.AsyncClient) -> None:
    supra = cloud.garage["J29"].vin
    assert (await Phone(cloud, http, brand="toyota").ask(STATE, supra)).status_code == 200
    assert (await Phone(cloud, http, brand="bmw").ask(STATE, supra)).status_code == 404
    assert (await Phone(cloud, http).ask(STATE, "WBA00000000NOBODY")).status_code == 404

    neighbor = Account(
        username="neighbor@example.com",
        password="secret",
        region="row",
        garage=Garage(["I20"], age=Age.AS_RECORDED, clock=lambda: NOW),
    )
    cloud.accounts.add(neighbor)
    phone = Phone(cloud, http)
    phone.headers["authorization"] = f"Bearer {cloud.accounts.admit(neighbor).access_token}"
    assert await phone.vins() == [RECORDED_CARS["I20"].vin]
    assert (await phone.ask(STATE, cloud.garage["G26"].vin)).status_code == 404


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("authorization", "Bearer guessed", 401),
        ("authorization", "", 401),
        ("x-user-agent", "android(AP2A.735595.124);bmw;4.9.2(36892);na", 401),
        ("x-user-agent", "curl/8", 400),
        ("x-user-agent", "android(AP2A.735595.124);audi;4.9.2(36892);row", 400),
        ("bmw-session-id", "1", 400),
        ("x-correlation-id", "1", 400),
        ("bmw-correlation-id", "f5f3a5a2-4bd4-4d62-8a5f-6f6b9d8d3c11", 400),
        ("bmw-units-preferences", "d=MI", 400),
    ],
)
async def test_who_does_not_ask_like_the_application_gets_no_answer(
    phone: Phone, i4: str, header: str, value: str, status: int
) -> None:
    phone.headers[header] = value
    assert (await phone.ask(STATE, i4)).status_code == status


async def test_access_tokens_end(phone: Phone, clock: SetClock, i4: str) -> None:
    clock.now += timedelta(minutes=59, seconds=59)
    assert (await phone.ask(PROFILE, i4)).status_code == 200
    clock.now += timedelta(seconds=1)
    assert (await phone.ask(PROFILE, i4)).status_code == 401


async def test_access_tokens_can_be_ended(cloud: Simulator, phone: Phone, i4: str) -> None:
    cloud.accounts.forget_access_tokens()
    assert (await phone.ask(PROFILE, i4)).status_code == 401


async def test_cars_come_and_go(cloud: Simulator, phone: Phone, i4: str) -> None:
    del cloud.garage["G26"]
    assert i4 not in await phone.vins()
    assert (await phone.ask(STATE, i4)).status_code == 404
    cloud.garage.add("G26")
    assert i4 in await phone.vins()


async def test_answers_can_be_changed(cloud: Simulator, phone: Phone, i4: str) -> None:
    car = cloud.garage["G26"]
    car.change("state.electricChargingState.chargingLevelPercent", 81)
    car.state["currentMileage"] = 1122
    del car.state["location"]
    state = (await phone.ask(STATE, i4)).json()["state"]
    assert state["electricChargingState"]["chargingLevelPercent"] == 81
    assert state["currentMileage"] == 1122
    assert "location" not in state
    with pytest.raises(KeyError):
        car.change("state.nothing.there", 1)
    assert "location" in cloud.garage.add("G26").state, "recordings are never changed"


async def test_a_fresh_garage_has_just_reported(clock: SetClock) -> None:
    garage = Garage(["G26", "F31"], age=Age.FRESH, clock=clock)
    state = garage.state_of(garage["G26"])
    assert state["lastFetched"] == "2026-11-20T12:00:00.000Z"
    assert state["lastUpdatedAt"] == "2026-11-20T12:00:00.021Z"
    assert "'dateTime': '2028-10-16T00:00:00.000Z'" in repr(state["requiredServices"]), "dates stay dates"
    assert state["currentMileage"] == garage["G26"].state["currentMileage"]
    assert garage.state_of(garage["F31"])["lastUpdatedAt"] == "0001-01-01T00:00:00Z", "never stays never"

    clock.now += timedelta(minutes=4)
    assert garage.state_of(garage["G26"])["lastFetched"] == "2026-11-20T12:05:00.000Z"


@pytest.mark.parametrize(
    ("car", "part", "left", "unit"),
    [
        ("I20", "electricChargingState", "remainingChargingMinutes", timedelta(minutes=1)),
        ("I01_NOREX", "electricChargingState", "remainingChargingMinutes", timedelta(minutes=1)),
        ("G26", "climateControlState", "remainingSeconds", timedelta(seconds=1)),
    ],
)
async def test_what_ends_in_a_fresh_garage_ends_when_it_was_told_to(
    car: str, part: str, left: str, unit: timedelta, clock: SetClock
) -> None:
    garage = Garage([car], age=Age.FRESH, clock=clock)
    ends = []
    for _ in range(60):
        clock.now += timedelta(minutes=1)
        state = garage.state_of(garage[car])
        ends.append(datetime.fromisoformat(str(state["lastFetched"])) + _number(state, part, left) * unit)
        assert ends[-1] > clock.now - timedelta(minutes=5)
    told = _number(garage[car].state, part, left) * unit
    assert len({end.replace(microsecond=0) for end in ends}) <= timedelta(hours=1) // told + 2


def _number(state: dict[str, Json], part: str, key: str) -> float:
    told = state[part]
    assert isinstance(told, dict)
    number = told[key]
    assert isinstance(number, int | float)
    return number


async def test_requests_are_written_down(cloud: Simulator, phone: Phone, i4: str) -> None:
    await phone.vins()
    await phone.ask(STATE, i4)
    await phone.ask(STATE, "WBA00000000NOBODY")
    assert cloud.requests == [
        Asked(method="POST", path=LIST, vin=None, brand="bmw", status=200),
        Asked(method="GET", path=STATE, vin=i4, brand="bmw", status=200),
        Asked(method="GET", path=STATE, vin="WBA00000000NOBODY", brand="bmw", status=404),
    ]


async def test_a_fault_strikes_what_it_fits(cloud: Simulator, http: httpx.AsyncClient, i4: str) -> None:
    phone = Phone(cloud, http)
    fault = Fault(path=STATE, vin=i4, status=429, headers={"retry-after": "7"}, body={"message": "…"}, times=2)
    cloud.faults.append(fault)
    for _ in range(2):
        answer = await phone.ask(STATE, i4)
        assert (answer.status_code, answer.headers["retry-after"], answer.json()) == (429, "7", {"message": "…"})
    assert (await phone.ask(PROFILE, i4)).status_code == 200
    assert (await phone.ask(STATE, cloud.garage["I20"].vin)).status_code == 200
    assert (await phone.ask(STATE, i4)).status_code == 200, "twice is twice"
    assert fault.struck == 2


async def test_a_fault_strikes_until_it_is_removed(cloud: Simulator, http: httpx.AsyncClient) -> None:
    fault = Fault(brand="mini", status=489, body="Blocked")
    cloud.faults.append(fault)
    for _ in range(3):
        answer = await http.post(LIST, headers=Phone(cloud, http, brand="mini").headers)
        assert (answer.status_code, answer.text) == (489, "Blocked")
    assert await Phone(cloud, http, brand="bmw").vins()
    cloud.faults.remove(fault)
    assert await Phone(cloud, http, brand="mini").vins() == []


async def test_a_fault_breaks_the_connection(cloud: Simulator, phone: Phone, i4: str) -> None:
    cloud.faults.append(Fault(drop=True, times=1))
    with pytest.raises(httpx.TransportError):
        await phone.ask(STATE, i4)
    assert [asked.status for asked in cloud.requests] == [0]
    assert (await phone.ask(STATE, i4)).status_code == 200


async def test_a_fault_keeps_waiting(cloud: Simulator, phone: Phone, i4: str) -> None:
    enough = asyncio.Event()
    cloud.faults.append(Fault(path=STATE, after=enough))
    late = asyncio.create_task(phone.ask(STATE, i4))
    assert (await phone.ask(PROFILE, i4)).status_code == 200
    assert not late.done()
    enough.set()
    assert (await late).status_code == 200


async def test_an_unknown_path_is_not_found(cloud: Simulator, http: httpx.AsyncClient) -> None:
    assert (await http.get("/eadrax-vcs/v1/vehicles")).json() == {"statusCode": 404, "message": "Not Found"}
    assert cloud.requests[0].status == 404


async def test_a_taken_port_is_an_error(cloud: Simulator) -> None:
    with pytest.raises(OSError, match="address already in use"):
        await Simulator(port=int(cloud.url.rpartition(":")[2])).start()


async def test_over_tls_it_is_asked_by_those_who_trust_it(clock: SetClock) -> None:
    # The server's loop would complain of strangers.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    path = "/eadrax-vcs/v1/vehicles"
    with certified():
        trusting = ssl.create_default_context(cafile=ca_file())
        async with Simulator(clock=clock, tls=for_server()) as cloud:
            async with httpx.AsyncClient(base_url=cloud.url, verify=trusting) as friend:
                assert (await friend.get(path)).status_code == 404
                with pytest.raises(httpx.TransportError):
                    await friend.get(cloud.url.replace("https", "http") + path)
            async with httpx.AsyncClient(base_url=cloud.url, trust_env=False) as stranger:
                with pytest.raises(httpx.ConnectError):
                    await stranger.get(path)
    assert len(cloud.requests) == 1


async def test_it_can_be_run_by_hand() -> None:
    command = [sys.executable, "-m", "tests.simulator", "--port", "0", "--cars", "G26,I20"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, cwd=CHECKOUT)
    try:
        async with asyncio.timeout(30):
            assert process.stdout
            introduction = (await process.stdout.readline()).decode()
            assert introduction.startswith("simulator: 2 cars at http://127.0.0.1:")
            async with httpx.AsyncClient() as http:
                assert (await http.get(introduction.split()[-1])).status_code == 404
    finally:
        process.terminate()
    async with asyncio.timeout(30):
        assert await process.wait() == 0


# Pictures


def test_a_picture_differs_by_view_and_car() -> None:
    drawn = {draw(view, body, color) for view in VIEWS for body, color in (("G61", 0xFF3C4A57), ("F56", 0xFFB01020))}
    assert len(drawn) == 2 * 12
    assert all(Picture.of(picture) for picture in drawn)

"""Every command that `bimmer_connected` sends, captured from it, beside what we send; and what both make of answers.

What differs on purpose stands in command_differences.py with the reason, and nowhere else; docs/differences.md shows
the same table.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Final
from unittest.mock import ANY

from bimmer_connected.models import MyBMWRemoteServiceError
from bimmer_connected.tests.common import MyBMWMockRouter
from bimmer_connected.tests.conftest import (
    ALL_CHARGING_SETTINGS,
    ALL_PROFILES,
    ALL_STATES,
    prepare_account_with_vehicles as their_account,
)
from bimmer_connected.vehicle import remote_services
from bimmer_connected.vehicle.charging_profile import ChargingMode as TheirMode
from bimmer_connected.vehicle.remote_services import RemoteServices
import httpx
import orjson
import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.vehicle import (
    ChargingMode,
    Command,
    Fate,
    FindVehicle,
    FlashLights,
    InvalidCommandError,
    Lock,
    Position,
    Reason,
    SendDestination,
    SetChargingPlan,
    SetChargingSettings,
    SoundHorn,
    StartCharging,
    StartClimate,
    StopCharging,
    StopClimate,
    Unlock,
)
from tests.recorded import RECORDED_CARS
from tests.simulator import Fault

from .command_differences import DIFFERENCES
from .desk import Desk, is_order, open_desk

pytestmark = pytest.mark.usefixtures("socket_enabled")

type Theirs = Callable[[RemoteServices], Awaitable[object]]

PLACE: Final = Position(latitude=37.4028943, longitude=-121.9700289)
ADDRESS: Final = {
    "street": "4949 Marie P DeBartolo Way",
    "city": "Santa Clara",
    "postal_code": "CA 95054",
    "country": "United States",
}
RECORDINGS: Final = files("bimmer_connected").joinpath("tests", "responses", "remote_services")
STATUS: Final = "/eadrax-vrccs/v3/presentation/remote-commands/eventStatus"
ADDRESS_PARTS: Final = ("street", "postalCode", "city", "country")
OBSERVER: Final = Position(latitude=1.0, longitude=0.0)
PLAN_CARS: Final = ("G01", "G26", "G70", "I01_NOREX", "I01_REX", "I20")

COMMANDS: Final[dict[str, tuple[str, Theirs, Command]]] = {
    "flash lights": ("I20", lambda them: them.trigger_remote_light_flash(), FlashLights()),
    "horn": ("I20", lambda them: them.trigger_remote_horn(), SoundHorn()),
    "lock": ("I20", lambda them: them.trigger_remote_door_lock(), Lock()),
    "unlock": ("I20", lambda them: them.trigger_remote_door_unlock(), Unlock()),
    "start climate": ("I20", lambda them: them.trigger_remote_air_conditioning(), StartClimate()),
    "stop climate": ("I20", lambda them: them.trigger_remote_air_conditioning_stop(), StopClimate()),
    "find vehicle": ("I20", lambda them: them.trigger_remote_vehicle_finder(), FindVehicle(observer=OBSERVER)),
    "start charging": ("I20", lambda them: them.trigger_charge_start(), StartCharging()),
    "stop charging": ("I20", lambda them: them.trigger_charge_stop(), StopCharging()),
    "Supra": ("J29", lambda them: them.trigger_remote_light_flash(), FlashLights()),
    "charging target and current": (
        "G26",
        lambda them: them.trigger_charging_settings_update(target_soc=75, ac_limit=12),
        SetChargingSettings(target_percent=75, ac_limit_a=12),
    ),
    "charging target": (
        "G26",
        lambda them: them.trigger_charging_settings_update(target_soc=80),
        SetChargingSettings(target_percent=80),
    ),
    "charging current": (
        "G26",
        lambda them: them.trigger_charging_settings_update(ac_limit=6),
        SetChargingSettings(ac_limit_a=6),
    ),
    **{
        f"immediate charging, {car}": (
            car,
            lambda them: them.trigger_charging_profile_update(charging_mode=TheirMode.IMMEDIATE_CHARGING),
            SetChargingPlan(mode=ChargingMode.IMMEDIATE_CHARGING),
        )
        for car in PLAN_CARS
    },
    **{
        f"delayed charging, climatization, {car}": (
            car,
            lambda them: them.trigger_charging_profile_update(
                charging_mode=TheirMode.DELAYED_CHARGING, precondition_climate=True
            ),
            SetChargingPlan(mode=ChargingMode.DELAYED_CHARGING, is_pre_entry_climatization_on=True),
        )
        for car in PLAN_CARS
    },
    **{
        f"no climatization, {car}": (
            car,
            lambda them: them.trigger_charging_profile_update(precondition_climate=False),
            SetChargingPlan(is_pre_entry_climatization_on=False),
        )
        for car in PLAN_CARS
    },
    "destination": (
        "G26",
        lambda them: them.trigger_send_poi({"lat": PLACE.latitude, "lon": PLACE.longitude, "name": "49ers", **ADDRESS}),
        SendDestination(position=PLACE, name="49ers", **ADDRESS),
    ),
    "destination without an address": (
        "G26",
        lambda them: them.trigger_send_poi({"lat": 12.34, "lon": 12.34}),
        SendDestination(position=Position(latitude=12.34, longitude=12.34)),
    ),
}


DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "differences.md"
OURS_ALONE: Final = {"accept-encoding", "host", "connection", "content-length"}
OF_THE_MOMENT: Final = {
    "authorization",
    "bmw-session-id",
    "x-correlation-id",
    "bmw-correlation-id",
    "x-user-agent",
}


def as_sent(request: httpx.Request) -> dict[str, Json]:
    """All of a request that means something."""
    headers = {name: value for name, value in request.headers.items() if name not in OURS_ALONE | OF_THE_MOMENT}
    return {
        "method": request.method,
        "path": request.url.path.replace("DUMMY", "GCID"),
        "params": dict(request.url.params),
        "headers": dict[str, Json](headers),
        "brand": request.headers["x-user-agent"].split(";")[1],
        "body": orjson.loads(request.content) if request.content else None,
    }


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Desk]:
    """An account with all recorded cars."""
    async with open_desk(monkeypatch) as desk:
        yield desk


@pytest.fixture
def their_cloud(monkeypatch: pytest.MonkeyPatch) -> MyBMWMockRouter:
    """The cloud of their own tests, which needs no time."""
    monkeypatch.setattr(remote_services, "_POLLING_CYCLE", 0)
    return MyBMWMockRouter(profiles=ALL_PROFILES, states=ALL_STATES, charging_settings=ALL_CHARGING_SETTINGS)


async def their_requests(cloud: MyBMWMockRouter, car: str, command: Theirs) -> list[dict[str, Json]]:
    """What they send: the order, and the question for the position."""
    with cloud:
        account = await their_account()
        account.set_observer_position(OBSERVER.latitude, OBSERVER.longitude)
        cloud.calls.clear()
        await command(account.get_vehicle(RECORDED_CARS[car].vin).remote_services)
        return [as_sent(call.request) for call in cloud.calls if _is_compared(call.request)]


async def our_requests(desk: Desk, car: str, command: Command) -> list[dict[str, Json]]:
    """What we send."""
    sent: list[httpx.Request] = []

    async def note(request: httpx.Request) -> None:
        sent.append(request)

    desk.http.event_hooks["request"] = [note]
    assert (await desk.execute(car, command)).fate is Fate.EXECUTED
    gcid = next(account.gcid for account in desk.cloud.accounts if account.region == "row")
    requests = [as_sent(request) for request in sent if _is_compared(request)]
    return [request | {"path": str(request["path"]).replace(gcid, "GCID")} for request in requests]


def _is_compared(request: httpx.Request) -> bool:
    return is_order(request.url.path) or request.url.path.endswith("eventPosition")


@pytest.mark.parametrize("name", COMMANDS)
async def test_we_send_what_they_send(their_cloud: MyBMWMockRouter, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    car, theirs, ours = COMMANDS[name]
    their_cloud.vehicles_to_load = [RECORDED_CARS[car].vin]
    their_sent = await their_requests(their_cloud, car, theirs)
    async with open_desk(monkeypatch, cars=[car]) as desk:
        our_sent = await our_requests(desk, car, ours)
    if isinstance(ours, FindVehicle):  # each cloud numbers its events itself
        assert their_sent[1].pop("params")
        assert our_sent[1].pop("params")
    if name == "destination without an address":
        _even_out(their_sent, our_sent)
    assert our_sent == their_sent
    assert len(our_sent) == (2 if isinstance(ours, FindVehicle) else 1)


def _even_out(theirs: list[dict[str, Json]], ours: list[dict[str, Json]]) -> None:
    """Bring what differs on purpose to the same, having seen that it differs."""
    for sent, title, nothing in (
        (theirs, "Sent with ♥ by bimmer_connected", "None"),
        (ours, "12.34000, 12.34000", None),
    ):
        match sent[0]["body"]:
            case {"places": [dict(place)]}:
                address = place["address"]
                assert isinstance(address, dict)
                assert place.pop("title") == title
                assert [address.pop(part) for part in ADDRESS_PARTS] == [nothing] * len(ADDRESS_PARTS)
            case _:
                pytest.fail("no place")


# What both make of their recorded answers


ANSWERS: Final = {
    "pending": (Fate.TIMED_OUT, None),
    "delivered": (Fate.TIMED_OUT, None),
    "executed": (Fate.EXECUTED, None),
    "error": (Fate.FAILED, Reason.BY_CAR),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_their_recorded_answers_mean_the_same(desk: Desk, their_cloud: MyBMWMockRouter, name: str) -> None:
    recording = RECORDINGS.joinpath(f"eadrax_service_{name}.json")
    body: Json = orjson.loads(recording.read_bytes())
    desk.cloud.faults.append(Fault(path="eventStatus", status=200, body=body))
    outcome = await desk.execute("I20", Lock())
    assert (outcome.fate, outcome.reason) == ANSWERS[name]
    with their_cloud, pytest.MonkeyPatch.context() as patch:
        patch.setattr(remote_services, "_POLLING_TIMEOUT", 0.1)
        account = await their_account()
        their_cloud.post(STATUS, params={"eventId": ANY}).respond(200, json=body)
        them = account.get_vehicle(RECORDED_CARS["I20"].vin).remote_services
        if name == "executed":
            assert (await them.trigger_remote_light_flash()).state == "EXECUTED"
        else:
            with pytest.raises(MyBMWRemoteServiceError):
                await them.trigger_remote_light_flash()


async def test_without_capabilities_only_the_finder_is_left(desk: Desk, their_cloud: MyBMWMockRouter) -> None:
    desk.cloud.garage["F31"].capabilities.clear()
    await desk.see("F31")
    with their_cloud:
        account = await their_account()
        their_car = account.get_vehicle(RECORDED_CARS["F31"].vin)
        their_car.update_state({"capabilities": {}})
        for name, (car, theirs, ours) in COMMANDS.items():
            if car != "I20" or isinstance(ours, FindVehicle):
                continue
            with pytest.raises(ValueError, match="not support"):
                await theirs(their_car.remote_services)
            with pytest.raises(InvalidCommandError):
                await desk.execute("F31", ours)
            assert desk.sent() == [], name
        await their_car.remote_services.trigger_remote_vehicle_finder()
    assert (await desk.execute("F31", FindVehicle(observer=OBSERVER))).fate is Fate.EXECUTED


@pytest.mark.parametrize("target", [19, 21, 101, "asdf"])
async def test_the_same_targets_are_refused(their_cloud: MyBMWMockRouter, target: int) -> None:
    with their_cloud:
        account = await their_account()
        them = account.get_vehicle(RECORDED_CARS["G26"].vin).remote_services
        with pytest.raises(ValueError, match="Target SoC"):
            await them.trigger_charging_settings_update(target_soc=target)
    with pytest.raises(InvalidCommandError):
        SetChargingSettings(target_percent=target)


@pytest.mark.parametrize("limit", [17, "asdf"])
async def test_the_same_currents_are_refused(desk: Desk, their_cloud: MyBMWMockRouter, limit: int) -> None:
    with their_cloud:
        account = await their_account()
        them = account.get_vehicle(RECORDED_CARS["G26"].vin).remote_services
        with pytest.raises(ValueError, match="AC Limit"):
            await them.trigger_charging_settings_update(ac_limit=limit)
    with pytest.raises(InvalidCommandError):
        await desk.execute("G26", SetChargingSettings(ac_limit_a=limit))


async def test_the_recorded_position_means_the_same(desk: Desk, their_cloud: MyBMWMockRouter) -> None:
    recording = RECORDINGS.joinpath("eadrax_service_eventposition.json")
    desk.cloud.faults.append(Fault(path="eventPosition", status=200, body=orjson.loads(recording.read_bytes())))
    outcome = await desk.execute("G26", FindVehicle(observer=OBSERVER))
    assert outcome.location
    car = await desk.see("G26", after=timedelta(minutes=5))
    assert car.location == outcome.location
    with their_cloud:
        account = await their_account()
        account.set_observer_position(OBSERVER.latitude, OBSERVER.longitude)
        their_car = account.get_vehicle(RECORDED_CARS["G26"].vin)
        await their_car.remote_services.trigger_remote_vehicle_finder()
        await account.get_vehicles()
    theirs = their_car.vehicle_location
    assert theirs.location
    found = outcome.location
    assert (found.latitude, found.longitude, found.heading_deg) == (*theirs.location, theirs.heading)


def test_the_document_shows_these_differences() -> None:
    rows = [
        "| what | commands | bimmer_connected | here | why |",
        "|---|---|---|---|---|",
        *(
            f"| {difference.what} | {difference.commands} | {difference.theirs} | {difference.ours} "
            f"| {difference.reason} |"
            for difference in DIFFERENCES
        ),
    ]
    _values, _, rest = DOCUMENT.read_text(encoding="utf-8").partition("\n## Commands\n")
    commands, _, _doors = rest.partition("\n# ")
    assert [line for line in commands.splitlines() if line.startswith("|")] == rows

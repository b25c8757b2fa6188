"""The demo is real: a Home Assistant as people run it, with our integration, asked from outside like any other."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import re
from shutil import copy
import signal
import socket
import time
from typing import Final

import aiohttp
from homeassistant.core import HomeAssistant
from homeassistant.helpers.template import Template
import pytest

from custom_components.mybmw.sources import Json
from tests.demo.cards import Card
from tests.demo.dashboard import views
from tests.demo.owner import POLL_S, Owner, ShownCar
from tests.demo_process import DEMO, READY_WITHIN_S, STOPS_WITHIN_S, demo, free_port, said
from tests.recorded import RECORDED_CARS
from tests.simulator.living import LIVING_CARS

RECORDED: Final[Mapping[str, Mapping[str, str]]] = {
    "F31": {"sensor.software_version": "11/2013.02"},
    "G01": {"sensor.range_fuel": "436", "sensor.range_electric": "40", "binary_sensor.check_control": "on"},
    "G20": {"sensor.fuel_percent": "80", "sensor.range_total": "629"},
    "G26": {"sensor.mileage": "1121", "sensor.battery_level": "80", "device_tracker.location": "home"},
    "G70": {"sensor.battery_level": "70", "binary_sensor.plugged_in": "on"},
    "I01_NOREX": {"sensor.mileage": "79165", "binary_sensor.door_lock": "on", "device_tracker.location": "not_home"},
    "I01_REX": {"sensor.fuel_level": "6", "sensor.charging_status": "waiting_for_charging"},
    "I20": {"sensor.charging_status": "charging", "binary_sensor.windows": "off"},
    "J29": {"sensor.software_version": "07/2019.55"},
}

CARDATA_VIN: Final = LIVING_CARS["X1"].identity.vin
"""The car on the account of CarData."""

HEARD_WITHIN_S: Final = 100

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def port() -> int:
    """A port that is free, at least for now."""
    return free_port()


def running_in(home: Path) -> Sequence[str]:
    """The command lines of all processes that name a folder."""
    commands = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            commands.append(process.read_text(encoding="utf-8", errors="replace").replace("\0", " "))
        except OSError:  # it has just ended
            continue
    return [command for command in commands if str(home) in command]


def assert_nothing_to_complain_of(home: Path) -> None:
    """See that Home Assistant's log has nothing about us but what it says of every custom integration."""
    console = (home / "console.log").read_text(encoding="utf-8")
    [complaint] = re.findall(r"^.* (?:WARNING|ERROR|CRITICAL) .*mybmw.*$", console, re.MULTILINE)
    assert "We found a custom integration mybmw" in complaint


async def test_a_real_home_assistant_shows_the_recorded_cars(tmp_path: Path, port: int) -> None:
    home = tmp_path / "home"
    began = time.monotonic()
    async with demo("--port", str(port), "--home", str(home), "--cars", "recorded") as process:
        async with asyncio.timeout(READY_WITHIN_S):
            ready = re.search(
                rf"ready after (\d+) s: open http://127.0.0.1:{port} ", await said(process, until="ready")
            )
        assert ready
        assert int(ready[1]) == pytest.approx(time.monotonic() - began, abs=2), "counted from when it was started"
        async with asyncio.timeout(STOPS_WITHIN_S):
            owner = await Owner.sign_in(f"http://127.0.0.1:{port}")
            try:
                cars = {car.vin: car for car in await owner.cars()}
                refresh = await owner.refresh_buttons()
            finally:
                await owner.sign_out()
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(STOPS_WITHIN_S):
            assert "stopped" in await said(process)
            assert await process.wait() == 0

    shown = {
        folder: {key: cars[RECORDED_CARS[folder].vin].states[key] for key in facts}
        for folder, facts in RECORDED.items()
    }
    assert shown == RECORDED
    assert cars.keys() == {car.vin for car in RECORDED_CARS.values()} | {CARDATA_VIN}
    assert running_in(home) == []

    hung = (home / "mybmw.yaml").read_text(encoding="utf-8")
    of_cars = {entity for car in cars.values() for entity in car.entities.values()}
    assert entities_in(json.loads(hung)) == of_cars | {*refresh}
    assert len(refresh) == 2, "one for each account"

    assert_nothing_to_complain_of(home)


def latest(history: Mapping[str, Sequence[tuple[datetime, str]]], car: ShownCar) -> float:
    """The mileage that was recorded last."""
    return float(history[car.entities["sensor.mileage"]][-1][1])


async def test_living_cars_come_with_the_week_behind_them(tmp_path: Path, port: int) -> None:
    async with demo("--port", str(port), "--home", str(tmp_path / "home")) as process:
        async with asyncio.timeout(READY_WITHIN_S):
            assert "the last 7 days" in await said(process, until="ready after")
        async with asyncio.timeout(STOPS_WITHIN_S):
            owner = await Owner.sign_in(f"http://127.0.0.1:{port}")
            try:
                since = datetime.now(UTC) - timedelta(days=7)
                # The recorder writes every few seconds, and a car may come home between two questions.
                while True:
                    cars = {car.vin: car for car in await owner.cars()}
                    mileages = [car.entities["sensor.mileage"] for car in cars.values()]
                    history = await owner.history(mileages, since)
                    if all(latest(history, car) == float(car.states["sensor.mileage"]) for car in cars.values()):
                        break
                    await asyncio.sleep(POLL_S)
                driven = await owner.statistics(mileages, since, period="hour")
            finally:
                await owner.sign_out()

    assert cars.keys() == {model.identity.vin for model in LIVING_CARS.values()}
    for car in cars.values():
        mileage = car.entities["sensor.mileage"]
        shown = [(at, float(value)) for at, value in history[mileage] if value not in {"unknown", "unavailable"}]
        values = [value for _, value in shown]
        assert shown[0][0] < since + timedelta(hours=1), "the week was there before Home Assistant"
        assert len(values) > 10, "it has been driven"
        assert values == sorted(values), "yesterday goes on today"
        assert values[-1] == float(car.states["sensor.mileage"])

        hours = driven[mileage]
        assert len(hours) >= 7 * 24 - 2
        assert hours[-1].sum_ - hours[0].sum_ == pytest.approx(hours[-1].state - hours[0].state)
        assert hours[0].state <= hours[-1].state <= values[-1]
    assert any(hours[-1].sum_ - hours[0].sum_ > 50 for hours in driven.values())


async def test_a_car_of_cardata_tells_by_itself(tmp_path: Path, port: int) -> None:
    home = tmp_path / "home"
    # A day of the car's passes in ten seconds: it may stand for a whole weekend before it is driven.
    async with demo("--port", str(port), "--home", str(home), "--cars", "G26", "--speed", "8640") as process:
        async with asyncio.timeout(READY_WITHIN_S):
            told = await said(process, until="ready after")
        [board] = re.findall(r"http://\S+/_switchboard/", told)
        async with asyncio.timeout(HEARD_WITHIN_S), aiohttp.ClientSession(raise_for_status=True) as stranger:
            owner = await Owner.sign_in(f"http://127.0.0.1:{port}")
            try:
                first = await car_of_cardata(owner)
                asked = await calls(stranger, board)
                while True:
                    now = await car_of_cardata(owner)
                    if now.states["sensor.mileage"] != first.states["sensor.mileage"]:
                        break
                    await asyncio.sleep(POLL_S)
                assert await calls(stranger, board) == asked, "nobody had to ask"
            finally:
                await owner.sign_out()

    assert float(now.states["sensor.mileage"]) > float(first.states["sensor.mileage"])
    assert_nothing_to_complain_of(home)


async def car_of_cardata(owner: Owner) -> ShownCar:
    """The car on the account of CarData, as it is shown now."""
    [car] = [car for car in await owner.cars() if car.vin == CARDATA_VIN]
    return car


async def calls(stranger: aiohttp.ClientSession, board: str) -> Sequence[str]:
    """What CarData was asked so far."""
    async with stranger.get(f"{board}requests", params={"after": 0}) as answer:
        requests: list[dict[str, Json]] = (await answer.json())["requests"]
    return [path for asked in requests if (path := str(asked["path"])).startswith("/customers/")]


async def test_what_the_demo_is_can_be_read_before_anything_is_fetched(tmp_path: Path) -> None:
    alone = tmp_path / "scripts" / "demo"
    alone.parent.mkdir()
    copy(DEMO, alone)
    process = await asyncio.create_subprocess_exec(alone, "--help", stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(STOPS_WITHIN_S):
        told, _ = await process.communicate()
    assert b"Starts a simulated BMW cloud" in told
    fetched = tmp_path / ".dev"
    assert not fetched.exists()


async def test_the_first_start_fetches_into_a_folder_that_is_empty(tmp_path: Path) -> None:
    """Whatever Python helps to fetch it puts nothing there: uv makes no environment in a folder that has something."""
    alone, setup = tmp_path / "scripts" / "demo", tmp_path / "scripts" / "setup"
    alone.parent.mkdir()
    copy(DEMO, alone)
    setup.write_text("#!/bin/sh\necho told to put it into: $PYTHONPYCACHEPREFIX.\nexit 1\n", encoding="utf-8")
    setup.chmod(0o755)
    process = await asyncio.create_subprocess_exec(alone, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(STOPS_WITHIN_S):
        told, _ = await process.communicate()
    assert told == b"told to put it into: .\n"


async def test_a_taken_port_is_named(port: int, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        async with demo("--port", str(port), "--home", str(tmp_path)) as process, asyncio.timeout(READY_WITHIN_S):
            assert f"port {port} is in use; choose another with --port" in await said(process)
            assert await process.wait() == 2


async def test_an_unknown_fault_is_named(port: int) -> None:
    async with demo("--port", str(port), "--fault", "gremlins") as process, asyncio.timeout(READY_WITHIN_S):
        assert "invalid choice: 'gremlins'" in await said(process)
        assert await process.wait() == 2


async def test_somebody_elses_folder_is_left_alone(port: int, tmp_path: Path) -> None:
    precious = tmp_path / "configuration.yaml"
    precious.touch()
    async with (
        demo("--port", str(port), "--home", str(tmp_path), "--fresh") as process,
        asyncio.timeout(READY_WITHIN_S),
    ):
        assert "choose another with --home" in await said(process)
        assert await process.wait() == 1
    assert precious.exists()


# The dashboard


def car(name: str, **states: str) -> ShownCar:
    """A car with the entities `<platform>__<key>=<state>`."""
    named = {entity.replace("__", "."): state for entity, state in states.items()}
    vin = f"WBA00000000{name:>06}"
    return ShownCar(vin=vin, name=name, entities={key: f"{key}_of_{name}" for key in named}, states=named)


def cards(part: Json) -> Iterator[Card]:
    """All cards in a part of a dashboard, and the cards in them."""
    match part:
        case dict():
            yield part
            yield from (card for inner in part.values() for card in cards(inner))
        case list():
            yield from (card for inner in part for card in cards(inner))


def entities_in(part: Json) -> set[str]:
    """All entities that have a card."""
    return {str(card["entity"]) for card in cards(part) if "entity" in card}


def test_nothing_of_a_car_is_left_out() -> None:
    known = car("i4", sensor__battery_level="80", sensor__fuel_percent="unknown", sensor__brand_new="1")
    _, view = views([known])
    assert entities_in(view) == set(known.entities.values())


def test_a_car_of_which_little_is_known_comes_last() -> None:
    little = car("320d", sensor__software_version="11/2013.02")
    much = car("i4", **{f"sensor__fact_{number}": "1" for number in range(10)})
    assert [view["title"] for view in views([little, much])] == ["Overview", "i4", "320d"]


def test_only_a_known_position_is_on_the_map() -> None:
    here, nowhere = car("i4", device_tracker__location="home"), car("i3", device_tracker__location="unknown")
    maps = [card["entities"] for card in cards([*views([here, nowhere])]) if card.get("type") == "map"]
    assert maps == [[here.entities["device_tracker.location"]]] * 2, "of the overview and of the car itself"


@pytest.mark.parametrize(
    ("states", "says"),
    [
        (["on", "off"], ""),
        (["off", "off"], "Nothing."),
        (["unavailable", "off"], "Not all cars can be read just now. [Repairs](/config/repairs) may say why."),
        (["unavailable", "on"], "Not all cars can be read just now. [Repairs](/config/repairs) may say why."),
    ],
)
async def test_what_is_to_be_looked_after_is_never_an_empty_card(
    hass: HomeAssistant, states: Sequence[str], says: str
) -> None:
    both = [car(name, binary_sensor__lids="off") for name in ("i3", "i4")]
    for one, state in zip(both, states, strict=True):
        hass.states.async_set(one.entities["binary_sensor.lids"], state)
    overview, *_ = views(both)
    [problems, words] = [card for card in cards(overview) if card.get("show_empty") is False]
    assert problems["type"] == "entity-filter"
    assert Template(str(words["content"]), hass).async_render(parse_result=False) == says

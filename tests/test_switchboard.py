"""Faults by name: what they strike, how they are switched, and what the page shows of it."""

from collections.abc import AsyncGenerator, Mapping
import json
import re
from typing import Final

from aiohttp.test_utils import make_mocked_request
import httpx
import pytest

from custom_components.mybmw.sources import Json
from tests.simulator import ALL_PRESETS, SWITCHBOARD, Account, Age, Fault, Garage, Simulator
from tests.simulator.playing import ENDPOINTS
from tests.simulator.spoiling import half, mistyped, modernized, with_gaps, without

LIST: Final = "/eadrax-vcs/v5/vehicle-list"
STATE: Final = "/eadrax-vcs/v4/vehicles/state"
CONFIG: Final = "/eadrax-ucs/v1/presentation/oauth/config"
FAULTS: Final = f"{SWITCHBOARD}/faults"
BLOCKED: Final = 489

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def cloud() -> AsyncGenerator[Simulator]:
    """A cloud with two cars."""
    async with Simulator(cars=["G26", "G01"]) as cloud:
        yield cloud


@pytest.fixture
async def http(cloud: Simulator) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody who is not BMW's app: the cloud answers 400, unless a fault answers."""
    async with httpx.AsyncClient(base_url=cloud.url) as http:
        yield http


async def statuses(
    http: httpx.AsyncClient, path: str, number: int, headers: Mapping[str, str] | None = None
) -> list[int]:
    """What some requests in a row are answered with."""
    return [(await http.get(path, headers=headers)).status_code for _ in range(number)]


# What is struck


async def test_a_share_of_requests_is_always_the_same(http: httpx.AsyncClient, cloud: Simulator) -> None:
    async def struck() -> list[int]:
        cloud.faults[:] = [Fault(percent=40, status=500)]
        return await statuses(http, STATE, 10)

    first = await struck()
    assert first.count(500) == 4
    assert await struck() == first


async def test_a_share_does_not_depend_on_who_comes_first(http: httpx.AsyncClient, cloud: Simulator) -> None:
    async def struck(*cars: str) -> Mapping[str, list[int]]:
        cloud.faults[:] = [Fault(percent=50, status=500)]
        return {car: await statuses(http, STATE, 4, {"bmw-vin": car}) for car in cars}

    assert await struck("WBA1", "WBA2") == await struck("WBA2", "WBA1")


async def test_faults_come_one_after_the_other(http: httpx.AsyncClient, cloud: Simulator) -> None:
    cloud.faults += [
        Fault(name="tail", spoil=lambda body: body[-3:]),
        Fault(name="once", status=200, body="first", times=1),
        Fault(name="then", status=200, body="second"),
    ]
    assert [(await http.get(STATE)).text for _ in range(2)] == ["rst", "ond"]
    assert [asked.struck_by for asked in cloud.requests] == [("tail", "once"), ("tail", "then")]


async def test_silence_ends_with_the_patience_of_who_asks() -> None:
    async with Simulator() as cloud, httpx.AsyncClient(base_url=cloud.url, timeout=0.1) as http:
        cloud.switchboard.switch_on("never-answered")
        with pytest.raises(httpx.ReadTimeout):
            await http.get(STATE)
    assert [asked.status for asked in cloud.requests] == [0]


@pytest.mark.parametrize("name", [name for name, preset in ALL_PRESETS.items() if not preset.of_stream])
def test_every_fault_knows_where_it_belongs(name: str, cloud_of_one: Simulator) -> None:
    cloud_of_one.switchboard.switch_on(name)
    assert cloud_of_one.faults
    assert {fault.name for fault in cloud_of_one.faults} == {name}
    assert ALL_PRESETS[name].endpoint in ENDPOINTS
    assert all(re.fullmatch(r"https://github\.com/[\w./-]+/issues/\d+", seen.url) for seen in ALL_PRESETS[name].seen)


@pytest.mark.parametrize("name", ALL_PRESETS)
def test_what_a_fault_is_reads_in_a_table_and_after_the_servers(name: str) -> None:
    """There it says what they did, here it is what they do."""
    verb = ALL_PRESETS[name].what.split()[0]
    assert verb[0].isupper()
    assert verb not in {"Be", "Are", "Is", "Was", "Were", "Has", "Had"}
    assert ALL_PRESETS[name].what[-1].isalnum(), "whoever shows it ends the sentence"


@pytest.fixture
def cloud_of_one() -> Simulator:
    """A cloud that is not on the wire."""
    return Simulator(cars=["G26"])


def test_spoiled_documents() -> None:
    state: Json = {"state": {"range": 5, "isOpen": True, "doors": {"left": {"status": "CLOSED", "a": [1]}}}}
    assert half(b"abcd") == b"ab"
    assert without("state", "doors", "*", "status")(state) == {
        "state": {"range": 5, "isOpen": True, "doors": {"left": {"a": [1]}}}
    }
    assert mistyped(state) == {
        "state": {"range": "about 5", "isOpen": "about True", "doors": {"left": {"status": 6, "a": None}}}
    }
    assert "CLOSED_2030" in json.dumps(modernized(state))
    fields: Json = {str(number): number for number in range(90)}
    assert 20 < len(json.dumps(with_gaps(fields)).split(",")) < 80


# Switching


async def test_the_car_of_any_account_can_be_chosen(cloud_of_one: Simulator) -> None:
    world = cloud_of_one.world
    garage = Garage(["X1"], age=Age.FRESH, clock=world.clock, world=world)
    cloud_of_one.accounts.add(Account(username="partner@example.com", password="demo", region="row", garage=garage))
    cloud_of_one.switchboard.switch_on("cardata-car-denied", car="X1")
    assert [fault.vin for fault in cloud_of_one.faults] == [garage["X1"].vin]


def test_the_faults_of_a_sign_in_strike_as_many_as_is_chosen(cloud_of_one: Simulator) -> None:
    for name in ("cardata-sign-in-ended", "cardata-client-deleted"):
        cloud_of_one.switchboard.switch_on(name, percent=20)
        assert {fault.percent for fault in cloud_of_one.switchboard.switches[name].faults} == {20}


def test_which_requests_of_a_hundred_are_struck_can_be_chosen() -> None:
    request = make_mocked_request("GET", "/customers/vehicles/mappings")
    struck = set()
    for first in range(5):
        fault = Fault(percent=20, counted_from=first)
        struck.add(tuple(fault.strikes(request) for _ in range(5)))
    assert len(struck) == 5, "each of five requests is struck once"
    assert all(turns.count(True) == 1 for turns in struck)


def test_a_fault_is_limited_to_what_is_chosen(cloud_of_one: Simulator) -> None:
    board, vin = cloud_of_one.switchboard, cloud_of_one.garage["G26"].vin
    board.switch_on("blocked", endpoint="state", car="G26", percent=50, times=3)
    [fault] = cloud_of_one.faults
    assert (fault.path, fault.vin, fault.percent, fault.times) == (ENDPOINTS["state"], vin, 50, 3)
    board.switch_on("blocked")
    [fault] = cloud_of_one.faults
    assert (fault.path, fault.vin, fault.percent, fault.times) == ("", None, 100, None)
    board.switch_on("forbidden-car")
    assert cloud_of_one.faults[1].vin == vin, "the first car, if none is chosen"
    board.switch_off("blocked")
    assert [*board.switches] == ["forbidden-car"]
    board.switch_all_off()
    assert cloud_of_one.faults == []


def test_switching_leaves_the_faults_of_others_alone(cloud_of_one: Simulator) -> None:
    other = Fault(status=500)
    cloud_of_one.faults.append(other)
    cloud_of_one.switchboard.switch_on("blocked")
    cloud_of_one.switchboard.switch_all_off()
    assert cloud_of_one.faults == [other]


async def test_over_http(http: httpx.AsyncClient, cloud: Simulator) -> None:
    shown = (await http.get(FAULTS)).json()
    assert [fault["name"] for fault in shown["faults"]] == [
        name for name, preset in ALL_PRESETS.items() if not preset.of_stream
    ], "this cloud has no stream"
    assert [car["name"] for car in shown["cars"]] == ["G26", "G01"]
    assert not any(fault["on"] for fault in shown["faults"])

    answer = await http.post(FAULTS, json={"name": "blocked", "endpoint": "list", "times": 1})
    assert answer.json()["on"] == {"endpoint": "list", "car": None, "percent": 100, "times": 1, "struck": 0}
    assert await statuses(http, STATE, 1) == [400]
    assert (await http.post(LIST)).status_code == BLOCKED
    assert (await http.get(FAULTS)).json()["faults"][0]["on"]["struck"] == 1

    await http.post(FAULTS, json={"name": "server-error", "endpoint": "sign-in"})
    assert await statuses(http, CONFIG, 1) == [500]
    assert (await http.delete(f"{FAULTS}/server-error")).status_code == 204
    assert [*cloud.switchboard.switches] == ["blocked"]
    assert (await http.delete(FAULTS)).status_code == 204
    assert cloud.faults == []


async def test_all_limits_at_once(http: httpx.AsyncClient, cloud: Simulator) -> None:
    wish: Json = {"name": "server-error", "endpoint": "state", "car": "G26", "percent": 50, "times": 3}
    assert (await http.post(FAULTS, json=wish)).status_code == 200
    about_it, about_another = ({"bmw-vin": cloud.garage[name].vin} for name in ("G26", "G01"))
    assert 500 not in await statuses(http, STATE, 10, about_another), "another car"
    assert 500 not in await statuses(http, LIST, 10, about_it), "another endpoint"
    struck = await statuses(http, STATE, 6, about_it)
    assert struck.count(500) == 3, "one half"
    assert 500 not in await statuses(http, STATE, 10, about_it), "and no more than three times"


@pytest.mark.parametrize(
    "wish",
    [
        {},
        [],
        {"name": "nothing-like-it"},
        {"name": "blocked", "endpoint": "nowhere"},
        {"name": "blocked", "car": "Z4"},
        {"name": "blocked", "car": 4},
        {"name": "blocked", "percent": 0},
        {"name": "blocked", "percent": 101},
        {"name": "blocked", "percent": True},
        {"name": "blocked", "times": 0},
        {"name": "blocked", "times": "often"},
        {"name": "blocked", "forever": True},
    ],
)
async def test_what_makes_no_sense_is_refused(http: httpx.AsyncClient, cloud: Simulator, wish: Json) -> None:
    answer = await http.post(FAULTS, json=wish)
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert cloud.faults == []


async def test_a_foreign_page_cannot_switch(http: httpx.AsyncClient, cloud: Simulator) -> None:
    form = {"content-type": "text/plain"}
    assert (await http.post(FAULTS, content='{"name": "blocked"}', headers=form)).status_code == 400
    assert (await http.post(FAULTS, content="{", headers={"content-type": "application/json"})).status_code == 400
    assert (await http.delete(f"{FAULTS}/nothing-like-it")).status_code == 404
    assert cloud.faults == []


# Looking


async def test_the_page_needs_nothing_from_elsewhere(http: httpx.AsyncClient) -> None:
    assert (await http.get(SWITCHBOARD)).headers["location"] == f"{SWITCHBOARD}/"
    page = await http.get(f"{SWITCHBOARD}/")
    assert page.headers["content-type"].startswith("text/html")
    assert "//" not in re.sub(r"\s//.*", "", page.text)


async def test_the_log(http: httpx.AsyncClient, cloud: Simulator) -> None:
    cloud.switchboard.switch_on("blocked", times=1)
    await http.get(STATE, headers={"bmw-vin": cloud.garage["G26"].vin})
    await http.get(STATE)
    log = (await http.get(f"{SWITCHBOARD}/requests")).json()
    assert log["next"] == 2, "what is asked here is not asked of BMW"
    assert [(asked["car"], asked["status"], asked["struck_by"]) for asked in log["requests"]] == [
        ("G26", BLOCKED, ["blocked"]),
        (None, 400, []),
    ]
    assert (await http.get(f"{SWITCHBOARD}/requests?after=2")).json() == {"next": 2, "requests": []}


async def test_the_switchboard_works_while_everything_else_is_broken(http: httpx.AsyncClient, cloud: Simulator) -> None:
    cloud.switchboard.switch_on("dropped")
    assert (await http.delete(FAULTS)).status_code == 204

"""The stream's simulator: BMW's rules at its door, and what a car says as BMW passes it on."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
import json
import ssl

import aiomqtt
import httpx
from paho.mqtt.reasoncodes import ReasonCode
import pytest

from tests.clock import SetClock
from tests.simulator import SWITCHBOARD, Simulator
from tests.simulator.cardata import API, SCOPES, STREAM, Grant
from tests.simulator.garage import LivingCar
from tests.simulator.living import Charge
from tests.simulator.speaks_cardata import in_stream, said
from tests.simulator.stream import News, Newsroom, No, Second, StreamFault, Which, mosquitto

pytestmark = pytest.mark.usefixtures("socket_enabled")

LATITUDE = "vehicle.cabin.infotainment.navigation.currentLocation.latitude"
DAY = timedelta(days=1)
LOCK = "vehicle.cabin.door.lock.status"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime(2026, 2, 20, 12, 3, 21, tzinfo=UTC))


@pytest.fixture(params=list(Which))
async def cloud(request: pytest.FixtureRequest, clock: SetClock) -> AsyncGenerator[Simulator]:
    if request.param is Which.MOSQUITTO and mosquitto() is None:
        pytest.skip("mosquitto is not installed; with it, this test would run against a second broker")
    async with Simulator(cars=["I5"], clock=clock, stream=request.param) as cloud:
        cloud.stream.goes_on = False
        await cloud.stream.look()
        yield cloud


def i5(cloud: Simulator) -> LivingCar:
    car = cloud.garage["I5"]
    assert isinstance(car, LivingCar)
    return car


def grant(cloud: Simulator, *scopes: str) -> Grant:
    return cloud.cardata.customers.admit(cloud.cardata.customer(), frozenset(scopes or SCOPES))


def client(cloud: Simulator, given: Grant, *, gcid: str | None = None, keepalive: int = 30) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1",
        cloud.stream.port,
        username=gcid or given.customer.account.gcid,
        password=given.id_token,
        keepalive=keepalive,
        timeout=2,
        tls_context=ssl.create_default_context(cafile=cloud.stream.ca_file),
    )


def topic(cloud: Simulator, of: str = "+") -> str:
    return f"{cloud.cardata.customer().account.gcid}/{of}"


async def refusal(cloud: Simulator, given: Grant, **how: str) -> int:
    with pytest.raises(aiomqtt.MqttCodeError) as refused:
        await client(cloud, given, gcid=how.get("gcid")).__aenter__()
    assert isinstance(refused.value.rc, ReasonCode)
    return refused.value.rc.value


async def subscribed(connected: aiomqtt.Client, to: str) -> list[int]:
    answers = await connected.subscribe(to)
    return [answer.value if isinstance(answer, ReasonCode) else answer for answer in answers]


async def heard(connected: aiomqtt.Client, number: int) -> list[aiomqtt.Message]:
    async with asyncio.timeout(5):
        messages = aiter(connected.messages)
        return [await anext(messages) for _ in range(number)]


async def test_who_is_let_in(cloud: Simulator, clock: SetClock) -> None:
    good = grant(cloud)
    assert await refusal(cloud, good, gcid="somebody-else") == 134
    assert await refusal(cloud, grant(cloud, API)) == 135
    async with client(cloud, good) as connected:
        assert await subscribed(connected, topic(cloud)) == [0]
        assert len(cloud.stream.gate.sessions) == 1
    await cloud.stream.gate.emptied()
    clock.now += timedelta(seconds=9)
    assert await refusal(cloud, good) == 135, "that is too early"
    clock.now += timedelta(seconds=1)
    async with client(cloud, good):
        pass
    clock.now += timedelta(hours=1)
    assert await refusal(cloud, good) == 134
    assert [knock.why for knock in cloud.stream.gate.knocks] == [
        No.BAD_CREDENTIALS,
        No.NOT_AUTHORIZED,
        None,
        No.NOT_AUTHORIZED,
        None,
        No.BAD_CREDENTIALS,
    ]


async def test_a_key_can_end_early(cloud: Simulator) -> None:
    good = grant(cloud)
    cloud.cardata.customers.forget_id_tokens()
    assert await refusal(cloud, good) == 134
    async with client(cloud, grant(cloud)):
        assert len(cloud.stream.gate.sessions) == 1


async def test_nobody_has_to_come_in_by_a_strange_certificate(cloud: Simulator) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)  # or the test package would complain
    cloud.stream.show_certificate(strange=True)
    with pytest.raises(aiomqtt.MqttError, match="certificate verify failed"):
        await client(cloud, grant(cloud)).__aenter__()
    cloud.stream.show_certificate(strange=False)
    async with client(cloud, grant(cloud)):
        assert len(cloud.stream.gate.sessions) == 1


@pytest.mark.parametrize("keepalive", [31, 60])
async def test_who_wants_a_long_keepalive_is_hung_up_on(cloud: Simulator, keepalive: int) -> None:
    with pytest.raises(aiomqtt.MqttError):
        await client(cloud, grant(cloud), keepalive=keepalive).__aenter__()
    assert cloud.stream.gate.sessions == {}


async def test_the_first_of_two_is_evicted(cloud: Simulator) -> None:
    first, second = client(cloud, grant(cloud)), client(cloud, grant(cloud))
    await first.__aenter__()
    async with second:
        with pytest.raises(aiomqtt.MqttError):
            await heard(first, 1)
        assert len(cloud.stream.gate.sessions) == 1
        assert await subscribed(second, topic(cloud)) == [0]


async def test_or_the_second_is_refused(cloud: Simulator) -> None:
    cloud.stream.gate.second = Second.REFUSED
    async with client(cloud, grant(cloud)) as first:
        assert await refusal(cloud, grant(cloud)) == 135
        assert await subscribed(first, topic(cloud)) == [0]


async def test_the_end_of_a_token_is_the_end_of_its_connection(cloud: Simulator, clock: SetClock) -> None:
    connected = client(cloud, grant(cloud))
    await connected.__aenter__()
    clock.now += timedelta(minutes=59)
    await cloud.stream.look()
    assert len(cloud.stream.gate.sessions) == 1
    clock.now += timedelta(minutes=1)
    await cloud.stream.look()
    assert cloud.stream.gate.sessions == {}
    with pytest.raises(aiomqtt.MqttError):
        await heard(connected, 1)


@pytest.mark.parametrize("to", ["WBA00000000LIVE01", "somebody-else/+", "#"])
async def test_topics_of_others_close_the_connection(cloud: Simulator, to: str) -> None:
    connected = client(cloud, grant(cloud))
    await connected.__aenter__()
    with pytest.raises(aiomqtt.MqttError):
        await subscribed(connected, to)
    assert cloud.stream.gate.sessions == {}


async def test_so_does_what_a_client_publishes(cloud: Simulator) -> None:
    connected = client(cloud, grant(cloud))
    await connected.__aenter__()
    await connected.publish(topic(cloud, "WBA00000000LIVE01"), b"{}")
    await cloud.stream.gate.emptied()
    with pytest.raises(aiomqtt.MqttError):
        await heard(connected, 1)


async def test_nothing_is_subscribed_to_that_is_switched_off(cloud: Simulator) -> None:
    given = grant(cloud)
    cloud.cardata.customer().subscribed.discard(STREAM)
    async with client(cloud, given) as connected:
        assert await subscribed(connected, topic(cloud)) == [0x80]


async def test_an_upload_is_told_value_by_value(cloud: Simulator, clock: SetClock) -> None:
    car = i5(cloud)
    clock.now = next(report.at for report in car.life.reports(clock.now + timedelta(seconds=1), clock.now + DAY))
    async with client(cloud, grant(cloud)) as connected:
        await connected.subscribe(topic(cloud))
        await cloud.stream.look()
        told = {key: entry for key, entry in said(car.life, car.clock).items() if entry.at == clock.now}
        streamed = {key: in_stream(entry) for key, entry in told.items() if entry.in_stream}
        messages = [json.loads(message.payload) for message in await heard(connected, len(streamed))]
    assert {key: entry for message in messages for key, entry in message["data"].items()} == streamed
    assert LATITUDE in streamed
    assert LOCK in told
    assert LOCK not in streamed
    assert {(message["vin"], message["topic"]) for message in messages} == {(car.vin, car.vin)}
    envelope = clock.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert {message["timestamp"] for message in messages} == {envelope}, "one upload, one envelope"
    assert {len(message["data"]) for message in messages} == {1}


@pytest.mark.parametrize("fault", [StreamFault.DUPLICATE, StreamFault.OUT_OF_ORDER, StreamFault.LATE])
async def test_what_becomes_of_an_upload(cloud: Simulator, clock: SetClock, fault: StreamFault) -> None:
    reports = [report.at for report in i5(cloud).life.reports(clock.now + timedelta(seconds=1), clock.now + DAY)]
    cloud.stream.faults.add(fault)
    clock.now = reports[0]
    async with client(cloud, grant(cloud)) as connected:
        await connected.subscribe(topic(cloud))
        await cloud.stream.look()
        if fault is StreamFault.LATE:
            await cloud.stream.publish([News(topic(cloud, i5(cloud).vin), b"{}")])
            assert [message.payload for message in await heard(connected, 1)] == [b"{}"], "nothing else yet"
            clock.now = reports[1]
            await cloud.stream.look()
        first, second = [json.loads(message.payload) for message in await heard(connected, 2)]
    assert (first == second) is (fault is StreamFault.DUPLICATE)
    envelope = reports[0].isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert first["timestamp"] == envelope
    begins_with_mileage = "vehicle.vehicle.travelledDistance" in first["data"]
    assert begins_with_mileage is (fault is not StreamFault.OUT_OF_ORDER)


def test_a_charge_of_which_nobody_hears_more_than_that_it_began(clock: SetClock) -> None:
    cloud = Simulator(cars=["I5"], clock=clock)
    life, begin = i5(cloud).life, clock.now
    charges = [entry for entry in life.diary(begin, begin + 7 * DAY) if isinstance(entry, Charge)]
    charge = max(charges, key=lambda charge: charge.end - charge.start)
    newsroom = Newsroom(cloud.cardata.customer())
    clock.now = charge.start - timedelta(seconds=1)
    assert [*newsroom.bursts()] == []
    clock.now = charge.start
    assert [*newsroom.bursts(is_charge_silent=True)], "that it has begun"
    clock.now = charge.end + timedelta(minutes=5)
    assert [*newsroom.bursts(is_charge_silent=True)] == []
    clock.now = next(report.at for report in life.reports(clock.now, clock.now + 2 * DAY))
    [burst] = newsroom.bursts(is_charge_silent=True)
    told = {key for news in burst for key in json.loads(news.payload)["data"]}
    assert {"vehicle.drivetrain.electricEngine.charging.status", LATITUDE} < told


async def test_who_was_unreachable_is_not_opened_while_it_is_down(cloud: Simulator) -> None:
    port = cloud.stream.port
    cloud.stream.faults.add(StreamFault.UNREACHABLE)
    await cloud.stream.look()
    cloud.stream.faults.clear()
    await cloud.stream.go_down()
    await cloud.stream.look()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    await cloud.stream.come_up()
    assert cloud.stream.port == port


async def test_who_has_hung_up_on_everybody_answers_again(cloud: Simulator, clock: SetClock) -> None:
    given, port = grant(cloud), cloud.stream.port
    first = client(cloud, given)
    await first.__aenter__()
    await cloud.stream.go_down()
    with pytest.raises(aiomqtt.MqttError):
        await heard(first, 1)
    with pytest.raises(aiomqtt.MqttError):
        await client(cloud, given).__aenter__()
    await cloud.stream.come_up()
    assert cloud.stream.port == port
    clock.now += timedelta(seconds=10)
    cloud.stream.gate.takes_notes = True
    async with client(cloud, given) as connected:
        await connected.subscribe(topic(cloud))
        await cloud.stream.publish([News(topic(cloud, i5(cloud).vin), b"{}")])
        await heard(connected, 1)
    assert cloud.stream.gate.told == [(topic(cloud, i5(cloud).vin), b"{}")]
    assert cloud.stream.gate.most_connections == 1


async def test_faults_are_switched_over_http(cloud: Simulator) -> None:
    faults = f"{SWITCHBOARD}/faults"
    async with httpx.AsyncClient(base_url=cloud.url) as board:
        for name in ("stream-rival", "stream-garbage"):
            assert (await board.post(faults, json={"name": name})).status_code == 200
        assert cloud.stream.faults == {StreamFault.RIVAL, StreamFault.GARBAGE}
        assert (await board.delete(f"{faults}/stream-rival")).status_code == 204
        shown = (await board.get(faults)).json()["faults"]
        assert [fault["name"] for fault in shown if fault["on"]] == ["stream-garbage"]
        assert {fault["name"] for fault in shown if fault["is_of_stream"]} == {
            f"stream-{fault}" for fault in StreamFault
        }
        limited = await board.post(faults, json={"name": "stream-late", "percent": 50})
        assert (limited.status_code, limited.json()["message"]) == (400, "stream-late strikes the whole stream")
        assert (await board.delete(faults)).status_code == 204
        assert cloud.stream.faults == set()


async def test_a_cloud_without_a_stream_says_so() -> None:
    async with Simulator(cars=["I5"]) as cloud:
        with pytest.raises(ValueError, match="without a stream"):
            _ = cloud.stream

"""The stream against real brokers: what comes through, when it reconnects, and how it ends."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest

from custom_components.mybmw.sources.cardata.access import Access
from custom_components.mybmw.sources.cardata.failures import Cause, SignInFailedError
from custom_components.mybmw.sources.cardata.stream import Stream
from custom_components.mybmw.sources.cardata.stream_status import Trouble
from tests.simulator import Fault, Simulator
from tests.simulator.cardata import STREAM
from tests.simulator.spoiling import document, without
from tests.simulator.stream import GARBAGE, No, Second, StreamFault
from tests.sources.cardata.rig import API, TOKEN, asked

from .rig import Listener, Time, i5, news

MILEAGE = "vehicle.vehicle.travelledDistance"


def knocks(cloud: Simulator) -> list[tuple[float, bool, No | None]]:
    """Who came to the broker's door: how long after the one before, whether they were let in, else why not."""
    all_of_them = cloud.stream.gate.knocks
    times = [knock.at for knock in all_of_them]
    gaps = [0.0, *((later - before).total_seconds() for before, later in pairwise(times))]
    return [(gap, knock.is_in, knock.why) for gap, knock in zip(gaps, all_of_them, strict=True)]


# What comes


async def test_what_a_car_uploads_arrives_value_by_value(listener: Listener, cloud: Simulator, time: Time) -> None:
    await listener.connected()
    await listener.pass_by(hours=8)  # through several exchanges of the token
    await listener.connected()
    await cloud.stream.look()
    messages = await listener.came(30)
    assert {message.vin for message in messages} <= {car.vin for car in cloud.garage}
    for message in messages:
        assert message.payload["vin"] == message.vin
        assert isinstance(message.payload["data"], dict)
        assert len(message.payload["data"]) == 1
    assert listener.status.messages == len(messages)
    assert listener.status.last_message_at == time()
    assert listener.status.strange == 0


async def test_messages_keep_their_order(listener: Listener, cloud: Simulator) -> None:
    await listener.connected()
    await cloud.stream.publish(news(cloud, b'{"data": {}, "number": %d}' % number) for number in range(500))
    messages = await listener.came(500)
    assert [message.payload["number"] for message in messages] == [*range(500)]


async def test_what_cannot_be_read_is_counted_and_harms_nothing(listener: Listener, cloud: Simulator) -> None:
    await listener.connected()
    await cloud.stream.publish(news(cloud, payload, "nobody") for payload in GARBAGE)
    await cloud.stream.publish([news(cloud, b'{"data": {}}')])
    assert [message.vin for message in await listener.came(2)][-1] == i5(cloud).vin
    assert listener.status.strange == len(GARBAGE) - 1, "one of them has a VIN and could be somebody's"
    assert listener.status.connected_since


async def test_what_comes_between_strange_messages_arrives(listener: Listener, cloud: Simulator) -> None:
    await listener.connected()
    cloud.stream.faults |= {StreamFault.GARBAGE, StreamFault.DUPLICATE}
    await listener.pass_by(hours=8)
    await cloud.stream.look()
    await cloud.stream.publish([news(cloud, b'{"data": {}, "is": "the last"}')])
    await listener.until(lambda: any(message.payload.get("is") for message in listener.messages))
    ours = [message for message in listener.messages if message.vin in {car.vin for car in cloud.garage}]
    assert len(ours) >= 30
    assert listener.status.strange >= 10
    assert listener.status.last_trouble is None


async def test_messages_are_no_calls(listener: Listener, cloud: Simulator) -> None:
    await listener.connected()
    assert asked(cloud, API) == []
    assert cloud.cardata.customer().calls == []


async def test_silence_is_no_failure(listener: Listener, cloud: Simulator) -> None:
    cloud.stream.faults.add(StreamFault.SILENT)
    await listener.connected()
    for _hour in range(6):
        await listener.pass_by(hours=1)
        await cloud.stream.look()
        await listener.connected()
    assert listener.status.last_trouble is None
    assert listener.status.messages == 0
    assert len(cloud.stream.gate.knocks) <= 7, "but for the hourly exchange of the token"


# The token


async def test_a_token_is_exchanged_before_it_ends(listener: Listener, cloud: Simulator) -> None:
    await listener.connected()
    await listener.pass_by(minutes=54)
    assert len(cloud.stream.gate.sessions) == 1
    await listener.pass_by(minutes=2)
    await listener.connected()
    assert knocks(cloud) == [(0, True, None), (55 * 60 + 12, True, None)]
    assert listener.status.last_trouble is None
    await listener.pass_by(minutes=30)
    await cloud.stream.look()
    assert listener.status.connected_since, "the end of the old token is nothing to the new connection"


async def test_a_token_that_ends_early_costs_seconds(listener: Listener, cloud: Simulator, time: Time) -> None:
    await listener.connected()
    time.now += timedelta(minutes=61)  # the computer slept, and nothing woke
    await cloud.stream.look()
    assert await listener.waiting() == timedelta(seconds=12)
    assert listener.status.last_trouble is None, "it was to be expected"
    await listener.retry()
    await listener.connected()


async def test_a_wait_ends_by_the_clock_and_not_by_its_length(listener: Listener, cloud: Simulator, time: Time) -> None:
    await listener.connected()
    time.now += timedelta(minutes=56)  # for which the computer slept
    await listener.pass_by(minutes=1)
    assert len(cloud.stream.gate.knocks) == 2


async def test_a_refused_token_is_renewed_once_and_then_waited_for(listener: Listener, cloud: Simulator) -> None:
    """BMW refuses good tokens on some nights, and accepts the next one (KV #443)."""
    await listener.connected()
    cloud.stream.faults.add(StreamFault.REFUSED)
    await cloud.stream.look()
    cloud.stream.gate.cut(next(iter(cloud.stream.gate.sessions.values())))
    pauses = []
    for _ in range(8):
        await listener.retry()
        pauses.append((await listener.waiting()).total_seconds())
    assert listener.status.last_trouble is Trouble.REFUSED
    assert pauses == [12, 24, 48, 96, 192, 300, 300, 300]
    assert asked(cloud, TOKEN) == [("token", 200)]
    cloud.stream.faults.clear()
    await cloud.stream.look()
    await listener.retry()
    await listener.connected()


async def test_no_token_is_no_reason_to_sign_in(listener: Listener, cloud: Simulator) -> None:
    await listener.connected()
    cloud.faults.append(Fault(path=TOKEN, status=500))
    await listener.pass_by(minutes=55, seconds=12)
    assert await listener.waiting() == timedelta(seconds=30)
    await listener.retry()
    assert await listener.waiting() == timedelta(minutes=1)
    assert listener.status.last_trouble is Trouble.NO_KEY
    cloud.faults.clear()
    await listener.retry()
    await listener.connected()


async def test_too_many_renewals_are_waited_for(listener: Listener, cloud: Simulator) -> None:
    await listener.connected()
    cloud.faults.append(Fault(path=TOKEN, status=429, headers={"retry-after": "3600"}, times=1))
    await listener.pass_by(minutes=55, seconds=12)
    assert await listener.waiting() == timedelta(hours=1)
    await listener.retry()
    await listener.connected()


async def test_a_renewal_that_brings_nothing_to_connect_with_is_not_repeated_soon(
    listener: Listener, cloud: Simulator
) -> None:
    await listener.connected()
    cloud.faults.append(Fault(path=TOKEN, spoil=document(without("id_token"))))
    await listener.pass_by(minutes=55, seconds=12)
    assert await listener.waiting() == timedelta(minutes=15)
    assert listener.status.last_trouble is Trouble.NO_KEY
    assert asked(cloud, TOKEN) == [("token", 200)]
    cloud.faults.clear()
    await listener.retry()
    await listener.connected()


async def test_an_ended_sign_in_ends_the_stream(listener: Listener, cloud: Simulator) -> None:
    await listener.connected()
    cloud.cardata.customers.forget_refresh_tokens()
    await listener.pass_by(minutes=56)
    await listener.until(lambda: listener.status.ended_by)
    assert isinstance(listener.status.ended_by, SignInFailedError)
    assert listener.status.ended_by.cause is Cause.GRANT_ENDED
    assert listener.told[-1] == listener.status


# The connection


async def test_there_is_one_stream_however_often_it_is_started(listener: Listener, cloud: Simulator) -> None:
    listener.stream.start()
    await listener.connected()
    listener.stream.start()
    assert len(cloud.stream.gate.knocks) == 1


async def test_a_drop_is_mended_after_ten_seconds(listener: Listener, cloud: Simulator) -> None:
    await listener.connected()
    cloud.stream.gate.cut(next(iter(cloud.stream.gate.sessions.values())))
    await listener.retry()
    await listener.connected()
    assert knocks(cloud) == [(0, True, None), (12, True, None)]
    assert listener.status.last_trouble is Trouble.DROPPED
    assert not listener.status.has_rival


async def test_a_drop_in_the_middle_of_an_upload_loses_only_its_rest(listener: Listener, cloud: Simulator) -> None:
    await listener.connected()
    cloud.stream.faults.add(StreamFault.DROP)
    await listener.pass_by(hours=8)
    await listener.connected()
    await cloud.stream.look()
    await listener.waiting()
    assert listener.status.last_trouble is Trouble.DROPPED
    cloud.stream.faults.clear()
    await listener.retry()
    await listener.connected()
    before = len(listener.messages)
    await cloud.stream.publish([news(cloud, b'{"data": {}}')])
    await listener.came(before + 1)


async def test_a_rival_is_found_out_and_left_alone(listener: Listener, cloud: Simulator) -> None:
    cloud.stream.faults.add(StreamFault.RIVAL)
    pauses = []
    for _ in range(6):
        await listener.connected()
        await listener.pass_by(seconds=20)
        await cloud.stream.look()
        pauses.append((await listener.waiting()).total_seconds() / 60)
        await listener.retry()
    assert pauses == [0.2, 0.2, 15, 30, 60, 60]
    await listener.connected()
    found_out = listener.status
    assert found_out.last_trouble is Trouble.RIVAL
    assert found_out.evictions == 4
    assert found_out.has_rival
    cloud.stream.faults.clear()
    await listener.pass_by(minutes=11)
    assert not listener.status.has_rival, "it has left the stream to us"
    await listener.pass_by(minutes=45)
    assert found_out.last_trouble_at
    assert listener.status.last_trouble_at == found_out.last_trouble_at
    assert found_out.last_trouble_at < cloud.stream.gate.knocks[-2].at, "there was a regular exchange since"
    cloud.stream.gate.cut(next(iter(cloud.stream.gate.sessions.values())))
    assert await listener.waiting() == timedelta(seconds=12)
    assert listener.status.last_trouble is Trouble.DROPPED, "and that is forgotten"
    assert not listener.status.has_rival


async def test_of_two_that_evict_each_other_one_gives_way_and_says_so(listener: Listener, other: Listener) -> None:
    await listener.connected()
    other.stream.start()
    first, second = listener, other
    for _ in range(5):
        await second.connected()
        assert await first.waiting() <= timedelta(minutes=15)
        await first.retry()
        first, second = second, first
    assert listener.status.has_rival
    assert not other.status.has_rival, "it has not been dropped often enough, and now will not be"


async def test_a_second_client_may_be_refused_instead(listener: Listener, other: Listener, cloud: Simulator) -> None:
    cloud.stream.gate.second = Second.REFUSED
    await listener.connected()
    other.stream.start()
    await other.waiting()
    assert other.status.last_trouble is Trouble.REFUSED
    assert listener.status.connected_since


async def test_a_busy_broker_is_left_alone_for_a_minute(cloud: Simulator, listener: Listener) -> None:
    await listener.connected()
    cloud.stream.faults.add(StreamFault.BUSY)
    await cloud.stream.look()
    cloud.stream.gate.cut(next(iter(cloud.stream.gate.sessions.values())))
    pauses = []
    for _ in range(4):
        await listener.retry()
        pauses.append((await listener.waiting()).total_seconds() / 60)
    assert listener.status.last_trouble is Trouble.BUSY
    assert pauses == [1, 2, 4, 5]


async def test_nothing_selected_in_the_portal_is_told(cloud: Simulator, listener: Listener) -> None:
    await listener.connected()
    cloud.cardata.customer().subscribed.discard(STREAM)
    cloud.stream.gate.cut(next(iter(cloud.stream.gate.sessions.values())))
    await listener.retry()
    assert await listener.waiting() == timedelta(minutes=5)
    assert listener.status.last_trouble is Trouble.NOT_PERMITTED
    assert listener.status.connected_since is None
    assert cloud.stream.gate.sessions == {}
    cloud.cardata.customer().subscribed.add(STREAM)
    await listener.retry()
    await listener.connected()


async def test_an_outage_is_over_when_it_is_over(cloud: Simulator, listener: Listener) -> None:
    await listener.connected()
    cloud.stream.faults.add(StreamFault.UNREACHABLE)
    await cloud.stream.look()
    for _ in range(5):
        await listener.retry()
        assert await listener.waiting() == timedelta(seconds=30)
    assert listener.status.last_trouble is Trouble.UNREACHABLE
    await listener.let_in()


# The end


async def test_closing_leaves_nothing_behind(listener: Listener, cloud: Simulator) -> None:
    await listener.connected()
    await listener.stream.close()
    await cloud.stream.gate.emptied()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("mybmw")]
    assert listener.status.connected_since is None
    await listener.stream.close()


async def test_closing_while_it_connects_leaves_nothing_behind(cloud: Simulator, access: Access, time: Time) -> None:
    for moments in range(12):
        stream = Stream(access.tokens, access.memory, listener_of_nothing, clock=time, sleep=time.sleep)
        stream.start()
        for _ in range(moments):
            await asyncio.sleep(0.001)
        await stream.close()
        time.now += timedelta(minutes=1)
    await cloud.stream.gate.emptied()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("mybmw")]


async def test_closing_before_the_start(access: Access, time: Time, cloud: Simulator) -> None:
    stream = Stream(access.tokens, access.memory, listener_of_nothing, clock=time)
    await stream.close()
    assert cloud.stream.gate.knocks == []


async def listener_of_nothing(message: object) -> None:
    pytest.fail(f"nothing was to come, not even {message}")


@pytest.mark.parametrize(("jump_h", "naps"), [(0, 5), (-5, 5), (5, 1)])
async def test_a_clock_that_is_set_makes_no_wait_longer(access: Access, time: Time, jump_h: int, naps: int) -> None:
    """Five minutes are five minutes, or over when the clock says so, as after a computer has slept."""
    slept_s: list[float] = []

    async def sleep(seconds: float) -> None:
        slept_s.append(seconds)
        time.now += timedelta(seconds=seconds, hours=jump_h if len(slept_s) == 1 else 0)

    stream = Stream(access.tokens, access.memory, listener_of_nothing, clock=time, sleep=sleep)
    await stream._wait_until(time() + timedelta(minutes=5))
    assert slept_s == [60] * naps

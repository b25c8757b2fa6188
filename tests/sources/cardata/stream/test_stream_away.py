"""What keeps the stream away: when it counts, when it is told, and that mistakes of ours never do for good."""

import asyncio
from datetime import timedelta
import logging
import ssl

import pytest

from custom_components.mybmw.sources.cardata.access import Access
from custom_components.mybmw.sources.cardata.failures import Cause, SignInFailedError
from custom_components.mybmw.sources.cardata.stream_status import Trouble
from custom_components.mybmw.sources.cardata.tokens import StreamKey
from tests.simulator import Simulator
from tests.simulator.stream import StreamFault
from tests.sources.cardata.rig import API, TOKEN, asked

from .rig import Listener, Time, news

SECRET = "what-a-car-has-said"


def errors_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of errors, as it says it."""
    return [
        logging.Formatter().format(record)
        for record in caplog.records
        if record.levelno >= logging.ERROR and record.name.startswith("custom_components.")
    ]


# Bad tokens


async def test_a_bad_token_is_exchanged_and_forgotten(listener: Listener, cloud: Simulator) -> None:
    await listener.connected()
    for _ in range(5):
        await listener.turned_away(StreamFault.BAD_CREDENTIALS)
        assert listener.status.failed_by is Trouble.BAD_CREDENTIALS
        assert not listener.status.is_stuck
        await listener.let_in()
        await listener.pass_by(minutes=20)
    assert asked(cloud, TOKEN) == [("token", 200)] * 5
    assert listener.status.ended_by is None


async def test_bad_tokens_of_some_minutes_are_a_hiccup(listener: Listener, cloud: Simulator) -> None:
    """The broker and the service that gives out tokens fall out of step: several are refused, and the next is not."""
    await listener.connected()
    await listener.turned_away(StreamFault.BAD_CREDENTIALS)
    pauses = [(await listener.waiting()).total_seconds()]
    while sum(pauses) < 50 * 60:
        await listener.retry()
        pauses.append((await listener.waiting()).total_seconds())
    assert pauses[:8] == [12, 24, 48, 96, 192, 300, 300, 300]
    assert listener.status.ended_by is None
    assert not listener.status.is_stuck
    assert asked(cloud, TOKEN) == [("token", 200)] * 4, "at once, and then every quarter of an hour"
    await listener.let_in()


async def test_bad_tokens_for_an_hour_are_the_end(listener: Listener, cloud: Simulator, time: Time) -> None:
    await listener.connected()
    await listener.turned_away(StreamFault.BAD_CREDENTIALS)
    began = time()
    while not listener.status.ended_by:
        await listener.retry()
        assert time() - began < timedelta(minutes=66)
    assert time() - began >= timedelta(hours=1)
    assert isinstance(listener.status.ended_by, SignInFailedError)
    assert listener.status.ended_by.cause is Cause.TOKEN_NOT_ACCEPTED
    before = len(cloud.stream.gate.knocks)
    await listener.pass_by(hours=5)
    assert len(cloud.stream.gate.knocks) == before
    assert asked(cloud, API) == []


# What lasts


async def test_to_be_refused_for_an_hour_is_told_and_taken_back(listener: Listener, time: Time) -> None:
    """Mostly another client has the one connection, and BMW gives it to nobody else."""
    await listener.connected()
    await listener.turned_away(StreamFault.REFUSED)
    began = time()
    while not listener.status.is_stuck:
        await listener.retry()
        assert time() - began < timedelta(minutes=66)
    assert time() - began >= timedelta(hours=1)
    assert listener.status.failed_by is Trouble.REFUSED
    await listener.let_in()
    back = listener.status
    assert (back.failed_by, back.is_stuck) == (None, False)
    await listener.pass_by(minutes=2)
    await listener.turned_away(StreamFault.REFUSED)
    again = listener.status
    assert (again.failed_by, again.is_stuck) == (Trouble.REFUSED, False), "it was connected meanwhile"


async def test_a_stranger_in_the_brokers_place_is_told(cloud: Simulator, access: Access, time: Time) -> None:
    # The server's loop would complain of such a client.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    listener = Listener(cloud, access, time, tls=ssl.create_default_context())
    listener.stream.start()
    pauses = []
    for _ in range(6):
        pauses.append((await listener.waiting()).total_seconds())
        await listener.retry()
    assert pauses == [30, 60, 120, 240, 300, 300]
    at_first = listener.status
    assert (at_first.failed_by, at_first.is_stuck) == (Trouble.UNTRUSTED, False)
    for _ in range(12):
        await listener.retry()
    assert listener.status.is_stuck, "after an hour"
    await listener.stream.close()


# Mistakes of ours


async def test_who_listens_and_stumbles_costs_nothing_but_a_line_in_the_log(
    listener: Listener, cloud: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(*_given: object) -> None:
        raise RuntimeError(SECRET)

    listener.stumble = stumble
    await listener.connected()
    await cloud.stream.publish([news(cloud, b'{"data": {}, "is": "%s"}' % SECRET.encode())] * 3)
    await listener.came(3)
    cloud.stream.gate.cut(next(iter(cloud.stream.gate.sessions.values())))
    await listener.retry()
    await listener.connected()
    errors = errors_in(caplog)
    assert ["Unexpected RuntimeError" in error for error in errors] == [True, True], "each once"
    assert all("in stumble" in error for error in errors), "and where"
    assert SECRET not in "".join(errors)
    assert listener.status.messages == 3


async def test_a_mistake_of_ours_is_waited_out(
    listener: Listener,
    cloud: Simulator,
    access: Access,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise nothing would stream until a restart, and nobody would be told."""

    async def stumble(_rejected: str | None) -> StreamKey:
        raise KeyError(SECRET)

    await listener.connected()
    monkeypatch.setattr(access.tokens, "stream_key", stumble)
    cloud.stream.gate.cut(next(iter(cloud.stream.gate.sessions.values())))
    await listener.retry()
    pauses = []
    for _ in range(8):
        pauses.append((await listener.waiting()).total_seconds() / 60)
        await listener.retry()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert (listener.status.failed_by, listener.status.is_stuck) == (Trouble.BUG, False)
    monkeypatch.undo()
    await listener.retry()
    await listener.connected()
    [error] = errors_in(caplog)
    assert "Unexpected KeyError while streaming" in error
    assert SECRET not in error

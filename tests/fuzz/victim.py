"""Who meets hostile sizes, in a process of its own, so that time and memory are its own, too.

    python -m tests.fuzz.victim KIND PORT [CA_FILE]

Prints a JSON object: how it ended, how long that took, and how much more memory than before was needed at the most.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import json
import os
from pathlib import Path
import ssl
import sys
import time
from typing import Final

import httpx

from custom_components.mybmw.sources import Credentials, Json, SourceError, exchange as exchange_room
from custom_components.mybmw.sources.cardata.access import Access
from custom_components.mybmw.sources.cardata.broker import BrokenOffError, Connection
from custom_components.mybmw.sources.cardata.grant import API_SCOPE
from custom_components.mybmw.sources.cardata.hosts import Broker
from custom_components.mybmw.sources.cardata.message import read_message
from custom_components.mybmw.sources.cardata.readings import Readings
from custom_components.mybmw.sources.cardata.source import CarDataSource
from custom_components.mybmw.sources.cardata.tokens import StreamKey
from custom_components.mybmw.sources.exchange import exchange
from custom_components.mybmw.sources.loopback import LOOPBACK
from custom_components.mybmw.sources.mybmw import Account, Region
from custom_components.mybmw.sources.mybmw.source import MyBmwSource
from custom_components.mybmw.sources.transport import PlainClient, Transport

_VIN: Final = "WBA00000000DEMO99"
_CLIENT_ID: Final = "01234567-89ab-cdef-0123-456789abcdef"
_STATUS: Final = Path("/proc/self/status")
_LITTLE_TIME_S: Final = 1

type Victim = Callable[[int], Awaitable[str]]
"""Meets what waits at a port, and tells what became of it."""


async def _keep(_credentials: Credentials) -> None:
    pass


def _now() -> datetime:
    return datetime.now(UTC)


def _client() -> httpx.AsyncClient:
    """What an account in Home Assistant asks with."""
    return PlainClient(Transport(ssl.create_default_context()))


async def _ask(port: int) -> str:
    async with _client() as http:
        answer = await exchange(http, httpx.Request("GET", f"http://127.0.0.1:{port}/"))
        answer.document()
        return f"{len(answer.body)} bytes read"


async def _ask_with_little_time(port: int) -> str:
    exchange_room.TIMEOUT_S = _LITTLE_TIME_S  # type: ignore[misc] # nobody waits half a minute to see it
    return await _ask(port)


async def _look_at_mybmw(_port: int) -> str:
    account = Account(username="owner@example.com", password="x", region=Region.REST_OF_WORLD)
    ends = (_now() + timedelta(days=1)).isoformat()
    credentials = {"gcid": "G", "refresh_token": "r", "access_token": "a", "expires_at": ends}
    async with _client() as http:
        source = MyBmwSource(account, credentials, http=http, keep=_keep, clock=_now)
        fetch = await source.fetch()
        source.recordings()
        return f"{len(fetch.vehicles)} cars read, {len(fetch.failures)} not"


async def _look_at_cardata(_port: int) -> str:
    ends = (_now() + timedelta(days=1)).isoformat()
    grant: Json = {
        "gcid": "G",
        "refresh_token": "r",
        "access_token": "a",
        "access_ends_at": ends,
        "scopes": [API_SCOPE],
    }
    async with _client() as http:
        access = Access.of({"client_id": _CLIENT_ID}, {"grant": grant}, http=http, keep=_keep, clock=_now)
        source = CarDataSource(access, clock=_now)
        fetch = await source.fetch()
        source.recordings()
        extras = sum(len(vehicle.extras) for vehicle in fetch.vehicles.values())
        return f"{len(fetch.vehicles)} cars read with {extras} values"


async def _listen(port: int) -> str:
    heard = strange = 0
    readings = Readings()

    async def hear(topic: str, payload: bytes) -> None:
        nonlocal heard, strange
        if message := read_message(topic, payload):
            heard += 1
            readings.take(message.payload.get("data"), _now())
        else:
            strange += 1

    tls = ssl.create_default_context(cafile=sys.argv[3])
    key = StreamKey(gcid="G", id_token="t", ends_at=_now() + timedelta(hours=1))
    connection = Connection(Broker("127.0.0.1", port), key, tls)
    with suppress(BrokenOffError):
        await connection.open()
        await connection.listen(hear)
    await connection.close()
    return f"{heard} messages heard, {strange} not, {len(readings.told)} values kept"


KINDS: Final[Mapping[str, Victim]] = {
    "ask": _ask,
    "ask with little time": _ask_with_little_time,
    "look at MyBMW": _look_at_mybmw,
    "look at CarData": _look_at_cardata,
    "listen": _listen,
}


async def _met(kind: str, port: int) -> str:
    try:
        return await KINDS[kind](port)
    except SourceError as err:
        return f"{type(err).__name__}: {err}"


def _peak_mb() -> float:
    """The most memory of this process up to now; `getrusage` would count that of the one that started it, too."""
    status = _STATUS.read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main(kind: str, port: int) -> None:
    """Meet it."""
    os.environ[LOOPBACK] = f"http://127.0.0.1:{port}"
    before_mb, began, worked = _peak_mb(), time.perf_counter(), time.process_time()
    end = asyncio.run(_met(kind, port))
    report = {
        "end": end,
        "took_s": time.perf_counter() - began,
        "worked_s": time.process_time() - worked,
        "grew_mb": _peak_mb() - before_mb,
    }
    print(json.dumps(report))  # noqa: T201 (that is what it is for)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

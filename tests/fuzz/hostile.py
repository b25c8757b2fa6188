"""Sizes that nobody should send, over real sockets to a process of its own: how it ends, how long, how much memory."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
import gzip
from itertools import count
import json
import os
from pathlib import Path
import ssl
import sys
from tempfile import TemporaryDirectory
from typing import Final

import orjson

from custom_components.mybmw.sources.cardata.message import MOST_BYTES
from tests.simulator.stream.certificates import Certificates
from tests.simulator.stream.packets import Kind, read_packet

type Send = Callable[[str], AsyncIterator[bytes]]
"""What is sent: over HTTP in answer to a path, in the stream once somebody listens (to a topic)."""

_MILLION: Final = 1_000_000
_VIN: Final = "WBA00000000DEMO99"
_OK: Final = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
_CONNECTED: Final = b"\x20\x02\x00\x00"
_SUBSCRIBED: Final = b"\x90\x03\x00\x01\x00"
_LONGEST_WAIT_S: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """Something that nobody should send.

    `victim` is a kind of `victim.py`, `end` what is to become of it, `bound_mb` how much more memory it may take, and
    `bound_s` how much time of the processor: many times what it takes, so that slow machines pass.
    """

    name: str
    victim: str
    send: Send
    end: str
    bound_mb: int = 150
    bound_s: float = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What became of it."""

    name: str
    end: str
    took_s: float
    worked_s: float
    grew_mb: float
    flaws: Sequence[str]
    """What is not as it has to be."""


async def _large(_path: str) -> AsyncIterator[bytes]:
    yield _OK + b"Content-Length: 100000000\r\n\r\n"
    for _ in range(100):
        yield b" " * _MILLION


async def _endless(_path: str) -> AsyncIterator[bytes]:
    yield _OK + b"Transfer-Encoding: chunked\r\n\r\n"
    while True:
        yield b"10000\r\n" + b" " * 0x10000 + b"\r\n"


async def _bomb(_path: str) -> AsyncIterator[bytes]:
    yield _OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(1000 * _MILLION), 1)


async def _headers(_path: str) -> AsyncIterator[bytes]:
    yield _OK
    for number in count():
        yield b"".join(b"X-%d: %s\r\n" % (number * 100 + one, b"x" * 1000) for one in range(100))


async def _drip(_path: str) -> AsyncIterator[bytes]:
    yield _OK + b"Content-Length: 1000\r\n\r\n"
    while True:
        yield b" "
        await asyncio.sleep(0.1)


async def _deep(_path: str) -> AsyncIterator[bytes]:
    yield _json(b"[" * 100_000 + b"]" * 100_000)


async def _many_cars(path: str) -> AsyncIterator[bytes]:
    cars = [{"vin": f"WBA{number:014}"} for number in range(100_000 if path.endswith("/vehicle-list") else 0)]
    yield _json(orjson.dumps({"mappingInfos": cars, "state": {"doorsState": {}}}))


async def _deep_state(path: str) -> AsyncIterator[bytes]:
    """As deep as can be read at all."""
    nested = b'{"state":' * 1000 + b"1" + b"}" * 1000
    yield _json(nested if path.endswith("/state") else _list_of_one())


async def _large_state(path: str) -> AsyncIterator[bytes]:
    """As large as is read at all, of small values."""
    if path.endswith("/state"):
        fields = {f"field{number}": [f"user{number}@example.com", number, {}] for number in range(120_000)}
        yield _json(orjson.dumps({"state": fields, "capabilities": dict.fromkeys(fields, True)}))
    else:
        yield _json(_list_of_one())


def _list_of_one() -> bytes:
    return orjson.dumps({"mappingInfos": [{"vin": _VIN}]})


def _descriptors(first: int, how_many: int) -> dict[str, object]:
    stamp = "2026-02-20T12:00:00Z"
    letters = str.maketrans("0123456789", "abcdefghij")
    return {
        f"vehicle.new.{str(number).translate(letters)}": {"value": number, "unit": "km", "timestamp": stamp}
        for number in range(first, first + how_many)
    }


async def _many_descriptors(path: str) -> AsyncIterator[bytes]:
    """As many as fit into what is read at all."""
    match path.rpartition("/")[2]:
        case "mappings":
            yield _json(orjson.dumps([{"vin": _VIN, "mappingType": "PRIMARY"}]))
        case "telematicData":
            yield _json(orjson.dumps({"telematicData": _descriptors(0, 90_000)}))
        case "containers":
            yield _json(b'{"containers": [], "containerId": "C"}')
        case _:
            yield _json(b"{}")


async def _million_readings(topic: str) -> AsyncIterator[bytes]:
    """In messages that are as large as they may be."""
    for first in range(0, _MILLION, 500):
        yield _published(topic, orjson.dumps({"vin": _VIN, "data": _descriptors(first, 500)}))


async def _huge_message(topic: str) -> AsyncIterator[bytes]:
    yield _published(topic, b'{"vin":"' + b"x" * (100 * _MILLION))


async def _huge_messages(topic: str) -> AsyncIterator[bytes]:
    for _ in range(300):
        yield _published(topic, b" " * (_MILLION // 3))


async def _long_topics(_topic: str) -> AsyncIterator[bytes]:
    for _ in range(300):
        yield _published("/" * 0xFFFF, b"{}")


async def _full_messages(topic: str) -> AsyncIterator[bytes]:
    """As large as may be, and deep."""
    nested = b"[" * 32_000 + b"]" * 32_000
    for _ in range(300):
        yield _published(topic, (b'{"vin":"%s","data":' % _VIN.encode() + nested)[: MOST_BYTES - 1] + b"}")


def _json(body: bytes) -> bytes:
    return _OK + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def _published(topic: str, payload: bytes) -> bytes:
    """A PUBLISH packet of MQTT 3.1.1."""
    content = len(topic).to_bytes(2) + topic.encode() + payload
    length, left = bytearray(), len(content)
    while left or not length:
        left, digit = divmod(left, 128)
        length.append(digit | (0x80 if left else 0))
    return b"\x30" + bytes(length) + content


_TOO_LARGE: Final = "TryLaterError: BMW's answer is too large to be one"
_UNREADABLE: Final = "TryLaterError: BMW's answer cannot be read"
_NOT_HEARD: Final = "0 messages heard, 300 not, 0 values kept"

HOSTILE: Final[Sequence[Hostile]] = (
    Hostile(name="a body of 100 MB", victim="ask", send=_large, end=_TOO_LARGE),
    Hostile(name="a body without end", victim="ask", send=_endless, end=_TOO_LARGE),
    Hostile(name="1 GB packed into 4 MB", victim="ask", send=_bomb, end=_TOO_LARGE),
    Hostile(
        name="headers without end",
        victim="ask",
        send=_headers,
        end="TryLaterError: BMW cannot be reached (ReadError)",
    ),
    Hostile(
        name="a byte now and then (1 s allowed)",
        victim="ask with little time",
        send=_drip,
        end="TryLaterError: BMW cannot be reached (TimeoutError)",
    ),
    Hostile(name="nested 100 000 deep", victim="ask", send=_deep, end=_UNREADABLE),
    Hostile(name="nested as deep as is read", victim="look at MyBMW", send=_deep_state, end="1 cars read, 0 not"),
    Hostile(
        name="a state of 10 MB",
        victim="look at MyBMW",
        send=_large_state,
        end="1 cars read, 0 not",
        bound_mb=500,
        bound_s=10,
    ),
    Hostile(
        name="a list of 100 000 cars",
        victim="look at MyBMW",
        send=_many_cars,
        end="1000 cars read, 0 not",
        bound_s=60,
    ),
    Hostile(
        name="90 000 descriptors in an answer",
        victim="look at CarData",
        send=_many_descriptors,
        end="1 cars read with 500 values",
        bound_mb=300,
        bound_s=10,
    ),
    Hostile(
        name="1 000 000 readings in the stream",
        victim="listen",
        send=_million_readings,
        end="2000 messages heard, 0 not, 500 values kept",
        bound_s=30,
    ),
    Hostile(
        name="a message of 100 MB",
        victim="listen",
        send=_huge_message,
        end="0 messages heard, 1 not, 0 values kept",
        bound_mb=500,
        bound_s=10,
    ),
    Hostile(name="300 messages of 300 kB", victim="listen", send=_huge_messages, end=_NOT_HEARD, bound_mb=300),
    Hostile(name="300 messages that are nested", victim="listen", send=_full_messages, end=_NOT_HEARD),
    Hostile(name="300 topics of 64 kB", victim="listen", send=_long_topics, end=_NOT_HEARD, bound_mb=300, bound_s=10),
)


async def meet(hostile: Hostile) -> Met:
    """Have a process meet it."""
    with TemporaryDirectory() as name:
        certificates = Certificates(Path(name))
        is_stream = hostile.victim == "listen"
        tls = certificates.for_server() if is_stream else None
        async with _serving(hostile.send, tls) as port:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "tests.fuzz.victim", hostile.victim, str(port), str(certificates.ca_file)),
                stdout=asyncio.subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            )
            try:
                async with asyncio.timeout(_LONGEST_WAIT_S):
                    told, _ = await process.communicate()
            except TimeoutError:
                process.kill()
                await process.wait()
                told = b""
    if not told:
        return Met(name=hostile.name, end="", took_s=0, worked_s=0, grew_mb=0, flaws=["it did not end"])
    report = json.loads(told)
    return Met(name=hostile.name, flaws=flaws(hostile, **report), **report)


def flaws(hostile: Hostile, *, end: str, worked_s: float, grew_mb: float, **_as_it_likes: float) -> list[str]:
    """What is not as it has to be; how long it took by the clock is not judged."""
    judged = {
        f"should have been: {hostile.end}": end == hostile.end,
        f"more than {hostile.bound_s} s of work": worked_s <= hostile.bound_s,
        f"more than {hostile.bound_mb} MB": grew_mb <= hostile.bound_mb,
    }
    return [flaw for flaw, is_right in judged.items() if not is_right]


@asynccontextmanager
async def _serving(send: Send, tls: ssl.SSLContext | None) -> AsyncGenerator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            topic = await (_let_in(reader, writer) if tls else _path(reader))
            async for piece in send(topic):
                writer.write(piece)
                await writer.drain()
            writer.close()
            await writer.wait_closed()
        except asyncio.IncompleteReadError, OSError:
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        server.abort_clients()
        await server.wait_closed()


async def _path(reader: asyncio.StreamReader) -> str:
    """What is asked for, without its parameters."""
    return (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].partition(b"?")[0].decode()


async def _let_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """Let somebody in and subscribe."""
    for kind, answer in ((Kind.CONNECT, _CONNECTED), (Kind.SUBSCRIBE, _SUBSCRIBED)):
        if (await read_packet(reader)).kind != kind:
            raise OSError
        writer.write(answer)
    return f"G/{_VIN}"

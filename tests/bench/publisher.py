"""A broker that has nothing to do but to send: as many messages as wanted, as fast as they are taken (MQTT 3.1.1)."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, islice
import sys
from typing import Final

import orjson

from tests.certified import for_server

from .line import HOST

ODOMETER: Final = "vehicle.vehicle.travelledDistance"
"""What the last message of each car is about."""

_CONNECT, _SUBSCRIBE, _PING = 1, 8, 12
_CONNECTED: Final = b"\x20\x02\x00\x00"
_PONG: Final = b"\xd0\x00"
_AT_ONCE: Final = 200
_FIRST: Final = 100_000
"""What the odometers begin at."""

_DESCRIPTORS: Final = (
    ("vehicle.drivetrain.batteryManagement.header", "percent", 100),
    ("vehicle.drivetrain.electricEngine.charging.level", "percent", 100),
    ("vehicle.drivetrain.electricEngine.remainingElectricRange", "km", 500),
    ("vehicle.drivetrain.electricEngine.charging.timeRemaining", "min", 200),
    ("vehicle.powertrain.electric.battery.charging.power", "W", 11_000),
    ("vehicle.chassis.axle.row1.wheel.left.tire.pressure", "kPa", 300),
    ("vehicle.chassis.axle.row1.wheel.right.tire.pressure", "kPa", 300),
    ("vehicle.chassis.axle.row2.wheel.left.tire.pressure", "kPa", 300),
    ("vehicle.chassis.axle.row2.wheel.right.tire.pressure", "kPa", 300),
    (ODOMETER, "km", 1_000_000),
)


@dataclass(frozen=True, slots=True)
class Publisher:
    """A broker in another process."""

    port: int
    process: asyncio.subprocess.Process

    async def publish(self, messages: int) -> int:
        """Have messages sent, the same number about each car; returns the mileage that all cars have in the end."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{messages}\n".encode())
        return int(await self.process.stdout.readline())


@asynccontextmanager
async def publisher(gcid: str, vins: Sequence[str]) -> AsyncGenerator[Publisher]:
    """A broker that sends about these cars."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __spec__.name, gcid, *vins),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield Publisher(int(await process.stdout.readline()), process)
    finally:
        process.stdin.close()
        await process.wait()


class _Broker:
    def __init__(self, gcid: str, vins: Sequence[str]) -> None:
        self._listeners: set[asyncio.StreamWriter] = set()
        self._packets = _packets(gcid, vins)
        self._rounds = len(vins) * len(_DESCRIPTORS)
        self._mileage = _FIRST

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let somebody in, and send them what is sent."""
        try:
            while True:
                kind, content = await _packet(reader)
                if kind == _CONNECT:
                    writer.write(_CONNECTED)
                elif kind == _SUBSCRIBE:
                    writer.write(bytes((0x90, 3, *content[:2], 0)))
                    self._listeners.add(writer)
                elif kind == _PING:
                    writer.write(_PONG)
        except asyncio.IncompleteReadError, OSError:
            self._listeners.discard(writer)
            writer.close()

    async def publish(self, messages: int) -> int:
        """Send as many messages, or a few more."""
        rounds = -(-messages // self._rounds)
        packets = list(islice(self._packets, rounds * self._rounds))
        self._mileage += rounds
        for at in range(0, len(packets), _AT_ONCE):
            for writer in [*self._listeners]:
                writer.write(b"".join(packets[at : at + _AT_ONCE]))
                await writer.drain()
        return self._mileage


def _packets(gcid: str, vins: Sequence[str]) -> Iterator[bytes]:
    """All messages there will ever be: every value of every car, each time another one."""
    for number in count(1):
        for vin in vins:
            for descriptor, unit, most in _DESCRIPTORS:
                value = _FIRST + number if descriptor == ODOMETER else number % most
                yield _publication(f"{gcid}/{vin}", _message(vin, descriptor, value, unit))


def _message(vin: str, descriptor: str, value: int, unit: str) -> bytes:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    entry = {"timestamp": now[:19] + "Z", "value": value, "unit": unit}
    return orjson.dumps(
        {"vin": vin, "entityId": vin, "topic": vin, "timestamp": now, "data": {descriptor: entry}},
    )


def _publication(topic: str, payload: bytes) -> bytes:
    name = topic.encode()
    content = len(name).to_bytes(2) + name + payload
    length, size = bytearray(), len(content)
    while size:
        size, low = divmod(size, 128)
        length.append(low | (128 if size else 0))
    return bytes((0x30,)) + length + content


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    [head] = await reader.readexactly(1)
    size = shift = 0
    while True:
        [byte] = await reader.readexactly(1)
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return head >> 4, await reader.readexactly(size)


async def _run(gcid: str, vins: Sequence[str]) -> None:
    broker = _Broker(gcid, vins)
    server = await asyncio.start_server(broker.answer, HOST, 0, ssl=for_server())
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 (whoever started this process reads it)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(await broker.publish(int(line)), flush=True)  # noqa: T201 (the same)


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], sys.argv[2:]))

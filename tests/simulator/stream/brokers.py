"""The broker behind the door: amqtt inside this process, or Debian's mosquitto beside it. Plain MQTT on 127.0.0.1."""

import asyncio
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
import shutil
import socket
from typing import Final, Protocol

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig

HOST: Final = "127.0.0.1"
_STARTS_WITHIN_S: Final = 10


class Which(StrEnum):
    """Which broker."""

    AMQTT = "amqtt"
    MOSQUITTO = "mosquitto"


class Behind(Protocol):
    """A broker that runs."""

    async def stop(self) -> None:
        """End it."""
        ...


class _Amqtt:
    def __init__(self, port: int) -> None:
        self._broker = Broker(
            BrokerConfig(
                listeners={"default": ListenerConfig(bind=f"{HOST}:{port}")},
                plugins={"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
            )
        )

    async def start(self) -> None:
        await self._broker.start()

    async def stop(self) -> None:
        await self._broker.shutdown()


class _Mosquitto:
    def __init__(self, port: int, folder: Path, program: str) -> None:
        self._port = port
        self._configuration = folder / "mosquitto.conf"
        self._program = program
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._configuration.write_text(
            f"listener {self._port} {HOST}\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n",
            encoding="utf-8",
        )
        self._process = await asyncio.create_subprocess_exec(
            self._program,
            "-c",
            str(self._configuration),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(_STARTS_WITHIN_S):
            while not await _answers(self._port):  # noqa: ASYNC110 (a process does not tell)
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        if self._process:
            with suppress(ProcessLookupError):
                self._process.terminate()
            await self._process.wait()


def mosquitto() -> str | None:
    """Where mosquitto is, None if it is not installed."""
    return shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/sbin")


async def start_broker(which: Which, folder: Path) -> tuple[Behind, int]:
    """Start a broker; returns it, and the port that it listens at."""
    port = _free_port()
    if which is Which.AMQTT:
        broker: _Amqtt | _Mosquitto = _Amqtt(port)
    elif program := mosquitto():
        broker = _Mosquitto(port, folder, program)
    else:
        message = "mosquitto is not installed"
        raise FileNotFoundError(message)
    await broker.start()
    return broker, port


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


async def _answers(port: int) -> bool:
    try:
        _reader, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True

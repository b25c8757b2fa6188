"""How many messages a second the stream takes, from the socket to its consumer, and how long it holds the loop up.

    .dev/tests/bin/python -m tests.sources.cardata.stream.bench

Debian's mosquitto serves TLS itself here, and what is sent comes from another process; so this process does nothing but
read. The more honest of the two figures is the one by processor time: the broker and the sender may share the core.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from getpass import getuser
from pathlib import Path
import ssl
import sys
from tempfile import TemporaryDirectory
import time
from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from custom_components.mybmw.sources.cardata.broker import Connection
from custom_components.mybmw.sources.cardata.hosts import Broker
from custom_components.mybmw.sources.cardata.message import read_message
from custom_components.mybmw.sources.cardata.tokens import StreamKey
from tests.simulator.stream.brokers import mosquitto
from tests.simulator.stream.certificates import Certificates

_MESSAGES: Final = 9_000  # fewer than may wait, so that none is lost
_ROUNDS: Final = 3
_GCID: Final = "00000000-0000-0000-0000-000000000000"
_VIN: Final = "WBAEXAMPLE0000000"
_PAYLOAD: Final = (
    b'{"vin":"WBAEXAMPLE0000000","entityId":"00000000-0000-0000-0000-000000000000","topic":"WBAEXAMPLE0000000",'
    b'"timestamp":"2026-07-27T12:36:57.974Z","data":{"vehicle.vehicle.travelledDistance":'
    b'{"timestamp":"2026-07-27T12:36:57Z","value":81623,"unit":"km"}}}'
)
_PLAIN, _SECURE = 18_841, 18_842


def _send(count: int) -> None:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", _PLAIN)
    client.loop_start()
    for _ in range(count):
        last = client.publish(f"{_GCID}/{_VIN}", _PAYLOAD)
    last.wait_for_publish()
    client.disconnect()
    client.loop_stop()


async def _longest_stall_s(until: asyncio.Event) -> float:
    """By processor time, so that other programs on the same core do not count."""
    longest = 0.0
    while not until.is_set():
        before = time.process_time()
        await asyncio.sleep(0.001)
        longest = max(longest, time.process_time() - before)
    return longest


async def _measure(certificates: Certificates) -> None:
    key = StreamKey(gcid=_GCID, id_token="any", ends_at=datetime.now(UTC) + timedelta(hours=1))
    tls = ssl.create_default_context(cafile=certificates.ca_file)
    connection = Connection(Broker("127.0.0.1", _SECURE), key, tls)
    await connection.open()
    done = asyncio.Event()
    count = 0

    async def hear(topic: str, payload: bytes) -> None:
        nonlocal count
        count += read_message(topic, payload) is not None
        if count == _MESSAGES:
            done.set()

    listening = asyncio.create_task(connection.listen(hear))
    sender = await asyncio.create_subprocess_exec(sys.executable, "-m", __spec__.name, "send")
    stall = asyncio.create_task(_longest_stall_s(done))
    began, busy = time.perf_counter(), time.process_time()
    await done.wait()
    took, worked = time.perf_counter() - began, time.process_time() - busy
    await sender.wait()
    await connection.close()
    await listening
    print(  # noqa: T201 (that is what it is for)
        f"{_MESSAGES} messages: {_MESSAGES / worked:.0f} a second of processor time, {_MESSAGES / took:.0f} a second"
        f" by the clock; the loop was never held up for longer than {1000 * await stall:.1f} ms"
    )


async def _main() -> None:
    program = mosquitto()
    if program is None:
        sys.exit("mosquitto is not installed")
    with TemporaryDirectory() as name:
        folder = Path(name)
        certificates = Certificates(folder)
        configuration = folder / "mosquitto.conf"
        configuration.write_text(
            f"user {getuser()}\nallow_anonymous true\nmax_queued_messages 0\n"
            f"listener {_PLAIN} 127.0.0.1\nlistener {_SECURE} 127.0.0.1\n"
            f"certfile {certificates.server_file}\nkeyfile {certificates.key_file}\ntls_version tlsv1.3\n",
            encoding="utf-8",
        )
        broker = await asyncio.create_subprocess_exec(
            program, "-c", str(configuration), stderr=asyncio.subprocess.DEVNULL
        )
        try:
            await asyncio.sleep(1)
            for _ in range(_ROUNDS):
                await _measure(certificates)
        finally:
            broker.terminate()
            await broker.wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["send"]:
        _send(_MESSAGES)
    else:
        asyncio.run(_main())

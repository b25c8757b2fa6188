"""More messages at once than may wait to be read."""

import asyncio
from datetime import UTC, datetime, timedelta
import ssl

import pytest

from custom_components.mybmw.sources.cardata.broker import Connection
from custom_components.mybmw.sources.cardata.hosts import Broker
from custom_components.mybmw.sources.cardata.tokens import StreamKey
from tests.bench.publisher import publisher
from tests.certified import ca_file, certified

MESSAGES = 20_000
PATIENCE_S = 30


@pytest.mark.usefixtures("socket_enabled")
async def test_a_flood_is_read_to_the_last_message() -> None:
    heard = 0
    all_came = asyncio.Event()

    async def hear(_topic: str, _payload: bytes) -> None:
        nonlocal heard
        heard += 1
        if heard == MESSAGES:
            all_came.set()

    key = StreamKey(gcid="customer", id_token="any", ends_at=datetime.now(UTC) + timedelta(hours=1))
    with certified():
        async with publisher(key.gcid, ["WBAEXAMPLE0000000"]) as sender:
            connection = Connection(Broker("127.0.0.1", sender.port), key, ssl.create_default_context(cafile=ca_file()))
            await connection.open()
            listening = asyncio.create_task(connection.listen(hear))
            await sender.publish(MESSAGES)
            async with asyncio.timeout(PATIENCE_S):
                await all_came.wait()
            await connection.close()
            await listening

"""One connection, to servers that are none of BMW's: deaf, mute, or not to be trusted."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from pathlib import Path
import socket
import ssl
from typing import Final

import pytest

from custom_components.mybmw.sources.cardata import broker as room
from custom_components.mybmw.sources.cardata.broker import BrokenOffError, Connection
from custom_components.mybmw.sources.cardata.hosts import Broker
from custom_components.mybmw.sources.cardata.stream_status import Trouble
from custom_components.mybmw.sources.cardata.tokens import StreamKey
from tests.simulator.stream.certificates import Certificates
from tests.simulator.stream.packets import Kind, read_packet
from tests.sources.cardata.rig import Gate

KEY: Final = StreamKey(gcid="of-nobody", id_token="a-token", ends_at=datetime(2026, 11, 21, tzinfo=UTC))
CONNECTED: Final = b"\x20\x02\x00\x00"
SUBSCRIBED: Final = b"\x90\x03\x00\x01\x00"
NOT_A_TOPIC: Final = b"\x30\x05\x00\x02\xff\xfe1"


pytestmark = pytest.mark.usefixtures("socket_enabled")


class Server:
    """A server that knows an answer to some packets, and says nothing to others; None hangs up."""

    def __init__(self, certificates: Certificates) -> None:
        self.answers: dict[int, bytes | None] = {Kind.CONNECT: CONNECTED, Kind.SUBSCRIBE: SUBSCRIBED}
        self.left = asyncio.Event()
        self.port = 0
        self._certificates = certificates
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._certificates.for_server())
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more."""
        assert self._server
        self._server.close()
        self._server.abort_clients()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                answer = self.answers.get((await read_packet(reader)).kind, b"")
                if answer is None:
                    return
                writer.write(answer)
        except asyncio.IncompleteReadError, OSError:
            self.left.set()
        finally:
            writer.transport.abort()


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


@pytest.fixture
async def server(certificates: Certificates) -> AsyncGenerator[Server]:
    server = Server(certificates)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def connect(server: Server, certificates: Certificates) -> Callable[[], Connection]:
    context = ssl.create_default_context(cafile=certificates.ca_file)
    return lambda: Connection(Broker("127.0.0.1", server.port), KEY, context)


async def hear(topic: str, payload: bytes) -> None:
    pytest.fail(f"nothing was to come, not even {topic} {payload!r}")


async def trouble_of(connection: Connection, *, listens: bool = False) -> Trouble:
    """What is wrong with a connection, from its opening to its end."""
    try:
        await connection.open()
        assert listens
        await connection.listen(hear)
    except BrokenOffError as err:
        trouble = err.trouble
    finally:
        await connection.close()
    assert not [task for task in asyncio.all_tasks() if "aiomqtt" in repr(task)]
    return trouble


async def test_only_a_broker_that_can_prove_itself_gets_a_token(server: Server) -> None:
    # The server's loop would complain of such a client.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    connection = Connection(Broker("127.0.0.1", server.port), KEY, ssl.create_default_context())
    assert await trouble_of(connection) is Trouble.UNTRUSTED
    assert not server.left.is_set(), "the server has not even read from it"


async def test_a_mute_broker_is_left(
    server: Server, connect: Callable[[], Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Aiomqtt alone would keep the connection, which then evicts the next one."""
    monkeypatch.setattr(room, "ANSWER_S", 0.1)
    server.answers.clear()
    assert await trouble_of(connect()) is Trouble.UNREACHABLE
    async with asyncio.timeout(5):
        await server.left.wait()


async def test_a_broker_may_hang_up_at_a_topic(
    server: Server, connect: Callable[[], Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "ANSWER_S", 0.1)
    server.answers[Kind.SUBSCRIBE] = None
    assert await trouble_of(connect()) is Trouble.HUNG_UP


@pytest.mark.parametrize("code", [3, 200])
async def test_other_refusals(server: Server, connect: Callable[[], Connection], code: int) -> None:
    server.answers[Kind.CONNECT] = bytes([0x20, 2, 0, code])
    assert await trouble_of(connect()) is Trouble.BUSY


async def test_a_mistake_while_it_connects_does_not_hide_that_it_is_to_end(
    connect: Callable[[], Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever closes the stream would wait for ever."""
    go_on = Gate()

    async def stumble(_client: object) -> None:
        await go_on.wait()
        raise RuntimeError

    monkeypatch.setattr(room._Client, "__aenter__", stumble)
    opening = asyncio.create_task(connect().open())
    await go_on.reached.wait()
    opening.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await opening


async def test_what_is_no_mqtt_ends_the_connection(server: Server, connect: Callable[[], Connection]) -> None:
    server.answers[Kind.SUBSCRIBE] = SUBSCRIBED + NOT_A_TOPIC
    assert await trouble_of(connect(), listens=True) is Trouble.DROPPED
    async with asyncio.timeout(5):
        await server.left.wait()


async def test_a_broker_that_is_not_heard_any_more_has_not_evicted_us(
    connect: Callable[[], Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "KEEPALIVE_S", 1)  # seconds, of which it takes two
    assert await trouble_of(connect(), listens=True) is Trouble.UNREACHABLE


async def test_a_socket_that_is_closed_before_it_is_watched_is_left_alone(connect: Callable[[], Connection]) -> None:
    """By then its number may be another one's; if not, Home Assistant's log has a traceback."""
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    client = connect()._client
    with socket.socket() as closing:
        client._on_socket_register_write(client._client, None, closing)
    await asyncio.sleep(0)
    assert complaints == []


def test_a_refusal_says_no_secret() -> None:
    assert "token" not in str(BrokenOffError(Trouble.REFUSED))
    assert KEY.id_token not in repr(KEY)

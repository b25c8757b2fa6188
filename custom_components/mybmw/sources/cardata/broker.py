"""One connection to BMW's broker, from its opening to its end (MQTT 3.1.1 over TLS, by aiomqtt).

A connection is opened with one token and never reopened: aiomqtt would come back with the old password.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
import logging
import ssl
from typing import Final, override

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from aiomqtt.types import PahoSocket
from paho.mqtt import client as mqtt
from paho.mqtt.reasoncodes import ReasonCode

from .hosts import Broker
from .stream_status import Trouble
from .tokens import StreamKey

KEEPALIVE_S: Final = 30
"""BMW's broker drops whoever wants longer."""

_MOST_WAITING: Final = 10_000
"""So many messages may wait to be read; those beyond are lost."""

_AT_ONCE: Final = 500
"""So many messages are passed on without a turn for anybody else."""

ANSWER_S: Final = 10
"""The broker may take so long for an answer."""

_FAILURE: Final = 0x80
_BAD_CREDENTIALS: Final = 134
_NOT_AUTHORIZED: Final = 135
_KEEPALIVE_TIMEOUT: Final = 141
"""MQTT 5's numbers, into which the library translates those of MQTT 3.1.1."""

# What the library writes into its log has account and VIN in it.
_NOWHERE: Final = logging.getLogger(f"{__name__}.library")
_NOWHERE.disabled = True

type Hear = Callable[[str, bytes], Awaitable[None]]
"""Takes the topic and the content of a message."""


class BrokenOffError(Exception):
    """The connection did not come about, or has ended by itself."""

    def __init__(self, trouble: Trouble) -> None:
        """Keep why."""
        super().__init__(trouble)
        self.trouble = trouble


class _Client(aiomqtt.Client):
    """aiomqtt's client, which can also be made to let go of a connection that failed while it came about.

    By itself it leaves the socket open if BMW's answer is late or its words are none of MQTT's. And it has the event
    loop watch a socket a turn later, which may be closed by then, or be another one's.
    """

    @override
    def _on_socket_register_write(self, client: mqtt.Client, userdata: object, sock: PahoSocket) -> None:
        def watch() -> None:
            if sock.fileno() >= 0:
                self._loop.add_writer(sock, self._write, client)

        self._loop.call_soon_threadsafe(watch)

    def _write(self, client: mqtt.Client) -> None:
        try:
            client.loop_write()
        except Exception as err:  # noqa: BLE001 (whatever it is, the connection is broken, as the library sees it, too)
            if not self._disconnected.done():
                self._disconnected.set_exception(err)

    @property
    def was_dropped(self) -> bool:
        """Whether the connection has been broken off, by somebody else than us."""
        return self._disconnected.done() and self._disconnected.exception() is not None

    def take_waiting(self) -> Iterator[aiomqtt.Message]:
        """What has come by now and waits, up to so much that nobody else has to wait long."""
        for _ in range(min(self._queue.qsize(), _AT_ONCE)):
            yield self._queue.get_nowait()

    async def let_go(self) -> None:
        """Say goodbye if there is anybody, close the socket, and wait until nothing of it is left."""
        self._client.disconnect()
        if self._misc_task:
            self._misc_task.cancel()
            await asyncio.wait({self._misc_task})


class Connection:
    """One connection for one account, to be closed in any case."""

    def __init__(self, broker: Broker, key: StreamKey, tls: ssl.SSLContext) -> None:
        """Connect nowhere yet."""
        self._topic = f"{key.gcid}/+"
        self._client = _Client(
            broker.host,
            broker.port,
            username=key.gcid,
            password=key.id_token,
            clean_session=True,
            keepalive=KEEPALIVE_S,
            timeout=ANSWER_S,
            max_queued_incoming_messages=_MOST_WAITING,
            tls_context=tls,
            logger=_NOWHERE,
        )

    async def open(self) -> None:
        """Connect, and ask for the messages of all cars.

        Raises:
            BrokenOffError: It did not come to that.
        """
        try:
            await self._connect()
            answers = await self._client.subscribe(self._topic, qos=0)
        except MqttConnectError as err:
            raise BrokenOffError(_refusal(err)) from None
        except aiomqtt.MqttError as err:
            if isinstance(err.__context__, ssl.SSLCertVerificationError):  # of which the library tells the words only
                raise BrokenOffError(Trouble.UNTRUSTED) from None
            # A broker that does not like what it is asked for may close the connection instead of saying so.
            raise BrokenOffError(Trouble.HUNG_UP if self._client.was_dropped else Trouble.UNREACHABLE) from None
        if any((answer.value if isinstance(answer, ReasonCode) else answer) >= _FAILURE for answer in answers):
            raise BrokenOffError(Trouble.NOT_PERMITTED)

    async def listen(self, hear: Hear) -> None:
        """Pass on what comes, in its order, until the connection is closed by us.

        Raises:
            BrokenOffError: Somebody else closed it, or it has broken.
        """
        try:
            async for message in self._client.messages:
                await hear(message.topic.value, message.payload)
                # The library takes several turns of the event loop for each message, and reads a hundred in one.
                for waiting in self._client.take_waiting():
                    await hear(waiting.topic.value, waiting.payload)
        except aiomqtt.MqttError as err:
            if err.__cause__ is not None:
                raise BrokenOffError(_loss(err.__cause__)) from None

    async def close(self) -> None:
        """End it; what has come until now is still passed on to whoever listens."""
        await self._client.let_go()

    async def _connect(self) -> None:
        """Connect; seen through even if we are cancelled, for the thread in which it happens cannot be stopped.

        A connection that nobody knows of would later look like another client's.
        """
        opening = asyncio.create_task(self._client.__aenter__(), name="mybmw cardata stream connecting")
        try:
            await asyncio.wait({opening})
        except asyncio.CancelledError:
            await asyncio.wait({opening})
            opening.exception()  # whatever it is: nobody waits for it any more, and it must not hide that we are to end
            raise
        opening.result()


def _refusal(err: MqttConnectError) -> Trouble:
    match err.rc.value if isinstance(err.rc, ReasonCode) else err.rc:
        case code if code == _BAD_CREDENTIALS:
            return Trouble.BAD_CREDENTIALS
        case code if code == _NOT_AUTHORIZED:
            return Trouble.REFUSED
        case _:
            return Trouble.BUSY


def _loss(cause: BaseException) -> Trouble:
    """What ended a connection: a broker that is not heard any more has not closed it."""
    code = cause.rc.value if isinstance(cause, aiomqtt.MqttCodeError) and isinstance(cause.rc, ReasonCode) else None
    return Trouble.UNREACHABLE if code == _KEEPALIVE_TIMEOUT else Trouble.DROPPED

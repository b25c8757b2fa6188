"""As much of MQTT (3.1.1 and 5) as one has to know who stands at a broker's door and decides who comes in."""

from asyncio import StreamReader
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

_LARGEST: Final = 1_000_000
_MQTT_5: Final = 5
_BEFORE_KEEPALIVE: Final = 8
"""The name, the version and the flags in a CONNECT packet."""


class Kind(IntEnum):
    """Packets that the door looks at."""

    CONNECT = 1
    PUBLISH = 3
    SUBSCRIBE = 8
    PING = 12
    PONG = 13


class No(IntEnum):
    """Why a connection or a subscription is refused, in the numbers of MQTT 3.1.1."""

    UNAVAILABLE = 3
    BAD_CREDENTIALS = 4
    NOT_AUTHORIZED = 5
    SUBSCRIPTION = 0x80


_IN_MQTT_5: Final = {No.UNAVAILABLE: 136, No.BAD_CREDENTIALS: 134, No.NOT_AUTHORIZED: 135, No.SUBSCRIPTION: 0x80}


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet: what it is, its content, and the bytes it came in."""

    kind: int
    content: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class Connect:
    """Who wants to come in, and how."""

    level: int
    is_clean: bool
    keepalive_s: int
    username: str = field(repr=False)
    password: str = field(repr=False)


class _Cursor:
    """Reads a packet from front to back."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._content)

    def take(self, count: int) -> bytes:
        taken = self._content[self._at : self._at + count]
        if len(taken) < count:
            message = "a packet ends too early"
            raise ValueError(message)
        self._at += count
        return taken

    def rest(self) -> bytes:
        return self.take(len(self._content) - self._at)

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count))

    def text(self) -> str:
        return self.take(self.number(2)).decode()

    def length(self) -> int:
        length = shift = 0
        while True:
            byte = self.number(1)
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return length


async def read_packet(reader: StreamReader) -> Packet:
    """The next packet.

    Raises:
        ValueError: It is none.
        IncompleteReadError: There is none.
    """
    raw = bytearray(await reader.readexactly(1))
    length = shift = 0
    while True:
        raw += await reader.readexactly(1)
        length |= (raw[-1] & 0x7F) << shift
        shift += 7
        if raw[-1] < 0x80:
            break
        if shift > 21:
            message = "the length of a packet is none"
            raise ValueError(message)
    if length > _LARGEST:
        message = "a packet is too large"
        raise ValueError(message)
    content = await reader.readexactly(length)
    return Packet(raw[0] >> 4, content, bytes(raw) + content)


def connect_in(packet: Packet) -> Connect:
    """Who a CONNECT packet is from; raises ValueError if it is none."""
    cursor = _Cursor(packet.content)
    if packet.kind != Kind.CONNECT or cursor.text() != "MQTT":
        message = "no CONNECT packet"
        raise ValueError(message)
    level, flags, keepalive_s = cursor.number(1), cursor.number(1), cursor.number(2)
    if level == _MQTT_5:
        cursor.take(cursor.length())
    cursor.text()  # the client's name for itself: any
    if flags & 0x04:
        message = "a last will, for which there is no use here"
        raise ValueError(message)
    username = cursor.text() if flags & 0x80 else ""
    password = cursor.text() if flags & 0x40 else ""
    return Connect(level, bool(flags & 0x02), keepalive_s, username, password)


def without_keepalive(connect: Packet) -> bytes:
    """The same CONNECT packet from somebody who may be silent for as long as they like."""
    at = len(connect.raw) - len(connect.content) + _BEFORE_KEEPALIVE
    return connect.raw[:at] + b"\0\0" + connect.raw[at + 2 :]


def message_in(packet: Packet, level: int) -> tuple[str, bytes]:
    """Topic and content of a PUBLISH packet of quality 0."""
    cursor = _Cursor(packet.content)
    topic = cursor.text()
    if level == _MQTT_5:
        cursor.take(cursor.length())
    return topic, cursor.rest()


def topics_in(packet: Packet, level: int) -> tuple[bytes, list[str]]:
    """The number of a SUBSCRIBE packet, and what is subscribed to."""
    cursor = _Cursor(packet.content)
    number = cursor.take(2)
    if level == _MQTT_5:
        cursor.take(cursor.length())
    topics = []
    while not cursor.is_at_end:
        topics.append(cursor.text())
        cursor.take(1)
    return number, topics


def connection_refused(level: int, why: No) -> bytes:
    """The CONNACK packet that says no."""
    return bytes([0x20, 3, 0, _IN_MQTT_5[why], 0]) if level == _MQTT_5 else bytes([0x20, 2, 0, why])


def subscription_refused(number: bytes, count: int, level: int) -> bytes:
    """The SUBACK packet that says no to all of it."""
    properties = b"\0" if level == _MQTT_5 else b""
    content = number + properties + bytes([No.SUBSCRIPTION]) * count
    return bytes([0x90, len(content)]) + content

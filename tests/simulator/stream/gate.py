"""The door in front of the broker, with BMW's rules. Which broker stands behind it makes no difference to them.

* TLS 1.3; user name is the account (GCID), password an id token that is good now.
* One connection for an account. Who comes second evicts the first, or is refused: clients have seen both.
* Who comes back within ten seconds is refused (code 5), and so is who has no permission; a bad token is code 4.
* No keepalive above 30 seconds: such a connection is closed.
* When the token ends, the connection is closed without a word. So is it for a topic of somebody else's.
* Whoever is not switched on for the stream in the portal may come in, but gets no subscription (0x80).
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
import ssl
from typing import Final

from custom_components.mybmw.sources import Clock

from ..cardata import STREAM, Customers, Grant
from .packets import (
    Connect,
    Kind,
    No,
    Packet,
    connect_in,
    connection_refused,
    message_in,
    read_packet,
    subscription_refused,
    topics_in,
    without_keepalive,
)

_HOST: Final = "127.0.0.1"
_AWAY: Final = timedelta(seconds=10)
_LONGEST_KEEPALIVE_S: Final = 30
_LEAVES_WITHIN_S: Final = 5


class Second(StrEnum):
    """What happens if an account that is connected connects again."""

    EVICTS = "evicts"
    """The first connection is closed."""
    REFUSED = "refused"
    """The second one is not let in."""


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """A connection that was let in; `pings` are those that the broker has not answered, where notes are taken."""

    grant: Grant
    level: int
    since: datetime
    writer: asyncio.StreamWriter = field(repr=False)
    is_subscribed: bool = False
    pings: int = 0

    def cut(self) -> None:
        """Close it without a word."""
        self.writer.transport.abort()


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """Somebody came to the door: when, whether they were let in, else why not (None: closed without a word)."""

    at: datetime
    is_in: bool
    why: No | None = None


class Gate:
    """Lets in whom BMW would let in. Everything about it can be changed while it runs.

    `refusal` is said to everybody instead, if it is set. `knocks` is who came, `sessions` who is in, by account.
    `most_connections` is how many there were at once, let in or not, `evictions` how often one had to go for another,
    `expiries` how often one ended with its token.

    Where time passes faster than anybody can answer, `minds_silence` is to be False. With `takes_notes`, each message
    that clients were told is in `told`.
    """

    def __init__(self, customers: Customers, *, clock: Clock, tls: ssl.SSLContext) -> None:
        """Be ready to open."""
        self.second = Second.EVICTS
        self.refusal: No | None = None
        self.knocks: list[Knock] = []
        self.sessions: dict[str, Session] = {}
        self.port = 0
        self.most_connections = self.evictions = self.expiries = 0
        self.minds_silence = True
        self.takes_notes = False
        self.told: list[tuple[str, bytes]] = []
        self._connections = 0
        self._customers = customers
        self._clock = clock
        self._tls = tls
        self._behind = 0
        self._left_at: dict[str, datetime] = {}
        self._server: asyncio.Server | None = None
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    async def open(self, behind: int, port: int = 0) -> None:
        """Stand before the broker at a port of this machine."""
        self._behind = behind
        self._server = await asyncio.start_server(self._answer, _HOST, port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Let nobody in any more, and nobody stay."""
        if self._server:
            self._server.close()
            self._server.abort_clients()
            await self._server.wait_closed()

    async def emptied(self) -> None:
        """Wait until nobody is in; raises TimeoutError if somebody stays."""
        async with asyncio.timeout(_LEAVES_WITHIN_S):
            await self._is_empty.wait()

    def end_tokens(self) -> None:
        """Close the connections whose token has ended."""
        now = self._clock()
        for session in [*self.sessions.values()]:
            if now >= session.grant.ends_at:
                self.expiries += 1
                self.cut(session)

    def cut(self, session: Session) -> None:
        """Close a connection."""
        session.cut()
        self._leave(session)

    def _leave(self, session: Session) -> None:
        gcid = session.grant.customer.account.gcid
        if self.sessions.get(gcid) is session:
            del self.sessions[gcid]
            if not self.sessions:
                self._is_empty.set()
            self._left_at[gcid] = self._clock()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        self.most_connections = max(self.most_connections, self._connections)
        try:
            await self._receive(reader, writer)
        finally:
            self._connections -= 1
            writer.close()

    async def _receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ValueError, OSError, asyncio.IncompleteReadError, UnicodeDecodeError):
            packet = await read_packet(reader)
            connect = connect_in(packet)
            session = self._admit(connect, writer)
            if isinstance(session, No):
                writer.write(connection_refused(connect.level, session))
                await writer.drain()
            elif session:
                try:
                    await self._serve(session, packet, reader)
                finally:
                    self._leave(session)

    def _admit(self, connect: Connect, writer: asyncio.StreamWriter) -> Session | No | None:
        now = self._clock()
        answer = self.refusal or self._judged(connect, now)
        if isinstance(answer, No) or not 0 < connect.keepalive_s <= _LONGEST_KEEPALIVE_S:
            why = answer if isinstance(answer, No) else None
            self.knocks.append(Knock(at=now, is_in=False, why=why))
            return why
        self.knocks.append(Knock(at=now, is_in=True))
        if first := self.sessions.get(connect.username):
            self.evictions += 1
            self.cut(first)
        session = Session(grant=answer, level=connect.level, since=now, writer=writer)
        self.sessions[connect.username] = session
        self._is_empty.clear()
        return session

    def _judged(self, connect: Connect, now: datetime) -> Grant | No:
        grant = self._customers.who_streams(connect.username, connect.password)
        if grant is None:
            is_good = self._customers.who_has(connect.username, connect.password) is not None
            return No.NOT_AUTHORIZED if is_good else No.BAD_CREDENTIALS
        left_at = self._left_at.get(connect.username)
        is_early = left_at is not None and now - left_at < _AWAY
        is_second = connect.username in self.sessions and self.second is Second.REFUSED
        return No.NOT_AUTHORIZED if is_early or is_second else grant

    async def _serve(self, session: Session, connect: Packet, reader: asyncio.StreamReader) -> None:
        """Pass on what client and broker say to each other, as far as the client may say it."""
        from_broker, to_broker = await asyncio.open_connection(_HOST, self._behind)
        to_broker.write(connect.raw if self.minds_silence else without_keepalive(connect))
        copy = self._tell(from_broker, session) if self.takes_notes else _copy(from_broker, session.writer)
        back = asyncio.create_task(copy)
        try:
            while True:
                packet = await read_packet(reader)
                if packet.kind == Kind.PUBLISH:
                    return
                session.pings += self.takes_notes and packet.kind == Kind.PING
                if packet.kind == Kind.SUBSCRIBE:
                    number, topics = topics_in(packet, session.level)
                    customer = session.grant.customer
                    if not all(topic.startswith(f"{customer.account.gcid}/") for topic in topics):
                        return
                    if STREAM not in customer.subscribed:
                        session.writer.write(subscription_refused(number, len(topics), session.level))
                        continue
                    session.is_subscribed = True
                to_broker.write(packet.raw)
                await to_broker.drain()
        finally:
            back.cancel()
            await asyncio.wait({back})
            to_broker.close()

    async def _tell(self, reader: asyncio.StreamReader, session: Session) -> None:
        """Pass on what the broker says, packet by packet, and note the messages."""
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                packet = await read_packet(reader)
                session.writer.write(packet.raw)
                await session.writer.drain()
                if packet.kind == Kind.PUBLISH:
                    self.told.append(message_in(packet, session.level))
                session.pings -= packet.kind == Kind.PONG
        session.writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
        writer.transport.abort()

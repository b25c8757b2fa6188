"""All of it together: the gate, the broker behind it, and what is sent through both."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
import socket
from tempfile import TemporaryDirectory
from typing import Final

import aiomqtt

from custom_components.mybmw.sources import Clock

from ..cardata import CarData
from .brokers import HOST, Behind, Which, start_broker
from .certificates import Certificates
from .faults import StreamFault, spoiled
from .gate import Gate
from .news import News, Newsroom
from .packets import No

_LOOKS_EVERY_S: Final = 1
_TURNS_TO_ARRIVE: Final = 500
"""Turns of the event loop in which what was sent has come to whoever listens in this process."""
_RIVAL_AFTER: Final = timedelta(seconds=10)
_AT_ONCE: Final = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
"""Or all messages of a burst but the first would wait for some real time, in which none of a frozen clock goes by."""

REFUSALS: Final = {
    StreamFault.BAD_CREDENTIALS: No.BAD_CREDENTIALS,
    StreamFault.REFUSED: No.NOT_AUTHORIZED,
    StreamFault.BUSY: No.UNAVAILABLE,
}
"""The faults that let nobody in, and what is said then."""


class Stream:
    """The stream of all customers. `gate` is who comes in, `faults` what goes wrong; both can be changed.

    `behind` is the port of the broker itself, which has no rules. Without `goes_on`, nothing happens but in `look`.
    `sent` is how many messages there were while the customer listened.
    """

    def __init__(self, cardata: CarData, *, clock: Clock, which: Which = Which.AMQTT, port: int = 0) -> None:
        """Be ready to start; port 0 is any that is free."""
        self.faults: set[StreamFault] = set()
        self.behind = 0
        self.goes_on = True
        self.sent = 0
        self._folder = TemporaryDirectory(prefix="simulated-stream-")
        self._certificates = Certificates(Path(self._folder.name))
        self._tls = self._certificates.for_server()
        self.gate = Gate(cardata.customers, clock=clock, tls=self._tls)
        self._customers = cardata.customers
        self._clock = clock
        self._which = which
        self._port = port
        self._newsrooms: dict[str, Newsroom] = {}
        self._held: list[list[News]] = []
        self._is_shut = False
        self._broker: Behind | None = None
        self._publisher: aiomqtt.Client | None = None
        self._looking: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Where it is, on 127.0.0.1, while it runs."""
        return self.gate.port

    @property
    def ca_file(self) -> str:
        """The certificate that vouches for it."""
        return str(self._certificates.ca_file)

    async def start(self) -> None:
        """Begin to let clients in, and to tell them what happens from now on."""
        await self.come_up()
        self._looking = asyncio.create_task(self._keep_looking(), name="simulated stream")

    async def stop(self) -> None:
        """End everything, and remove its files."""
        if self._looking:
            self._looking.cancel()
            await asyncio.wait({self._looking})
        await self.go_down()
        self._folder.cleanup()

    async def go_down(self) -> None:
        """Hang up on everybody and answer nobody; what cars upload meanwhile, nobody hears."""
        await self.gate.close()
        self._is_shut = False  # or who has been unreachable before would be opened while it is down
        publisher, self._publisher = self._publisher, None
        if publisher:
            await publisher.__aexit__(None, None, None)
        broker, self._broker = self._broker, None
        if broker:
            await broker.stop()

    async def come_up(self) -> None:
        """Answer at the same port as before."""
        self._broker, self.behind = await start_broker(self._which, Path(self._folder.name))
        self._publisher = aiomqtt.Client(
            HOST, self.behind, keepalive=3600, max_queued_outgoing_messages=0, socket_options=_AT_ONCE
        )
        await self._publisher.__aenter__()
        await self.gate.open(self.behind, self.gate.port or self._port)

    def show_certificate(self, *, strange: bool) -> None:
        """Show the certificate that the authority vouches for, or a `strange` one, to whoever comes from now on."""
        if not strange:
            self._certificates.show(self._tls)
            return
        with TemporaryDirectory(prefix="strange-certificate-") as folder:
            Certificates(Path(folder)).show(self._tls)

    async def look(self) -> None:
        """Do what it is time for."""
        self.gate.refusal = next((code for fault, code in REFUSALS.items() if fault in self.faults), None)
        self.gate.end_tokens()
        if (is_shut := StreamFault.UNREACHABLE in self.faults) is not self._is_shut:
            self._is_shut = is_shut
            await (self.gate.close() if is_shut else self.gate.open(self.behind, self.gate.port))
        if StreamFault.RIVAL in self.faults:
            for session in [*self.gate.sessions.values()]:
                if self._clock() - session.since >= _RIVAL_AFTER:
                    self.gate.cut(session)
        for customer in self._customers:
            newsroom = self._newsrooms.setdefault(customer.account.gcid, Newsroom(customer))
            for burst in newsroom.bursts(is_charge_silent=StreamFault.SILENT_CHARGE in self.faults):
                await self._pass_on(customer.account.gcid, burst)

    async def publish(self, news: Iterable[News]) -> None:
        """Send messages as they are, but none to a customer who does not listen: they would be lost anyway."""
        for each in news:
            session = self.gate.sessions.get(each.topic.partition("/")[0])
            if self._publisher and session and session.is_subscribed:
                self.sent += 1
                await self._publisher.publish(each.topic, each.payload)

    async def _pass_on(self, gcid: str, burst: list[News]) -> None:
        if StreamFault.SILENT in self.faults:
            return
        if StreamFault.LATE in self.faults:
            bursts, self._held = self._held, [burst]
        else:
            bursts, self._held = [*self._held, burst], []
        arriving = [news for each in bursts for news in spoiled(each, self.faults)]
        if StreamFault.DROP in self.faults and (session := self.gate.sessions.get(gcid)):
            await self.publish(arriving[: len(arriving) // 2])
            for _ in range(_TURNS_TO_ARRIVE):
                await asyncio.sleep(0)
            self.gate.cut(session)
        else:
            await self.publish(arriving)

    async def _keep_looking(self) -> None:
        while True:
            if self.goes_on:
                await self.look()
            await asyncio.sleep(_LOOKS_EVERY_S)

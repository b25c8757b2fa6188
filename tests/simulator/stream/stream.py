"""All of it together: the gate, the broker behind it, and what is sent through both."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from aiohttp import web
import aiomqtt

from custom_components.mybmw.sources import Clock

from ..cardata import CarData
from .brokers import HOST, Behind, Which, start_broker
from .certificates import Certificates
from .faults import StreamFault, spoiled
from .gate import Gate
from .news import News, Newsroom
from .packets import No

SWITCHES: Final = "/_switchboard/stream"
"""Where faults are switched over HTTP: GET shows them, PUT and DELETE of a name switch one on and off."""

_LOOKS_EVERY_S: Final = 1
_RIVAL_AFTER: Final = timedelta(seconds=10)
_REFUSALS: Final = {
    StreamFault.BAD_CREDENTIALS: No.BAD_CREDENTIALS,
    StreamFault.REFUSED: No.NOT_AUTHORIZED,
    StreamFault.BUSY: No.UNAVAILABLE,
}


class Stream:
    """The stream of all customers. `gate` is who comes in, `faults` what goes wrong; both can be changed.

    `behind` is the port of the broker itself, which has no rules. Without `goes_on`, nothing happens but in `look`.
    """

    def __init__(self, cardata: CarData, *, clock: Clock, which: Which = Which.AMQTT, port: int = 0) -> None:
        """Be ready to start; port 0 is any that is free."""
        self.faults: set[StreamFault] = set()
        self.behind = 0
        self.goes_on = True
        self._folder = TemporaryDirectory(prefix="simulated-stream-")
        self._certificates = Certificates(Path(self._folder.name))
        self.gate = Gate(cardata.customers, clock=clock, tls=self._certificates.for_server())
        self._customers = cardata.customers
        self._clock = clock
        self._which = which
        self._port = port
        self._newsrooms: dict[str, Newsroom] = {}
        self._held: list[list[News]] = []
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
        self._broker, self.behind = await start_broker(self._which, Path(self._folder.name))
        self._publisher = aiomqtt.Client(HOST, self.behind, keepalive=0, max_queued_outgoing_messages=0)
        await self._publisher.__aenter__()
        await self.gate.open(self.behind, self._port)
        self._looking = asyncio.create_task(self._keep_looking(), name="simulated stream")

    async def stop(self) -> None:
        """End everything, and remove its files."""
        if self._looking:
            self._looking.cancel()
            await asyncio.wait({self._looking})
        await self.gate.close()
        if self._publisher:
            await self._publisher.__aexit__(None, None, None)
        if self._broker:
            await self._broker.stop()
        self._folder.cleanup()

    def routes(self) -> Iterable[web.RouteDef]:
        """Where faults are switched."""
        return (
            web.get(SWITCHES, self._show),
            web.put(f"{SWITCHES}/{{name}}", self._switch),
            web.delete(f"{SWITCHES}/{{name}}", self._switch),
        )

    async def _show(self, _request: web.Request) -> web.Response:
        return web.json_response({fault.value: fault in self.faults for fault in StreamFault})

    async def _switch(self, request: web.Request) -> web.Response:
        try:
            fault = StreamFault(request.match_info["name"])
        except ValueError as unknown:
            return web.json_response({"message": str(unknown)}, status=404)
        if request.method == "PUT":
            self.faults.add(fault)
        else:
            self.faults.discard(fault)
        return web.Response(status=204)

    async def look(self) -> None:
        """Do what it is time for."""
        self.gate.refusal = next((code for fault, code in _REFUSALS.items() if fault in self.faults), None)
        self.gate.end_tokens()
        if StreamFault.RIVAL in self.faults:
            for session in [*self.gate.sessions.values()]:
                if self._clock() - session.since >= _RIVAL_AFTER:
                    self.gate.cut(session)
        for customer in self._customers:
            newsroom = self._newsrooms.setdefault(customer.account.gcid, Newsroom(customer))
            for burst in newsroom.bursts():
                await self._pass_on(customer.account.gcid, burst)

    async def publish(self, news: Iterable[News]) -> None:
        """Send messages as they are."""
        if self._publisher:
            for each in news:
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
            self.gate.cut(session)
        else:
            await self.publish(arriving)

    async def _keep_looking(self) -> None:
        while True:
            if self.goes_on:
                await self.look()
            await asyncio.sleep(_LOOKS_EVERY_S)

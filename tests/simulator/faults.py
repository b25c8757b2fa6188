"""The cloud on a bad day: answers that are late, wrong, missing or not what was asked for."""

from asyncio import Event
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from custom_components.mybmw.sources import Json

from .dialect import brand_of, vin_of


@dataclass(slots=True, kw_only=True, eq=False)
class Fault:
    """What goes wrong, for which requests, and how many times.

    A fault strikes requests whose path contains `path` and that are about this `vin` or `brand` (None: any), until it
    has struck `times` times or is taken off `Simulator.faults`. The first fault of the list that fits a request wins.

    It waits for `after` if there is such an event, then breaks the connection (`drop`), answers with `status`,
    `headers` and `body` (a text is sent as it is), or, with no status, lets the cloud answer as always.
    """

    path: str = ""
    vin: str | None = None
    brand: str | None = None
    times: int | None = None

    after: Event | None = None
    drop: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Json = None

    struck: int = 0

    def fits(self, request: web.Request) -> bool:
        """Whether this request is to be struck."""
        return (
            (self.times is None or self.struck < self.times)
            and self.path in request.path
            and self.vin in {None, vin_of(request)}
            and self.brand in {None, brand_of(request)}
        )

    async def strike(self, request: web.Request) -> web.Response | None:
        """The wrong answer, or None if only the wait was wrong."""
        self.struck += 1
        if self.after:
            await self.after.wait()
        if self.drop:
            if request.transport:
                request.transport.abort()
            return web.Response()
        if self.status is None:
            return None
        if self.body is None or isinstance(self.body, str):
            return web.Response(status=self.status, headers=self.headers, text=self.body)
        return web.json_response(self.body, status=self.status, headers=self.headers)

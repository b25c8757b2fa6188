"""The cloud on a bad day: answers that are late, wrong, missing or not what was asked for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
import re
from typing import Final
from zlib import crc32

from aiohttp import web

from custom_components.mybmw.sources import Json

from .dialect import VIN_HEADER, brand_of, vin_of

type Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""Answers a request."""
type Spoil = Callable[[bytes], bytes]
"""Makes of the body of an answer what arrives of it."""


FATE_HEADER: Final = "x-simulated-fate"
"""By which a fault tells the simulator what is to become of an order."""


@dataclass(slots=True, kw_only=True, eq=False)
class Fault:
    """What goes wrong, for which requests, and how many times.

    A fault strikes requests in whose path the regular expression `path` is found and that are about this `vin` or
    `brand` (None: any), and of those only `percent` in a hundred, until it has struck `times` times or is taken off
    `Simulator.faults`. Faults that strike the same request do so in their order, until one of them answers it.

    A fault waits: for `after` if there is such an event, and `wait_s` seconds, which may be infinite. Then it breaks
    the connection (`drop`), or answers with `status`, `headers` and `body` (a text is sent as it is). If it does
    neither, the cloud answers as always, but as if asked about the car with the VIN `asked_as`, if there is one, and
    what it says is spoiled by `spoil`. `name` is for the log. Which ones of a hundred are struck, the number that is
    `counted_from` decides.

    An order that a fault strikes may be taken, but have a `fate`: "ignored", "error" or "error:WORDS" by the car,
    "offline" (it never reaches the car) or "silent" (the car never tells). With `lose`, it is taken and executed, but
    the connection breaks before anybody is told.
    """

    path: str = ""
    vin: str | None = None
    brand: str | None = None
    percent: int = 100
    times: int | None = None

    after: asyncio.Event | None = None
    wait_s: float = 0
    drop: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Json = None
    asked_as: str | None = None
    spoil: Spoil | None = None
    fate: str | None = None
    lose: bool = False

    name: str = ""
    counted_from: int = 0
    struck: int = field(default=0, init=False)
    _seen: dict[str, int] = field(default_factory=dict, init=False, repr=False)

    def strikes(self, request: web.Request) -> bool:
        """Whether this request is struck; to be asked once for each request."""
        return self.may_strike(request) and self._is_its_turn(request)

    def may_strike(self, request: web.Request) -> bool:
        """Whether this request is one of those of which so many in a hundred are struck."""
        return (
            (self.times is None or self.struck < self.times)
            and re.search(self.path, request.path) is not None
            and self.vin in {None, vin_of(request)}
            and self.brand in {None, brand_of(request)}
        )

    async def play(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        """Have the request go wrong; `answer` is what happens to it otherwise."""
        self.struck += 1
        if self.after:
            await self.after.wait()
        if self.wait_s:
            await asyncio.sleep(self.wait_s)
        if self.drop:
            if request.transport:
                request.transport.abort()
            return web.Response()
        if self.status is not None:
            if self.body is None or isinstance(self.body, str):
                return web.Response(status=self.status, headers=self.headers, text=self.body)
            return web.json_response(self.body, status=self.status, headers=self.headers)
        return await self._distort(request, answer)

    async def _distort(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        """Have the cloud answer, but not quite what was asked, or not quite as it would."""
        if self.asked_as:
            request = request.clone(headers={**request.headers, VIN_HEADER: self.asked_as})
        if self.fate:
            request = request.clone(headers={**request.headers, FATE_HEADER: self.fate})
        right = await answer(request)
        if self.lose and request.transport:
            request.transport.abort()
        if self.spoil and isinstance(right, web.Response) and isinstance(right.body, bytes):
            return web.Response(status=right.status, content_type=right.content_type, body=self.spoil(right.body))
        return right

    def _is_its_turn(self, request: web.Request) -> bool:
        """Whether this one is among the `percent`.

        Each kind of request about each car is counted on its own, and each count begins somewhere else. So it does not
        matter which of several requests at a time arrives first: the same ones are struck whenever it is played.
        """
        kind = f"{request.path} {brand_of(request)} {vin_of(request)}"
        number = self._seen.get(kind, (crc32(kind.encode()) + self.counted_from) % 100)
        self._seen[kind] = number + 1
        return (number + 1) * self.percent // 100 > number * self.percent // 100


async def answer_with_faults(
    faults: Sequence[Fault], request: web.Request, answer: Answer, struck_by: list[str]
) -> web.StreamResponse:
    """Answer a request unless a fault gets in the way; the names of those that strike it are added to `struck_by`."""
    for position, fault in enumerate(faults):
        if fault.strikes(request):
            struck_by.append(fault.name)
            others = faults[position + 1 :]
            return await fault.play(request, partial(answer_with_faults, others, answer=answer, struck_by=struck_by))
    return await answer(request)

"""Puts the cloud on the wire: one server on 127.0.0.1, with a log of what it was asked."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
import ssl
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from custom_components.mybmw.sources import Clock
from tests.recorded import RECORDED_CARS, RecordedCar

from .accounts import Account, Accounts
from .captcha import Captchas
from .cardata import CarData
from .china import ChinaSignIn
from .commands import Commands, Order
from .dialect import RefusalError, brand_of, vin_of
from .faults import Answer, Fault, answer_with_faults
from .garage import Age, Garage
from .living import World, WorldClock
from .log import Asked
from .mybmw import MyBmw
from .sign_in import SignIn
from .stream import Stream, Which
from .switchboard import SWITCHBOARD, Switchboard

DEMO_USERNAMES: Final = {"row": "demo@example.com", "na": "demo@example.com", "cn": "8613912345678"}
DEMO_PASSWORD: Final = "demo"

_HOST: Final = "127.0.0.1"


class Simulator:
    """The cloud. Everything about it can be changed while it runs.

    `garage` holds the cars of the demo accounts (one in each region, see DEMO_USERNAMES), `world` is where the living
    ones of them live, `accounts` who may sign in, `cardata` the official door to the living cars, `faults` what goes
    wrong, `switchboard` what of it was switched on by name, `requests` what was asked so far, `orders` what of it had a
    car do something.
    """

    def __init__(  # noqa: PLR0913 (a cloud to order)
        self,
        *,
        cars: Iterable[str | RecordedCar] = RECORDED_CARS,
        age: Age = Age.AS_RECORDED,
        clock: Clock = lambda: datetime.now(UTC),
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        access_lifetime: timedelta = timedelta(hours=1),
        speed: float = 1,
        seed: int = 1,
        stream: Which | None = None,
        stream_port: int = 0,
    ) -> None:
        """Be ready to start. `cars` are names of recorded or living cars, or recordings; port 0 is any that is free.

        With `tls`, which says what certificate is shown, nobody is answered who does not speak it.
        `speed` is how many times faster than `clock` the living cars live, `seed` decides what will happen to them.
        With `stream`, that broker brings CarData's stream.
        """
        self.world = World(WorldClock(clock, speed=speed), seed=seed)
        self.garage = Garage(cars, age=age, clock=clock, world=self.world)
        self.accounts = Accounts(
            [
                Account(username=username, password=DEMO_PASSWORD, region=region, garage=self.garage)
                for region, username in DEMO_USERNAMES.items()
            ],
            clock=clock,
            access_lifetime=access_lifetime,
        )
        self.faults: list[Fault] = []
        self.requests: list[Asked] = []
        self.cardata = CarData(self.accounts, clock=clock)
        self._stream = None if stream is None else Stream(self.cardata, clock=clock, which=stream, port=stream_port)
        self.switchboard = Switchboard(
            faults=self.faults,
            accounts=self.accounts,
            requests=self.requests,
            stream_faults=self._stream.faults if self._stream else None,
        )
        data = MyBmw(accounts=self.accounts)
        commands = Commands(data, clock=clock)
        self.orders: list[Order] = commands.orders
        captchas = Captchas()
        app = web.Application(middlewares=[self._answer])
        mybmw = (
            captchas,
            SignIn(accounts=self.accounts, captchas=captchas),
            ChinaSignIn(accounts=self.accounts, clock=clock),
            data,
            commands,
            self.switchboard,
        )
        app.add_routes(self.cardata.routes(besides=[route for room in mybmw for route in room.routes()]))
        # A client that has lost patience waits for no answer, and neither does the end of the simulator.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        self._port = port
        self._tls = tls

    @property
    def url(self) -> str:
        """Where the cloud is, while it runs."""
        return f"{'https' if self._tls else 'http'}://{_HOST}:{self._port}"

    @property
    def stream(self) -> Stream:
        """CarData's stream; raises ValueError if there is none."""
        if self._stream is None:
            message = "this cloud was made without a stream"
            raise ValueError(message)
        return self._stream

    async def start(self) -> None:
        """Begin to answer; raises OSError if the port is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, self._port, ssl_context=self._tls).start()
        self._port = self._runner.addresses[0][1]
        if self._stream:
            await self._stream.start()

    async def stop(self) -> None:
        """Answer no more."""
        if self._stream:
            await self._stream.stop()
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @web.middleware
    async def _answer(self, request: web.Request, handler: Answer) -> web.StreamResponse:
        """Answer a request, or let faults do so, and write it down."""
        if request.path.startswith(SWITCHBOARD):
            return await handler(request)
        was_at_risk = any(fault.may_strike(request) for fault in self.faults)
        struck_by: list[str] = []
        status = 0
        try:
            answer = await answer_with_faults(
                tuple(self.faults), request, partial(_answer_or_refuse, handler), struck_by
            )
            if request.transport and not request.transport.is_closing():
                status = answer.status
        finally:
            self.requests.append(
                Asked(
                    method=request.method,
                    path=request.path,
                    vin=vin_of(request),
                    brand=brand_of(request),
                    status=status,
                    struck_by=tuple(struck_by),
                    was_at_risk=was_at_risk,
                )
            )
        return answer


async def _answer_or_refuse(handler: Answer, request: web.Request) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusalError as refusal:
        return web.json_response(refusal.body, status=refusal.status)
    except web.HTTPException as unknown:
        return web.json_response({"statusCode": unknown.status, "message": unknown.reason}, status=unknown.status)

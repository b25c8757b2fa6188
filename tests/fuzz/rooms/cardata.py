"""CarData's answers, and signing in to it: nobody stumbles, and what is kept is read again as it was."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
import os
from typing import Final

from homeassistant.helpers.json import json_bytes
import httpx
import orjson

from custom_components.mybmw.sources import Credentials, Json, SourceError
from custom_components.mybmw.sources.cardata import DeviceSignIn, first_credentials
from custom_components.mybmw.sources.cardata.access import Access
from custom_components.mybmw.sources.cardata.quota import LIMIT, Reason
from custom_components.mybmw.sources.cardata.source import CarDataSource
from custom_components.mybmw.sources.loopback import LOOPBACK
from custom_components.mybmw.vehicle import View
from tests.fuzz.mutation import Mutator
from tests.fuzz.play import Case, Room
from tests.fuzz.spoiler import QUOTE, Spoiler
from tests.fuzz.tape import Tape
from tests.fuzz.watch import Finding, Watch
from tests.simulator import Simulator
from tests.sources.cardata.rig import API, DEVICE_CODE, TOKEN, Clock, Sleeper, granted

from .cloud import Keeper

_LATER_H: Final = 4
_GRANTED: Final = ("access_token", "refresh_token", "id_token", "device_code")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    """An account whose cloud is on tape."""

    tape: Tape
    client_id: str
    credentials: Credentials
    vins: frozenset[str]

    @staticmethod
    def clock() -> Clock:
        """Some hours after it was recorded."""
        clock = Clock()
        clock.advance(hours=_LATER_H)
        return clock

    def strangers(self) -> list[Json]:
        """All that is said on it."""
        found: list[Json] = []
        for _status, _headers, body in self.tape.answers.values():
            with suppress(orjson.JSONDecodeError):
                found.append(orjson.loads(body))
        return found

    def secrets(self) -> list[str]:
        """What of it nobody is to be told."""
        grants = [self.credentials.get("grant"), *self.strangers()]
        return [*self.vins, QUOTE] + [
            str(grant[name]) for grant in grants if isinstance(grant, dict) for name in _GRANTED if name in grant
        ]


def _source(
    recorded: _Recorded, credentials: Credentials, transport: httpx.AsyncBaseTransport, clock: Clock, keeper: Keeper
) -> tuple[Access, CarDataSource]:
    http = httpx.AsyncClient(transport=transport)
    access = Access.of({"client_id": recorded.client_id}, credentials, http=http, keep=keeper, clock=clock)
    return access, CarDataSource(access, clock=clock, later=lambda _seconds, _do: lambda: None)


@asynccontextmanager
async def _recording() -> AsyncGenerator[_Recorded]:
    """Ask a simulated cloud everything once."""
    clock, tape = Clock(), Tape(httpx.AsyncHTTPTransport())
    before = os.environ.get(LOOPBACK)
    async with Simulator(cars=["I5", "X1"], clock=clock) as cloud:
        os.environ[LOOPBACK] = cloud.url
        customer = cloud.cardata.customer()
        recorded = _Recorded(
            tape=tape,
            client_id=customer.client_id,
            credentials=first_credentials(granted(cloud, clock)),
            vins=frozenset(car.vin for car in cloud.garage),
        )
        sleep = Sleeper(clock)
        async with httpx.AsyncClient(transport=tape) as http:
            sign_in = await DeviceSignIn.begin(recorded.client_id, http=http, clock=clock, sleep=sleep)
            cloud.cardata.sign_in.approve(sign_in.code.user_code, yes=True)
            await sign_in.complete()
            access, source = _source(recorded, recorded.credentials, tape, clock, Keeper())
            fetch = await source.fetch()
            for vin in fetch.vehicles:
                await _ask_all(access, source, vin, clock())
            clock.advance(hours=2)
            await source.refresh(min(recorded.vins))
            await source.close()
        tape.to = None
        try:
            yield recorded
        finally:
            os.environ.pop(LOOPBACK)
            if before is not None:
                os.environ[LOOPBACK] = before


async def _ask_all(access: Access, source: CarDataSource, vin: str, now: datetime) -> None:
    """Ask what looking at an account does not."""
    await source.picture(vin, View.FRONT_SIDE)
    await source.charging_history(vin, now - timedelta(days=9), now)
    await access.client.charging_places(vin, Reason.OWNER)


@asynccontextmanager
async def _rest_opened() -> AsyncGenerator[Case]:
    async with _recording() as recorded:
        watch, strangers = Watch(*recorded.secrets()), recorded.strangers()

        async def play(seed: str) -> str:
            mutator, clock, keeper = Mutator(seed, strangers), recorded.clock(), Keeper()
            is_hostile = True
            spoiler = Spoiler(
                recorded.tape,
                mutator,
                mutator.pick((0.15, 0.5, 1)),
                lambda request: is_hostile and request.url.path.startswith(API),
            )
            access, source = _source(recorded, recorded.credentials, spoiler, clock, keeper)
            end, question = "refused", mutator.random.randrange(4)
            with watch.allowing(SourceError):
                if question == 0:
                    await _ask_all(access, source, min(recorded.vins), clock())
                    return "read"
                fetch = await source.fetch()
                end = "read" if fetch.vehicles.keys() >= recorded.vins else "partly read"
                if any(vin not in recorded.vins for vin in fetch.vehicles):
                    end = "others read"
                for vin in fetch.vehicles:
                    with suppress(SourceError):
                        await source.refresh(vin)
            if len(access.ledger.calls) > LIMIT:
                message = "more calls were made than there are"
                raise Finding(message)
            shown = json_bytes(source.recordings()).decode()
            if any(vin in shown for vin in recorded.vins):
                message = "a recording tells whose car it is"
                raise Finding(message)
            vehicles = {vin: car.vehicle for vin, car in source._cars.by_vin.items()}
            with watch.allowing():
                await source.close()
                _, restarted = _source(recorded, orjson.loads(keeper.kept), spoiler, clock, Keeper())
            if {vin: car.vehicle for vin, car in restarted._cars.by_vin.items()} != vehicles:
                message = "a car is another one after a restart"
                raise Finding(message)
            is_hostile = False
            clock.advance(days=3)
            with watch.allowing():
                await restarted.fetch()
                clock.advance(hours=2)  # for the second look at cars that are missing
                again = await restarted.fetch()
            names = {vehicle.identity.model for vehicle in again.vehicles.values()}
            if again.failures or again.vehicles.keys() != recorded.vins or None in names:
                message = "an account stays broken when all is well again"
                raise Finding(message)
            return end

        with watch.listening():
            yield play


@asynccontextmanager
async def _sign_in_opened() -> AsyncGenerator[Case]:
    async with _recording() as recorded:
        watch, strangers = Watch(*recorded.secrets()), recorded.strangers()
        paths = {DEVICE_CODE, TOKEN}

        async def play(seed: str) -> str:
            mutator, clock, keeper = Mutator(seed, strangers), recorded.clock(), Keeper()
            spoiler = Spoiler(recorded.tape, mutator, 0.5, lambda request: request.url.path in paths)
            http = httpx.AsyncClient(transport=spoiler)
            end, credentials = "refused", recorded.credentials
            with watch.allowing(SourceError):
                sign_in = await DeviceSignIn.begin(recorded.client_id, http=http, clock=clock, sleep=Sleeper(clock))
                if not sign_in.code.page.lower().startswith(("http://", "https://")):
                    message = "the owner is sent to no page"
                    raise Finding(message)
                credentials = first_credentials(await sign_in.complete())
                end = "let in"
            kept = orjson.loads(json_bytes(credentials))
            access, source = _source(recorded, kept, spoiler, clock, keeper)
            clock.advance(hours=30)
            with watch.allowing(SourceError):
                await access.tokens.access_token()
                await access.tokens.stream_key()
                end += " and stayed"
            with watch.allowing(SourceError):
                await source.fetch()
            await source.close()
            return end

        with watch.listening():
            yield play


CARDATA: Final = Room(name="cardata", what="each answer about an account (CarData)", share=8, opened=_rest_opened)
CARDATA_SIGN_IN: Final = Room(
    name="cardata-sign-in",
    what="codes, tokens and id tokens at a sign-in and its renewal (CarData)",
    share=6,
    opened=_sign_in_opened,
)

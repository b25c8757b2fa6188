"""Whole looks at an account of MyBMW: whatever one answer is, other cars are as they were, and nothing of it stays."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from homeassistant.helpers.json import json_bytes
import httpx
import orjson

from custom_components.mybmw.sources import (
    Credentials,
    Fetch,
    NotAllowedError,
    SignInRequiredError,
    SlowDownError,
    SourceError,
)
from custom_components.mybmw.sources.mybmw import Account, Region
from custom_components.mybmw.sources.mybmw.source import MyBmwSource
from tests.fuzz.line import Line, over_a_socket, straight
from tests.fuzz.mutation import Mutator
from tests.fuzz.play import Case, Room
from tests.fuzz.spoiler import QUOTE, Spoiler
from tests.fuzz.watch import Finding, Watch
from tests.recorded import RECORDED_CARS
from tests.sources.mybmw.cloud import CHARGING, LIST, PROFILE, STATE, Clock, Cloud, Sleeper

ACCOUNT: Final = Account(username="owner@example.com", password="not-to-be-told", region=Region.REST_OF_WORLD)

_SPOILED, _WHOLE = RECORDED_CARS["I20"], RECORDED_CARS["G01"]
_PERSONAL: Final = (_SPOILED.vin, _WHOLE.vin, ACCOUNT.username, ACCOUNT.password)
_PAUSE: Final = timedelta(days=8)
_ENDING: Final = (SlowDownError, NotAllowedError, SignInRequiredError)


class Keeper:
    """Keeps credentials as a store does: as JSON."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.kept = b""

    async def __call__(self, credentials: Credentials) -> None:
        """Keep them."""
        self.kept = json_bytes(credentials)


def opened_source(http: httpx.AsyncClient, clock: Clock, keeper: Keeper) -> MyBmwSource:
    """An account that has signed in."""
    credentials = {
        "gcid": "G",
        "refresh_token": "refresh-0",
        "access_token": "token-0",
        "expires_at": (clock() + timedelta(days=30)).isoformat(),
    }
    return MyBmwSource(ACCOUNT, credentials, http=http, keep=keeper, clock=clock, sleep=Sleeper())


@asynccontextmanager
async def _opened(line: Line) -> AsyncGenerator[Case]:
    watch = Watch(QUOTE, *_PERSONAL, "token-0", "refresh-0", "refresh-1")
    cloud = Cloud(_SPOILED.folder, _WHOLE.folder)
    whole = await opened_source(cloud.http, Clock(), Keeper()).fetch()

    async def play(seed: str) -> str:
        mutator = Mutator(seed, (_SPOILED.state, _SPOILED.profile, _WHOLE.state, _SPOILED.charging))
        path = mutator.pick((LIST, PROFILE, STATE, STATE, CHARGING))
        cloud.requests.clear()
        clock, keeper, is_hostile = Clock(), Keeper(), True

        def is_wanted(request: httpx.Request) -> bool:
            about = request.headers.get("bmw-vin", _SPOILED.vin)
            return is_hostile and request.url.path == path and about == _SPOILED.vin

        spoiler = Spoiler(cloud.transport, mutator, 1, is_wanted)
        http = connect(spoiler)
        source = opened_source(http, clock, keeper)
        end = "refused"
        with watch.allowing(SourceError):
            fetch = await source.fetch()
            end = "read" if _SPOILED.vin in fetch.vehicles else "car refused"
            if path != LIST:
                _check_other(fetch, whole)
        is_hostile = False
        clock.advance(seconds=_PAUSE.total_seconds())
        for recording in (source.recordings(), source.recordings(_SPOILED.vin)):
            if any(text in orjson.dumps(recording).decode() for text in _PERSONAL):
                message = "a recording tells whose car it is"
                raise Finding(message)
        with watch.allowing():
            again = await source.fetch(look_for_cars=True)
        if again.vehicles != whole.vehicles or again.failures:
            message = "what was broken is still there when all is well again"
            raise Finding(message)
        await source.close()
        await http.aclose()
        return end

    async with line() as connect:
        with watch.listening():
            yield play


def _check_other(fetch: Fetch, whole: Fetch) -> None:
    """See that a car is shown as it was, unless the account as a whole must rest before all of it is read."""
    must_rest = any(isinstance(err, _ENDING) for err in fetch.failures.values())
    if car := fetch.vehicles.get(_WHOLE.vin):
        lacks_details = [oddity.path for oddity in car.oddities] == ["charging"]
        is_well = car == whole.vehicles[_WHOLE.vin] or (must_rest and lacks_details)
    else:
        is_well = isinstance(fetch.failures.get(_WHOLE.vin), _ENDING)
    if not is_well:
        message = "another car has changed"
        raise Finding(message)


CLOUD: Final = Room(
    name="cloud", what="each answer to a look at an account (MyBMW)", share=12, opened=lambda: _opened(straight)
)
CLOUD_LINE: Final = Room(
    name="cloud-line",
    what="the same, over a socket, by the client that accounts ask with",
    share=4,
    opened=lambda: _opened(over_a_socket),
)

"""Commands to a car by MyBMW: whatever is answered, each is sent once at most."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import time
from importlib.resources import files
from typing import Final

import httpx
import orjson

from custom_components.mybmw.sources import Json, SourceError
from custom_components.mybmw.vehicle import (
    ChargingMode,
    Command,
    FindVehicle,
    FlashLights,
    InvalidCommandError,
    Lock,
    Outcome,
    Position,
    SendDestination,
    SetChargingPlan,
    SetChargingSettings,
    SoundHorn,
    StartClimate,
    StopCharging,
    StopClimate,
    TimerChange,
    Unlock,
    WindowChange,
)
from tests.fuzz.line import Line, over_a_socket, straight
from tests.fuzz.mutation import Mutator
from tests.fuzz.play import Case, Room
from tests.fuzz.spoiler import QUOTE, Spoiler
from tests.fuzz.watch import Finding, Watch
from tests.recorded import RECORDED_CARS
from tests.sources.mybmw.cloud import CHARGING, LIST, PROFILE, STATE, Clock, Cloud, Replies
from tests.sources.mybmw.desk import is_order

from .cloud import ACCOUNT, Keeper, opened_source

_CAR: Final = RECORDED_CARS["G26"]
_PLACE: Final = Position(latitude=48.177334, longitude=11.556274)
_COMMANDS: Final[tuple[Command, ...]] = (
    Lock(),
    Unlock(),
    FlashLights(),
    SoundHorn(),
    StartClimate(),
    StopClimate(),
    StopCharging(),
    FindVehicle(observer=_PLACE),
    SetChargingSettings(target_percent=80),
    SetChargingPlan(mode=ChargingMode.DELAYED_CHARGING, window=WindowChange(start=time(1, 5))),
    SetChargingPlan(timers=(TimerChange(id=1, is_active=True, departs_at=time(6, 30)),)),
    SendDestination(position=_PLACE, name="Museum", street="Am Olympiapark"),
)
_EVENTS: Final = ("delivered", "error", "eventposition", "executed", "initiated", "pending")
_UNAUTHORIZED: Final = 401
_QUESTIONS: Final = (LIST, PROFILE, STATE)


class _Replies(dict[str, Replies]):
    """Whatever is asked of the cloud beside cars is about an event."""

    def __init__(self, replies: dict[str, Replies], mutator: Mutator, events: dict[str, Json]) -> None:
        super().__init__(replies)
        self._mutator = mutator
        self._events = events

    def __missing__(self, path: str) -> Replies:
        if path.endswith("eventStatus"):
            return httpx.Response(200, json=self._events[self._mutator.pick(("delivered", "error", "executed"))])
        what = "eventposition" if path.endswith("eventPosition") else "initiated"
        return httpx.Response(200, json=self._events[what])


@asynccontextmanager
async def _opened(line: Line) -> AsyncGenerator[Case]:
    watch = Watch(QUOTE, _CAR.vin, ACCOUNT.password, ACCOUNT.username, "token-0", "refresh-0", "48.177334", "11.556274")
    folder = files("bimmer_connected").joinpath("tests", "responses", "remote_services")
    events: dict[str, Json] = {
        event: orjson.loads(folder.joinpath(f"eadrax_service_{event}.json").read_bytes()) for event in _EVENTS
    }
    cloud = Cloud(_CAR.folder)
    replies = cloud.replies

    async def play(seed: str) -> str:
        mutator = Mutator(seed, (*events.values(), _CAR.charging))
        cloud.requests.clear()
        cloud.replies = _Replies(replies, mutator, events)
        clock, command, end = Clock(), mutator.pick(_COMMANDS), "refused"
        is_wanted = mutator.chance(0.8)  # or else its fate alone is told in a strange way
        spoiler = Spoiler(
            cloud.transport,
            mutator,
            0.5,
            lambda request: (
                request.url.path not in _QUESTIONS
                and (is_wanted or not is_order(request.url.path))
                and (request.url.path != CHARGING or len(cloud.about(CHARGING)) > 1)
            ),
        )
        http = connect(spoiler)
        source = opened_source(http, clock, Keeper())
        await source.fetch()
        with watch.allowing(SourceError, InvalidCommandError):
            outcome = await source.execute(_CAR.vin, command)
            if not isinstance(outcome, Outcome):
                raise TypeError
            end = outcome.fate.value
        # What BMW does not know who sends has certainly not been done.
        denied = sum(is_order(request.url.path) and status == _UNAUTHORIZED for request, status in spoiler.passed)
        if sum(is_order(request.url.path) for request in cloud.requests) - denied > 1:
            message = "a command was sent twice"
            raise Finding(message)
        await source.close()
        await http.aclose()
        return end

    async with line() as connect:
        with watch.listening():
            yield play


COMMANDS: Final = Room(
    name="commands", what="what becomes of a command (MyBMW)", share=8, opened=lambda: _opened(straight)
)
COMMANDS_LINE: Final = Room(
    name="commands-line",
    what="the same, over a socket, by the client that accounts ask with",
    share=3,
    opened=lambda: _opened(over_a_socket),
)

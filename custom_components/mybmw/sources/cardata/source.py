"""A CarData account as a source of vehicles: what it streams, and what BMW is asked for beside it."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
import logging
from typing import Final, override

import httpx

from ...vehicle import ChargingHistory, Command, Outcome, Picture, Vehicle, View
from .. import (
    Budget,
    Checkup,
    Clock,
    Credentials,
    Fetch,
    Json,
    KeepCredentials,
    NotAllowedError,
    Obstacle,
    OnStep,
    OnVehicles,
    Refusal,
    SignInRequiredError,
    Source,
    SourceError,
    TryLaterError,
)
from ..anonymize import Anonymizer
from ..bugs import Bugs
from .access import Access
from .cars import Car, Cars
from .checkup import check_up, obstacle_of
from .failures import Cause, cause_of
from .histories import Histories
from .message import Message
from .quota import Reason
from .reader import Reader
from .reading import LONG_AGO, moment_in
from .stream import Stream
from .stream_status import StreamStatus

_LOGGER = logging.getLogger(__name__)

type Later = Callable[[float, Callable[[], None]], Callable[[], object]]
"""Has something done in so many seconds; returns what calls it off."""

BURST_S: Final = 2.0
"""A car uploads all it has to say within about this time; it is one change."""

_SHORT_GAP: Final = timedelta(minutes=5)
"""The stream is away for some seconds every hour; what is missed then is not worth a call."""


def in_the_loop(seconds: float, do: Callable[[], None]) -> Callable[[], object]:
    """Have something done by the event loop that runs."""
    return asyncio.get_running_loop().call_later(seconds, do).cancel


def open_account(
    settings: Mapping[str, str],
    credentials: Credentials,
    *,
    http: httpx.AsyncClient,
    keep: KeepCredentials,
    clock: Clock,
) -> CarDataSource:
    """The source of the account that an owner's settings describe.

    Raises:
        KeyError: A setting is missing.
        ValueError: A setting makes no sense, or requests are redirected to somewhere else than this machine.
    """
    access = Access.of(settings, credentials, http=http, keep=keep, clock=clock)
    return CarDataSource(access, clock=clock, streams=True)


class CarDataSource(Source):
    """One account of BMW CarData.

    Looking at it (`fetch`) costs a call only if the autopilot finds one worth it; so it can be done often. What the
    stream brings is put in by `take_message`, and `on_change` is told once for each burst of messages.
    """

    def __init__(
        self,
        access: Access,
        *,
        clock: Clock,
        streams: bool = False,
        on_change: OnVehicles = lambda _: None,
        later: Later = in_the_loop,
    ) -> None:
        """Ask nothing yet; the cars are those of last time. Only one that `streams` will listen.

        Raises:
            ValueError: The stream is redirected to somewhere else than this machine.
        """
        self._access = access
        self._clock = clock
        self._on_change = on_change
        self._later = later
        self._cars = Cars(access.memory, clock)
        self._stream_left_at = self._listening_since = clock()
        self._is_streaming = False
        self._changed: set[str] = set()
        self._heard: set[str] = set()
        self._bugs = Bugs(_LOGGER)
        self._call_off: Callable[[], object] | None = None
        self._turn = asyncio.Lock()
        self._reader = Reader(
            access,
            self._cars,
            clock,
            silent_since=self._silent_since,
            listening_since=lambda: self._listening_since,
        )
        self._histories = Histories(access.client, clock)
        self._anonymous = Anonymizer()
        self._stream = (
            Stream(access.tokens, access.memory, self._hear, clock=clock, tell=self._note_stream) if streams else None
        )

    @property
    @override
    def poll_interval_min(self) -> int:
        return 5

    @property
    @override
    def views(self) -> Collection[View]:
        return (View.FRONT_SIDE,)

    @property
    @override
    def pushes(self) -> bool:
        return True

    @property
    @override
    def takes_commands(self) -> bool:
        return False

    @property
    @override
    def tells_charging_history(self) -> bool:
        return True

    @property
    @override
    def budget(self) -> Budget:
        ledger = self._access.ledger
        last = ledger.last_call
        return Budget(
            calls_left=ledger.calls_left,
            last_reason=last.reason.value if last else None,
            next_frees_at=ledger.next_frees_at,
        )

    @property
    @override
    def checkup(self) -> Checkup:
        return check_up(self._access, self._cars, self.stream, self._heard)

    @property
    @override
    def obstacle(self) -> Obstacle | None:
        return obstacle_of(self.stream)

    @property
    @override
    def listening(self) -> Json:
        return self.stream.to_tell() if self._stream else None

    @property
    def stream(self) -> StreamStatus:
        """How the stream is doing."""
        return self._stream.status if self._stream else StreamStatus()

    @property
    @override
    def is_signed_out(self) -> bool:
        ended_by = self.stream.ended_by
        return ended_by is not None and cause_of(ended_by) is not Cause.SCOPE_NOT_GRANTED

    @override
    def listen(self, on_vehicles: OnVehicles) -> None:
        self._on_change = on_vehicles
        if self._stream:
            self._stream.start()

    @override
    async def fetch(self, *, look_for_cars: bool = False, leave_out: Collection[str] = ()) -> Fetch:
        """Read what is worth a call; with `look_for_cars`, everything, from what is kept back for the owner."""
        self._require_stream_sign_in()
        async with self._turn:
            self._put_right(self._clock())
            unread: dict[str, SourceError] = {}
            try:
                shortfall = await self._look_for_cars(at_once=look_for_cars)
                # If calls do not suffice for all, they go to the cars of which we know least.
                for car in sorted(self._cars.by_vin.values(), key=lambda car: car.read_at or LONG_AGO):
                    if car.vin in leave_out or car.missing_since:
                        continue
                    if trouble := await self._reader.read_if_due(car, at_once=look_for_cars):
                        unread[car.vin] = trouble
            finally:
                await self._cars.store()
            now = self._clock()
            cars = {vin: car for vin, car in self._cars.by_vin.items() if vin not in leave_out}
            failures = {vin: trouble for vin, car in cars.items() if (trouble := car.why_not_shown(now))}
            vehicles = {vin: car.vehicle for vin, car in cars.items() if car.vehicle and vin not in failures}
            return Fetch(
                vehicles=vehicles,
                failures=failures,
                left_out=frozenset(self._cars.by_vin.keys() & set(leave_out)),
                shortfall=(shortfall or _first(unread, vehicles)) if look_for_cars else None,
            )

    async def _look_for_cars(self, *, at_once: bool) -> SourceError | None:
        """Find out which cars there are; why that cannot be is only returned while some are known, which are read.

        Raises:
            SourceError: None is known, or nothing can be asked without a new sign-in.
        """
        try:
            await self._reader.look_for_cars(at_once=at_once)
        except SignInRequiredError:
            raise
        except SourceError as err:
            if not self._cars.by_vin:
                raise
            return err
        return None

    @override
    async def refresh(self, vin: str, *, state_only: bool = False) -> Vehicle:
        """Read one car at once, because its owner wants it; one call brings all there is, whether `state_only` or not.

        Raises:
            SourceError: It could not be read; a TryLaterError if it is not on the account (any more).
        """
        async with self._turn:
            car = self._car(vin)
            try:
                vehicle = await self._reader.read(car, Reason.OWNER)
            finally:
                await self._cars.store()
            return car.vehicle or vehicle  # of which the stream may have told more while it was written down

    @override
    async def execute(self, vin: str, command: Command, on_step: OnStep | None = None) -> Outcome:
        """Refuse: CarData only tells."""
        message = "BMW CarData cannot ask a car to do anything"
        raise NotAllowedError(message, Refusal.FORBIDDEN)

    @override
    async def picture(self, vin: str, view: View) -> Picture:
        self._car(vin)
        if not self._access.ledger.may_call(Reason.PICTURE):
            message = "The calls of the day are kept for more important things than a picture"
            raise TryLaterError(message)
        sent = await self._access.client.picture(vin, Reason.PICTURE)
        if sent is None or (picture := Picture.of(sent.content)) is None:
            message = "BMW has no picture of this car"
            raise NotAllowedError(message, Refusal.FORBIDDEN)
        return picture

    @override
    async def charging_history(self, vin: str, start: datetime, end: datetime) -> ChargingHistory:
        async with self._turn:  # so that the same question, asked twice at once, is one
            return await self._histories.ask(self._car(vin).vin, start, end)

    def take_message(self, vin: str, payload: Json) -> None:
        """Take in what the stream brought about a car; of cars that are not the account's nothing is taken."""
        if (car := self._cars.by_vin.get(vin)) is None:
            self._cars.meet(vin)
            return
        if not isinstance(payload, dict):
            return
        self._heard.add(vin)
        now = self._clock()
        sent_at = moment_in(payload.get("timestamp")) or LONG_AGO
        car.heard_at, car.driven_unheard_at = now, None
        if not car.readings.take(payload.get("data"), now, min(sent_at, now)):
            return
        self._changed.add(vin)
        if self._call_off is None:
            self._call_off = self._later(BURST_S, self._tell)

    def stream_has_come(self) -> None:
        """The stream is there (again); what it brought before is lost."""
        now = self._clock()
        if not self._is_streaming and now > self._stream_left_at + _SHORT_GAP:
            self._listening_since = now
            for car in self._cars.by_vin.values():
                car.wishes.add(Reason.STREAM_WAS_AWAY)
        self._is_streaming = True

    def stream_has_gone(self) -> None:
        """The stream is away; of an upload that it broke off in, the rest is lost, however soon it is back."""
        if self._is_streaming:
            self._stream_left_at = self._clock()
            for vin in self._changed & self._cars.by_vin.keys():
                self._cars.by_vin[vin].wishes.add(Reason.STREAM_WAS_AWAY)
        self._is_streaming = False

    def _put_right(self, now: datetime) -> None:
        """Believe no moment that is still to come: the clock was ahead then, and has been set back."""
        self._cars.put_right(now)
        self._stream_left_at, self._listening_since = min(self._stream_left_at, now), min(self._listening_since, now)

    def _silent_since(self) -> datetime | None:
        return None if self._is_streaming else self._stream_left_at

    @override
    async def close(self) -> None:
        if self._stream:
            await self._stream.close()
        if self._call_off:
            self._call_off()
            self._tell()
        async with self._turn:
            await self._cars.store()
        await self._access.close()

    @override
    def recordings(self, vin: str | None = None) -> Json:
        cars = self._cars.by_vin
        if vin is not None:
            return self._anonymous(cars[vin].recording) if vin in cars else None
        return self._anonymous({"vehicles": [car.recording for car in cars.values()]})

    def _car(self, vin: str) -> Car:
        """A car of the account.

        Raises:
            TryLaterError: It is none (any more).
        """
        if (car := self._cars.by_vin.get(vin)) is None:
            message = "This car is not on the account"
            raise TryLaterError(message)
        return car

    async def _hear(self, message: Message) -> None:
        self.take_message(message.vin, message.payload)

    def _note_stream(self, status: StreamStatus) -> None:
        if status.connected_since:
            self.stream_has_come()
        else:
            self.stream_has_gone()
        self._say({})

    def _require_stream_sign_in(self) -> None:
        """See that the stream has not been given up because of the sign-in; that it is not switched on is no reason.

        Raises:
            SignInRequiredError: It has.
        """
        if (ended_by := self.stream.ended_by) and self.is_signed_out:
            raise ended_by.with_traceback(None)

    def _tell(self) -> None:
        """Make the cars that have something new to say, and tell of those that have changed."""
        self._call_off = None
        now, cars = self._clock(), self._cars.by_vin
        vins, self._changed = sorted(self._changed), set()
        changed: dict[str, Vehicle] = {}
        for vin in vins:
            car = cars.get(vin)
            if car and car.rebuild(now) and car.vehicle:
                changed[vin] = car.vehicle
        if changed:
            self._say(changed)

    def _say(self, changed: Mapping[str, Vehicle]) -> None:
        """Tell of cars; what a listener stumbles over is nothing that could be mended here, and must break nothing."""
        try:
            self._on_change(changed)
        except Exception as err:  # noqa: BLE001 (whatever it is)
            self._bugs.tell(err, "telling of cars")


def _first(troubles: Mapping[str, SourceError], vins: Collection[str]) -> SourceError | None:
    """The first trouble with one of these cars."""
    return next((trouble for vin, trouble in troubles.items() if vin in vins), None)

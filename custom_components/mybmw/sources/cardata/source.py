"""A CarData account as a source of vehicles: what it streams, and what BMW is asked for beside it."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
import logging
from typing import Final, Never, override

import httpx

from ...vehicle import Vehicle
from .. import (
    Clock,
    Credentials,
    Fetch,
    Json,
    KeepCredentials,
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    Source,
    SourceError,
    TryLaterError,
)
from ..anonymize import Anonymizer
from .access import Access
from .autopilot import BASELINE, LEAST_REST, reason_to_read, wants_tires
from .cars import Car, Cars
from .catalogue import PERSONAL
from .quota import Reason
from .reading import LONG_AGO, Reading, moment_in

_LOGGER = logging.getLogger(__name__)

type OnChange = Callable[[Mapping[str, Vehicle]], None]
"""Is told of cars that have changed, by VIN."""

type Later = Callable[[float, Callable[[], None]], Callable[[], object]]
"""Has something done in so many seconds; returns what calls it off."""

BURST_S: Final = 2.0
"""A car uploads all it has to say within about this time; it is one change."""

_LONGEST_SILENCE: Final = timedelta(days=1)
"""For so long a car is believed that BMW could not be asked about."""

_RETRY: Final = timedelta(minutes=10)
"""So long it is not tried again to find out which cars there are: Home Assistant would within seconds."""

_SHORT_GAP: Final = timedelta(minutes=5)
"""The stream is away for some seconds every hour; what is missed then is not worth a call."""


def in_the_loop(seconds: float, do: Callable[[], None]) -> Callable[[], object]:
    """Have something done by the event loop that runs."""
    return asyncio.get_running_loop().call_later(seconds, do).cancel


def open_account(  # noqa: PLR0913 (all it needs comes from outside)
    settings: Mapping[str, str],
    credentials: Credentials,
    *,
    http: httpx.AsyncClient,
    keep: KeepCredentials,
    clock: Clock,
    on_change: OnChange = lambda _: None,
) -> CarDataSource:
    """The source of the account that an owner's settings describe.

    Raises:
        KeyError: A setting is missing.
        ValueError: A setting makes no sense, or requests are redirected to somewhere else than this machine.
    """
    access = Access.of(settings, credentials, http=http, keep=keep, clock=clock)
    return CarDataSource(access, clock=clock, on_change=on_change)


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
        on_change: OnChange = lambda _: None,
        later: Later = in_the_loop,
    ) -> None:
        """Ask nothing yet; the cars are those of last time."""
        self._access = access
        self._clock = clock
        self._on_change = on_change
        self._later = later
        self._cars = Cars(access.memory, clock)
        for car in self._cars.by_vin.values():
            if car.basic is not None:
                car.rebuild(clock())
        self._stream_left_at = clock()
        self._is_streaming = False
        self._changed: set[str] = set()
        self._call_off: Callable[[], object] | None = None
        self._turn = asyncio.Lock()
        self._anonymous = Anonymizer()

    @property
    @override
    def poll_interval_min(self) -> int:
        return 5

    @override
    async def fetch(self, *, look_for_cars: bool = False) -> Fetch:
        async with self._turn:
            try:
                await self._look_for_cars(at_once=look_for_cars)
                for car in self._cars.by_vin.values():
                    await self._read_if_due(car)
            finally:
                await self._cars.store()
            now = self._clock()
            cars = self._cars.by_vin
            failures = {vin: trouble for vin, car in cars.items() if (trouble := _trouble(car, now))}
            vehicles = {vin: car.vehicle for vin, car in cars.items() if car.vehicle and vin not in failures}
            return Fetch(vehicles=vehicles, failures=failures)

    async def refresh(self, vin: str) -> Vehicle:
        """Read one car at once, because its owner wants it.

        Raises:
            SourceError: It could not be read; a TryLaterError if it is not on the account (any more).
        """
        async with self._turn:
            car = self._cars.by_vin.get(vin)
            if car is None:
                message = "This car is not on the account"
                raise TryLaterError(message)
            try:
                vehicle = await self._read(car, Reason.OWNER)
            finally:
                await self._cars.store()
            return vehicle

    async def execute(self, vin: str, command: object, on_step: object = None) -> Never:
        """Refuse: CarData only tells.

        Raises:
            NotAllowedError: Always.
        """
        del vin, command, on_step
        message = "BMW CarData cannot ask a car to do anything"
        raise NotAllowedError(message, Refusal.FORBIDDEN)

    def take_message(self, vin: str, payload: Json) -> None:
        """Take in what the stream brought about a car; of cars that are not the account's nothing is taken."""
        car = self._cars.by_vin.get(vin)
        if car is None or not isinstance(payload, dict):
            return
        now = self._clock()
        sent_at = moment_in(payload.get("timestamp")) or LONG_AGO
        car.heard_at = now
        if not car.readings.take(payload.get("data"), now, min(sent_at, now)):
            return
        self._changed.add(vin)
        if self._call_off is None:
            self._call_off = self._later(BURST_S, self._tell)

    def stream_has_come(self) -> None:
        """The stream is there (again); what it brought before is lost."""
        if not self._is_streaming and self._clock() > self._stream_left_at + _SHORT_GAP:
            for car in self._cars.by_vin.values():
                car.wishes.add(Reason.STREAM_WAS_AWAY)
        self._is_streaming = True

    def stream_has_gone(self) -> None:
        """The stream is away."""
        if self._is_streaming:
            self._stream_left_at = self._clock()
        self._is_streaming = False

    @override
    async def close(self) -> None:
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
            return self._anonymous(_recording(cars[vin])) if vin in cars else None
        return self._anonymous({"vehicles": [_recording(car) for car in cars.values()]})

    def _tell(self) -> None:
        """Make the cars that have something new to say, and tell of those that have changed."""
        self._call_off = None
        now, cars = self._clock(), self._cars.by_vin
        vins, self._changed = sorted(self._changed), set()
        changed: dict[str, Vehicle] = {}
        for vin in vins:
            car = cars.get(vin)
            if car and car.basic is not None and car.rebuild(now) and car.vehicle:
                changed[vin] = car.vehicle
        if changed:
            self._on_change(changed)

    async def _look_for_cars(self, *, at_once: bool) -> None:
        """Find out which cars there are, if it is time to. That it cannot be found out matters only if none is known.

        BMW tells of a car to its primary user only; the others' cars are none of this account.
        """
        now, has_cars = self._clock(), bool(self._cars.by_vin)
        looked_at, tried_at = self._cars.looked_at, self._cars.tried_at
        if not at_once:
            if looked_at and now < looked_at + (BASELINE if has_cars else LEAST_REST):
                return
            if tried_at and now < tried_at + _RETRY:
                if has_cars:
                    return
                message = "BMW could not tell the cars of the account just now"
                raise TryLaterError(message)
        self._cars.tried_at = now
        try:
            mapped = await self._access.client.cars(Reason.DAILY if has_cars else Reason.SET_UP)
        except (SlowDownError, TryLaterError) as err:
            if not has_cars:
                raise
            _LOGGER.debug("Could not look for cars: %s", err)
            return
        self._cars.take_in({car.vin for car in mapped if car.is_primary}, now)

    async def _read_if_due(self, car: Car) -> None:
        reason = reason_to_read(car, self._clock(), is_streaming=self._is_streaming, cars=len(self._cars.by_vin))
        if reason is None or not self._access.ledger.may_call(reason):
            return
        try:
            await self._read(car, reason)
        except SignInRequiredError:
            raise
        except SourceError as err:
            _LOGGER.debug("A car could not be read (%s): %s", reason, err)

    async def _read(self, car: Car, reason: Reason) -> Vehicle:
        """Read a car, and what belongs to it if it is time for that."""
        car.tried_at = self._clock()
        try:
            if car.basic is None:
                car.basic = await self._access.client.basic_data(car.vin, reason)
            data = await self._access.containers.telematic_data(car.vin, reason)
        except SourceError as err:
            car.trouble = err
            raise
        now = self._clock()
        car.readings.take_answer(data, now)
        car.read_at = car.heard_at = now
        car.trouble = None
        if reason is not Reason.OWNER and wants_tires(car, now):
            await self._read_tires(car)
        car.rebuild(now)
        car.wishes.clear()
        return car.vehicle or Vehicle(vin=car.vin)

    async def _read_tires(self, car: Car) -> None:
        """Look at the tires; many cars have nothing to say of them."""
        car.tires_at = self._clock()
        if not self._access.ledger.may_call(Reason.DAILY):
            return
        try:
            car.tires = await self._access.client.tire_diagnosis(car.vin, Reason.DAILY)
        except SignInRequiredError:
            raise
        except SourceError as err:
            _LOGGER.debug("The tires could not be read: %s", err)


def _trouble(car: Car, now: datetime) -> SourceError | None:
    """Why a car cannot be shown; one that was heard of lately can."""
    if car.vehicle is None:
        return car.trouble or TryLaterError("BMW has not been asked about this car yet")
    is_silent = car.heard_at is None or now > car.heard_at + _LONGEST_SILENCE
    return car.trouble if is_silent else None


def _recording(car: Car) -> Json:
    return {
        "basic": car.basic,
        "tires": car.tires,
        "readings": {key: _shown(key, reading) for key, reading in car.readings.told.items()},
    }


def _shown(key: str, reading: Reading) -> Json:
    value: Json = "some_value" if key in PERSONAL else reading.value
    return {"value": value, "unit": reading.unit, "timestamp": reading.at.isoformat()}

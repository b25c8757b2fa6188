"""Asks BMW which cars an account has, and about each of them; every question costs one of the calls of a day."""

from collections.abc import Callable
from datetime import datetime, timedelta
import logging
from typing import Final

from ...vehicle import Vehicle
from .. import Clock, SignInRequiredError, SlowDownError, SourceError, TryLaterError
from .access import Access
from .autopilot import BASELINE, LEAST_REST, reason_to_read, wants_basic, wants_tires
from .cars import Car, Cars
from .quota import Reason

_LOGGER = logging.getLogger(__name__)

_RETRY: Final = timedelta(minutes=10)
"""So long it is not tried again to find out which cars there are: Home Assistant would within seconds."""


class Reader:
    """Spends the calls of an account on what its autopilot finds worth one, and on what its owner wants."""

    def __init__(
        self, access: Access, cars: Cars, clock: Clock, *, silent_since: Callable[[], datetime | None]
    ) -> None:
        """Ask nothing yet. `silent_since` tells since when nothing streams, None while something does."""
        self._access = access
        self._cars = cars
        self._clock = clock
        self._silent_since = silent_since

    async def look_for_cars(self, *, at_once: bool) -> None:
        """Find out which cars there are, if it is time to. That it cannot be found out matters only if none is known.

        BMW tells of a car to its primary user only; the others' cars are none of this account.

        Raises:
            SourceError: It could not be found out, or there is no call for it.
        """
        now, has_cars = self._clock(), bool(self._cars.by_vin)
        looked_at, tried_at = self._cars.looked_at, self._cars.tried_at
        if at_once:
            self._access.ledger.require(Reason.OWNER)
            if has_cars and not self._access.ledger.may_call(Reason.OWNER, 1 + len(self._cars.by_vin)):
                return  # the cars we know come first
        else:
            if looked_at and now < looked_at + (BASELINE if has_cars else LEAST_REST):
                return
            if tried_at and now < tried_at + _RETRY:
                if has_cars:
                    return
                message = "BMW could not tell the cars of the account just now"
                raise TryLaterError(message)
        self._cars.tried_at = now
        try:
            reason = Reason.OWNER if at_once else Reason.DAILY if has_cars else Reason.SET_UP
            mapped = await self._access.client.cars(reason)
        except SignInRequiredError:
            self._cars.tried_at = tried_at  # no call was spent, and after a restart the owner is to be asked at once
            raise
        except (SlowDownError, TryLaterError) as err:
            if at_once or not has_cars:
                raise
            _LOGGER.debug("Could not look for cars: %s", err)
            return
        self._cars.take_in({car.vin for car in mapped if car.is_primary}, now)

    async def read_if_due(self, car: Car, *, at_once: bool) -> None:
        """Read a car if there is a reason and a call for it; `at_once`, because its owner wants it."""
        reason = Reason.OWNER if at_once else self._reason_to_read(car)
        if reason is None or not self._access.ledger.may_call(reason):
            return
        try:
            await self.read(car, reason)
        except SignInRequiredError:
            raise
        except SourceError as err:
            _LOGGER.debug("A car could not be read (%s): %s", reason, err)

    def _reason_to_read(self, car: Car) -> Reason | None:
        return reason_to_read(
            car,
            self._clock(),
            silent_since=self._silent_since(),
            cars=len(self._cars.by_vin),
            calls_left=self._access.ledger.calls_left,
        )

    async def read(self, car: Car, reason: Reason) -> Vehicle:
        """Read a car, and what belongs to it if it is time for that.

        Raises:
            SourceError: It could not be read.
        """
        car.tried_at = self._clock()
        try:
            await self._read_basic(car, reason)
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

    async def _read_basic(self, car: Car, reason: Reason) -> None:
        """Ask what a car is, if that is not known; an answer that said little is better than none."""
        if not wants_basic(car, self._clock()):
            return
        try:
            car.basic = await self._access.client.basic_data(car.vin, reason)
        except TryLaterError as err:
            if car.basic is None:
                raise
            _LOGGER.debug("What a car is could not be asked again: %s", err)
        if car.vehicle:
            car.rebuild(self._clock())

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

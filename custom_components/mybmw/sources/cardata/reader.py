"""Asks BMW which cars an account has, and about each of them; every question costs one of the calls of a day."""

from collections.abc import Callable
from datetime import datetime
import logging

from ...vehicle import Vehicle
from .. import Clock, Json, NotAllowedError, SignInRequiredError, SlowDownError, SourceError, TryLaterError
from .access import Access
from .autopilot import LEFT_FOR_BETTER, reason_to_read, wants_basic, wants_tires
from .cars import Car, Cars
from .container import CALLS_TO_MAKE
from .quota import Reason

_LOGGER = logging.getLogger(__name__)


class Reader:
    """Spends the calls of an account on what its autopilot finds worth one, and on what its owner wants."""

    def __init__(
        self,
        access: Access,
        cars: Cars,
        clock: Clock,
        *,
        silent_since: Callable[[], datetime | None],
        listening_since: Callable[[], datetime],
    ) -> None:
        """Ask nothing yet.

        `silent_since` tells since when nothing streams, None while something does, `listening_since` since when hardly
        anything that streamed was missed.
        """
        self._access = access
        self._cars = cars
        self._clock = clock
        self._silent_since = silent_since
        self._listening_since = listening_since

    async def look_for_cars(self, *, at_once: bool) -> None:
        """Find out which cars there are, if it is time to. That it cannot be found out matters only if none is known.

        Or if the owner wants it `at_once`.

        BMW tells of a car to its primary user only; the others' cars are none of this account. That BMW will not say
        which cars there are, is no word about those that are known, nor about the account.

        Raises:
            SourceError: It could not be found out, or there is no call for it.
        """
        now, has_cars, roll_call = self._clock(), bool(self._cars.by_vin), self._cars.roll_call
        if at_once:
            self._access.ledger.require(Reason.OWNER)
            if has_cars and not self._access.ledger.may_call(Reason.OWNER, 1 + len(self._cars.by_vin)):
                return  # the cars we know come first
        elif not roll_call.is_due(now):
            if has_cars or not roll_call.has_failed:
                return
            message = "BMW could not tell the cars of the account just now"
            raise TryLaterError(message)
        due_at = roll_call.begin(now)
        try:
            reason = Reason.OWNER if at_once else Reason.DAILY if has_cars else Reason.SET_UP
            mapped = await self._access.client.cars(reason)
        except SignInRequiredError:
            roll_call.due_at = due_at  # so that after a restart the owner is asked at once
            raise
        except SourceError as err:
            roll_call.fail(err, now, has_cars=has_cars)
            if at_once or not has_cars:
                raise
            _LOGGER.debug("Could not look for cars: %s", err)
            return
        self._cars.take_in({car.vin for car in mapped if car.is_primary}, now)

    async def read_if_due(self, car: Car, *, at_once: bool) -> SourceError | None:
        """Read a car if there is a reason and a call for it; `at_once`, because its owner wants it.

        Returns why it could not be, if there was a reason.
        """
        reason = Reason.OWNER if at_once else self._reason_to_read(car)
        if reason is None:
            await self._learn(car)
            return None
        try:
            self._access.ledger.require(reason, self._least_calls(car))
        except SlowDownError as err:
            if car.vehicle is None:  # whoever waits for the car is to be told until when
                car.trouble = err
            return err
        try:
            await self.read(car, reason)
        except SignInRequiredError:
            raise
        except SourceError as err:
            _LOGGER.debug("A car could not be read (%s): %s", reason, err)
            return err
        return None

    def _reason_to_read(self, car: Car) -> Reason | None:
        now = self._clock()
        return reason_to_read(
            car,
            now,
            silent_since=self._silent_since() or car.mute_since(now),
            cars=len(self._cars.by_vin),
            calls_left=self._access.ledger.calls_left,
        )

    def _calls_for_state(self) -> int:
        """The calls that asking for a car's state takes."""
        return 1 + (0 if self._access.containers.is_there else CALLS_TO_MAKE)

    def _least_calls(self, car: Car) -> int:
        """The calls without which a car cannot be read, and shown; with fewer it is not begun."""
        return self._calls_for_state() + (not car.is_introduced)

    def _asks_basic(self, car: Car, reason: Reason) -> bool:
        """Whether BMW is asked, too, what a car is that is read for a reason: if that leaves enough for its state.

        An owner who asks need not wait until the last failure, or refusal, is long enough ago.
        """
        is_wanted = (reason is Reason.OWNER and car.basic is None) or wants_basic(car, self._clock())
        return is_wanted and self._access.ledger.may_call(reason, self._calls_for_state() + 1)

    def _is_unheard(self, car: Car) -> bool:
        """Whether nothing has streamed of a car since it was read last, though nothing that did could be missed."""
        if car.read_at is None or car.heard_at != car.read_at:
            return False
        return self._silent_since() is None and car.read_at >= self._listening_since()

    async def read(self, car: Car, reason: Reason) -> Vehicle:
        """Read a car, and what belongs to it if it is time for that.

        Raises:
            SourceError: It could not be read, or is not introduced.
        """
        self._access.ledger.require(reason, self._least_calls(car))
        if self._asks_basic(car, reason):
            await self._read_basic(car, reason)
        data = await self._ask(car, reason)
        now = self._clock()
        if car.vehicle:
            car.rebuild(now)  # what has streamed meanwhile is news
        wishes, mileage_km = set(car.wishes), _mileage_km(car)
        is_unheard = self._is_unheard(car)
        car.readings.take_answer(data, now)
        car.read_at = car.heard_at = now
        car.rebuild(now)
        if is_unheard and 0 < mileage_km < _mileage_km(car):
            car.driven_unheard_at = now
        car.wishes = wishes  # what BMW answered needs no second look
        if wants_tires(car, now):
            await self._read_tires(car)
            car.rebuild(self._clock())
        if car.vehicle is None:
            message = "BMW has not said yet what this car is"
            raise TryLaterError(message)
        return car.vehicle

    async def _ask(self, car: Car, reason: Reason) -> dict[str, Json]:
        """What BMW knows of a car's state, with which all comes true that it was wished for until now.

        Raises:
            SourceError: It could not be read.
        """
        ledger = self._access.ledger
        car.tried_at, booked = self._clock(), ledger.booked
        wishes, car.wishes = car.wishes, set()
        try:
            data = await self._access.containers.telematic_data(car.vin, reason)
            wishes.clear()
        except SourceError as err:
            car.trouble = err
            if ledger.booked > booked and not isinstance(err, SignInRequiredError | SlowDownError):
                car.failures += 1
            raise
        finally:
            car.wishes |= wishes
        car.trouble, car.failures = None, 0
        return data

    async def _learn(self, car: Car) -> None:
        """Ask what a car is that is not read just now. One that could not be read is asked about all in one."""
        may_ask = not car.failures and self._access.ledger.calls_left > LEFT_FOR_BETTER[Reason.DAILY]
        if may_ask and wants_basic(car, self._clock()):
            await self._read_basic(car, Reason.DAILY)

    async def _read_basic(self, car: Car, reason: Reason) -> None:
        """Ask what a car is; it is read without that, too. An answer that said little is better than none."""
        try:
            car.basic = await self._access.client.basic_data(car.vin, reason)
        except SignInRequiredError:
            raise
        except SlowDownError:
            return
        except SourceError as err:
            _LOGGER.debug("What a car is could not be asked: %s", err)
            car.basic_failures = 0 if isinstance(err, NotAllowedError) else car.basic_failures + 1
        else:
            car.basic_failures = 0
        car.basic_at = self._clock()
        if car.heard_at:
            car.rebuild(car.basic_at)

    async def _read_tires(self, car: Car) -> None:
        """Look at the tires; many cars have nothing to say of them."""
        if not self._access.ledger.may_call(Reason.DAILY):
            return
        try:
            car.tires = await self._access.client.tire_diagnosis(car.vin, Reason.DAILY)
        except SignInRequiredError:
            raise
        except SourceError as err:
            _LOGGER.debug("The tires could not be read: %s", err)
            car.tires_failures = 0 if isinstance(err, NotAllowedError) else car.tires_failures + 1
        else:
            car.tires_failures = 0
        car.tires_at = self._clock()


def _mileage_km(car: Car) -> int:
    return (car.vehicle and car.vehicle.odometer.mileage_km) or 0

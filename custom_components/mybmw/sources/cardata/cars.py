"""The cars of an account, and what is remembered of them between starts."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
import logging
from typing import Final

from ...vehicle import Vehicle
from .. import Clock, Json, SourceError, TryLaterError
from .build import Answers, build_vehicle
from .catalogue import is_personal
from .keys import Noted
from .memory import Memory, Page, count_of, moment_of
from .questions import VIN
from .quota import Reason
from .reading import Reading
from .readings import Readings
from .roll_call import SECOND_LOOK, RollCall

_LOGGER = logging.getLogger(__name__)

MOST_CARS: Final = 50
"""No more are remembered."""

_LONGEST_SILENCE: Final = timedelta(days=1)
"""For so long a car is believed that BMW could not be asked about."""

_IN_USE: Final = timedelta(days=1)
"""For so long a car that was driven is likely to be driven again."""

_TRIES_TO_INTRODUCE: Final = 3
"""So often in a row BMW may fail to say what a car is before it is shown without that: for an hour and a half."""

KEPT_MISSING: Final = timedelta(days=7)
"""For so long a car that is not on the account any more is remembered, should it come back."""


@dataclass(slots=True)
class Car:
    """A car, all that BMW told about it, and what it makes.

    `read_at` is when BMW was last asked for it and answered, `tried_at` when it was asked, `heard_at` when anything
    last came of the car. `wishes` are what it should be read for, `trouble` is why it could not be, and `failures` are
    the calls in a row that were spent on it in vain. `basic_at` is when BMW was last asked what it is, for the time
    being `basic_failures` times in vain, and the same goes for its tires. `missing_since` is since when it has not been
    on the account's list. It was last found `driven_unheard_at`, not having streamed since it was read before.
    """

    vin: str = field(repr=False)
    readings: Readings = field(default_factory=Readings, repr=False)
    basic: Json = field(default=None, repr=False)
    tires: Json = field(default=None, repr=False)
    read_at: datetime | None = None
    basic_at: datetime | None = None
    tires_at: datetime | None = None
    tried_at: datetime | None = None
    heard_at: datetime | None = None
    missing_since: datetime | None = None
    driven_unheard_at: datetime | None = None
    failures: int = 0
    basic_failures: int = 0
    tires_failures: int = 0
    wishes: set[Reason] = field(default_factory=set)
    trouble: SourceError | None = None
    vehicle: Vehicle | None = field(default=None, repr=False)

    @property
    def is_introduced(self) -> bool:
        """Whether BMW was asked what it is, and said or refused it, or failed to for long.

        It is not shown before that: its first name gets into ids of entities. From then on it is.
        """
        if self.vehicle is not None or self.basic is not None:
            return True
        return self.basic_at is not None and not 0 < self.basic_failures < _TRIES_TO_INTRODUCE

    @property
    def has_model(self) -> bool:
        """Whether it is known what a car it is."""
        return self.vehicle is not None and self.vehicle.identity.model is not None

    def mute_since(self, now: datetime) -> datetime | None:
        """Since when it seems not to stream; None if it does, or is not in use, so that it need not.

        Motorcycles never do, and what an owner has selected for a car was seen to vanish from BMW's portal (EV#31923).
        """
        unheard_at = self.driven_unheard_at
        return unheard_at if unheard_at and now < unheard_at + _IN_USE else None

    def rebuild(self, now: datetime) -> bool:
        """Make the car anew from what is known, once it is introduced, and return whether anything has changed."""
        if not self.is_introduced:
            return False
        before = self.vehicle
        self.vehicle = build_vehicle(
            Answers(
                vin=self.vin,
                basic=self.basic,
                tires=self.tires,
                readings=self.readings.told,
                noted=self.readings.oddities,
                fetched_at=(self.heard_at or now).replace(microsecond=0),
            )
        )
        if before is not None and _has_arrived(before, self.vehicle):
            self.wishes.add(Reason.TRIP_ENDED)
        return self.vehicle != before

    def why_not_shown(self, now: datetime) -> SourceError | None:
        """Why it cannot be shown, None if it can; one that was heard of lately can."""
        if self.vehicle is None:
            return self.trouble or TryLaterError("BMW has not said yet what this car is")
        is_silent = self.heard_at is None or now > self.heard_at + _LONGEST_SILENCE
        return self.trouble if is_silent else None

    @property
    def recording(self) -> Json:
        """All that BMW told about it, but what may tell whose it is."""
        return {
            "basic": self.basic,
            "tires": self.tires,
            "readings": {key: _recorded(key, reading) for key, reading in self.readings.told.items()},
        }


class Cars:
    """All cars of an account, and the `missing` ones, which were there lately; how they are known is the `roll_call`.

    What is remembered is written down only when somebody says so: readings come often.
    """

    def __init__(self, memory: Memory, clock: Clock) -> None:
        """Start from what was written down last."""
        self._memory = memory
        page, now = memory.read(Page.CARS), clock()
        self.roll_call = RollCall.remembered(page, now)
        self.by_vin = _all_remembered(page.get("cars"), now)
        self.missing = _all_remembered(page.get("missing"), now)
        self._strangers: set[str] = set()

    def take_in(self, vins: set[str], now: datetime) -> None:
        """Learn which cars there are, if that can be believed. Those that are not among them are missing.

        One that is missing beside others stays until a second look. One that comes back after that is as it was, and
        may have said anything meanwhile.
        """
        if not self.roll_call.believes(vins, set(self.by_vin), now):
            return
        known, were_missing = self.missing | self.by_vin, self.missing.keys() - self.by_vin.keys()
        for vin, car in self.by_vin.items():
            car.missing_since = None if vin in vins else car.missing_since or now
        doubtful = self._doubtful(now) if vins else {}
        if doubtful:
            self.roll_call.due_at = min(doubtful.values())
        vins_to_have = [*sorted(vins), *sorted(doubtful)][:MOST_CARS]
        self.by_vin = {vin: known.get(vin) or Car(vin) for vin in sorted(vins_to_have)}
        for vin in self.by_vin.keys() & were_missing:
            self.by_vin[vin].missing_since = None
            self.by_vin[vin].wishes.add(Reason.STREAM_WAS_AWAY)
        self.missing = {vin: car for vin, car in known.items() if vin not in self.by_vin}
        self._forget_missing(now)

    def meet(self, vin: str) -> None:
        """Hear of a car that is none of these. It may be new, so BMW is asked; once for each since the start."""
        if VIN.fullmatch(vin) and vin not in self._strangers and len(self._strangers) < MOST_CARS:
            self._strangers.add(vin)
            self.roll_call.due_at = None

    def _doubtful(self, now: datetime) -> dict[str, datetime]:
        """The cars of which it is too soon to believe that they are gone, and when to look for each again."""
        looks = {vin: car.missing_since + SECOND_LOOK for vin, car in self.by_vin.items() if car.missing_since}
        return {vin: look for vin, look in looks.items() if now < look}

    def put_right(self, now: datetime) -> None:
        """Believe no moment that is still to come: the clock was ahead then, and has been set back."""
        self.roll_call.put_right(now)
        for car in (*self.by_vin.values(), *self.missing.values()):
            car.read_at, car.tried_at = _not_after(car.read_at, now), _not_after(car.tried_at, now)
            car.basic_at, car.tires_at = _not_after(car.basic_at, now), _not_after(car.tires_at, now)
            car.heard_at, car.driven_unheard_at = _not_after(car.heard_at, now), _not_after(car.driven_unheard_at, now)
            car.missing_since = _not_after(car.missing_since, now)
        self._forget_missing(now)

    def _forget_missing(self, now: datetime) -> None:
        """Forget those that have been missing for long, and the first of too many."""
        lately = [car for car in self.missing.values() if car.missing_since and now < car.missing_since + KEPT_MISSING]
        lately.sort(key=lambda car: car.missing_since or now)
        self.missing = {car.vin: car for car in lately[-MOST_CARS:]}

    async def store(self) -> None:
        """Write everything down. That it cannot be is no reason to show nothing; after a restart, BMW is asked."""
        content: dict[str, Json] = {
            **self.roll_call.to_keep(),
            "cars": {vin: _to_keep(car) for vin, car in self.by_vin.items()},
            "missing": {vin: _to_keep(car) for vin, car in self.missing.items()},
        }
        try:
            await self._memory.write(Page.CARS, content)
        except TryLaterError as err:
            _LOGGER.debug("%s", err)


def _recorded(key: str, reading: Reading) -> Json:
    value: Json = "some_value" if is_personal(key, reading.value) else reading.value
    return {"value": value, "unit": reading.unit, "timestamp": reading.at.isoformat()}


def _to_keep(car: Car) -> dict[str, Json]:
    moments = {
        "read_at": car.read_at,
        "basic_at": car.basic_at,
        "tires_at": car.tires_at,
        "tried_at": car.tried_at,
        "heard_at": car.heard_at,
        "missing_since": car.missing_since,
        "driven_unheard_at": car.driven_unheard_at,
    }
    return {
        "basic": car.basic,
        "tires": car.tires,
        "readings": car.readings.to_keep(),
        "failures": car.failures,
        "basic_failures": car.basic_failures,
        "tires_failures": car.tires_failures,
        **{name: moment.isoformat() if moment else None for name, moment in moments.items()},
    }


def _all_remembered(cars: Json, now: datetime) -> dict[str, Car]:
    return {
        vin: _remembered(vin, kept, now)
        for vin, kept in (list(cars.items())[:MOST_CARS] if isinstance(cars, dict) else ())
        if VIN.fullmatch(vin) and isinstance(kept, dict)
    }


def _remembered(vin: str, kept: dict[str, Json], now: datetime) -> Car:
    """A car as it was before a restart, since when it may have said anything."""
    car = Car(
        vin,
        readings=Readings.kept(kept.get("readings"), now),
        basic=kept.get("basic"),
        tires=kept.get("tires"),
        read_at=_past(kept.get("read_at"), now),
        basic_at=_past(kept.get("basic_at"), now),
        tires_at=_past(kept.get("tires_at"), now),
        tried_at=_past(kept.get("tried_at"), now),
        heard_at=_past(kept.get("heard_at"), now),
        missing_since=_past(kept.get("missing_since"), now),
        driven_unheard_at=_past(kept.get("driven_unheard_at"), now),
        failures=count_of(kept.get("failures")),
        basic_failures=count_of(kept.get("basic_failures")),
        tires_failures=count_of(kept.get("tires_failures")),
        wishes={Reason.RESTART},
    )
    if car.heard_at is not None:
        car.rebuild(now)
    return car


def _past(value: Json, now: datetime) -> datetime | None:
    return _not_after(moment_of(value), now)


def _not_after(moment: datetime | None, now: datetime) -> datetime | None:
    return moment and min(moment, now)


def _has_arrived(before: Vehicle, after: Vehicle) -> bool:
    """Whether a trip has ended between two looks at a car. A trip that is told again has the end it had before."""
    was_on, is_on = before.motion and before.motion.is_ignition_on, after.motion and after.motion.is_ignition_on
    if was_on and is_on is False:
        return True
    one, other = before.extras.get(Noted.TRIP_END), after.extras.get(Noted.TRIP_END)
    return bool(one and other and other.value is not None and one.value != other.value)

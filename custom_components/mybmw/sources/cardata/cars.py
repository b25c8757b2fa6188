"""The cars of an account, and what is remembered of them between starts."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
import logging
from typing import Final

from ...vehicle import Vehicle
from .. import Clock, Json, SourceError, TryLaterError
from .build import Answers, build_vehicle
from .catalogue import PERSONAL
from .keys import Noted
from .memory import Memory, Page, moment_of
from .questions import VIN
from .quota import Reason
from .reading import Reading
from .readings import Readings

_LOGGER = logging.getLogger(__name__)

MOST_CARS: Final = 50
"""No more are remembered."""

_LONGEST_SILENCE: Final = timedelta(days=1)
"""For so long a car is believed that BMW could not be asked about."""


@dataclass(slots=True)
class Car:
    """A car, all that BMW told about it, and what it makes.

    `read_at` and `tires_at` are when BMW was last asked for it and answered, `tried_at` when it was asked, `heard_at`
    when anything last came of the car. `wishes` are what it should be read for, `trouble` is why it could not be.
    """

    vin: str = field(repr=False)
    readings: Readings = field(default_factory=Readings, repr=False)
    basic: Json = field(default=None, repr=False)
    tires: Json = field(default=None, repr=False)
    read_at: datetime | None = None
    tires_at: datetime | None = None
    tried_at: datetime | None = None
    heard_at: datetime | None = None
    wishes: set[Reason] = field(default_factory=set)
    trouble: SourceError | None = None
    vehicle: Vehicle | None = field(default=None, repr=False)

    @property
    def has_model(self) -> bool:
        """Whether it is known what a car it is."""
        return self.vehicle is not None and self.vehicle.identity.model is not None

    def rebuild(self, now: datetime) -> bool:
        """Make the car anew from what is known, and return whether anything about it has changed."""
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
            return self.trouble or TryLaterError("BMW has not been asked about this car yet")
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
    """All cars of an account; `looked_at` is when BMW told which they are, `tried_at` when it was asked.

    What is remembered is written down only when somebody says so: readings come often.
    """

    def __init__(self, memory: Memory, clock: Clock) -> None:
        """Start from what was written down last."""
        self._memory = memory
        page, now = memory.read(Page.CARS), clock()
        self.by_vin: dict[str, Car] = {}
        self.looked_at = _past(page.get("looked_at"), now)
        self.tried_at = _past(page.get("tried_at"), now)
        cars = page.get("cars")
        for vin, kept in list(cars.items())[:MOST_CARS] if isinstance(cars, dict) else ():
            if VIN.fullmatch(vin) and isinstance(kept, dict):
                self.by_vin[vin] = _remembered(vin, kept, now)

    def take_in(self, vins: set[str], now: datetime) -> None:
        """Know which cars there are; those that are not among them are forgotten."""
        self.looked_at = now
        self.by_vin = {vin: self.by_vin.get(vin) or Car(vin) for vin in sorted(vins)[:MOST_CARS]}

    def put_right(self, now: datetime) -> None:
        """Believe no moment that is still to come: the clock was ahead then, and has been set back."""
        self.looked_at, self.tried_at = _not_after(self.looked_at, now), _not_after(self.tried_at, now)
        for car in self.by_vin.values():
            car.read_at, car.tires_at = _not_after(car.read_at, now), _not_after(car.tires_at, now)
            car.tried_at, car.heard_at = _not_after(car.tried_at, now), _not_after(car.heard_at, now)

    async def store(self) -> None:
        """Write everything down. That it cannot be is no reason to show nothing; after a restart, BMW is asked."""
        content: dict[str, Json] = {
            "looked_at": _written(self.looked_at),
            "tried_at": _written(self.tried_at),
            "cars": {vin: _to_keep(car) for vin, car in self.by_vin.items()},
        }
        try:
            await self._memory.write(Page.CARS, content)
        except TryLaterError as err:
            _LOGGER.debug("%s", err)


def _recorded(key: str, reading: Reading) -> Json:
    value: Json = "some_value" if key in PERSONAL else reading.value
    return {"value": value, "unit": reading.unit, "timestamp": reading.at.isoformat()}


def _to_keep(car: Car) -> dict[str, Json]:
    moments = {"read_at": car.read_at, "tires_at": car.tires_at, "tried_at": car.tried_at, "heard_at": car.heard_at}
    return {
        "basic": car.basic,
        "tires": car.tires,
        "readings": car.readings.to_keep(),
        **{name: _written(moment) for name, moment in moments.items()},
    }


def _remembered(vin: str, kept: dict[str, Json], now: datetime) -> Car:
    """A car as it was before a restart, since when it may have said anything."""
    return Car(
        vin,
        readings=Readings.kept(kept.get("readings"), now),
        basic=kept.get("basic"),
        tires=kept.get("tires"),
        read_at=_past(kept.get("read_at"), now),
        tires_at=_past(kept.get("tires_at"), now),
        tried_at=_past(kept.get("tried_at"), now),
        heard_at=_past(kept.get("heard_at"), now),
        wishes={Reason.RESTART},
    )


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


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

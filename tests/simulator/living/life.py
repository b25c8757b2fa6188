"""The lives of the cars, from the opening of the garage on.

A day depends on nothing but the seed, the date and the evening before. So a moment is the same moment in every run,
whoever asks, and in whatever order.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from .cars import LIVING_CARS
from .clock import WorldClock
from .condition import Condition, between
from .day import Frame, live
from .diary import Entry, diary
from .habits import HERE
from .models import Model
from .places import HOME

GARAGE_OPENS: Final = date(2026, 1, 5)
"""Nobody has lived before."""

_DAY_BEGINS: Final = time(5)
_DAYS_KEPT: Final = 30


@dataclass(frozen=True, slots=True)
class Report:
    """What a car told, and when."""

    at: datetime
    condition: Condition


class World:
    """The time and the fate of a garage: with the same seed, the same moment is the same moment."""

    def __init__(self, clock: WorldClock, *, seed: int = 1) -> None:
        """Begin with no car; each begins to live when it is asked for."""
        self.clock = clock
        self._seed = seed
        self._lives: dict[str, Life] = {}

    def life(self, name: str) -> Life:
        """The life of a car; raises KeyError if there is none of this name."""
        if name not in self._lives:
            self._lives[name] = Life(LIVING_CARS[name], seed=self._seed)
        return self._lives[name]


class Life:
    """The life of one car. All moments are aware; those before the garage opened raise ValueError."""

    def __init__(self, model: Model, *, seed: int) -> None:
        """Have lived through nothing yet."""
        self.model = model
        self._seed = seed
        self._mornings = [_first_morning(model)]
        self._days: dict[int, list[Frame]] = {}

    def condition(self, at: datetime) -> Condition:
        """How the car truly is."""
        frames = self._frames(_number(at))
        after = bisect_right(frames, at, key=lambda frame: frame.at)
        before = frames[after - 1]
        if after == len(frames):
            return before.condition
        return between(before.condition, frames[after].condition, (at - before.at) / (frames[after].at - before.at))

    def report(self, at: datetime) -> Report:
        """What the car has told last."""
        for number in range(_number(at), -1, -1):
            frames = self._frames(number)
            told = [
                frame for frame in frames[: bisect_right(frames, at, key=lambda frame: frame.at)] if frame.is_reported
            ]
            if told:
                return Report(told[-1].at, told[-1].condition)
        return Report(_begin(0), self._mornings[0])

    def reports(self, since: datetime, until: datetime) -> Iterator[Report]:
        """Everything the car has told from one moment to another, both included."""
        for number in range(_number(since), _number(until) + 1):
            for frame in self._frames(number):
                if frame.is_reported and since <= frame.at <= until:
                    yield Report(frame.at, frame.condition)

    def diary(self, since: datetime, until: datetime) -> list[Entry]:
        """What truly happened, as far as it began in this time."""
        days = [diary(self._frames(number)) for number in range(_number(since), _number(until) + 1)]
        return [entry for entries in days for entry in entries if since <= entry.start < until]

    def _frames(self, number: int) -> list[Frame]:
        """All that happened on a day; days that are long past are lived through again when asked for."""
        if number < 0:
            message = f"the garage opened on {GARAGE_OPENS}"
            raise ValueError(message)
        while len(self._mornings) <= number:
            self._mornings.append(self._lived(len(self._mornings) - 1)[-1].condition)
        return self._lived(number)

    def _lived(self, number: int) -> list[Frame]:
        if number not in self._days:
            if len(self._days) >= _DAYS_KEPT:
                del self._days[next(iter(self._days))]
            self._days[number] = live(
                self.model,
                self._mornings[number],
                GARAGE_OPENS + timedelta(days=number),
                seed=self._seed,
                start=_begin(number),
                end=_begin(number + 1),
            )
        return self._days[number]


def _first_morning(model: Model) -> Condition:
    battery, tank, charging = model.battery, model.tank, model.owner.charging
    front_left, front_right, rear_left, rear_right = model.tires.target_kpa
    return Condition(
        mileage_km=model.mileage_km,
        battery_kwh=battery.kwh * charging.target_percent / 100 if battery and charging else 0,
        fuel_l=0.7 * tank.liters if tank else 0,
        washer_l=0.7 * model.washer_l,
        tires_kpa=(front_left, front_right, rear_left, rear_right),
        latitude=HOME.latitude + model.parked[0],
        longitude=HOME.longitude + model.parked[1],
        heading_deg=180,
        address=HOME.address,
        done={work: interval.last for work, interval in model.works.items()},
    )


def _begin(number: int) -> datetime:
    day = GARAGE_OPENS + timedelta(days=number)
    return datetime.combine(day, _DAY_BEGINS, tzinfo=HERE).astimezone(UTC)


def _number(at: datetime) -> int:
    """Which day since the opening a moment belongs to."""
    clock = at.astimezone(HERE).replace(tzinfo=None) - timedelta(hours=_DAY_BEGINS.hour)
    return (clock.date() - GARAGE_OPENS).days

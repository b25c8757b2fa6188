"""Which cars there are and what they answer. How the cloud speaks is none of the garage's business."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import re
from typing import Final, override

from custom_components.mybmw.sources import Clock, Json
from tests.issued import Kind, issue
from tests.recorded import RECORDED_CARS, RecordedCar

from . import speaks_mybmw
from .living import LIVING_CARS, Life, World, WorldClock

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
_NEVER: Final = "0001-01-01"
"""How the cloud writes a moment that never was."""
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REPORTS_EVERY: Final = timedelta(minutes=5)
_TIMES_LEFT: Final = (
    ("electricChargingState", "remainingChargingMinutes", timedelta(minutes=1)),
    ("climateControlState", "remainingSeconds", timedelta(seconds=1)),
)


class Age(StrEnum):
    """How old the answers of the garage are."""

    AS_RECORDED = "as_recorded"
    """Word for word what was recorded in 2022 and 2023."""
    FRESH = "fresh"
    """The same, as if every car had last reported within the past five minutes.

    What charges or heats goes on to the end that was told before; when that is over, it begins again.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something a car was ordered to do, as it will tell of it at a moment of those who watch.

    `changes` are new values by path, as for `Car.change`. What is not kept is over as soon as a living car has
    something else to tell; a recorded one has nothing.
    """

    at: datetime
    changes: Mapping[str, Json]
    is_kept: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Car:
    """A car and its answers, which are its own: change them as you like.

    `name` is the folder of the recording ("G26") or what the garage calls a living car ("I5"), `brand` the list the
    car stands on ("bmw", "mini", "toyota"). `charging` is None for a car that has no charging details. `acts` is what
    it was ordered to do and has not told of yet, `acted_at` when it last did so.
    """

    name: str
    vin: str
    brand: str
    profile: dict[str, Json]
    capabilities: dict[str, Json]
    state: dict[str, Json]
    charging: dict[str, Json] | None
    acts: list[Act] = field(default_factory=list)
    acted_at: datetime | None = None

    def act(self, now: datetime) -> None:
        """Tell of everything that was ordered and is due."""
        for act in sorted([act for act in self.acts if act.at <= now], key=lambda act: act.at):
            self.acts.remove(act)
            self.acted_at = act.at
            self.happen(act)

    def happen(self, act: Act) -> None:
        """Be as somebody ordered."""
        for path, value in act.changes.items():
            with suppress(KeyError):  # a car that has no such part does not tell of it
                self.change(path, value)

    def change(self, path: str, value: Json) -> None:
        """Change one value, wherever it is: `change("state.doorsState.hood", "OPEN")`.

        Raises KeyError if there is no such part of the answers.
        """
        _put(
            {
                "profile": self.profile,
                "capabilities": self.capabilities,
                "state": self.state,
                "charging": self.charging,
            },
            path,
            value,
        )


@dataclass(slots=True, kw_only=True, eq=False)
class LivingCar(Car):
    """A car with a life of its own. Its state is what it has told last; changes made to that stay in force."""

    life: Life
    clock: WorldClock
    changes: dict[str, Json] = field(default_factory=dict)
    ordered: list[Act] = field(default_factory=list)

    @override
    def happen(self, act: Act) -> None:
        if act.is_kept:
            super(LivingCar, self).happen(act)
        else:
            self.ordered.append(act)

    @override
    def change(self, path: str, value: Json) -> None:
        part, _, key = path.partition(".")
        if part == "state":
            _put(self.told(), key, value)
            self.changes[key] = value
        else:
            super(LivingCar, self).change(path, value)

    def told(self) -> dict[str, Json]:
        """What the car's state is now."""
        now = self.clock()
        state, at = self.told_at(now), self.clock.watched_at(self.life.report(now).at)
        self.ordered = [act for act in self.ordered if at < act.at]
        done = {path.partition(".")[2]: value for act in self.ordered for path, value in act.changes.items()}
        for path, value in (self.changes | done).items():
            with suppress(KeyError):  # that part of the state has come to an end
                _put(state, path, value)
        return state

    def told_at(self, moment: datetime) -> dict[str, Json]:
        """What the car's state was at a moment of its life, had nobody changed it."""
        report = self.life.report(moment)
        watched_at = self.clock.watched_at
        return speaks_mybmw.state(self.life.model, report.condition, report.at, moment, watched_at=watched_at)


class Garage:
    """Cars by name, recorded and living, to be added and removed at any time."""

    def __init__(
        self, cars: Iterable[str | RecordedCar] = RECORDED_CARS, *, age: Age, clock: Clock, world: World | None = None
    ) -> None:
        """Fetch these cars, by name or as they were recorded; raises KeyError if there is none of a name.

        `age` is for recorded cars, `world` is where living cars live.
        """
        self._age = age
        self._clock = clock
        self.world = world or World(WorldClock(clock))
        self._cars: dict[str, Car] = {}
        for car in cars:
            self.add(car)

    def add(self, wanted: str | RecordedCar) -> Car:
        """Put a car into the garage: a recorded one as it was when it was recorded, a living one as it is."""
        if isinstance(wanted, RecordedCar):
            car = _from_recording(wanted)
        elif wanted in LIVING_CARS:
            car = _living(wanted, self.world)
        else:
            car = _from_recording(RECORDED_CARS[wanted])
        issue(Kind.CAR, car.vin)
        issue(Kind.PLACE, *_places(car.state.get("location")))
        self._cars[car.name] = car
        return car

    def __getitem__(self, name: str) -> Car:
        return self._cars[name]

    def __delitem__(self, name: str) -> None:
        del self._cars[name]

    def __iter__(self) -> Iterator[Car]:
        return iter(self._cars.values())

    def __len__(self) -> int:
        return len(self._cars)

    def find(self, *, vin: str, brand: str) -> Car | None:
        """The car with this VIN, if it stands on the list of this brand."""
        return next((car for car in self if car.vin == vin and car.brand == brand), None)

    def state_of(self, car: Car) -> dict[str, Json]:
        """What the car's state is now."""
        car.act(self._clock())
        state = self._told(car)
        if car.acted_at is None:
            return state
        told_at = _read(state.get("lastUpdatedAt")) or _LONG_AGO
        return state | {"lastUpdatedAt": _written(max(told_at, car.acted_at)), "lastFetched": _written(self._clock())}

    def charging_of(self, car: Car) -> dict[str, Json] | None:
        """How the car is set to charge now."""
        car.act(self._clock())
        return car.charging

    def _told(self, car: Car) -> dict[str, Json]:
        if isinstance(car, LivingCar):
            return car.told()
        reported = _read(car.state.get("lastFetched"))
        if self._age is Age.AS_RECORDED or reported is None:
            return car.state
        now = self._clock()
        last_report = now - (now - datetime.min.replace(tzinfo=UTC)) % _REPORTS_EVERY
        state = _object(_moved(car.state, by=last_report - reported))
        _count_down(state, last_report)
        return state


def _from_recording(recorded: RecordedCar) -> Car:
    answer = _object(recorded.state)
    return Car(
        name=recorded.folder,
        vin=recorded.vin,
        brand=recorded.brand,
        profile=_object(deepcopy(recorded.profile)),
        capabilities=_object(deepcopy(answer["capabilities"])),
        state=_object(deepcopy(answer["state"])),
        charging=None if recorded.charging is None else _object(deepcopy(recorded.charging)),
    )


def _living(name: str, world: World) -> LivingCar:
    life = world.life(name)
    return LivingCar(
        name=name,
        vin=life.model.identity.vin,
        brand="mini" if life.model.identity.make == "MINI" else "bmw",
        profile=speaks_mybmw.profile(life.model),
        capabilities=speaks_mybmw.capabilities(life.model),
        state={},
        charging=speaks_mybmw.charging_details(life.model),
        life=life,
        clock=world.clock,
    )


def _places(location: Json) -> Iterator[Json]:
    """The words and numbers that tell where a car is."""
    match location:
        case dict():
            for part in location.values():
                yield from _places(part)
        case str() | float():
            yield location


def _count_down(state: dict[str, Json], now: datetime) -> None:
    """Have less time left with every report, so that what ends has the same end in all of them until it comes."""
    since = now - datetime.min.replace(tzinfo=UTC)
    for part, key, unit in _TIMES_LEFT:
        told = state.get(part)
        if isinstance(told, dict) and isinstance(whole := told.get(key), int | float) and whole > 0:
            told[key] = round(whole - since // unit % whole, 3)


def _put(document: dict[str, Json], path: str, value: Json) -> None:
    """Put a value in place of another; raises KeyError if there is no such part."""
    *parents, key = path.split(".")
    part: Json = document
    for parent in parents:
        part = _object(part)[parent]
    _object(part)[key] = value


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read(moment: Json) -> datetime | None:
    """A moment as the cloud writes it, None if it is none: not every car in here is one that we know."""
    try:
        return datetime.fromisoformat(moment) if isinstance(moment, str) and _MOMENT.fullmatch(moment) else None
    except ValueError:
        return None


def _object(document: Json) -> dict[str, Json]:
    if not isinstance(document, dict):
        message = f"not an object: {document!r}"
        raise KeyError(message)
    return document


def _moved(document: Json, *, by: timedelta) -> Json:
    """The document with every moment in it moved, those that are plain dates by whole days."""
    match document:
        case dict():
            return {key: _moved(value, by=by) for key, value in document.items()}
        case list():
            return [_moved(value, by=by) for value in document]
        case str() if _MOMENT.fullmatch(document) and not document.startswith(_NEVER):
            if (moment := _read(document)) is None:
                return document
            is_date = moment.timetz() == datetime.min.replace(tzinfo=UTC).timetz()
            try:
                moved = moment + (timedelta(days=by.days) if is_date else by)
            except OverflowError:
                return document
            return moved.isoformat(timespec="milliseconds" if "." in document else "seconds").replace("+00:00", "Z")
        case _:
            return document

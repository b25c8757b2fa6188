"""Which cars there are and what they answer. How the cloud speaks is none of the garage's business."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import re
from typing import Final, override

from custom_components.mybmw.sources import Clock, Json
from tests.recorded import RECORDED_CARS, RecordedCar

from . import speaks_mybmw
from .living import LIVING_CARS, Life, World, WorldClock

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
_NEVER: Final = "0001-01-01"
"""How the cloud writes a moment that never was."""
_REPORTS_EVERY: Final = timedelta(minutes=5)


class Age(StrEnum):
    """How old the answers of the garage are."""

    AS_RECORDED = "as_recorded"
    """Word for word what was recorded in 2022 and 2023."""
    FRESH = "fresh"
    """The same, as if every car had last reported within the past five minutes."""


@dataclass(slots=True, kw_only=True, eq=False)
class Car:
    """A car and its answers, which are its own: change them as you like.

    `name` is the folder of the recording ("G26") or what the garage calls a living car ("I5"), `brand` the list the
    car stands on ("bmw", "mini", "toyota"). `charging` is None for a car that has no charging details.
    """

    name: str
    vin: str
    brand: str
    profile: dict[str, Json]
    capabilities: dict[str, Json]
    state: dict[str, Json]
    charging: dict[str, Json] | None

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
        state = self.told_at(self.clock())
        for path, value in self.changes.items():
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
        self, names: Iterable[str] = RECORDED_CARS, *, age: Age, clock: Clock, world: World | None = None
    ) -> None:
        """Fetch the cars of these names; raises KeyError if there is none of that name.

        `age` is for recorded cars, `world` is where living cars live.
        """
        self._age = age
        self._clock = clock
        self.world = world or World(WorldClock(clock))
        self._cars: dict[str, Car] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> Car:
        """Put a car into the garage: a recorded one as it was when it was recorded, a living one as it is."""
        living = _living(name, self.world) if name in LIVING_CARS else None
        car = self._cars[name] = living or _from_recording(RECORDED_CARS[name])
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
        if isinstance(car, LivingCar):
            return car.told()
        reported = car.state.get("lastFetched")
        if self._age is Age.AS_RECORDED or not isinstance(reported, str):
            return car.state
        now = self._clock()
        last_report = now - (now - datetime.min.replace(tzinfo=UTC)) % _REPORTS_EVERY
        return _object(_moved(car.state, by=last_report - datetime.fromisoformat(reported)))


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


def _put(document: dict[str, Json], path: str, value: Json) -> None:
    """Put a value in place of another; raises KeyError if there is no such part."""
    *parents, key = path.split(".")
    part: Json = document
    for parent in parents:
        part = _object(part)[parent]
    _object(part)[key] = value


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
            moment = datetime.fromisoformat(document)
            is_date = moment.timetz() == datetime.min.replace(tzinfo=UTC).timetz()
            moved = moment + (timedelta(days=by.days) if is_date else by)
            return moved.isoformat(timespec="milliseconds" if "." in document else "seconds").replace("+00:00", "Z")
        case _:
            return document

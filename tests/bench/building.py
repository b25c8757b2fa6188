"""A car from its JSON: ours, the former library's update, and the bytes merely decoded.

Run as `python -m tests.bench.building TIMES ROUNDS`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from itertools import cycle
import json
import logging
import sys
from typing import Final

from bimmer_connected.account import MyBMWAccount
from bimmer_connected.api.regions import Regions
from bimmer_connected.models import ValueWithUnit
from bimmer_connected.vehicle import MyBMWVehicle
import orjson

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.mybmw.brands import ListBrand
from custom_components.mybmw.sources.mybmw.build import Answers, Lasting, build_vehicle
from custom_components.mybmw.vehicle import Vehicle
from tests.recorded import RECORDED_CARS, RecordedCar
from tests.sources.mybmw.reference import NO_VALUES

from .load import microseconds

_NO_VALUES: Final = NO_VALUES | {"as_of", "fetched_at", "oddities", "tracked_location"}
"""What either has besides values of the car; that each part of ours says how old it is counts for nothing."""

_NEVER: Final = "0001-01-01T00:00:00Z"
_MOMENTS: Final = [
    f"{datetime.fromtimestamp(second, UTC):%FT%T}.386Z" for second in range(1_800_000_000, 1_800_010_000)
]
"""More than anybody remembers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What building a car costs (microseconds of processor time), and how many values it carries then.

    In `ours_us`, nothing is new but moments; in `anew_us`, nothing was known before. `theirs_us` is their update; much
    of what their car knows is only worked out when somebody reads it, for which `reading_us` is to be added: each value
    once.
    """

    car: str
    ours_us: float
    anew_us: float
    theirs_us: float
    reading_us: float
    decoding_us: float
    our_values: int
    their_values: int


def builds(times: int, rounds: int) -> list[Build]:
    """Build all recorded cars."""
    return [_build(car, times, rounds) for car in RECORDED_CARS.values()]


def _build(car: RecordedCar, times: int, rounds: int) -> Build:
    now = datetime.now(UTC)
    theirs, lasting = _their_car(car, now), Lasting()
    for_us, for_them = _news(car), _news(car)
    written = [orjson.dumps(answer) for answer in (car.profile, car.state, car.charging) if answer is not None]

    def build(known: Lasting | None = lasting) -> Vehicle:
        state, charging = next(for_us)
        answers = Answers(
            vin=car.vin,
            brand=ListBrand(car.brand),
            profile=car.profile,
            state=state,
            charging=charging,
            fetched_at=now,
        )
        return build_vehicle(answers, lasting=known)

    def update() -> None:
        state, charging = next(for_them)
        theirs.update_state([state, {"charging_settings": charging}], now)

    def decode() -> None:
        for document in written:
            orjson.loads(document)

    update()

    return Build(
        car=car.folder,
        ours_us=microseconds(build, times=times, rounds=rounds),
        anew_us=microseconds(lambda: build(None), times=times, rounds=rounds),
        theirs_us=microseconds(update, times=times, rounds=rounds),
        reading_us=microseconds(_reader(theirs), times=times, rounds=rounds),
        decoding_us=microseconds(decode, times=times, rounds=rounds),
        our_values=sum(1 for _ in values_of(build())),
        their_values=sum(1 for _ in values_of(theirs)),
    )


def _news(car: RecordedCar) -> Iterator[tuple[dict[str, Json], Json]]:
    """Answer after answer: moments that nobody has read lately, and no object of the answer before."""
    moments = cycle(_MOMENTS)
    for answer, charging in cycle([(_copy(car.state), _copy(car.charging)) for _ in range(2)]):
        assert isinstance(answer, dict)
        state = answer["state"]
        assert isinstance(state, dict)
        state["lastFetched"] = next(moments)
        if state["lastUpdatedAt"] != _NEVER:
            state["lastUpdatedAt"] = next(moments)
        yield answer, charging


def _copy(document: Json) -> Json:
    copy: Json = orjson.loads(orjson.dumps(document))
    return copy


def _their_car(car: RecordedCar, now: datetime) -> MyBMWVehicle:
    assert isinstance(car.profile, dict)
    attributes = {key: value for key, value in car.profile.items() if key != "vin"}
    if car.brand == "toyota":  # as their account does
        attributes["brand"] = "TOYOTA"
    account = MyBMWAccount("user", "password", Regions.REST_OF_WORLD)
    return MyBMWVehicle(account, {"vin": car.vin, "attributes": attributes}, now)


def values_of(car: object) -> Iterator[object]:
    """All that a car knows, and all that is worked out from it."""
    for name in (*_fields(car), *_properties(type(car))):
        if name not in _NO_VALUES:
            yield from _leaves(getattr(car, name), name)


def _leaves(value: object, path: str) -> Iterator[object]:
    match value:
        case None:
            return
        case Enum() | ValueWithUnit():
            yield value
        case Mapping():
            for item in value.values():
                yield from _leaves(item, path)
        case list() | tuple() | frozenset():
            for item in value:
                yield from _leaves(item, path)
        case _ if is_dataclass(value):
            for name in (*_fields(value), *_properties(type(value))):
                if name not in _NO_VALUES and f"{path}.{name}" not in _NO_VALUES:
                    yield from _leaves(getattr(value, name), name)
        case _:
            yield value


def _fields(thing: object) -> Iterable[str]:
    return [field.name for field in fields(thing)] if is_dataclass(thing) else [*vars(thing)]


def _properties(kind: type) -> list[str]:
    return [name for name, value in vars(kind).items() if isinstance(value, property)]


def _reader(car: MyBMWVehicle) -> Callable[[], None]:
    """What reads all of their values that are worked out when they are read."""
    parts = [part for part in vars(car).values() if is_dataclass(part) and not isinstance(part, MyBMWAccount)]
    things = [(thing, _properties(type(thing))) for thing in (car, *parts)]

    def read() -> None:
        for thing, names in things:
            for name in names:
                getattr(thing, name)

    return read


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(json.dumps([asdict(build) for build in builds(*map(int, sys.argv[1:]))]))  # noqa: T201 (is read by who started it)

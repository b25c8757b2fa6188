"""MyBMW's answers about a car, read by themselves: what is broken stays where it is."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.anonymize import Anonymizer
from custom_components.mybmw.sources.fields import MOST_ODDITIES
from custom_components.mybmw.sources.mybmw.build import Answers, build_vehicle, vins_of
from custom_components.mybmw.vehicle.export import export
from tests.fuzz.junk import at
from tests.fuzz.mutation import Mutator
from tests.fuzz.play import Case, Room
from tests.fuzz.watch import Finding
from tests.recorded import RECORDED_CARS
from tests.sources.mybmw.answers import recorded_answers
from tests.sources.mybmw.dependents import DEPENDENTS
from tests.sources.mybmw.soundness import changed_parts, misfits

RECORDED: Final[Mapping[str, dict[str, Json]]] = {
    folder: {"profile": car.profile, "state": car.state, "charging": car.charging}
    for folder, car in RECORDED_CARS.items()
}
_LIST: Final[Json] = {"gcid": "G", "mappingInfos": [{"vin": car.vin} for car in RECORDED_CARS.values()]}
_STRANGERS: Final[tuple[Json, ...]] = (*RECORDED.values(), _LIST)
_VINS: Final = tuple(car.vin for car in RECORDED_CARS.values())


@asynccontextmanager
async def _opened() -> AsyncGenerator[Case]:
    whole = {folder: build_vehicle(_answers(folder, answers)) for folder, answers in RECORDED.items()}

    async def play(seed: str) -> str:
        mutator = Mutator(seed, _STRANGERS)
        if mutator.chance(0.05):
            return _list(mutator)
        folder, under = mutator.pick([*RECORDED]), mutator.pick([*DEPENDENTS])
        answers = mutator.document(RECORDED[folder], under)
        if not isinstance(answers, dict):
            raise TypeError
        car = build_vehicle(_answers(folder, answers), in_china=False)
        if unrelated := changed_parts(whole[folder], car) - DEPENDENTS[under]:
            message = f"{'.'.join(map(str, under))} has changed {sorted(unrelated)}"
            raise Finding(message)
        if wrong := misfits(car):
            message = f"{len(wrong)} values are not what they promise to be"
            raise Finding(message)
        told = "\n".join(f"{oddity.path}: {oddity.problem}" for oddity in car.oddities)
        if len(car.oddities) > MOST_ODDITIES or any(vin in told for vin in _VINS):
            message = "oddities are too many, or tell whose car it is"
            raise Finding(message)
        export(car)
        if mutator.chance(0.05):
            shown = repr(Anonymizer()(answers))
            if any(vin in shown for vin in _VINS):
                message = "an anonymous recording tells whose car it is"
                raise Finding(message)
        return "odd" if car.oddities else "read"

    yield play


def _list(mutator: Mutator) -> str:
    vins = vins_of(mutator.document(_LIST))
    if not all(len(vin) == len(_VINS[0]) and vin.isalnum() and vin.isascii() for vin in vins):
        message = "a list names a car that is none"
        raise Finding(message)
    return "read" if vins else "odd"


def _answers(folder: str, answers: Mapping[str, Json]) -> Answers:
    profile, state, charging = (at(dict(answers), (name,)) for name in ("profile", "state", "charging"))
    return replace(recorded_answers(RECORDED_CARS[folder]), profile=profile, state=state, charging=charging)


CARS: Final = Room(
    name="cars", what="profile, state, charging details and lists of recorded cars (MyBMW)", share=24, opened=_opened
)

"""What cars say through CarData, streamed or asked: what is broken stays where it is."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from homeassistant.helpers.json import json_bytes
import orjson

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.cardata.build import Answers, build_vehicle
from custom_components.mybmw.sources.cardata.message import DEEPEST, read_message
from custom_components.mybmw.sources.cardata.readings import MOST_READINGS, Readings
from custom_components.mybmw.sources.fields import MOST_ODDITIES
from custom_components.mybmw.vehicle import Vehicle
from custom_components.mybmw.vehicle.export import export
from tests.fuzz.mutation import Mutator
from tests.fuzz.play import Case, Room
from tests.fuzz.watch import Finding
from tests.simulator.cardata.papers import basic_data, tire_diagnosis
from tests.simulator.living import LIVING_CARS, World, WorldClock
from tests.simulator.speaks_cardata import in_rest, in_stream, said
from tests.sources.cardata.dependents import dependents_of
from tests.sources.mybmw.soundness import changed_parts, misfits

VIN: Final = "WBA00000000DEMO99"
NOW: Final = datetime(2026, 2, 20, 12, 3, 21, tzinfo=UTC)

_GCID: Final = "00000000-1111-2222-3333-444444444444"


@asynccontextmanager
async def _opened() -> AsyncGenerator[Case]:
    world = World(WorldClock(lambda: NOW))
    lives = [world.life(name) for name in LIVING_CARS]
    papers: list[dict[str, Json]] = [
        {"basic": basic_data(life.model), "tires": tire_diagnosis(life.model)} for life in lives
    ]
    rest: list[dict[str, Json]] = [
        {key: in_rest(entry) for key, entry in said(life, world.clock).items()} for life in lives
    ]
    stream: list[dict[str, Json]] = [
        {key: in_stream(entry) for key, entry in said(life, world.clock).items() if entry.at} for life in lives
    ]
    strangers: list[Json] = [*papers, *rest, *stream]

    async def play(seed: str) -> str:
        mutator = Mutator(seed, strangers)
        number = mutator.random.randrange(len(lives))
        match mutator.random.randrange(4):
            case 0:
                return _said(mutator, papers[number], mutator.pick((rest, stream))[number])
            case 1:
                return _papers(mutator, papers[number], rest[number])
            case 2:
                return _anything(mutator, papers[number], rest[number])
            case _:
                return _message(mutator, stream[number])

    yield play


def _said(mutator: Mutator, papers: Mapping[str, Json], data: dict[str, Json]) -> str:
    """What is said for one descriptor changes what is made of it."""
    key = mutator.pick([*data])
    said_otherwise = mutator.document(data, (key,))
    whole, broken = _heard(data), _heard(said_otherwise)
    car = _car(broken, papers)
    if unrelated := changed_parts(_car(whole, papers), car) - dependents_of(key):
        message = f"{key} has changed {sorted(unrelated)}"
        raise Finding(message)
    _check(car, broken)
    return "odd" if car.oddities else "read"


def _papers(mutator: Mutator, papers: dict[str, Json], data: Json) -> str:
    """What a car is, and its tires, change nothing that is heard of it."""
    readings = _heard(data)
    kind = mutator.pick(("basic", "tires"))
    car = _car(readings, at_object(mutator.document(papers, (kind,))))
    related = {"tires"} if kind == "tires" else {"identity", "energy", "charging_plan", "body"}
    if unrelated := changed_parts(_car(readings, papers), car) - related:
        message = f"{kind} has changed {sorted(unrelated)}"
        raise Finding(message)
    _check(car, readings)
    return "odd" if car.oddities else "read"


def _anything(mutator: Mutator, papers: dict[str, Json], data: dict[str, Json]) -> str:
    """Whatever is changed, a car comes of it, and what is kept of it can be read again."""
    readings = _heard(data)
    later = mutator.document(data)
    readings.take_answer(later, NOW + timedelta(hours=1))
    car = _car(readings, papers)
    _check(car, readings)
    kept = orjson.loads(json_bytes(readings.to_keep()))
    again = Readings.kept(kept, NOW + timedelta(hours=1))
    if again.told != readings.told:
        message = "what is kept is not what was heard"
        raise Finding(message)
    return "odd" if readings.oddities else "read"


def _message(mutator: Mutator, data: dict[str, Json]) -> str:
    """Whatever comes in the stream is a message about one car, or none."""
    key = mutator.pick([*data])
    envelope: dict[str, Json] = {"vin": VIN, "entityId": "", "topic": VIN, "timestamp": None, "data": {key: data[key]}}
    topic = mutator.pick(
        (f"{_GCID}/{VIN}", f"{_GCID}/{VIN}", VIN, "", "/", f"{_GCID}/{VIN[:-1]}", "ü/\x00/+/#", "/" * 999)
    )
    message = read_message(topic, mutator.written(mutator.document(envelope)))
    if message is None:
        return "no message"
    if _deeper(message.payload, DEEPEST + 1):
        text = "a message is deeper than it may be"
        raise Finding(text)
    readings = Readings()
    readings.take(message.payload.get("data"), NOW)
    _check(_car(readings, {}), readings)
    return "odd" if readings.oddities else "read"


def at_object(json: Json) -> dict[str, Json]:
    """A document that is an object."""
    return json if isinstance(json, dict) else {}


def _heard(data: Json) -> Readings:
    readings = Readings()
    readings.take(data, NOW)
    return readings


def _car(readings: Readings, papers: dict[str, Json] | Mapping[str, Json]) -> Vehicle:
    return build_vehicle(
        Answers(
            vin=VIN,
            basic=papers.get("basic"),
            tires=papers.get("tires"),
            readings=readings.told,
            noted=readings.oddities,
            fetched_at=NOW,
        )
    )


def _check(car: Vehicle, readings: Readings) -> None:
    if wrong := misfits(car):
        message = f"{len(wrong)} values are not what they promise to be: {wrong[0].partition(':')[0]}"
        raise Finding(message)
    if len(car.oddities) > MOST_ODDITIES or len(readings.told) > MOST_READINGS:
        message = "more is kept than could ever be said"
        raise Finding(message)
    if any(VIN in f"{oddity.path} {oddity.problem}" for oddity in car.oddities):
        message = "oddities tell whose car it is"
        raise Finding(message)
    export(car)


def _deeper(document: Json, levels: int) -> bool:
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else None
    if inner is None:
        return False
    return levels == 0 or any(_deeper(value, levels - 1) for value in inner)


READINGS: Final = Room(
    name="readings", what="what cars say, streamed or asked, and messages (CarData)", share=22, opened=_opened
)

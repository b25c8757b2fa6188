"""The same car through both doors: every value that both have is the same, but for what `DIFFERENCES` explains.

The cars are those that live in the simulator, looked at every hour of a week; CarData is heard through REST and through
the stream alone. docs/differences.md shows the same table to people.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
import re
from typing import Final, NamedTuple

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.cardata.build import Answers, build_vehicle
from custom_components.mybmw.sources.cardata.readings import Readings
from custom_components.mybmw.sources.mybmw.brands import ListBrand
from custom_components.mybmw.sources.mybmw.build import (
    Answers as AppAnswers,
    build_vehicle as build_app_vehicle,
)
from custom_components.mybmw.vehicle import Vehicle
from tests.simulator.cardata.papers import basic_data, tire_diagnosis
from tests.simulator.garage import Age, Garage, LivingCar
from tests.simulator.living import LIVING_CARS
from tests.simulator.speaks_cardata import in_rest, in_stream, said

from .rig import Clock

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "differences.md"


class Difference(NamedTuple):
    """Values that differ on purpose: as My BMW has them, as CarData has them, and why."""

    values: tuple[str, ...]
    app: str
    cardata: str
    reason: str


DIFFERENCES: Final = (
    Difference(
        (
            "identity.color_argb",
            "identity.head_unit.hardware",
            "identity.head_unit.idrive",
            "identity.software",
            "identity.software_ex_factory",
            "identity.telematics_unit",
            "is_privacy_mode_on",
            "location.address",
            "tires.*.pressure_status",
        ),
        "told",
        "unknown",
        "CarData does not have it.",
    ),
    Difference(
        (
            "charging_plan.departure_timers",
            "charging_plan.window",
            "charging_plan.service_pack",
            "charging_plan.ac_limits_a",
            "charging_plan.hospitality",
            "charging_plan.is_ac_unlimited",
            "charging_plan.warn_below_percent",
        ),
        "told",
        "unknown",
        "CarData tells the mode and the limits of charging, but not the plan.",
    ),
    Difference(
        ("charging_plan.ac_limit_max_a", "charging_plan.ac_limit_min_a"),
        "told",
        "entities of their own",
        "CarData has descriptors for them that the commands of My BMW have no use for.",
    ),
    Difference(
        (
            "charging_plan.acoustic_limit",
            "charging_plan.is_cable_unlocked_when_full",
            "charging_plan.is_flap_permanently_unlocked",
            "charging_plan.mode",
            "charging_plan.timer_type",
            "climate.timers",
        ),
        "told",
        "what the car tells",
        "CarData has descriptors for it that not every car fills; those of the simulator do not.",
    ),
    Difference(
        (
            "energy.battery.capacity_kwh",
            "energy.charging.power_w",
            "energy.low_voltage_battery",
            "motion",
            "tires.*.defect_status",
        ),
        "unknown",
        "told",
        "Only CarData has it.",
    ),
    Difference(
        ("identity.head_unit.type", "tires.*.size"),
        "as in BMW's app",
        "as in BMW's files",
        "The same thing has two names.",
    ),
    Difference(
        ("energy.battery.level_percent",),
        "as the car last said",
        "as BMW predicts",
        "While a car charges in silence, CarData predicts the state of charge when it is asked.",
    ),
    Difference(
        ("energy.fuel.level_l",),
        "up to date",
        "up to a day older than the percentage, or unknown",
        "Cars upload the liters seldom; such that are overtaken for more than a day are left out.",
    ),
    Difference(
        ("maintenance.messages",),
        "every system that is monitored",
        "messages on display only",
        "CarData does not tell what is in order.",
    ),
    Difference(
        ("maintenance.services", "maintenance.as_of"),
        "of now",
        "of the last slow upload, not in the stream",
        "Cars upload services seldom.",
    ),
)

_INDEX: Final = re.compile(r"\[\d+\].*")
_WHEEL: Final = re.compile(r"^tires\.(front|rear)_(left|right)")


def _values(part: object, path: str = "") -> Iterator[tuple[str, object]]:
    match part:
        case dict():
            for key, value in part.items():
                yield from _values(value, f"{path}.{key}" if path else str(key))
        case [dict(), *_]:
            for number, value in enumerate(part):
                yield from _values(value, f"{path}[{number}]")
        case _:
            yield path, part


def _differing(one: Vehicle, other: Vehicle) -> set[str]:
    ours, theirs = dict(_values(asdict(one))), dict(_values(asdict(other)))
    ways = {path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path)}
    plain = {_WHEEL.sub("tires.*", _INDEX.sub("", path)) for path in ways}
    return {path for path in plain if path.partition(".")[0] not in {"capabilities", "extras", "oddities"}}


def _explained(path: str) -> set[str]:
    values = [value for difference in DIFFERENCES for value in difference.values]
    return {value for value in values if path == value or path.startswith(f"{value}.")}


def test_both_doors_lead_to_the_same_car() -> None:
    clock = Clock()
    garage = Garage(LIVING_CARS, age=Age.AS_RECORDED, clock=clock)
    cars = [car for car in garage if isinstance(car, LivingCar)]
    doors = {car.vin: (Readings(), Readings()) for car in cars}
    differing: set[str] = set()
    for _ in range(7 * 24):
        clock.now += timedelta(hours=1)
        for car in cars:
            rest, stream = doors[car.vin]
            everything = said(car.life, car.clock)
            rest.take_answer({key: in_rest(one) for key, one in everything.items()}, clock.now)
            for key, one in everything.items():
                if one.in_stream:
                    stream.take({key: in_stream(one)}, clock.now)
            app = build_app_vehicle(
                AppAnswers(
                    vin=car.vin,
                    brand=ListBrand(car.brand),
                    profile=car.profile,
                    state={"state": car.told()},
                    charging=car.charging,
                    fetched_at=clock.now,
                )
            )
            for readings in (rest, stream):
                vehicle = build_vehicle(
                    Answers(
                        vin=car.vin,
                        basic=basic_data(car.life.model),
                        tires=tire_diagnosis(car.life.model),
                        readings=readings.told,
                        fetched_at=clock.now,
                    )
                )
                assert not vehicle.oddities
                differing |= _differing(app, vehicle)
    assert {path for path in differing if not _explained(path)} == set()
    assert {value for path in differing for value in _explained(path)} == {
        value for difference in DIFFERENCES for value in difference.values
    }


def test_worn_tires_are_seen_through_both_doors() -> None:
    clock = Clock()
    [car] = Garage(["I5"], age=Age.AS_RECORDED, clock=clock)
    assert isinstance(car, LivingCar)
    car.life.model = replace(car.life.model, tires=replace(car.life.model.tires, are_worn=True))
    state: Json = {"state": car.told()}
    app = build_app_vehicle(
        AppAnswers(vin=car.vin, brand=ListBrand.BMW, profile=None, state=state, charging=None, fetched_at=clock.now)
    )
    tires = tire_diagnosis(car.life.model)
    other = build_vehicle(Answers(vin=car.vin, basic=None, tires=tires, readings={}, fetched_at=clock.now))
    assert app.tires
    assert other.tires
    assert [tire.has_warning for tire in app.tires] == [tire.has_warning for tire in other.tires] == [True] * 4


def test_people_are_shown_the_same_table() -> None:
    rows = [
        f"| {'<br>'.join(f'`{value}`' for value in one.values)} | {one.app} | {one.cardata} | {one.reason} |"
        for one in DIFFERENCES
    ]
    text = DOCUMENT.read_text(encoding="utf-8")
    heading = "| value | My BMW | CarData | why |"
    assert "\n".join([heading, "| --- | --- | --- | --- |", *rows]) in text

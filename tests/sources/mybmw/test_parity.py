"""Every value that `bimmer_connected` reads from the recorded cars, beside ours.

What differs on purpose stands in `DIFFERENCES` with the reason, and nowhere else. docs/differences.md shows the same
table to those who come from `bimmer_connected` or from the integration that was built on it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from bimmer_connected.vehicle import MyBMWVehicle
from freezegun import freeze_time
import pytest

from tests.recorded import RECORDED_CARS

from .reference import NO_VALUES, VALUES, pair_of


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Values that differ on purpose for some cars."""

    values: tuple[str, ...]
    cars: tuple[str, ...]
    theirs: str
    ours: str
    reason: str


DIFFERENCES: Final = (
    Difference(
        values=("mileage",),
        cars=("F31", "J29"),
        theirs="0 km",
        ours="unknown",
        reason="These cars never tell their mileage; 0 would be a reading.",
    ),
    Difference(
        values=("timestamp", "vehicle_location.vehicle_update_timestamp"),
        cars=("F31", "I01_NOREX", "I01_REX", "J29"),
        theirs="when BMW's cloud was read",
        ours="when the car last reported",
        reason="Only the second tells how old the data is. F31 and J29 never report.",
    ),
    Difference(
        values=("fuel_and_battery.charging_end_time", "fuel_and_battery.charging_end_time, in minutes from then"),
        cars=("G01", "G26"),
        theirs="an end",
        ours="unknown",
        reason="These cars do not charge; the minutes they send are left over.",
    ),
    Difference(
        values=("fuel_and_battery.charging_end_time",),
        cars=("G70", "I01_NOREX", "I20"),
        theirs="counted from when we asked",
        ours="counted from when BMW's cloud read the car",
        reason="The minutes are as old as that; the end must not move each time somebody asks.",
    ),
    Difference(
        values=("climate.activity_end_time",),
        cars=("G26",),
        theirs="counted from when we asked",
        ours="counted from when BMW's cloud read the car",
        reason="As for the end of charging.",
    ),
    Difference(
        values=("climate.is_climate_on",),
        cars=("F31", "I01_NOREX", "I01_REX", "J29"),
        theirs="off",
        ours="unknown",
        reason="These cars do not tell what their climate control does.",
    ),
    Difference(
        values=("fuel_and_battery.is_charger_connected",),
        cars=("F31", "G20", "J29"),
        theirs="not connected",
        ours="unknown",
        reason="These cars have no plug.",
    ),
    Difference(
        values=("doors_and_windows.all_lids_closed", "doors_and_windows.all_windows_closed"),
        cars=("F31", "J29"),
        theirs="closed",
        ours="unknown",
        reason="These cars tell nothing of their doors and windows.",
    ),
    Difference(
        values=(
            "charging_profile.is_pre_entry_climatization_enabled",
            "charging_profile.timer_type",
            "charging_profile.departure_times",
            "charging_profile.preferred_charging_window",
            "charging_profile.charging_preferences",
            "charging_profile.charging_mode",
        ),
        cars=("G20",),
        theirs="a charging plan",
        ours="none",
        reason="The car has no plug; BMW sends an empty plan all the same.",
    ),
    Difference(
        values=("charging_profile.preferred_charging_window",),
        cars=("G01", "G26", "G70", "I20"),
        theirs="from midnight to midnight",
        ours="none",
        reason="These cars have no charging window.",
    ),
    Difference(
        values=("headunit.idrive_version",),
        cars=("G01",),
        theirs="empty",
        ours="ID7",
        reason="The car tells it; only its software version is missing.",
    ),
)

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "differences.md"


def _differing(car: str) -> set[str]:
    return {value for difference in DIFFERENCES if car in difference.cars for value in difference.values}


@pytest.mark.parametrize("car", RECORDED_CARS)
def test_all_values_are_the_same_except_those_that_differ_on_purpose(car: str) -> None:
    pair = pair_of(RECORDED_CARS[car])
    theirs = {name: read(pair) for name, (read, _) in VALUES.items()}
    ours = {name: read(pair) for name, (_, read) in VALUES.items()}
    same = VALUES.keys() - _differing(car)
    assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}
    assert {name for name in VALUES if ours[name] != theirs[name]} == _differing(car)


def test_no_value_is_forgotten() -> None:
    theirs = {name for car in RECORDED_CARS.values() for name in _names_of_values(pair_of(car).theirs)}
    ours = {name.partition(",")[0] for name in VALUES}
    assert theirs == ours | NO_VALUES


def _names_of_values(vehicle: MyBMWVehicle) -> Iterator[str]:
    yield from _properties(vehicle)
    for name, value in vars(vehicle).items():
        if not is_dataclass(value) or name == "account":
            if value is not None:
                yield name
            continue
        yield from (f"{name}.{field.name}" for field in fields(value))
        yield from (f"{name}.{prop}" for prop in _properties(value))


def _properties(thing: object) -> list[str]:
    return [name for name, value in vars(type(thing)).items() if isinstance(value, property)]


@pytest.mark.parametrize(
    ("hour", "day"),
    [(16, 28), (17, 29)],  # half past five and half past six in Berlin, before and after the window opens
)
def test_charging_starts_when_the_window_opens_next(hour: int, day: int) -> None:
    car = RECORDED_CARS["I01_REX"]
    pair = pair_of(car)
    now = datetime(2021, 11, 28, hour, 28, 59, tzinfo=UTC)
    start = datetime(2021, 11, day, 18, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert isinstance(car.state, dict)
    with freeze_time(now, tz_offset=1):
        pair.theirs.update_state([car.state, {"charging_settings": car.charging}])
    assert pair.theirs.fuel_and_battery.charging_start_time == start.replace(tzinfo=None)
    assert pair.ours.next_charging_start(now.astimezone(start.tzinfo)) == start


def test_the_document_shows_these_differences() -> None:
    rows = [
        "| value | cars | bimmer_connected | here | why |",
        "|---|---|---|---|---|",
        *(
            f"| {'<br>'.join(f'`{value}`' for value in difference.values)} | {', '.join(difference.cars)} "
            f"| {difference.theirs} | {difference.ours} | {difference.reason} |"
            for difference in DIFFERENCES
        ),
    ]
    text = DOCUMENT.read_text(encoding="utf-8").partition("\n# Where the same car")[0]
    written = [line for line in text.splitlines() if line.startswith("|")]
    assert written == rows

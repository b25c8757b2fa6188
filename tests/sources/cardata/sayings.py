"""What a car said, in short, and the car that comes of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.cardata.build import Answers, build_vehicle
from custom_components.mybmw.sources.cardata.keys import Key, Noted
from custom_components.mybmw.sources.cardata.readings import Readings
from custom_components.mybmw.vehicle import Vehicle

NOON: Final = datetime(2026, 9, 14, 12, 0, tzinfo=UTC)
NOW: Final = NOON + timedelta(days=4)

type Saying = tuple[Key | Noted, Json, float] | tuple[Key | Noted, Json, float, str | None]
"""A descriptor, what was said, how many minutes after noon, and in which unit."""


def readings_of(*sayings: Saying) -> Readings:
    readings = Readings()
    for key, value, minute, *unit in sayings:
        at = (NOON + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")
        readings.take({key: {"value": value, "timestamp": at, "unit": unit[0] if unit else None}}, NOW)
    return readings


def car(*sayings: Saying, drive_train: str = "BEV", basic: Mapping[str, Json] | None = None) -> Vehicle:
    return build_vehicle(
        Answers(
            vin="WBA00000000DEMO99",
            basic={"driveTrain": drive_train, **(basic or {})},
            tires=None,
            readings=readings_of(*sayings).told,
            fetched_at=NOW,
        )
    )

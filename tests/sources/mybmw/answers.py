"""Answers about cars, recorded ones and some made up as far as a test needs them."""

from datetime import UTC, datetime
from typing import Final

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.mybmw.brands import ListBrand
from custom_components.mybmw.sources.mybmw.build import Answers, build_vehicle
from custom_components.mybmw.vehicle import Vehicle
from tests.recorded import RecordedCar

ASKED_AT: Final = datetime(2026, 3, 1, 12, 0, 0, 654321, tzinfo=UTC)
READ_AT: Final = datetime(2026, 3, 1, 11, 55, tzinfo=UTC)
REPORTED_AT: Final = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

_TIMES: Final = {"lastFetched": "2026-03-01T11:55:00.999Z", "lastUpdatedAt": "2026-03-01T09:30:00Z"}


def recorded_answers(car: RecordedCar, *, asked_at: datetime = ASKED_AT) -> Answers:
    """What BMW answered about a recorded car."""
    return Answers(
        vin=car.vin,
        brand=ListBrand(car.brand),
        profile=car.profile,
        state=car.state,
        charging=car.charging,
        fetched_at=asked_at,
    )


def answers_with(
    state: dict[str, Json] | None = None,
    *,
    profile: Json = None,
    capabilities: Json = None,
    charging: Json = None,
    brand: ListBrand = ListBrand.BMW,
) -> Answers:
    """What BMW would answer about a car that reported at `REPORTED_AT` and was read at `READ_AT`."""
    return Answers(
        vin="WBA00000000DEMO99",
        brand=brand,
        profile=profile,
        state={"state": {**_TIMES, **(state or {})}, "capabilities": capabilities},
        charging=charging,
        fetched_at=ASKED_AT,
    )


def car_with(drive_train: str = "ELECTRIC", state: dict[str, Json] | None = None, *, charging: Json = None) -> Vehicle:
    """The car of which BMW would answer that."""
    return build_vehicle(answers_with(state, profile={"driveTrain": drive_train}, charging=charging))

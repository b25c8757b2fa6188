"""As many cars as wanted: the recorded ones again and again, each with a VIN of its own."""

from dataclasses import replace
from itertools import cycle, islice
from typing import Final

from tests.recorded import RECORDED_CARS, RecordedCar

ONE: Final = "G26"
"""Who stands for all if there is one car only: an electric one with all that BMW tells of such cars."""


def fleet(number: int) -> list[RecordedCar]:
    """So many cars; up to nine are the recorded ones as they are."""
    ordered = [RECORDED_CARS[ONE], *(car for folder, car in RECORDED_CARS.items() if folder != ONE)]
    taken = enumerate(islice(cycle(ordered), number))
    return [car if count < len(ordered) else _another(car, count) for count, car in taken]


def _another(car: RecordedCar, count: int) -> RecordedCar:
    vin = f"{car.vin[:11]}{count:06}"
    profile = {**car.profile, "vin": vin} if isinstance(car.profile, dict) else None
    return replace(car, folder=f"{car.folder}-{count}", vin=vin, profile=profile)

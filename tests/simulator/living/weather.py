"""The weather, as far as a car feels it."""

from datetime import date
from math import cos, pi
from random import Random
from typing import Final

_MEAN_C: Final = 9.5
_SWING_C: Final = 10.0
_COLDEST_DAY: Final = 20
_COMFORT_C: Final = 20.0
_THIRST_PER_DEGREE: Final = 0.011


def temperature_c(seed: int, day: date) -> float:
    """How warm a day is around Munich."""
    season = cos(2 * pi * (day.timetuple().tm_yday - _COLDEST_DAY) / 365.25)
    return _MEAN_C - _SWING_C * season + Random(f"{seed}/weather/{day}").gauss(0, 3.5)  # noqa: S311 (weather, no secret)


def thirst(temperature: float) -> float:
    """How much more a car takes than on a mild day: heating costs, cooling costs less."""
    cold, hot = max(0.0, _COMFORT_C - temperature), max(0.0, temperature - _COMFORT_C)
    return 1 + _THIRST_PER_DEGREE * cold + _THIRST_PER_DEGREE / 2 * hot

"""A garage of our own: five cars that are driven, charged, forgotten unlocked and serviced as time passes.

Physics only: what is true of a car at any moment, and what it told. In which words a cloud passes it on is written
elsewhere (../speaks_mybmw.py). From the world to the car: places and roads, weather, models, owners and cars, energy
and upkeep, habits, what happens to a parked car, a day, a life, the diary.
"""

from .cars import LIVING_CARS
from .clock import WorldClock
from .condition import Air, Condition, Opening, Plug, Stamp, Work
from .diary import AirTreated, Charge, Entry, Inflation, LeftOpen, Refueling, Serviced, Trip, Unlocked
from .life import GARAGE_OPENS, Life, Report, World
from .models import Model

__all__ = [
    "GARAGE_OPENS",
    "LIVING_CARS",
    "Air",
    "AirTreated",
    "Charge",
    "Condition",
    "Entry",
    "Inflation",
    "LeftOpen",
    "Life",
    "Model",
    "Opening",
    "Plug",
    "Refueling",
    "Report",
    "Serviced",
    "Stamp",
    "Trip",
    "Unlocked",
    "Work",
    "World",
    "WorldClock",
]

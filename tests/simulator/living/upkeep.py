"""What a car needs from time to time, and how urgently."""

from calendar import monthrange
from datetime import date
from enum import StrEnum
from typing import Final

from .condition import Condition, Work
from .models import Model

_SOON_DAYS: Final = 28
_SOON_KM: Final = 1_000
_FLAT_SHARE: Final = 0.82
"""A tire with less than this share of its target pressure is worth a warning."""
_WASHER_LOW_L: Final = 1.0


class Urgency(StrEnum):
    """Whether it is time for a work."""

    LATER = "later"
    SOON = "soon"
    OVERDUE = "overdue"


def due_on(model: Model, condition: Condition, work: Work) -> date:
    """The day by which a work is to be done."""
    last, months = condition.done[work].day, model.works[work].months
    year, month = divmod(last.year * 12 + last.month - 1 + months, 12)
    return date(year, month + 1, min(last.day, monthrange(year, month + 1)[1]))


def due_in_km(model: Model, condition: Condition, work: Work) -> int | None:
    """The distance after which a work is to be done, negative if it should have been; None if only time counts."""
    every = model.works[work].km
    return None if every is None else condition.done[work].mileage_km + every - int(condition.mileage_km)


def urgency(model: Model, condition: Condition, work: Work, today: date) -> Urgency:
    """Whether it is time for a work."""
    days, km = (due_on(model, condition, work) - today).days, due_in_km(model, condition, work)
    if days < 0 or (km is not None and km < 0):
        return Urgency.OVERDUE
    return Urgency.SOON if days <= _SOON_DAYS or (km is not None and km <= _SOON_KM) else Urgency.LATER


def flat_tires(model: Model, condition: Condition) -> tuple[bool, ...]:
    """Which of the four tires have lost too much."""
    return tuple(
        [now < _FLAT_SHARE * target for now, target in zip(condition.tires_kpa, model.tires.target_kpa, strict=True)]
    )


def is_washer_low(condition: Condition) -> bool:
    """Whether the windows will not be washed much longer."""
    return condition.washer_l < _WASHER_LOW_L

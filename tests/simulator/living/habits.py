"""What the owner of a car plans for a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from .condition import Condition
from .models import Model, Stop
from .places import WORKSHOP
from .upkeep import Urgency, urgency

HERE: Final = ZoneInfo("Europe/Berlin")

_SATURDAY: Final = 5
_GOES_TO_WORKSHOP: Final = 0.25
_WORKSHOP_HOURS: Final = (2.0, 4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When to leave home and where to stay, in this order; `hours` are as long as it will be this time."""

    leaves: datetime
    stops: Sequence[tuple[Stop, timedelta]]


def plans(model: Model, condition: Condition, day: date, dice: Random) -> list[Plan]:
    """What the owner means to do on a day, from morning to night."""
    plans = [
        Plan(
            leaves=_moment(day, outing.leaves) + timedelta(seconds=int(60 * dice.gauss(0, outing.spread_min / 2))),
            stops=[(stop, _hours(dice.uniform(*stop.hours))) for stop in outing.stops],
        )
        for outing in model.owner.outings
        if day.weekday() in outing.days and dice.random() < outing.chance
    ]
    is_due = any(urgency(model, condition, work, day) is not Urgency.LATER for work in model.works)
    if is_due and day.weekday() < _SATURDAY and dice.random() < _GOES_TO_WORKSHOP:
        workshop = Stop(place=WORKSHOP, hours=_WORKSHOP_HOURS)
        plans.append(
            Plan(
                leaves=_moment(day, time(9)) + timedelta(seconds=dice.randrange(7200)),
                stops=[(workshop, _hours(dice.uniform(*_WORKSHOP_HOURS)))],
            )
        )
    return sorted(plans, key=lambda plan: plan.leaves)


def _moment(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=HERE).astimezone(UTC)


def _hours(hours: float) -> timedelta:
    return timedelta(seconds=int(3600 * hours))

"""What happens to a car while it stands: it is locked or not, opened, charged, warmed, and looked after."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from typing import Final

from .condition import Air, Condition, Opening, Plug, Stamp
from .energy import charging_steps, percent_of
from .habits import HERE
from .models import Battery, DriveTrain, Model
from .places import HOME, WORKSHOP, Place
from .upkeep import Urgency, urgency

MINUTE: Final = timedelta(minutes=1)

_PLUGS_IN_AFTER: Final = 2 * MINUTE
_REPORTS_EVERY: Final = 10 * MINUTE
"""While it charges, a car tells how far it is no more often than this."""

_AWAY_BELOW_PERCENT: Final = 60
_FAST_UP_TO_PERCENT: Final = 80
_SHORTEST_CHARGE: Final = 25 * MINUTE

_NOTICED_AFTER: Final = (25 * MINUTE, 200 * MINUTE)
_LOADING_TAKES: Final = (20 * MINUTE, 35 * MINUTE)
_WARM_C: Final = 12
_HOT_C: Final = 19
_AIR: Final = (25 * MINUTE, 5 * MINUTE)
"""How long before leaving the climate control is started, and stops."""

_AIR_KWH_PER_DEGREE: Final = 0.04

type Change = Callable[[Condition], Condition]


@dataclass(frozen=True, slots=True)
class Event:
    """Something changes at a moment; most often the car tells."""

    at: datetime
    change: Change
    is_reported: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A car stands somewhere for a while, in the condition it came in.

    `is_new` is whether it has just come, `is_attended` whether somebody stays with it, `is_night` whether the day ends
    with it, `is_treated` whether somebody wants to get into a comfortable car afterwards.
    """

    model: Model
    place: Place
    condition: Condition
    start: datetime
    until: datetime
    temperature: float
    dice: Random
    is_new: bool = False
    is_attended: bool = False
    is_night: bool = False
    is_treated: bool = False
    target_percent: float | None = None
    """How far to charge, whatever the owner does otherwise."""

    def events(self) -> list[Event]:
        """All that happens, in order."""
        events = [*self._opened(), *self._plugged_in()] if self.is_new else []
        if self.is_treated:
            events += self._treated()
        if self.place is WORKSHOP:
            events.append(Event(self.until - 3 * MINUTE, self._serviced))
        return sorted(events, key=lambda event: event.at)

    # Locked or not

    def _opened(self) -> Iterator[Event]:
        """Something is opened and closed again, sooner or later, and the car is locked, or not."""
        if self.is_attended:
            return
        owner, dice = self.model.owner, self.dice
        locked_at = self.start + timedelta(seconds=dice.randrange(60, 150))
        if self.place is HOME and dice.random() < owner.loads:
            loaded_at = self.start + _between(dice, *_LOADING_TAKES)
            yield from self._open(Opening.TRUNK, loaded_at)
            locked_at = loaded_at + MINUTE
        elif dice.random() < owner.leaves_something_open:
            yield from self._open(dice.choice(self._may_stay_open()), self.start + _between(dice, *_NOTICED_AFTER))
        if dice.random() < owner.leaves_unlocked:
            locked_at += _between(dice, *_NOTICED_AFTER)
        if self.is_night:
            locked_at = min(locked_at, self.until - MINUTE)
        if locked_at < self.until:
            yield Event(locked_at, lambda condition: condition._replace(is_locked=True))

    def _open(self, opening: Opening, closed_at: datetime) -> Iterator[Event]:
        """Open something for a time that is worth mentioning, if it fits."""
        if closed_at < self.until:
            yield Event(self.start + MINUTE / 2, lambda condition: condition._replace(open=condition.open | {opening}))
            yield Event(closed_at, lambda condition: condition._replace(open=condition.open - {opening}))

    def _may_stay_open(self) -> list[Opening]:
        """What is forgotten: windows when it is warm, lids and doors in any weather."""
        lids = {Opening.TRUNK, Opening.DOOR_FRONT_RIGHT, Opening.DOOR_REAR_LEFT}
        return sorted(opening for opening in self.model.openings if opening in lids or self.temperature >= _WARM_C)

    # At the plug

    def _plugged_in(self) -> Iterator[Event]:
        battery, charger = self.model.battery, self.place.charger
        if battery is None or charger is None or (target := self._wanted_percent(battery)) is None:
            return
        plugged_in = self.start + _PLUGS_IN_AFTER
        begins = self._begins(plugged_in)
        unplugged = self.until - MINUTE
        if begins > plugged_in:
            yield Event(plugged_in, lambda condition: condition._replace(plug=Plug.WAITING))
        steps = [(begins + after, kwh) for after, kwh in charging_steps(battery, charger, self._kwh, target)]
        if begins + _SHORTEST_CHARGE / 2 > unplugged or not steps:
            return
        ends = steps[-1][0]

        def begin(condition: Condition) -> Condition:
            return condition._replace(plug=Plug.CHARGING, charging_ends_at=ends)

        yield Event(begins, begin)
        told, before = begins, (begins, self._kwh)
        for at, kwh in steps[:-1]:
            if at >= unplugged:
                break
            is_told = at - told >= _REPORTS_EVERY
            yield Event(at, _filled(kwh), is_told)
            told, before = at if is_told else told, (at, kwh)
        at, kwh = next(step for step in steps if step[0] > before[0])
        if at < unplugged:
            yield Event(at, _ended(kwh, Plug.DONE))
        else:
            share = (unplugged - before[0]) / (at - before[0])
            yield Event(unplugged, _ended(before[1] + share * (kwh - before[1]), Plug.ENDED_EARLY))

    @property
    def _kwh(self) -> float:
        return self.condition.battery_kwh

    def _wanted_percent(self, battery: Battery) -> float | None:
        """How far the owner wants to charge here; None if not at all."""
        if self.target_percent is not None:
            return self.target_percent
        habit, charger = self.model.owner.charging, self.place.charger
        percent = percent_of(battery, self._kwh)
        if habit is None or charger is None or percent > habit.target_percent - 3:
            return None
        if self.place is HOME:
            return habit.target_percent if percent < habit.below_percent else None
        if percent >= _AWAY_BELOW_PERCENT or self.until - self.start < _SHORTEST_CHARGE:
            return None
        if charger.is_dc:
            return None if self.model.drive_train is DriveTrain.PLUG_IN_HYBRID else _FAST_UP_TO_PERCENT
        return habit.target_percent

    def _begins(self, plugged_in: datetime) -> datetime:
        """When energy begins to flow: at once, or when the window opens that the owner has chosen for home."""
        habit = self.model.owner.charging
        if habit is None or habit.window is None or self.place is not HOME:
            return plugged_in
        opens, closes = habit.window
        here = plugged_in.astimezone(HERE)
        if _is_between(here.time(), opens, closes):
            return plugged_in
        return datetime.combine(here.date(), opens, tzinfo=HERE).astimezone(plugged_in.tzinfo)

    # Comfort and care

    def _treated(self) -> Iterator[Event]:
        starts, ends = (self.until - before for before in _AIR)
        if starts < self.start + 10 * MINUTE:
            return
        air = Air.HEATING if self.temperature < _WARM_C else Air.COOLING if self.temperature > _HOT_C else None
        air = air or Air.VENTILATION
        kwh = 0 if air is Air.VENTILATION else _AIR_KWH_PER_DEGREE * abs(self.temperature - _HOT_C)

        def start(condition: Condition) -> Condition:
            return condition._replace(air=air, air_ends_at=ends)

        def stop(condition: Condition) -> Condition:
            taken = kwh if condition.plug is Plug.OUT else 0
            return condition._replace(
                air=Air.OFF, air_ends_at=None, battery_kwh=max(0.0, condition.battery_kwh - taken)
            )

        yield Event(starts, start)
        yield Event(ends, stop)

    def _serviced(self, condition: Condition) -> Condition:
        """Have done what is due, and what a good workshop does without being asked."""
        today = self.until.astimezone(HERE).date()
        due = [work for work in self.model.works if urgency(self.model, condition, work, today) is not Urgency.LATER]
        return cared_for(self.model, condition)._replace(
            done={**condition.done, **dict.fromkeys(due, Stamp(today, int(condition.mileage_km)))},
        )


def cared_for(model: Model, condition: Condition) -> Condition:
    """The condition with air in the tires and water for the windows."""
    front_left, front_right, rear_left, rear_right = model.tires.target_kpa
    return condition._replace(washer_l=model.washer_l, tires_kpa=(front_left, front_right, rear_left, rear_right))


def _filled(kwh: float) -> Change:
    return lambda condition: condition._replace(battery_kwh=kwh)


def _ended(kwh: float, plug: Plug) -> Change:
    return lambda condition: condition._replace(battery_kwh=kwh, plug=plug, charging_ends_at=None)


def _is_between(now: time, opens: time, closes: time) -> bool:
    return opens <= now < closes if opens < closes else now >= opens or now < closes


def _between(dice: Random, shortest: timedelta, longest: timedelta) -> timedelta:
    return timedelta(seconds=dice.randrange(int(shortest.total_seconds()), int(longest.total_seconds())))

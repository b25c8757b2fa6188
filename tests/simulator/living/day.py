"""A day in the life of a car, from five in the morning to five in the morning.

It begins and ends at home. What happens is worked out once, event by event: the condition after each is a frame, and
between two frames everything that flows, flows evenly. So nothing depends on how often, or when, anybody looks.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from .condition import Air, Condition, Plug
from .energy import charging_steps, driven, percent_of, range_km, wanted_kwh
from .habits import HERE, Plan, plans
from .models import DriveTrain, Model
from .parked import MINUTE, Change, Stay, cared_for
from .places import FAST_CHARGERS, FILLING_STATION, HOME, Place
from .roads import SPEED_KMH, Stretch, length_km, route
from .upkeep import flat_tires, is_washer_low
from .weather import temperature_c, thirst

_DAY: Final = timedelta(days=1)
_LATEST_HOUR: Final = 20
"""Nobody sets out later."""

_RESERVE_PERCENT: Final = 7
_CAUTION: Final = 1.1
_FAST_CHARGE_PERCENT: Final = (80, 97)
"""As far as one charges on the way, and as far as one does if it cannot be helped."""

_LEAST_KM: Final = 60
_NEARLY_FULL: Final = 0.85
_GOES_FOR_AIR: Final = 0.3
_FILLING_S: Final = (240, 480)
_WASHER_L_PER_KM: Final = 0.003


@dataclass(frozen=True, slots=True)
class Frame:
    """The condition from a moment on, and whether the car told anybody."""

    at: datetime
    condition: Condition
    is_reported: bool


def live(  # noqa: PLR0913 (all that a day depends on)
    model: Model, morning: Condition, day: date, *, seed: int, start: datetime, end: datetime
) -> list[Frame]:
    """Live through a day that begins in a condition; the first frame is its beginning, the last its end."""
    dice = Random(f"{seed}/{model.name}/{day}")  # noqa: S311 (a game of chance, no secret)
    story = _Story(model, morning, start, temperature_c(seed, day), dice)
    for plan in plans(model, morning, day, dice):
        story.follow(plan)
    return story.finish(end)


class _Story:
    """A day while it is told."""

    def __init__(self, model: Model, morning: Condition, start: datetime, temperature: float, dice: Random) -> None:
        """Begin at home."""
        self._frames = [Frame(start, morning, is_reported=False)]
        self._model = model
        self._place = HOME
        self._is_new_here = False
        self._temperature = temperature
        self._thirst = thirst(temperature)
        self._dice = dice

    @property
    def _now(self) -> datetime:
        return self._frames[-1].at

    @property
    def _condition(self) -> Condition:
        return self._frames[-1].condition

    def follow(self, plan: Plan) -> None:
        """Leave home, stay here and there, come back; or stay at home, if it has become too late for that."""
        leaves = max(plan.leaves, self._now + 10 * MINUTE)
        if leaves > plan.leaves + timedelta(hours=1) or leaves.astimezone(HERE).hour >= _LATEST_HOUR:
            return
        is_treated = self._dice.random() < self._model.owner.preconditions
        self._stay(self._until(leaves, is_treated=is_treated))
        for stop, time in plan.stops:
            self._travel(stop.place)
            self._stay(self._until(self._now + time))
        self._travel(HOME)

    def finish(self, end: datetime) -> list[Frame]:
        """Stay at home for the rest of the day."""
        self._stay(self._until(end, is_night=True))
        self._let_pass(end)
        return self._frames

    def _let_pass(self, at: datetime, change: Change | None = None, *, is_reported: bool = False) -> None:
        """Let time pass, in which tires lose air, and then something change."""
        days = (at - self._now) / _DAY
        tires, losses = self._condition.tires_kpa, self._model.tires.loss_kpa_per_day
        condition = self._condition._replace(
            tires_kpa=(
                tires[0] - days * losses[0],
                tires[1] - days * losses[1],
                tires[2] - days * losses[2],
                tires[3] - days * losses[3],
            ),
        )
        self._frames.append(Frame(at, change(condition) if change else condition, is_reported))

    # Parked

    def _until(
        self,
        until: datetime,
        *,
        is_treated: bool = False,
        is_night: bool = False,
        is_attended: bool = False,
        target_percent: float | None = None,
    ) -> Stay:
        return Stay(
            model=self._model,
            place=self._place,
            condition=self._condition,
            start=self._now,
            until=until,
            temperature=self._temperature,
            dice=self._dice,
            is_new=self._is_new_here,
            is_attended=is_attended,
            is_night=is_night,
            is_treated=is_treated,
            target_percent=target_percent,
        )

    def _stay(self, stay: Stay) -> None:
        for event in stay.events():
            self._let_pass(event.at, event.change, is_reported=event.is_reported)
        self._let_pass(stay.until)
        self._is_new_here = False

    # On the road

    def _travel(self, to: Place) -> None:
        """Drive somewhere, by way of what it takes to get there."""
        if self._place is HOME:
            self._fill_up(2.2 * length_km(HOME, to))
        if self._model.drive_train is DriveTrain.ELECTRIC and not self._can_reach(to):
            self._charge_on_the_way(to)
        self._drive(to)

    def _drive(self, to: Place) -> None:
        self._let_pass(self._now, _depart, is_reported=True)
        traffic, style = self._dice.uniform(0.92, 1.3), self._dice.uniform(0.93, 1.08)
        stretches = route(self._place, to)
        for stretch in stretches:
            time = timedelta(seconds=max(1, round(3600 * stretch.km / SPEED_KMH[stretch.road] * traffic)))
            is_there = stretch is stretches[-1]
            self._let_pass(
                self._now + time, self._driven(stretch, style, to if is_there else None), is_reported=is_there
            )
        self._place, self._is_new_here = to, True

    def _driven(self, stretch: Stretch, style: float, arrived: Place | None) -> Change:
        north, east = self._model.parked if arrived is HOME else (0.0, 0.0)

        def drive(condition: Condition) -> Condition:
            return driven(self._model, condition, stretch, self._thirst * style)._replace(
                latitude=stretch.to.latitude + north,
                longitude=stretch.to.longitude + east,
                heading_deg=stretch.heading_deg,
                address=arrived.address if arrived else None,
                washer_l=max(0.0, condition.washer_l - _WASHER_L_PER_KM * stretch.km),
            )

        return drive

    def _fill_up(self, km: float) -> None:
        """Call at a filling station first, if the fuel does not last or the car complains and one feels like it."""
        tank, condition = self._model.tank, self._condition
        needs_fuel = (
            tank is not None
            and condition.fuel_l < _NEARLY_FULL * tank.liters
            and range_km(self._model, condition, self._thirst) < _LEAST_KM + km
        )
        needs_care = any(flat_tires(self._model, condition)) or is_washer_low(condition)
        if not needs_fuel and not (needs_care and self._dice.random() < _GOES_FOR_AIR):
            return
        self._drive(FILLING_STATION)
        liters = tank.liters if tank and needs_fuel else condition.fuel_l

        def fill(condition: Condition) -> Condition:
            return cared_for(self._model, condition)._replace(fuel_l=max(condition.fuel_l, liters))

        time = timedelta(seconds=self._dice.randrange(*_FILLING_S))
        self._let_pass(self._now + time, fill, is_reported=True)

    def _charge_on_the_way(self, to: Place) -> None:
        """Drive by way of the fast charger that costs the least way round, and charge enough there."""
        others = [charger for charger in FAST_CHARGERS if charger is not self._place]
        self._drive(
            min(
                [charger for charger in others if self._can_reach(charger, reserve_percent=0)] or others,
                key=lambda charger: length_km(self._place, charger) + length_km(charger, to),
            )
        )
        battery, charger = self._model.battery, self._place.charger
        if battery is None or charger is None:
            return
        enough, most = _FAST_CHARGE_PERCENT
        target = min(most, max(enough, percent_of(battery, self._needed_kwh(to, _RESERVE_PERCENT))))
        *_, (time, _) = charging_steps(battery, charger, self._condition.battery_kwh, target)
        self._stay(self._until(self._now + time + 6 * MINUTE, is_attended=True, target_percent=target))

    def _can_reach(self, to: Place, *, reserve_percent: float = _RESERVE_PERCENT) -> bool:
        return self._condition.battery_kwh >= self._needed_kwh(to, reserve_percent)

    def _needed_kwh(self, to: Place, reserve_percent: float) -> float:
        """What it takes to get somewhere, and from there to the next charger, with something in reserve."""
        reserve = self._model.battery.kwh * reserve_percent / 100 if self._model.battery else 0
        onward = min(wanted_kwh(self._model, to, charger, self._thirst) for charger in (HOME, *FAST_CHARGERS))
        there = wanted_kwh(self._model, self._place, to, self._thirst)
        return _CAUTION * (there + (0 if to.charger else onward)) + reserve


def _depart(condition: Condition) -> Condition:
    """Get in and go: everything is closed, pulled out and switched off."""
    return condition._replace(
        address=None,
        is_locked=False,
        open=frozenset(),
        plug=Plug.OUT,
        charging_ends_at=None,
        air=Air.OFF,
        air_ends_at=None,
    )

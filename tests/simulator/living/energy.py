"""What driving takes, what charging gives, and how far what there is will reach."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from .condition import Condition
from .models import Battery, DriveTrain, Model
from .places import Charger, Place
from .roads import Stretch, route

_AC_EFFICIENCY: Final = 0.9
"""What reaches the battery of the alternating current that is paid for."""

_ELECTRIC_DOWN_TO: Final = {DriveTrain.ELECTRIC: 0.0, DriveTrain.PLUG_IN_HYBRID: 8.0, DriveTrain.RANGE_EXTENDER: 6.5}
"""The state of charge in percent at which the engine takes over."""


def percent_of(battery: Battery, kwh: float) -> float:
    """The state of charge."""
    return 100 * kwh / battery.kwh


def charging_steps(
    battery: Battery, charger: Charger, kwh: float, target_percent: float
) -> Iterator[tuple[timedelta, float]]:
    """How the battery fills: how much is in it after how long, percent by percent, up to the target."""
    percent, after = percent_of(battery, kwh), timedelta()
    while percent < target_percent - 1e-6:
        reached = min(target_percent, int(percent + 1e-6) + 1)
        power_kw = charging_kw(battery, charger, (percent + reached) / 2)
        hours = (reached - percent) / 100 * battery.kwh / power_kw
        after += timedelta(seconds=max(1, round(3600 * hours)))
        percent = reached
        yield after, percent / 100 * battery.kwh


def charging_kw(battery: Battery, charger: Charger, percent: float) -> float:
    """The power that reaches the battery."""
    offered = charger.kw if charger.is_dc else min(charger.kw, battery.ac_kw) * _AC_EFFICIENCY
    return min(offered, battery.takes_kw(percent))


def driven(model: Model, condition: Condition, stretch: Stretch, thirst: float) -> Condition:
    """The condition after a stretch of road: electric as long as the battery lasts, then on fuel."""
    electric_share, kwh, liters = 0.0, 0.0, 0.0
    if model.battery:
        wanted = stretch.km / 100 * model.battery.kwh_per_100_km * model.thirst[stretch.road] * thirst
        there = max(0.0, condition.battery_kwh - _ELECTRIC_DOWN_TO[model.drive_train] / 100 * model.battery.kwh)
        electric_share = min(1.0, there / wanted)
        kwh = wanted * electric_share
    if model.tank:
        liters = stretch.km * (1 - electric_share) / 100 * model.tank.l_per_100_km * model.thirst[stretch.road] * thirst
    return condition._replace(
        mileage_km=condition.mileage_km + stretch.km,
        battery_kwh=condition.battery_kwh - kwh,
        fuel_l=max(0.0, condition.fuel_l - liters),
    )


def electric_range_km(model: Model, condition: Condition, thirst: float = 1) -> float:
    """How far the battery alone will do."""
    if model.battery is None:
        return 0
    there = condition.battery_kwh - _ELECTRIC_DOWN_TO[model.drive_train] / 100 * model.battery.kwh
    return 100 * max(0.0, there) / (model.battery.kwh_per_100_km * thirst)


def fuel_range_km(model: Model, condition: Condition, thirst: float = 1) -> float:
    """How far the tank alone will do."""
    return 0 if model.tank is None else 100 * condition.fuel_l / (model.tank.l_per_100_km * thirst)


def range_km(model: Model, condition: Condition, thirst: float = 1) -> float:
    """How far the car will go."""
    return electric_range_km(model, condition, thirst) + fuel_range_km(model, condition, thirst)


def wanted_kwh(model: Model, start: Place, end: Place, thirst: float) -> float:
    """What it takes to drive somewhere on the battery alone."""
    if model.battery is None:
        return 0
    return sum(
        stretch.km / 100 * model.battery.kwh_per_100_km * model.thirst[stretch.road] * thirst
        for stretch in route(start, end)
    )

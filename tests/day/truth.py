"""What is true of a car of the garage, and how late Home Assistant may be to show it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from math import floor
from typing import Final

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er

from custom_components.mybmw.const import DOMAIN
from tests.simulator.living import Condition, Life, Model, Opening, Plug, Report
from tests.simulator.living.energy import electric_range_km, fuel_range_km, percent_of
from tests.simulator.living.upkeep import due_in_km, due_on

_A_DAY: Final = timedelta(hours=26)
"""Values that a car uploads seldom are a day old at most, and some more if it slept."""

_STATUSES: Final = {
    Plug.OUT: "not_charging",
    Plug.WAITING: "waiting_for_charging",
    Plug.CHARGING: "charging",
    Plug.DONE: "finished_fully_charged",
    Plug.ENDED_EARLY: "finished_not_full",
}
_WHEELS: Final = ("front_left", "front_right", "rear_left", "rear_right")


class Late(Enum):
    """How old a value may be."""

    NOT = "not at all"
    SPOKEN = "as of when the car last spoke"
    DAY = "up to a day, and as long as the car sleeps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What an entity should show of a car in a condition."""

    platform: Platform
    key: str
    true: Callable[[Model, Condition], object]
    late: Late = Late.NOT
    attribute: str | None = None
    exists: Callable[[Model], bool] = lambda _: True
    may_be_unknown: bool = False

    @property
    def name(self) -> str:
        """The key of the entity, and the attribute if it is about one."""
        return f"{self.key}.{self.attribute}" if self.attribute else self.key


def _is_on(is_so: object) -> str:
    return STATE_ON if is_so else STATE_OFF


def _percent(model: Model, condition: Condition) -> int:
    assert model.battery
    return floor(percent_of(model.battery, condition.battery_kwh) + 1e-6)


def _fuel_percent(model: Model, condition: Condition) -> int:
    assert model.tank
    return round(100 * condition.fuel_l / model.tank.liters)


def _next_date(model: Model, condition: Condition) -> str:
    return min(due_on(model, condition, work).replace(day=1) for work in model.works).isoformat()


def _next_distance(model: Model, condition: Condition) -> int:
    return min(km for work in model.works if (km := due_in_km(model, condition, work)) is not None)


def _pressure_bar(number: int) -> Callable[[Model, Condition], float]:
    return lambda _, now: round(now.tires_kpa[number]) / 100


def _target_bar(number: int) -> Callable[[Model, Condition], float]:
    return lambda model, _: model.tires.target_kpa[number] / 100


def _is_open(opening: Opening) -> Callable[[Model, Condition], bool]:
    return lambda _, now: opening in now.open


def _has(opening: Opening) -> Callable[[Model], bool]:
    return lambda model: opening in model.openings


def _is_electric(model: Model) -> bool:
    return model.battery is not None


def _has_tank(model: Model) -> bool:
    return model.tank is not None


def _sensor(  # noqa: PLR0913 (the columns of a table)
    key: str,
    true: Callable[[Model, Condition], object],
    late: Late = Late.NOT,
    *,
    attribute: str | None = None,
    exists: Callable[[Model], bool] = lambda _: True,
    may_be_unknown: bool = False,
) -> Fact:
    return Fact(
        platform=Platform.SENSOR,
        key=key,
        true=true,
        late=late,
        attribute=attribute,
        exists=exists,
        may_be_unknown=may_be_unknown,
    )


def _binary(
    key: str, true: Callable[[Model, Condition], object], *, exists: Callable[[Model], bool] = lambda _: True
) -> Fact:
    return Fact(
        platform=Platform.BINARY_SENSOR, key=key, true=lambda model, now: _is_on(true(model, now)), exists=exists
    )


_FACTS: Final = (
    _sensor("mileage", lambda _, now: floor(now.mileage_km)),
    _sensor("range_total", lambda car, now: floor(electric_range_km(car, now)) + floor(fuel_range_km(car, now))),
    _sensor("range_electric", lambda car, now: floor(electric_range_km(car, now)), exists=_is_electric),
    _sensor("range_fuel", lambda car, now: floor(fuel_range_km(car, now)), exists=_has_tank),
    _sensor("fuel_percent", _fuel_percent, exists=_has_tank),
    _sensor("fuel_level", lambda _, now: floor(now.fuel_l), Late.DAY, exists=_has_tank, may_be_unknown=True),
    _sensor("battery_level", _percent, exists=_is_electric),
    _sensor("charging_status", lambda _, now: _STATUSES[now.plug], exists=_is_electric),
    _sensor(
        "charging_target",
        lambda car, _: car.owner.charging.target_percent if car.owner.charging else None,
        exists=_is_electric,
    ),
    _binary("charging", lambda _, now: now.plug is Plug.CHARGING, exists=_is_electric),
    _binary("plugged_in", lambda _, now: now.plug is not Plug.OUT, exists=_is_electric),
    _sensor("climate_status", lambda _, now: "inactive" if now.air.value == "off" else now.air.value),
    _binary("door_lock", lambda _, now: not now.is_locked),
    _binary("alarm_armed", lambda _, now: now.is_locked),
    _binary("moving", lambda _, now: now.is_driving, exists=lambda car: not car.battery),
    _sensor("heading", lambda _, now: now.heading_deg),
    *(_sensor(f"tire_pressure_{wheel}", _pressure_bar(number), Late.SPOKEN) for number, wheel in enumerate(_WHEELS)),
    *(_sensor(f"tire_target_pressure_{wheel}", _target_bar(number)) for number, wheel in enumerate(_WHEELS)),
    _sensor("next_service_date", _next_date, Late.DAY),
    _sensor(
        "next_service_distance",
        _next_distance,
        Late.DAY,
        exists=lambda car: any(interval.km is not None for interval in car.works.values()),
    ),
)
_PLACE: Final = tuple(
    Fact(platform=Platform.DEVICE_TRACKER, key="location", true=true, attribute=attribute)
    for attribute, true in (
        ("latitude", lambda _, now: round(now.latitude, 6)),
        ("longitude", lambda _, now: round(now.longitude, 6)),
    )
)


_OPENINGS: Final = tuple(_binary(opening.value, _is_open(opening), exists=_has(opening)) for opening in Opening)

FACTS: Final = (*_FACTS, *_PLACE, *_OPENINGS)
"""All that should be shown of the cars that have it."""


def facts(model: Model) -> Iterator[Fact]:
    """All that should be shown of a car."""
    yield from (fact for fact in FACTS if fact.exists(model))


def wrong(hass: HomeAssistant, life: Life, now: datetime, *, as_told: bool = False) -> dict[str, str]:
    """What Home Assistant shows of a car that is not true, by entity; nothing, if all is well.

    What is true is what the garage knows, not what the car has told; with `as_told`, what the car has told last.
    """
    report = life.report(now)
    truth = report.condition if as_told else life.condition(now)
    differing = {}
    for fact in facts(life.model):
        found, true = shown(hass, life.model, fact), fact.true(life.model, truth)
        if not _is_right(fact, found, true, life, report):
            differing[fact.name] = f"{found}, but {true}"
    return differing


def _is_right(fact: Fact, shown: str, true: object, life: Life, report: Report) -> bool:
    if fact.late is Late.SPOKEN:
        true = fact.true(life.model, report.condition)
    if _is_same(shown, true):
        return True
    if fact.late is not Late.DAY:
        return False
    if fact.may_be_unknown and shown == STATE_UNKNOWN:
        return True
    older = (fact.true(life.model, each.condition) for each in life.reports(report.at - _A_DAY, report.at))
    return any(_is_same(shown, each) for each in older)


def _is_same(shown: str, true: object) -> bool:
    if isinstance(true, int | float):
        try:
            return abs(float(shown) - true) < 1e-6
        except ValueError:
            return False
    return shown == true


def shown(hass: HomeAssistant, model: Model, fact: Fact) -> str:
    """What Home Assistant shows."""
    unique_id = f"{model.identity.vin}-{fact.key}"
    entity_id = er.async_get(hass).async_get_entity_id(fact.platform, DOMAIN, unique_id)
    assert entity_id, f"no entity for {fact.key} of {model.name}"
    state = hass.states.get(entity_id)
    assert isinstance(state, State)
    return state.state if fact.attribute is None else str(state.attributes[fact.attribute])

"""A dashboard for whatever cars there are, made of nothing but Home Assistant's own cards.

An overview and a view for each car: what is known of it by theme and, at the end, all that belongs to no theme, so that
nothing of what the integration offers is left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from custom_components.mybmw.sources import Json

from .owner import ShownCar

type Card = dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Theme:
    """A part of a car's view, `span` columns wide.

    Entities are named by platform and key, in the order in which they are shown; `gauges` are percentages.
    """

    title: str
    icon: str
    gauges: Sequence[str] = ()
    tiles: Sequence[str] = ()
    span: int = 1

    @property
    def keys(self) -> Sequence[str]:
        return (*self.gauges, *self.tiles)


_SIDES: Final = ("front_left", "front_right", "rear_left", "rear_right")
_POSITION: Final = "device_tracker.location"
_NEWS: Final = "sensor.last_reported"
_LOOKS: Final = "image.front_side"
_AT_A_GLANCE: Final = ("sensor.range_total", "binary_sensor.door_lock", "sensor.charging_status", _POSITION)
_SHORT_NAMES: Final = {
    "binary_sensor.pre_entry_climatization": "Pre-entry climate",
    "device_tracker.location": "Position",
    "sensor.fuel_percent": "Fuel",
    "sensor.next_service_distance": "Service due in",
    **{f"sensor.tire_pressure_{side}": side.replace("_", " ").capitalize() for side in _SIDES},
}
"""For entities whose own names would not fit, or say again what stands above them."""

_LEVELS: Final = ("sensor.battery_level", "sensor.fuel_percent")

_THEMES: Final = (
    _Theme(
        title="Energy",
        icon="mdi:lightning-bolt",
        gauges=_LEVELS,
        tiles=("sensor.range_total", "sensor.range_electric", "sensor.range_fuel", "sensor.fuel_level"),
    ),
    _Theme(
        title="Charging",
        icon="mdi:ev-station",
        tiles=(
            "binary_sensor.plugged_in",
            "sensor.charging_status",
            "sensor.charging_target",
            "sensor.charging_end_time",
            "binary_sensor.charging",
            "binary_sensor.pre_entry_climatization",
        ),
    ),
    _Theme(
        title="Service",
        icon="mdi:wrench",
        tiles=(
            "sensor.mileage",
            "binary_sensor.service_required",
            "sensor.next_service_date",
            "sensor.next_service_distance",
            "sensor.next_service_type",
            "binary_sensor.check_control",
            "sensor.software_version",
        ),
    ),
    _Theme(
        title="Doors and windows",
        icon="mdi:car-door",
        span=2,
        tiles=(
            *("binary_sensor.door_lock", "binary_sensor.lids", "binary_sensor.windows", "binary_sensor.alarm_armed"),
            *(f"binary_sensor.door_{side}" for side in _SIDES),
            *(f"binary_sensor.window_{side}" for side in (*_SIDES, "rear")),
            *(f"binary_sensor.{lid}" for lid in ("hood", "trunk", "sunroof")),
        ),
    ),
    _Theme(
        title="Tires",
        icon="mdi:tire",
        tiles=(*(f"sensor.tire_pressure_{side}" for side in _SIDES), "binary_sensor.tire_warning"),
    ),
    _Theme(
        title="Climate",
        icon="mdi:thermostat",
        tiles=("sensor.climate_status", "sensor.climate_end_time"),
    ),
)


def dashboard(cars: Sequence[ShownCar]) -> Card:
    """The whole dashboard."""
    return {"title": "My BMW", "views": [*views(cars)]}


def views(cars: Sequence[ShownCar]) -> list[Card]:
    """An overview and a view of each car; cars of which little is known come last."""
    cars = sorted(cars, key=lambda car: (len(car.entities) < len(_THEMES), car.name))
    return [_overview(cars), *(_view(car) for car in cars)]


def _overview(cars: Sequence[ShownCar]) -> Card:
    where = [car.entities[_POSITION] for car in cars if car.knows(_POSITION)]
    return {
        "title": "Overview",
        "icon": "mdi:garage-variant",
        "path": "overview",
        "type": "sections",
        "max_columns": 3,
        "sections": [*(_glance(car) for car in cars), *([_section(_map(where, rows=7), span=3)] if where else [])],
    }


def _glance(car: ShownCar) -> Card:
    """A car in a few tiles, with the way to its view."""
    title: Card = {
        "type": "heading",
        "heading": car.name,
        "icon": "mdi:car-electric" if "sensor.battery_level" in car.entities else "mdi:car",
        "tap_action": {"action": "navigate", "navigation_path": f"/my-bmw/{_path(car)}"},
    }
    levels = [_level(car, key) for key in _LEVELS if car.knows(key)]
    return _section(title, *_pictures(car), *levels, *_tiles(car, _AT_A_GLANCE))


def _view(car: ShownCar) -> Card:
    """All that is known of a car."""
    shown = {key for theme in _THEMES for key in theme.keys} | {_POSITION, _NEWS, _LOOKS}
    rest = _tiles(car, (key for key in car.entities if key not in shown))
    curves = [_row(car, key) for key in (*_LEVELS, "sensor.range_total") if car.knows(key)]
    looks = [_section(*pictures)] if (pictures := _pictures(car)) else []
    sections = [*looks, *(section for theme in _THEMES if (section := _themed(car, theme)))]
    if car.knows(_POSITION):
        sections.append(_section(_heading("Position", "mdi:map-marker"), _map([car.entities[_POSITION]])))
    if curves:
        sections.append(_section(_heading("History", "mdi:chart-line"), _graph(curves)))
    if rest:
        sections.append(_section(_heading("More", "mdi:dots-horizontal"), *rest))
    return {
        "title": car.name,
        "path": _path(car),
        "type": "sections",
        "max_columns": 3,
        "dense_section_placement": True,
        "header": {"card": {"type": "markdown", "text_only": True, "content": f"# {car.name}"}},
        "badges": [{"type": "entity", "show_name": True, **_row(car, key)} for key in [_NEWS] if key in car.entities],
        "sections": [*sections],
    }


def _themed(car: ShownCar, theme: _Theme) -> Card | None:
    if not any(key in car.entities for key in theme.keys):
        return None
    gauges = [_gauge(car, key) for key in theme.gauges if car.knows(key)]
    tiles = _tiles(car, (*(key for key in theme.gauges if not car.knows(key)), *theme.tiles))
    return _section(_heading(theme.title, theme.icon), *gauges, *tiles, span=theme.span)


def _section(*cards: Card, span: int = 1) -> Card:
    return {"type": "grid", "column_span": span, "cards": [*cards]}


def _heading(title: str, icon: str) -> Card:
    return {"type": "heading", "heading": title, "icon": icon}


def _row(car: ShownCar, key: str) -> Card:
    """An entity, without the name of its car, which stands above it anyway."""
    return {"entity": car.entities[key], "name": _SHORT_NAMES.get(key, {"type": "entity"})}


def _pictures(car: ShownCar) -> list[Card]:
    """How the car looks; unknown before somebody does look."""
    if _LOOKS not in car.entities:
        return []
    return [
        {
            "type": "picture-entity",
            "entity": car.entities[_LOOKS],
            "show_name": False,
            "show_state": False,
            "grid_options": {"columns": "full"},
        }
    ]


def _tiles(car: ShownCar, keys: Iterable[str]) -> list[Card]:
    return [{"type": "tile", **_row(car, key)} for key in keys if key in car.entities]


def _level(car: ShownCar, key: str) -> Card:
    return {
        "type": "tile",
        **_row(car, key),
        "features": [{"type": "bar-gauge"}],
        "grid_options": {"columns": "full"},
    }


def _gauge(car: ShownCar, key: str) -> Card:
    return {
        "type": "gauge",
        **_row(car, key),
        "min": 0,
        "max": 100,
        "needle": True,
        "severity": {"red": 0, "yellow": 15, "green": 30},
        "grid_options": {"columns": 6, "rows": 3},
    }


def _map(entities: Sequence[str], *, rows: int = 5) -> Card:
    return {
        "type": "map",
        "entities": [*entities],
        "default_zoom": 13,
        "grid_options": {"columns": "full", "rows": rows},
    }


def _graph(curves: Sequence[Card]) -> Card:
    return {
        "type": "history-graph",
        "hours_to_show": 6,
        "entities": [*curves],
        "grid_options": {"columns": "full", "rows": 5},
    }


def _path(car: ShownCar) -> str:
    return f"car-{car.vin[-8:].lower()}"

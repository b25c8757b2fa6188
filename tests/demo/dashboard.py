"""A dashboard for whatever cars there are, made of nothing but Home Assistant's own cards.

An overview and a view for each car: what is known of it by theme and, at the end, all that belongs to no theme, so that
nothing of what the integration offers is left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from custom_components.mybmw.sources import Json

from .cards import (
    Card,
    heading,
    history,
    if_none_is,
    map_of,
    means,
    only_if_on,
    per_day,
    refresh_button,
    section,
    wide,
)
from .owner import ShownCar


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
_AT_A_GLANCE: Final = ("sensor.range_total", "binary_sensor.door_lock", "sensor.charging_status", _POSITION)
_LOCK: Final = "lock.lock"
_STANDING: Final = "sensor.command_status"
_COMMAND: Final = "event.command"
_SHORT_NAMES: Final = {
    "binary_sensor.pre_entry_climatization": "Pre-entry climate",
    "device_tracker.location": "Position",
    "sensor.fuel_percent": "Fuel",
    "sensor.next_service_distance": "Service due in",
    **{f"sensor.tire_pressure_{side}": side.replace("_", " ").capitalize() for side in _SIDES},
}
"""For entities whose own names would not fit, or say again what stands above them."""

_LEVELS: Final = ("sensor.battery_level", "sensor.fuel_percent")
_WARNINGS: Final = (
    "binary_sensor.lids",
    "binary_sensor.windows",
    "binary_sensor.door_lock",
    "binary_sensor.service_required",
    "binary_sensor.check_control",
    "binary_sensor.tire_warning",
)
_CLIMATE: Final = "switch.climate"
_BUTTONS: Final = ("button.flash_lights", "button.sound_horn", "button.find_vehicle")
_SWITCHES: Final = (_CLIMATE, "switch.charging")
_TARGET: Final = "number.target_soc"
_SELECTS: Final = ("select.charging_mode",)
_PLAN: Final = (
    "select.ac_limit",
    "switch.pre_entry_climatization",
    "time.charging_window_start",
    "time.charging_window_end",
    *(f"{platform}.departure_timer_{number}" for number in range(1, 5) for platform in ("switch", "time")),
)
_CONTROLS: Final = frozenset({_LOCK, _STANDING, _COMMAND, _TARGET, *_BUTTONS, *_SWITCHES, *_SELECTS, *_PLAN})

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


def dashboard(cars: Sequence[ShownCar], *, refresh: Sequence[str], switchboard: str) -> Card:
    """The whole dashboard.

    `refresh` are the buttons that ask for all cars at once, `switchboard` is the address of the page on which faults
    are chosen.
    """
    overview, *others = views(cars, refresh=refresh)
    return {"title": "My BMW", "views": [{**overview, "header": {"card": _explanation(switchboard)}}, *others]}


def views(cars: Sequence[ShownCar], *, refresh: Sequence[str] = ()) -> list[Card]:
    """An overview and a view of each car; cars of which little is known come last."""
    cars = sorted(cars, key=lambda car: (len(car.entities) < len(_THEMES), car.name))
    return [_overview(cars, refresh), *(_view(car) for car in cars)]


def _explanation(switchboard: str) -> Card:
    text = (
        f"Nothing here is real but Home Assistant. What goes wrong at BMW's cloud is up to you: "
        f"flip a switch on the [fault switchboard]({switchboard}) and watch what becomes of it here."
    )
    return {"type": "markdown", "text_only": True, "content": text}


def _overview(cars: Sequence[ShownCar], refresh: Sequence[str]) -> Card:
    where = [car.entities[_POSITION] for car in cars if car.knows(_POSITION)]
    warnings: list[Card] = [{"entity": car.entities[key]} for car in cars for key in _WARNINGS if car.knows(key)]
    driven = [_curve(car, "sensor.mileage") for car in cars if car.knows("sensor.mileage")]
    levels = [_curve(car, key) for car in cars for key in _LEVELS[:1] if car.knows(key)]
    sections = []
    if warnings:
        look_after = heading("Look after", "mdi:alert-circle-outline")
        sections.append(section(look_after, only_if_on(warnings), if_none_is(warnings), *map(refresh_button, refresh)))
    if levels:
        sections.append(section(heading("Batteries this week", "mdi:battery-charging"), history(levels), span=2))
    sections += [_glance(car) for car in cars]
    if where:
        sections.append(section(heading("Where they are", "mdi:map-marker"), map_of(where), span=2))
    if driven:
        sections.append(section(heading("Driven each day", "mdi:road-variant"), per_day(driven)))
    return {
        "title": "Overview",
        "icon": "mdi:garage-variant",
        "path": "overview",
        "type": "sections",
        "max_columns": 3,
        "dense_section_placement": True,
        "sections": [*sections],
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
    return section(title, *_pictures(car)[:1], *levels, *_tiles(car, _AT_A_GLANCE))


def _view(car: ShownCar) -> Card:
    """All that is known of a car."""
    shown = {key for theme in _THEMES for key in theme.keys} | {_POSITION, _NEWS} | _CONTROLS
    rest = _tiles(car, (key for key in car.entities if key not in shown and not _is_picture(key)))
    pictures = _pictures(car)
    levels = [_row(car, key) for key in _LEVELS if car.knows(key)]
    tires = [_row(car, f"sensor.tire_pressure_{side}") for side in _SIDES if car.knows(f"sensor.tire_pressure_{side}")]
    below = [*_features(car, [_LOCK], "lock-commands"), *wide(_tiles(car, [_POSITION]))]
    sections = [section(*pictures[:1], *below)] if pictures or below else []
    energy, *themes = (_themed(car, theme) for theme in _THEMES)
    sections += [energy] if energy else []
    if levels:
        span = 1 if pictures else 2
        sections.append(section(heading("This week", "mdi:chart-line"), history(levels, rows=4), span=span))
    sections += [part for part in (_controls(car), *themes) if part]
    if plan := _tiles(car, _PLAN):
        sections.append(section(heading("Charging plan", "mdi:calendar-clock"), *plan))
    if _COMMAND in car.entities:
        told = wide(_tiles(car, [_STANDING, _COMMAND]))
        sections.append(section(heading("Commands", "mdi:history"), *told, _activity(car)))
    if car.knows("sensor.mileage"):
        driven = per_day([_row(car, "sensor.mileage")])
        sections.append(section(heading("Driven each day", "mdi:road-variant"), driven))
    if tires:
        sections.append(section(heading("Tire pressures", "mdi:car-tire-alert"), means(tires)))
    if car.knows(_POSITION):
        sections.append(section(heading("Position", "mdi:map-marker"), map_of([car.entities[_POSITION]])))
    if len(pictures) > 1:
        sections.append(section(heading("Pictures", "mdi:image-multiple"), *pictures[1:], span=3))
    if rest:
        sections.append(section(heading("More", "mdi:dots-horizontal"), *rest))
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
    return section(heading(theme.title, theme.icon), *gauges, *tiles, span=theme.span)


def _row(car: ShownCar, key: str) -> Card:
    """An entity, without the name of its car, which stands above it anyway."""
    return {"entity": car.entities[key], "name": _SHORT_NAMES.get(key, {"type": "entity"})}


def _tiles(car: ShownCar, keys: Iterable[str]) -> list[Card]:
    return [{"type": "tile", **_row(car, key)} for key in keys if key in car.entities]


def _level(car: ShownCar, key: str) -> Card:
    return {
        "type": "tile",
        **_row(car, key),
        "features": [{"type": "bar-gauge"}],
        "grid_options": {"columns": "full"},
    }


def _controls(car: ShownCar) -> Card | None:
    """What the car can be told, with a finger."""
    cards = [
        *_features(car, _BUTTONS, "button"),
        *_features(car, _SWITCHES, "toggle"),
        *_features(car, [_TARGET], "numeric-input", style="slider"),
        *_features(car, _SELECTS, "select-options"),
    ]
    return section(heading("Controls", "mdi:gesture-tap"), *cards) if cards else None


def _features(car: ShownCar, keys: Iterable[str], feature: str, **options: Json) -> list[Card]:
    """Entities with something to press or to slide beside them."""
    return [
        {
            "type": "tile",
            **_row(car, key),
            "features": [{"type": feature, **options}],
            "features_position": "inline",
            "hide_state": key.startswith("button."),  # when it was pressed
            "grid_options": {"columns": "full"},
        }
        for key in keys
        if key in car.entities
    ]


def _activity(car: ShownCar) -> Card:
    """What became of the commands of the day."""
    return {
        "type": "logbook",
        "target": {"entity_id": [car.entities[_COMMAND]]},
        "hours_to_show": 24,
        "grid_options": {"columns": "full", "rows": 5},
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


def _curve(car: ShownCar, key: str) -> Card:
    """One of several cars."""
    return {"entity": car.entities[key], "name": car.name}


def _is_picture(key: str) -> bool:
    return key.startswith("image.")


def _pictures(car: ShownCar) -> list[Card]:
    """How the car looks; unknown before somebody does look."""
    return [
        {
            "type": "picture-entity",
            "entity": entity,
            "show_name": False,
            "show_state": False,
            "grid_options": {"columns": "full"},
        }
        for key, entity in car.entities.items()
        if _is_picture(key)
    ]


def _path(car: ShownCar) -> str:
    return f"car-{car.vin[-8:].lower()}"

"""What a car tells as yes or no."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import UnitOfLength
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util.unit_system import UnitSystem

from .coordinator import MyBMWConfigEntry
from .entity import (
    MyBMWEntity,
    MyBMWEntityDescription,
    async_add_car_entities,
    async_add_extra_entities,
    is_electric,
    reports_state,
)
from .extras import plain_name, translation_key
from .vehicle import Extra, Lid, OpeningState, Vehicle, Window

PARALLEL_UPDATES = 0

type Attributes = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class MyBMWBinarySensorDescription(MyBMWEntityDescription, BinarySensorEntityDescription):
    """A fact that is true or false, with its details in the owner's units."""

    value: Callable[[Vehicle], bool | None]
    attributes: Callable[[Vehicle, UnitSystem], Attributes] = lambda _vehicle, _units: {}


# The attributes below keep the names and the spelling they had in Home Assistant's own integration, for the templates
# and automations that outlive it.
_LID_ATTRIBUTES: Final[Mapping[Lid, str]] = {
    Lid.DOOR_FRONT_LEFT: "leftFront",
    Lid.DOOR_FRONT_RIGHT: "rightFront",
    Lid.DOOR_REAR_LEFT: "leftRear",
    Lid.DOOR_REAR_RIGHT: "rightRear",
    Lid.HOOD: "hood",
    Lid.TRUNK: "trunk",
    Lid.SUNROOF: "sunRoof",
}
_WINDOW_ATTRIBUTES: Final[Mapping[Window, str]] = {
    Window.FRONT_LEFT: "leftFront",
    Window.FRONT_RIGHT: "rightFront",
    Window.REAR_LEFT: "leftRear",
    Window.REAR_RIGHT: "rightRear",
    Window.REAR: "rear",
}


def _lids(vehicle: Vehicle, _units: UnitSystem) -> Attributes:
    return {_LID_ATTRIBUTES[lid]: state.name for lid, state in vehicle.body.lids.items()}


def _windows(vehicle: Vehicle, _units: UnitSystem) -> Attributes:
    return {_WINDOW_ATTRIBUTES[window]: state.name for window, state in vehicle.body.windows.items()}


def _lock(vehicle: Vehicle, _units: UnitSystem) -> Attributes:
    return {"door_lock_state": vehicle.body.lock.name}


def _services(vehicle: Vehicle, units: UnitSystem) -> Attributes:
    attributes: dict[str, str] = {}
    for service in vehicle.maintenance.services or ():
        attributes[service.name] = service.status.name
        if service.due_date:
            attributes[f"{service.name}_date"] = service.due_date.isoformat()
        if service.due_distance_km is not None:
            distance = round(units.length(service.due_distance_km, UnitOfLength.KILOMETERS))
            attributes[f"{service.name}_distance"] = f"{distance} {units.length_unit}"
    return attributes


def _messages(vehicle: Vehicle, _units: UnitSystem) -> Attributes:
    """The severity of every message and, what is new, BMW's advice on it."""
    attributes: dict[str, str] = {}
    for message in vehicle.maintenance.messages or ():
        attributes[message.name] = message.severity.name
        if message.description:
            attributes[f"{message.name}_description"] = message.description
    return attributes


_DOORS: Final = frozenset({Lid.DOOR_FRONT_LEFT, Lid.DOOR_FRONT_RIGHT, Lid.DOOR_REAR_LEFT, Lid.DOOR_REAR_RIGHT})


def _lid_sensor(lid: Lid) -> MyBMWBinarySensorDescription:
    def state(vehicle: Vehicle) -> OpeningState:
        return vehicle.body.lids.get(lid, OpeningState.UNKNOWN)

    return MyBMWBinarySensorDescription(
        key=lid.value,
        device_class=BinarySensorDeviceClass.DOOR if lid in _DOORS else BinarySensorDeviceClass.OPENING,
        exists=lambda v: lid in v.body.lids,
        value=lambda v: state(v).is_open,
        attributes=lambda v, _: {"state": state(v).value},
    )


def _window_sensor(window: Window) -> MyBMWBinarySensorDescription:
    def state(vehicle: Vehicle) -> OpeningState:
        return vehicle.body.windows.get(window, OpeningState.UNKNOWN)

    return MyBMWBinarySensorDescription(
        key=window.value,
        device_class=BinarySensorDeviceClass.WINDOW,
        exists=lambda v: window in v.body.windows,
        value=lambda v: state(v).is_open,
        attributes=lambda v, _: {"state": state(v).value},
    )


BINARY_SENSORS: Final = (
    MyBMWBinarySensorDescription(
        key="lids",
        device_class=BinarySensorDeviceClass.OPENING,
        exists=reports_state,
        value=lambda v: v.body.is_any_lid_open,
        attributes=_lids,
    ),
    MyBMWBinarySensorDescription(
        key="windows",
        device_class=BinarySensorDeviceClass.OPENING,
        exists=reports_state,
        value=lambda v: v.body.is_any_window_open,
        attributes=_windows,
    ),
    *(_lid_sensor(lid) for lid in Lid),
    *(_window_sensor(window) for window in Window),
    MyBMWBinarySensorDescription(
        key="door_lock",
        device_class=BinarySensorDeviceClass.LOCK,
        exists=reports_state,
        value=lambda v: None if v.body.lock.is_locked is None else not v.body.lock.is_locked,
        attributes=_lock,
    ),
    MyBMWBinarySensorDescription(
        key="alarm_armed",
        exists=lambda v: v.body.is_alarm_armed is not None,
        value=lambda v: v.body.is_alarm_armed,
    ),
    MyBMWBinarySensorDescription(
        key="moving",
        device_class=BinarySensorDeviceClass.MOVING,
        exists=lambda v: v.motion is not None and v.motion.is_moving is not None,
        value=lambda v: v.motion.is_moving if v.motion else None,
    ),
    MyBMWBinarySensorDescription(
        key="service_required",
        device_class=BinarySensorDeviceClass.PROBLEM,
        exists=reports_state,
        value=lambda v: v.maintenance.is_service_required,
        attributes=_services,
    ),
    MyBMWBinarySensorDescription(
        key="check_control",
        device_class=BinarySensorDeviceClass.PROBLEM,
        exists=reports_state,
        value=lambda v: v.maintenance.has_urgent_message,
        attributes=_messages,
    ),
    MyBMWBinarySensorDescription(
        key="tire_warning",
        device_class=BinarySensorDeviceClass.PROBLEM,
        exists=lambda v: v.tires is not None and v.tires.has_warning is not None,
        value=lambda v: v.tires.has_warning if v.tires else None,
    ),
    MyBMWBinarySensorDescription(
        key="charging",
        device_class=BinarySensorDeviceClass.BATTERY_CHARGING,
        exists=is_electric,
        value=lambda v: v.energy.charging.is_charging if v.energy.charging else None,
    ),
    MyBMWBinarySensorDescription(
        key="plugged_in",
        device_class=BinarySensorDeviceClass.PLUG,
        exists=is_electric,
        value=lambda v: v.energy.charging.is_plugged_in if v.energy.charging else None,
    ),
    MyBMWBinarySensorDescription(
        key="pre_entry_climatization",
        exists=lambda v: is_electric(v) and v.charging_plan is not None,
        value=lambda v: v.charging_plan.is_pre_entry_climatization_on if v.charging_plan else None,
    ),
)


def _extra(key: str, extra: Extra) -> MyBMWBinarySensorDescription | None:
    """A sensor for a value that the model has no place for, None if it is not about yes or no."""
    if not isinstance(extra.value, bool):
        return None
    return MyBMWBinarySensorDescription(
        key=key,
        name=plain_name(key),
        translation_key=translation_key(key),
        entity_registry_enabled_default=False,
        value=lambda v: value if (told := v.extras.get(key)) and isinstance(value := told.value, bool) else None,
    )


async def async_setup_entry(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of every car."""
    await async_add_car_entities(entry, async_add_entities, BINARY_SENSORS, MyBMWBinarySensor)
    await async_add_extra_entities(entry, async_add_entities, _extra, MyBMWBinarySensor)


class MyBMWBinarySensor(MyBMWEntity, BinarySensorEntity):
    """One fact about a car that is true or false."""

    entity_description: MyBMWBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        return self.entity_description.value(self.vehicle)

    @property
    @override
    def extra_state_attributes(self) -> Attributes:
        return self.entity_description.attributes(self.vehicle, self.hass.config.units)

    @override
    def shows(self) -> object:
        return self.is_on, self.extra_state_attributes

"""Who showed a car before us, and which of our entities continues which of theirs.

Facts: the inventory of Home Assistant's integration bmw_connected_drive as of 2026.2, the last release that had it; the
public sources of the community integrations cardata (kvanbiesen/bmw-cardata-ha 5.2) and bavariandata
(JustChr/BavarianData 0.9), which have one entity for each of BMW's descriptors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from homeassistant.const import Platform

from ..sources.cardata import Key

type Successors = Mapping[tuple[str, str], str]
"""The key of our entity, by the platform and the key of theirs; the platform is the same, as an entity's id demands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predecessor:
    """An integration that showed cars; its unique ids begin with the VIN, which a `separator` parts from a key.

    `is_gone` says that Home Assistant has nothing left of it but a message. Any other may still be at work, and is left
    alone unless its owner has disabled or removed it. Of two keys that lead to the same successor the first counts.
    """

    domain: str
    title: str
    separator: str
    successors: Successors
    is_gone: bool = False

    def key(self, unique_id: str, vin: str) -> str | None:
        """What an entity shows of a car: nothing but the VIN means the place; None, if it shows another car."""
        if unique_id == vin:
            return ""
        start = f"{vin}{self.separator}"
        return unique_id.removeprefix(start) if unique_id.startswith(start) else None


_ENERGY: Final = "fuel_and_battery"
_WHEELS: Final = ("front_left", "front_right", "rear_left", "rear_right")

_CORE: Final[Successors] = {
    (Platform.SENSOR, "charging_profile.ac_current_limit"): "ac_current_limit",
    (Platform.SENSOR, f"{_ENERGY}.charging_start_time"): "charging_start_time",
    (Platform.SENSOR, f"{_ENERGY}.charging_end_time"): "charging_end_time",
    (Platform.SENSOR, f"{_ENERGY}.charging_status"): "charging_status",
    (Platform.SENSOR, f"{_ENERGY}.charging_target"): "charging_target",
    (Platform.SENSOR, f"{_ENERGY}.remaining_battery_percent"): "battery_level",
    (Platform.SENSOR, "mileage"): "mileage",
    (Platform.SENSOR, f"{_ENERGY}.remaining_range_total"): "range_total",
    (Platform.SENSOR, f"{_ENERGY}.remaining_range_electric"): "range_electric",
    (Platform.SENSOR, f"{_ENERGY}.remaining_range_fuel"): "range_fuel",
    (Platform.SENSOR, f"{_ENERGY}.remaining_fuel"): "fuel_level",
    (Platform.SENSOR, f"{_ENERGY}.remaining_fuel_percent"): "fuel_percent",
    (Platform.SENSOR, "climate.activity"): "climate_status",
    **{(Platform.SENSOR, f"tires.{wheel}.current_pressure"): f"tire_pressure_{wheel}" for wheel in _WHEELS},
    **{(Platform.SENSOR, f"tires.{wheel}.target_pressure"): f"tire_target_pressure_{wheel}" for wheel in _WHEELS},
    (Platform.BINARY_SENSOR, "lids"): "lids",
    (Platform.BINARY_SENSOR, "windows"): "windows",
    (Platform.BINARY_SENSOR, "door_lock_state"): "door_lock",
    (Platform.BINARY_SENSOR, "condition_based_services"): "service_required",
    (Platform.BINARY_SENSOR, "check_control_messages"): "check_control",
    (Platform.BINARY_SENSOR, "charging_status"): "charging",
    (Platform.BINARY_SENSOR, "connection_status"): "plugged_in",
    (Platform.BINARY_SENSOR, "is_pre_entry_climatization_enabled"): "pre_entry_climatization",
    (Platform.DEVICE_TRACKER, ""): "location",
    (Platform.LOCK, "lock"): "lock",
    (Platform.BUTTON, "light_flash"): "flash_lights",
    (Platform.BUTTON, "sound_horn"): "sound_horn",
    (Platform.BUTTON, "activate_air_conditioning"): "start_climate",
    (Platform.BUTTON, "deactivate_air_conditioning"): "stop_climate",
    (Platform.BUTTON, "find_vehicle"): "find_vehicle",
    (Platform.SWITCH, "climate"): "climate",
    (Platform.SWITCH, "charging"): "charging",
    (Platform.NUMBER, "target_soc"): "target_soc",
    (Platform.SELECT, "ac_limit"): "ac_limit",
    (Platform.SELECT, "charging_mode"): "charging_mode",
}

_DESCRIPTORS: Final[Successors] = {
    (Platform.SENSOR, Key.MILEAGE): "mileage",
    (Platform.SENSOR, Key.SOC_HEADER): "battery_level",
    (Platform.SENSOR, Key.SOC_DISPLAYED): "battery_level",
    (Platform.SENSOR, Key.TARGET): "charging_target",
    (Platform.SENSOR, Key.AC_LIMIT): "ac_current_limit",
    (Platform.SENSOR, Key.ELECTRIC_RANGE): "range_electric",
    (Platform.SENSOR, Key.CHARGING_STATUS): "charging_status",
    (Platform.SENSOR, Key.LAST_RANGE): "range_total",
    (Platform.SENSOR, Key.FUEL_PERCENT): "fuel_percent",
    (Platform.SENSOR, Key.FUEL): "fuel_level",
    (Platform.SENSOR, Key.CLIMATE): "climate_status",
    (Platform.SENSOR, Key.HEADING): "heading",
    (Platform.SENSOR, Key.PRESSURE_FRONT_LEFT): "tire_pressure_front_left",
    (Platform.SENSOR, Key.PRESSURE_FRONT_RIGHT): "tire_pressure_front_right",
    (Platform.SENSOR, Key.PRESSURE_REAR_LEFT): "tire_pressure_rear_left",
    (Platform.SENSOR, Key.PRESSURE_REAR_RIGHT): "tire_pressure_rear_right",
    (Platform.SENSOR, Key.TARGET_PRESSURE_FRONT_LEFT): "tire_target_pressure_front_left",
    (Platform.SENSOR, Key.TARGET_PRESSURE_FRONT_RIGHT): "tire_target_pressure_front_right",
    (Platform.SENSOR, Key.TARGET_PRESSURE_REAR_LEFT): "tire_target_pressure_rear_left",
    (Platform.SENSOR, Key.TARGET_PRESSURE_REAR_RIGHT): "tire_target_pressure_rear_right",
    (Platform.BINARY_SENSOR, Key.HOOD): "hood",
    (Platform.BINARY_SENSOR, Key.TRUNK): "trunk",
    (Platform.BINARY_SENSOR, Key.IS_PLUGGED): "plugged_in",
}
"""Doors and windows are missing: BMW's descriptors tell the driver's from the passenger's, we tell left from right."""

PREDECESSORS: Final = (
    Predecessor(
        domain="bmw_connected_drive", title="BMW Connected Drive", separator="-", successors=_CORE, is_gone=True
    ),
    Predecessor(
        domain="cardata",
        title="BMW CarData",
        separator="_",
        successors={**_DESCRIPTORS, (Platform.DEVICE_TRACKER, "device_tracker"): "location"},
    ),
    Predecessor(
        domain="bavariandata",
        title="BavarianData",
        separator="_",
        successors={**_DESCRIPTORS, (Platform.DEVICE_TRACKER, "tracker"): "location"},
    ),
)

"""Everything that the integration in Home Assistant itself showed of a car, until it was removed, is still there.

The table is that integration's inventory (domain bmw_connected_drive, Home Assistant 2026.2); what it showed for a
recorded car is what the library it was built on makes of the recording.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from operator import attrgetter
from typing import Final

from bimmer_connected.models import ValueWithUnit
from bimmer_connected.vehicle import MyBMWVehicle
from bimmer_connected.vehicle.reports import ConditionBasedService
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest

from custom_components.mybmw.const import DOMAIN

from .account import FakeSource, account_entry, set_up, state_of
from .recorded import RECORDED_CARS
from .sources.mybmw.reference import Pair, pair_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreEntity:
    """An entity of the removed integration, and the key under which ours continues it."""

    platform: Platform
    core_key: str
    key: str
    exists: Callable[[MyBMWVehicle], bool]
    value: Callable[[MyBMWVehicle], object]
    device_class: str | None = None
    unit: str | None = None
    state_class: str | None = None
    attributes: Callable[[MyBMWVehicle], Mapping[str, object]] = lambda _: {}


def lsc(car: MyBMWVehicle) -> bool:
    return car.is_lsc_enabled


def electric(car: MyBMWVehicle) -> bool:
    return car.has_electric_drivetrain


def lsc_electric(car: MyBMWVehicle) -> bool:
    return lsc(car) and electric(car)


def lsc_combustion(car: MyBMWVehicle) -> bool:
    return lsc(car) and car.has_combustion_drivetrain


def sensor(  # noqa: PLR0913, PLR0917 (the columns of the table)
    core_key: str,
    key: str,
    exists: Callable[[MyBMWVehicle], bool],
    device_class: str | None,
    unit: str | None = None,
    state_class: str | None = None,
) -> CoreEntity:
    """A sensor: its key was the path to the value in the library."""
    return CoreEntity(
        platform=Platform.SENSOR,
        core_key=core_key,
        key=key,
        exists=exists,
        value=attrgetter(core_key),
        device_class=device_class,
        unit=unit,
        state_class=state_class,
    )


def pressure(wheel: str, kind: str) -> CoreEntity:
    """A pressure, kept in kilopascal and shown in bar."""
    kilopascal = attrgetter(f"tires.{wheel}.{kind}_pressure")
    return CoreEntity(
        platform=Platform.SENSOR,
        core_key=f"tires.{wheel}.{kind}_pressure",
        key=f"tire_pressure_{wheel}" if kind == "current" else f"tire_target_pressure_{wheel}",
        exists=lambda car: lsc(car) and car.tires is not None,
        value=lambda car: None if kilopascal(car) is None else f"{kilopascal(car) / 100:g}",
        device_class="pressure",
        unit="bar",
        state_class="measurement",
    )


def binary(  # noqa: PLR0913, PLR0917 (the columns of the table)
    core_key: str,
    key: str,
    exists: Callable[[MyBMWVehicle], bool],
    device_class: str | None,
    value: Callable[[MyBMWVehicle], bool],
    attributes: Callable[[MyBMWVehicle], Mapping[str, object]] = lambda _: {},
) -> CoreEntity:
    """A binary sensor."""
    return CoreEntity(
        platform=Platform.BINARY_SENSOR,
        core_key=core_key,
        key=key,
        exists=exists,
        value=value,
        device_class=device_class,
        attributes=attributes,
    )


def service(report: ConditionBasedService) -> Mapping[str, object]:
    """The attributes of a service."""
    name = report.service_type.lower()
    attributes = {name: report.state.value}
    if report.due_date is not None:
        attributes[f"{name}_date"] = f"{report.due_date:%Y-%m-%d}"
    if report.due_distance.value:
        attributes[f"{name}_distance"] = f"{report.due_distance.value} km"
    return attributes


ENERGY: Final = "fuel_and_battery"
WHEELS: Final = ("front_left", "front_right", "rear_left", "rear_right")
CORE_ENTITIES: Final = (
    sensor("charging_profile.ac_current_limit", "ac_current_limit", lsc_electric, "current", "A"),
    sensor(f"{ENERGY}.charging_start_time", "charging_start_time", lsc_electric, "timestamp"),
    sensor(f"{ENERGY}.charging_end_time", "charging_end_time", lsc_electric, "timestamp"),
    sensor(f"{ENERGY}.charging_status", "charging_status", lsc_electric, "enum"),
    sensor(f"{ENERGY}.charging_target", "charging_target", lsc_electric, None, "%"),
    sensor(f"{ENERGY}.remaining_battery_percent", "battery_level", lsc_electric, "battery", "%", "measurement"),
    sensor("mileage", "mileage", lsc, "distance", "km", "total_increasing"),
    sensor(f"{ENERGY}.remaining_range_total", "range_total", lsc, "distance", "km", "measurement"),
    sensor(f"{ENERGY}.remaining_range_electric", "range_electric", lsc_electric, "distance", "km", "measurement"),
    sensor(f"{ENERGY}.remaining_range_fuel", "range_fuel", lsc_combustion, "distance", "km", "measurement"),
    sensor(f"{ENERGY}.remaining_fuel", "fuel_level", lsc_combustion, "volume_storage", "L", "measurement"),
    sensor(f"{ENERGY}.remaining_fuel_percent", "fuel_percent", lsc_combustion, None, "%", "measurement"),
    sensor("climate.activity", "climate_status", lambda car: car.is_remote_climate_stop_enabled, "enum"),
    *(pressure(wheel, kind) for kind in ("current", "target") for wheel in WHEELS),
    binary(
        "lids",
        "lids",
        lsc,
        "opening",
        lambda car: not car.doors_and_windows.all_lids_closed,
        lambda car: {lid.name: lid.state.value for lid in car.doors_and_windows.lids},
    ),
    binary(
        "windows",
        "windows",
        lsc,
        "opening",
        lambda car: not car.doors_and_windows.all_windows_closed,
        lambda car: {window.name: window.state.value for window in car.doors_and_windows.windows},
    ),
    binary(
        "door_lock_state",
        "door_lock",
        lsc,
        "lock",
        lambda car: car.doors_and_windows.door_lock_state not in {"LOCKED", "SECURED"},
        lambda car: {"door_lock_state": car.doors_and_windows.door_lock_state.value},
    ),
    binary(
        "condition_based_services",
        "service_required",
        lsc,
        "problem",
        lambda car: car.condition_based_services.is_service_required,
        lambda car: {
            name: value for report in car.condition_based_services.messages for name, value in service(report).items()
        },
    ),
    binary(
        "check_control_messages",
        "check_control",
        lsc,
        "problem",
        lambda car: car.check_control_messages.has_check_control_messages,
        lambda car: {
            message.description_short.lower(): message.state.value for message in car.check_control_messages.messages
        },
    ),
    binary(
        "charging_status",
        "charging",
        electric,
        "battery_charging",
        lambda car: car.fuel_and_battery.charging_status == "CHARGING",
    ),
    binary("connection_status", "plugged_in", electric, "plug", attrgetter(f"{ENERGY}.is_charger_connected")),
    binary(
        "is_pre_entry_climatization_enabled",
        "pre_entry_climatization",
        electric,
        None,
        attrgetter("charging_profile.is_pre_entry_climatization_enabled"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where we show something else on purpose."""

    core_key: str
    folders: tuple[str, ...]
    ours: Callable[[Pair], object]
    reason: str


DIFFERENCES: Final = (
    Difference(
        core_key=f"{ENERGY}.charging_end_time",
        folders=("G01", "G26"),
        ours=lambda _: None,
        reason="These cars do not charge; the minutes they send are left over.",
    ),
    Difference(
        core_key=f"{ENERGY}.charging_end_time",
        folders=("G70", "I01_NOREX", "I20"),
        ours=lambda pair: (
            (ends_at := pair.theirs.fuel_and_battery.charging_end_time)
            and pair.ours.last_reported
            and ends_at - pair.asked_at + pair.ours.last_reported
        ),
        reason="The minutes are counted from when the car last reported, not from when we asked.",
    ),
)


def as_state(value: object) -> str:
    """A value the way Home Assistant shows it; a time without a zone was taken to be Home Assistant's."""
    match value:
        case None:
            return STATE_UNKNOWN
        case ValueWithUnit():
            return as_state(value.value)
        case bool():
            return STATE_ON if value else STATE_OFF
        case datetime():
            return dt_util.as_utc(value).isoformat()
        case Enum():
            return STATE_UNKNOWN if value.name == "UNKNOWN" else value.name.lower()
        case _:
            return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreControl:
    """What could be commanded in the removed integration, and the key under which ours continues it.

    Its unique id was made of the VIN and `core_key`.
    """

    platform: Platform
    core_key: str
    key: str
    exists: Callable[[MyBMWVehicle], bool]


CORE_CONTROLS: Final = (
    CoreControl(platform=Platform.LOCK, core_key="lock", key="lock", exists=attrgetter("is_remote_lock_enabled")),
    *(
        CoreControl(platform=Platform.BUTTON, core_key=core_key, key=key, exists=exists)
        for core_key, key, exists in (
            ("light_flash", "flash_lights", attrgetter("is_remote_lights_enabled")),
            ("sound_horn", "sound_horn", attrgetter("is_remote_horn_enabled")),
            ("activate_air_conditioning", "start_climate", attrgetter("is_remote_climate_start_enabled")),
            ("deactivate_air_conditioning", "stop_climate", attrgetter("is_remote_climate_stop_enabled")),
            ("find_vehicle", "find_vehicle", lambda _: True),
        )
    ),
    CoreControl(
        platform=Platform.SWITCH,
        core_key="climate",
        key="climate",
        exists=attrgetter("is_remote_climate_stop_enabled"),
    ),
    CoreControl(
        platform=Platform.SWITCH,
        core_key="charging",
        key="charging",
        exists=attrgetter("is_remote_charge_stop_enabled"),
    ),
    CoreControl(
        platform=Platform.NUMBER,
        core_key="target_soc",
        key="target_soc",
        exists=attrgetter("is_remote_set_target_soc_enabled"),
    ),
    CoreControl(
        platform=Platform.SELECT,
        core_key="ac_limit",
        key="ac_limit",
        exists=attrgetter("is_remote_set_ac_limit_enabled"),
    ),
    CoreControl(
        platform=Platform.SELECT,
        core_key="charging_mode",
        key="charging_mode",
        exists=attrgetter("is_charging_plan_supported"),
    ),
)


@pytest.mark.parametrize("folder", RECORDED_CARS)
async def test_controls(hass: HomeAssistant, source: FakeSource, folder: str) -> None:
    """Each car takes the commands that it took then, neither more nor fewer."""
    pair = pair_of(RECORDED_CARS[folder])
    source.show(pair.ours)
    await set_up(hass, account_entry())
    registry = er.async_get(hass)
    ours = {
        control.core_key
        for control in CORE_CONTROLS
        if registry.async_get_entity_id(control.platform, DOMAIN, f"{pair.ours.vin}-{control.key}")
    }
    assert ours == {control.core_key for control in CORE_CONTROLS if control.exists(pair.theirs)}


def test_the_inventory_is_complete() -> None:
    keys = [(entity.platform, entity.core_key) for entity in CORE_ENTITIES]
    assert len(set(keys)) == len(keys)
    assert [platform for platform, _ in keys].count(Platform.SENSOR) == 21
    assert [platform for platform, _ in keys].count(Platform.BINARY_SENSOR) == 8


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("folder", RECORDED_CARS)
async def test_entities(hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, folder: str) -> None:
    await hass.config.async_set_time_zone("UTC")  # as on the machine the library ran on
    pair = pair_of(RECORDED_CARS[folder])
    freezer.move_to(pair.asked_at)
    source.show(pair.ours)
    await set_up(hass, account_entry())

    differences = {difference.core_key: difference.ours for difference in DIFFERENCES if folder in difference.folders}
    core_entities = [entity for entity in CORE_ENTITIES if entity.exists(pair.theirs)]
    for entity in core_entities:
        state = state_of(hass, entity.platform, pair.ours, entity.key)
        theirs = as_state(entity.value(pair.theirs))
        if differs := differences.pop(entity.core_key, None):
            assert state.state == as_state(differs(pair)) != theirs, entity.core_key
        else:
            assert state.state == theirs, entity.core_key
        assert state.attributes.get("device_class") == entity.device_class, entity.core_key
        assert state.attributes.get("unit_of_measurement") == entity.unit, entity.core_key
        assert state.attributes.get("state_class") == entity.state_class, entity.core_key
        assert state.attributes.items() >= entity.attributes(pair.theirs).items(), entity.core_key
    assert not differences
    assert bool(core_entities) == (folder not in {"F31", "J29"})


@pytest.mark.parametrize("folder", RECORDED_CARS)
async def test_tracker(hass: HomeAssistant, source: FakeSource, folder: str) -> None:
    pair = pair_of(RECORDED_CARS[folder])
    source.show(pair.ours)
    await set_up(hass, account_entry())
    attributes = state_of(hass, Platform.DEVICE_TRACKER, pair.ours, "location").attributes
    theirs = pair.theirs.vehicle_location
    if pair.theirs.is_vehicle_tracking_enabled and theirs.location:
        assert (attributes["latitude"], attributes["longitude"]) == tuple(theirs.location)
    else:
        assert not attributes.keys() & {"latitude", "longitude"}
    assert attributes["direction"] == theirs.heading

"""What Home Assistant's removed integration leaves behind of a car: entry, device, entities, a year in the recorder."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.migration.successors import PREDECESSORS, Predecessor
from custom_components.mybmw.vehicle import Vehicle
from tests.test_core_entities import CORE_ENTITIES

CORE: Final = "bmw_connected_drive"
COMMUNITY: Final = PREDECESSORS[1]

_COMMANDS: Final = {
    Platform.LOCK: ("lock",),
    Platform.BUTTON: (
        "light_flash",
        "sound_horn",
        "activate_air_conditioning",
        "deactivate_air_conditioning",
        "find_vehicle",
    ),
    Platform.SWITCH: ("climate", "charging"),
    Platform.NUMBER: ("target_soc",),
    Platform.SELECT: ("ac_limit", "charging_mode"),
}

CORE_INVENTORY: Final = (
    *((entity.platform, entity.core_key) for entity in CORE_ENTITIES),
    *((platform, key) for platform, keys in _COMMANDS.items() for key in keys),
    (Platform.DEVICE_TRACKER, ""),
)
"""Platform and key of every entity it had; the tracker's unique id was the VIN alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """What is left of one car, with the entity ids by the old keys."""

    entry: MockConfigEntry
    device: dr.DeviceEntry
    entity_ids: Mapping[tuple[Platform, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Somebody who had the removed integration, and adds an account with the same car."""

    entry: MockConfigEntry
    left: Leftovers
    vin: str


def leave_behind(
    hass: HomeAssistant, *cars: Vehicle, inventory: Collection[tuple[Platform, str]] = CORE_INVENTORY
) -> Leftovers:
    """Fill the registries as the removed integration did, and as its owner then arranged it; tells of the last car."""
    entry = MockConfigEntry(
        domain=CORE,
        title="driver@example.com",
        unique_id="rest_of_world-driver@example.com",
        data={"username": "driver@example.com", "password": "old", "region": "rest_of_world"},
    )
    entry.add_to_hass(hass)
    garage = ar.async_get(hass).async_get_or_create("Garage")
    registry, devices = er.async_get(hass), dr.async_get(hass)
    for car in cars:
        device = devices.async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={(CORE, car.vin)},
            manufacturer="BMW",
            model="i4 eDrive40",
            name="i4 eDrive40",
            serial_number=car.vin,
        )
        device = devices.async_update_device(device.id, area_id=garage.id, name_by_user="Bluebird") or device
        entity_ids = {
            (platform, key): registry.async_get_or_create(
                platform,
                CORE,
                f"{car.vin}-{key}" if key else car.vin,
                config_entry=entry,
                device_id=device.id,
                has_entity_name=True,
                original_name=key or None,
                suggested_object_id=f"old_{key.rpartition('.')[2] or 'car'}" if "tires" not in key else f"old_{key}",
            ).entity_id
            for platform, key in inventory
        }
    registry.async_update_entity(
        entity_ids[Platform.SENSOR, "mileage"],
        name="Odometer",
        icon="mdi:counter",
        area_id=garage.id,
        labels={"family"},
        aliases=["how far"],
        categories={"helpers": "cars"},
    )
    if target := entity_ids.get((Platform.SENSOR, "fuel_and_battery.charging_target")):
        registry.async_update_entity(target, hidden_by=er.RegistryEntryHider.USER)
    registry.async_update_entity(
        entity_ids[Platform.BINARY_SENSOR, "windows"], disabled_by=er.RegistryEntryDisabler.USER
    )
    if tire := entity_ids.get((Platform.SENSOR, "tires.front_left.current_pressure")):
        registry.async_update_entity_options(tire, "sensor", {"unit_of_measurement": "psi"})
    return Leftovers(entry=entry, device=device, entity_ids=entity_ids)


def give_up(
    hass: HomeAssistant, car: Vehicle, keys: Collection[tuple[Platform, str]], predecessor: Predecessor = COMMUNITY
) -> Leftovers:
    """Fill the registries as a community integration did that is disabled now."""
    entry = MockConfigEntry(domain=predecessor.domain, disabled_by=ConfigEntryDisabler.USER)
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(predecessor.domain, car.vin)},
        name="Community's",
        disabled_by=dr.DeviceEntryDisabler.CONFIG_ENTRY,
    )
    entity_ids = {
        (platform, key): er.async_get(hass)
        .async_get_or_create(
            platform,
            predecessor.domain,
            f"{car.vin}{predecessor.separator}{key}",
            config_entry=entry,
            device_id=device.id,
            suggested_object_id=f"community_{key.rpartition('.')[2]}",
            disabled_by=er.RegistryEntryDisabler.CONFIG_ENTRY,
        )
        .entity_id
        for platform, key in keys
    }
    return Leftovers(entry=entry, device=device, entity_ids=entity_ids)


def keep_statistics(
    hass: HomeAssistant, entity_id: str, values: Iterable[tuple[datetime, float]], unit: str, unit_class: str | None
) -> None:
    """Fill the recorder's statistics of an entity that measures."""
    async_import_statistics(
        hass,
        StatisticMetaData(
            source="recorder",
            statistic_id=entity_id,
            name=None,
            has_mean=True,
            mean_type=StatisticMeanType.ARITHMETIC,
            has_sum=False,
            unit_of_measurement=unit,
            unit_class=unit_class,
        ),
        [StatisticData(start=start, mean=value, min=value, max=value) for start, value in values],
    )


def keep_sums(hass: HomeAssistant, entity_id: str, values: Iterable[tuple[datetime, float]], unit: str) -> None:
    """Fill the recorder's statistics of an entity that counts up."""
    rows = list(values)
    async_import_statistics(
        hass,
        StatisticMetaData(
            source="recorder",
            statistic_id=entity_id,
            name=None,
            has_mean=False,
            mean_type=StatisticMeanType.NONE,
            has_sum=True,
            unit_of_measurement=unit,
            unit_class="distance",
        ),
        [StatisticData(start=start, state=value, sum=value - rows[0][1]) for start, value in rows],
    )


def a_year(until: datetime, first: float, step: float) -> list[tuple[datetime, float]]:
    """One value a day for a year."""
    begin = until.replace(minute=0, second=0, microsecond=0) - timedelta(days=366)
    return [(begin + timedelta(days=day), first + day * step) for day in range(365)]

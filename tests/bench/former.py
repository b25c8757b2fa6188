"""The integration that was in Home Assistant until it was removed, as far as it read and showed cars.

It had one coordinator, which asked `bimmer_connected` for everything, and entities that each wrote their state at every
update. The sensors, binary sensors and trackers are its; its controls, which also wrote, are left out.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
import logging
from typing import Final, override

from bimmer_connected.account import MyBMWAccount
from bimmer_connected.api import client
from bimmer_connected.api.authentication import MyBMWAuthentication
from bimmer_connected.api.client import MyBMWClientConfiguration
from bimmer_connected.api.regions import Regions
from bimmer_connected.models import ValueWithUnit
from bimmer_connected.vehicle import MyBMWVehicle
from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.components.device_tracker import TrackerEntity
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator
from homeassistant.util import dt as dt_util
from homeassistant.util.ssl import get_default_context
from pytest_homeassistant_custom_component.common import MockEntityPlatform

from tests.simulator import DEMO_PASSWORD, DEMO_USERNAMES
from tests.test_core_entities import CORE_ENTITIES, CoreEntity

from .cloud import FarCloud

_LOGGER = logging.getLogger(__name__)
_DOMAIN: Final = "bmw_connected_drive"
_LASTS: Final = timedelta(hours=12)


def former_account(cloud: FarCloud) -> MyBMWAccount:
    """An account of `bimmer_connected` that has signed in at a cloud."""

    def server_url(region: Regions) -> str:  # noqa: ARG001 (its name is theirs)
        return cloud.url

    client.get_server_url = server_url
    signed_in = MyBMWAuthentication(
        DEMO_USERNAMES["row"],
        DEMO_PASSWORD,
        Regions.REST_OF_WORLD,
        access_token=cloud.access_token,
        expires_at=datetime.now(UTC) + _LASTS,
        refresh_token=cloud.refresh_token,
        gcid=cloud.gcid,
        verify=get_default_context(),
    )
    config = MyBMWClientConfiguration(signed_in, verify=get_default_context())
    return MyBMWAccount(DEMO_USERNAMES["row"], DEMO_PASSWORD, Regions.REST_OF_WORLD, config=config)


class FormerCoordinator(DataUpdateCoordinator[None]):
    """Asks for everything."""

    def __init__(self, hass: HomeAssistant, account: MyBMWAccount) -> None:
        super().__init__(hass, _LOGGER, config_entry=None, name=_DOMAIN, update_interval=timedelta(minutes=5))
        self.account = account

    @override
    async def _async_update_data(self) -> None:
        await self.account.get_vehicles()


class _FormerEntity(CoordinatorEntity[FormerCoordinator]):
    def __init__(self, coordinator: FormerCoordinator, car: MyBMWVehicle, key: str) -> None:
        super().__init__(coordinator)
        self.car = car
        self._attr_name = f"{car.name} {key}"
        self._attr_unique_id = f"{car.vin}-{key}"

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self._handle_coordinator_update()


class _FormerSensor(_FormerEntity, SensorEntity):
    def __init__(self, coordinator: FormerCoordinator, car: MyBMWVehicle, entity: CoreEntity) -> None:
        super().__init__(coordinator, car, entity.core_key)
        self._value = entity.value
        self._attr_device_class = SensorDeviceClass(entity.device_class) if entity.device_class else None
        self._attr_native_unit_of_measurement = entity.unit
        if self.device_class is SensorDeviceClass.ENUM:
            self._attr_options = [str(_plain(self._value(car)))]

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._attr_native_value = _plain(self._value(self.car))
        super()._handle_coordinator_update()


class _FormerBinarySensor(_FormerEntity, BinarySensorEntity):
    def __init__(self, coordinator: FormerCoordinator, car: MyBMWVehicle, entity: CoreEntity) -> None:
        super().__init__(coordinator, car, entity.core_key)
        self._entity = entity
        self._attr_device_class = BinarySensorDeviceClass(entity.device_class) if entity.device_class else None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._attr_is_on = bool(self._entity.value(self.car))
        self._attr_extra_state_attributes = dict(self._entity.attributes(self.car))
        super()._handle_coordinator_update()


class _FormerTracker(_FormerEntity, TrackerEntity):
    @property
    @override
    def latitude(self) -> float | None:
        place = self.car.vehicle_location.location
        return place[0] if self.car.is_vehicle_tracking_enabled and place else None

    @property
    @override
    def longitude(self) -> float | None:
        place = self.car.vehicle_location.location
        return place[1] if self.car.is_vehicle_tracking_enabled and place else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, object]:
        return {"direction": self.car.vehicle_location.heading}


async def async_set_up_former(hass: HomeAssistant, cloud: FarCloud) -> FormerCoordinator:
    """Read the account for the first time and show its cars."""
    coordinator = FormerCoordinator(hass, former_account(cloud))
    await coordinator.async_refresh()
    assert coordinator.last_update_success, coordinator.last_exception
    cars = coordinator.account.vehicles
    made: Mapping[Platform, Callable[[FormerCoordinator, MyBMWVehicle, CoreEntity], _FormerEntity]] = {
        Platform.SENSOR: _FormerSensor,
        Platform.BINARY_SENSOR: _FormerBinarySensor,
    }
    entities: dict[Platform, list[_FormerEntity]] = {
        platform: [make(coordinator, car, entity) for car, entity in _pairs(cars) if entity.platform is platform]
        for platform, make in made.items()
    }
    entities[Platform.DEVICE_TRACKER] = [_FormerTracker(coordinator, car, "location") for car in cars]
    for platform, theirs in entities.items():
        await MockEntityPlatform(hass, domain=platform, platform_name=_DOMAIN).async_add_entities(theirs)
    return coordinator


def _pairs(cars: list[MyBMWVehicle]) -> Iterator[tuple[MyBMWVehicle, CoreEntity]]:
    return ((car, entity) for car in cars for entity in CORE_ENTITIES if entity.exists(car))


def _plain(value: object) -> str | int | float | datetime | None:
    """A value as its sensors showed it."""
    match value:
        case ValueWithUnit():
            return _plain(value.value)
        case Enum():
            return None if value.name == "UNKNOWN" else value.name.lower()
        case datetime():
            return value if value.tzinfo else value.replace(tzinfo=dt_util.get_default_time_zone())
        case str() | int() | float():
            return value
        case _:
            return None

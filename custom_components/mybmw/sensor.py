"""What a car tells as a number, a time or a word."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    MAX_LENGTH_STATE_STATE,
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfLength,
    UnitOfPower,
    UnitOfPressure,
    UnitOfSpeed,
    UnitOfTemperature,
    UnitOfTime,
    UnitOfVolume,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .car_sensors import FRESHNESS_SENSORS, SENSORS, MyBMWSensorDescription
from .commanding import Stage
from .coordinator import MyBMWConfigEntry, MyBMWCoordinator
from .entity import (
    MyBMWAccountEntity,
    MyBMWEntity,
    MyBMWEntityDescription,
    async_add_car_entities,
    async_add_command_entities,
    async_add_extra_entities,
)
from .extras import plain_name, translation_key
from .vehicle import Extra, Vehicle

PARALLEL_UPDATES = 0

_CLASSES: Final[Mapping[str | None, SensorDeviceClass]] = {
    UnitOfElectricCurrent.AMPERE: SensorDeviceClass.CURRENT,
    UnitOfElectricPotential.VOLT: SensorDeviceClass.VOLTAGE,
    UnitOfEnergy.KILO_WATT_HOUR: SensorDeviceClass.ENERGY_STORAGE,
    UnitOfLength.KILOMETERS: SensorDeviceClass.DISTANCE,
    UnitOfLength.METERS: SensorDeviceClass.DISTANCE,
    UnitOfPower.KILO_WATT: SensorDeviceClass.POWER,
    UnitOfPower.WATT: SensorDeviceClass.POWER,
    UnitOfPressure.KPA: SensorDeviceClass.PRESSURE,
    UnitOfSpeed.KILOMETERS_PER_HOUR: SensorDeviceClass.SPEED,
    UnitOfTemperature.CELSIUS: SensorDeviceClass.TEMPERATURE,
    UnitOfTime.HOURS: SensorDeviceClass.DURATION,
    UnitOfTime.MINUTES: SensorDeviceClass.DURATION,
    UnitOfTime.SECONDS: SensorDeviceClass.DURATION,
    UnitOfVolume.LITERS: SensorDeviceClass.VOLUME_STORAGE,
}
"""What is measured in a unit, as far as that is certain."""


def _extra(key: str, extra: Extra) -> MyBMWSensorDescription | None:
    """A sensor for a value that the model has no place for, None if it is no sensor's."""
    is_number = isinstance(extra.value, int | float)
    if isinstance(extra.value, bool):
        return None
    is_moment = isinstance(extra.value, datetime)
    return MyBMWSensorDescription(
        key=key,
        name=plain_name(key),
        translation_key=translation_key(key),
        device_class=SensorDeviceClass.TIMESTAMP if is_moment else _CLASSES.get(extra.unit) if is_number else None,
        native_unit_of_measurement=extra.unit if is_number else None,
        state_class=SensorStateClass.MEASUREMENT if is_number else None,
        entity_registry_enabled_default=False,
        value=lambda v: _told(v, key, extra),
    )


def _told(vehicle: Vehicle, key: str, first: Extra) -> str | float | datetime | None:
    """What a car tells under a name; nothing, if it has become another kind of thing or is too long to be shown."""
    value = told.value if (told := vehicle.extras.get(key)) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return value if isinstance(first.value, str) and len(value) <= MAX_LENGTH_STATE_STATE else None
    if isinstance(value, datetime):
        return value if isinstance(first.value, datetime) else None
    return value if isinstance(first.value, int | float) and told and told.unit == first.unit else None


API_CALLS: Final = SensorEntityDescription(
    key="api_calls_remaining",
    entity_category=EntityCategory.DIAGNOSTIC,
    state_class=SensorStateClass.MEASUREMENT,
)


@dataclass(frozen=True, kw_only=True)
class MyBMWStandingDescription(MyBMWEntityDescription, SensorEntityDescription):
    """What a car is busy with."""


STANDINGS: Final = (
    MyBMWStandingDescription(
        key="command_status",
        device_class=SensorDeviceClass.ENUM,
        options=[stage.value for stage in Stage],
        exists=lambda v: v.capabilities.takes_commands,
    ),
)


async def async_setup_entry(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of every car, and of the account."""
    if entry.runtime_data.source.budget is not None:
        async_add_entities([MyBMWBudgetSensor(entry.runtime_data, API_CALLS)])
    await async_add_car_entities(entry, async_add_entities, SENSORS, MyBMWSensor)
    await async_add_car_entities(entry, async_add_entities, FRESHNESS_SENSORS, MyBMWFreshnessSensor)
    await async_add_command_entities(entry, async_add_entities, STANDINGS, MyBMWStandingSensor)
    await async_add_extra_entities(entry, async_add_entities, _extra, MyBMWSensor)


class MyBMWSensor(MyBMWEntity, SensorEntity):
    """One fact about a car as a number, a time or a word."""

    entity_description: MyBMWSensorDescription

    @property
    @override
    def native_value(self) -> str | float | date | datetime | None:
        return self.entity_description.value(self.vehicle)

    @override
    def shows(self) -> object:
        return self.native_value, self.extra_state_attributes


class MyBMWFreshnessSensor(MyBMWSensor):
    """When a car was last heard or asked, and what is in the way.

    It stays when the car's other facts have become too old to be believed, for that is when it is needed.
    """

    @property
    @override
    def available(self) -> bool:
        return self.vin in self.coordinator.data

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, str | None]:
        trouble = self.coordinator.troubles.get(self.vin)
        return {"trouble": trouble.cause.value if trouble else None}


class MyBMWStandingSensor(MyBMWEntity, SensorEntity):
    """How far a car is with what it was asked to do; the event tells how it ended."""

    entity_description: MyBMWStandingDescription

    @property
    @override
    def native_value(self) -> str:
        return self.coordinator.commands.standing(self.vin).stage

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, str | list[str] | None]:
        standing = self.coordinator.commands.standing(self.vin)
        return {"command": standing.key, "waiting": [*standing.waiting]}

    @override
    def shows(self) -> object:
        return self.coordinator.commands.standing(self.vin)


class MyBMWBudgetSensor(MyBMWAccountEntity, SensorEntity):
    """How many questions the cloud still answers, and what the last one was for."""

    def __init__(self, coordinator: MyBMWCoordinator, description: SensorEntityDescription) -> None:
        """Show what is left now."""
        super().__init__(coordinator, description)
        self._take_stock()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write a state only if another question was asked, or may be asked again."""
        before = self._attr_native_value, self._attr_extra_state_attributes
        self._take_stock()
        if (self._attr_native_value, self._attr_extra_state_attributes) != before:
            self.async_write_ha_state()

    def _take_stock(self) -> None:
        budget = self.coordinator.source.budget
        self._attr_native_value = budget.calls_left if budget else None
        self._attr_extra_state_attributes = {
            "last_reason": budget.last_reason if budget else None,
            "next_frees_at": budget.next_frees_at if budget else None,
        }

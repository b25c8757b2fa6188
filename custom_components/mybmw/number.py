"""What can be set to a number."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import UnitOfRatio
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import MyBMWConfigEntry
from .entity import MyBMWEntityDescription, MyBMWSettingEntity, async_add_command_entities
from .vehicle import TARGETS_PERCENT, Command, SetChargingSettings, Vehicle

PARALLEL_UPDATES = 0  # the coordinator has each car do one thing at a time, and cars do not wait for one another


@dataclass(frozen=True, kw_only=True)
class MyBMWNumberDescription(MyBMWEntityDescription, NumberEntityDescription):
    """A whole number the car can be told."""

    value: Callable[[Vehicle], int | None]
    command: Callable[[int], Command]


def _target_percent(vehicle: Vehicle) -> int | None:
    """The target that the charging goes by; the settings tell it, too, should that be silent."""
    charging, plan = vehicle.energy.charging, vehicle.charging_plan
    if charging and charging.target_percent is not None:
        return charging.target_percent
    return plan.target_percent if plan else None


NUMBERS: Final = (
    MyBMWNumberDescription(
        key="target_soc",
        device_class=NumberDeviceClass.BATTERY,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        native_min_value=TARGETS_PERCENT[0],
        native_max_value=TARGETS_PERCENT[-1],
        native_step=TARGETS_PERCENT.step,
        mode=NumberMode.SLIDER,
        exists=lambda v: v.capabilities.target_soc,
        value=_target_percent,
        command=lambda value: SetChargingSettings(target_percent=value),
    ),
)


async def async_setup_entry(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the numbers of every car."""
    await async_add_command_entities(entry, async_add_entities, NUMBERS, MyBMWNumber)


class MyBMWNumber(MyBMWSettingEntity[int], NumberEntity):
    """A number the car can be told."""

    entity_description: MyBMWNumberDescription

    @property
    @override
    def native_value(self) -> int | None:
        return self.believed(self.entity_description.value(self.vehicle))

    @override
    async def async_set_native_value(self, value: float) -> None:
        await self.async_set(self.entity_description.command, round(value))

    @override
    def shows(self) -> object:
        return (self.native_value,)

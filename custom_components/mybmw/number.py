"""What can be set to a number."""

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import UnitOfRatio
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import MyBMWConfigEntry
from .entity import MyBMWSettingDescription, MyBMWSettingEntity, async_add_command_entities
from .vehicle import TARGETS_PERCENT, SetChargingSettings, Vehicle

PARALLEL_UPDATES = 0  # the coordinator has each car do one thing at a time, and cars do not wait for one another


@dataclass(frozen=True, kw_only=True)
class MyBMWNumberDescription(MyBMWSettingDescription[int], NumberEntityDescription):
    """A whole number the car can be told."""


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
        set_by=lambda command: command.target_percent if isinstance(command, SetChargingSettings) else None,
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
        return self.setting

    @override
    async def async_set_native_value(self, value: float) -> None:
        await self.async_set(round(value))

    @override
    def shows(self) -> object:
        return (self.native_value,)

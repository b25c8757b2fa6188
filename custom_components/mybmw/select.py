"""What can be chosen among a few."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import UnitOfElectricCurrent
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import MyBMWConfigEntry
from .entity import MyBMWSettingDescription, MyBMWSettingEntity, async_add_command_entities, has_charging_plan
from .vehicle import (
    SETTABLE_MODES,
    ChargingMode,
    ChargingPlan,
    SetChargingPlan,
    SetChargingSettings,
    Vehicle,
)

PARALLEL_UPDATES = 0  # the coordinator has each car do one thing at a time, and cars do not wait for one another


@dataclass(frozen=True, kw_only=True)
class MyBMWSelectDescription(MyBMWSettingDescription[str], SelectEntityDescription):
    """A choice the car offers; `value` may be none of the `choices`, for cars do what nobody can choose."""

    choices: Callable[[Vehicle], list[str]]


def _plan(vehicle: Vehicle) -> ChargingPlan:
    return vehicle.charging_plan or ChargingPlan()


def _option(limit_a: int | None) -> str | None:
    return None if limit_a is None else str(limit_a)


SELECTS: Final = (
    MyBMWSelectDescription(
        key="ac_limit",
        unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        exists=lambda v: v.capabilities.ac_limit and bool(_plan(v).ac_limits_a),
        choices=lambda v: [str(limit_a) for limit_a in _plan(v).ac_limits_a],
        value=lambda v: _option(_plan(v).ac_limit_a),
        command=lambda option: SetChargingSettings(ac_limit_a=int(option)),
        set_by=lambda command: _option(command.ac_limit_a) if isinstance(command, SetChargingSettings) else None,
    ),
    MyBMWSelectDescription(
        key="charging_mode",
        exists=has_charging_plan,
        choices=lambda _: [mode.value for mode in SETTABLE_MODES],
        value=lambda v: _plan(v).mode.value,
        command=lambda option: SetChargingPlan(mode=ChargingMode(option)),
        set_by=lambda command: command.mode if isinstance(command, SetChargingPlan) else None,
    ),
)


async def async_setup_entry(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the choices of every car."""
    await async_add_command_entities(entry, async_add_entities, SELECTS, MyBMWSelect)


class MyBMWSelect(MyBMWSettingEntity[str], SelectEntity):
    """A choice the car offers; unknown while it does what cannot be chosen."""

    entity_description: MyBMWSelectDescription

    @property
    @override
    def options(self) -> list[str]:
        return self.entity_description.choices(self.vehicle)

    @property
    @override
    def current_option(self) -> str | None:
        return self.setting if self.setting in self.options else None

    @override
    async def async_select_option(self, option: str) -> None:
        await self.async_set(option)

    @override
    def shows(self) -> object:
        return self.current_option, self.options

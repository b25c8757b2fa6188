"""What can be switched on and off."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import MyBMWConfigEntry
from .entity import MyBMWSettingDescription, MyBMWSettingEntity, async_add_command_entities, has_charging_plan
from .vehicle import (
    TIMER_IDS,
    Command,
    DepartureTimer,
    SetChargingPlan,
    StartCharging,
    StartClimate,
    StopCharging,
    StopClimate,
    TimerChange,
    Vehicle,
)

PARALLEL_UPDATES = 0  # the coordinator has each car do one thing at a time, and cars do not wait for one another


@dataclass(frozen=True, kw_only=True)
class MyBMWSwitchDescription(MyBMWSettingDescription[bool], SwitchEntityDescription):
    """Something a car can begin and end."""

    attributes: Callable[[Vehicle], Mapping[str, list[str]]] = lambda _: {}


def _departure(timer_id: int) -> MyBMWSwitchDescription:
    """A departure timer, with the days it repeats on; Home Assistant has no entity to choose several days with."""

    def timer(vehicle: Vehicle) -> DepartureTimer | None:
        return vehicle.charging_plan.timer(timer_id) if vehicle.charging_plan else None

    return MyBMWSwitchDescription(
        key=f"departure_timer_{timer_id}",
        entity_category=EntityCategory.CONFIG,
        exists=lambda v: has_charging_plan(v) and timer(v) is not None,
        value=lambda v: found.is_active if (found := timer(v)) else None,
        command=lambda is_on: SetChargingPlan(timers=(TimerChange(id=timer_id, is_active=is_on),)),
        set_by=lambda command: (
            change.is_active if isinstance(command, SetChargingPlan) and (change := command.timer(timer_id)) else None
        ),
        attributes=lambda v: {"weekdays": [day.value for day in found.weekdays] if (found := timer(v)) else []},
    )


def _either(command: Command, begins: type[Command], ends: type[Command]) -> bool | None:
    return True if isinstance(command, begins) else False if isinstance(command, ends) else None


SWITCHES: Final = (
    MyBMWSwitchDescription(
        key="climate",
        exists=lambda v: v.capabilities.start_climate and v.capabilities.stop_climate,
        value=lambda v: v.climate.activity.is_running if v.climate else None,
        command=lambda is_on: StartClimate() if is_on else StopClimate(),
        set_by=lambda command: _either(command, StartClimate, StopClimate),
    ),
    MyBMWSwitchDescription(
        key="charging",
        exists=lambda v: v.capabilities.start_charging and v.capabilities.stop_charging,
        value=lambda v: v.energy.charging.is_charging_or_done if v.energy.charging else None,
        command=lambda is_on: StartCharging() if is_on else StopCharging(),
        set_by=lambda command: _either(command, StartCharging, StopCharging),
    ),
    MyBMWSwitchDescription(
        key="pre_entry_climatization",
        exists=has_charging_plan,
        value=lambda v: v.charging_plan.is_pre_entry_climatization_on if v.charging_plan else None,
        command=lambda is_on: SetChargingPlan(is_pre_entry_climatization_on=is_on),
        set_by=lambda command: command.is_pre_entry_climatization_on if isinstance(command, SetChargingPlan) else None,
    ),
    *(_departure(timer_id) for timer_id in TIMER_IDS),
)


async def async_setup_entry(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switches of every car."""
    await async_add_command_entities(entry, async_add_entities, SWITCHES, MyBMWSwitch)


class MyBMWSwitch(MyBMWSettingEntity[bool], SwitchEntity):
    """Something that goes on in a car."""

    entity_description: MyBMWSwitchDescription

    @property
    @override
    def is_on(self) -> bool | None:
        return self.setting

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, list[str]]:
        return self.entity_description.attributes(self.vehicle)

    @override
    def shows(self) -> object:
        return self.is_on, self.extra_state_attributes

    @override
    async def async_turn_on(self, **kwargs: object) -> None:
        await self.async_set(value=True)

    @override
    async def async_turn_off(self, **kwargs: object) -> None:
        await self.async_set(value=False)

"""What can be set to a time of the day, on the car's own clock."""

from dataclasses import dataclass
from datetime import time
from typing import Final, override

from homeassistant.components.time import TimeEntity, TimeEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import MyBMWConfigEntry
from .entity import MyBMWSettingDescription, MyBMWSettingEntity, async_add_command_entities, has_charging_plan
from .vehicle import (
    TIMER_IDS,
    ChargingWindow,
    DepartureTimer,
    SetChargingPlan,
    TimerChange,
    Vehicle,
    WindowChange,
)

PARALLEL_UPDATES = 0  # the coordinator has each car do one thing at a time, and cars do not wait for one another


@dataclass(frozen=True, kw_only=True)
class MyBMWTimeDescription(MyBMWSettingDescription[time], TimeEntityDescription):
    """A time the car can be told."""


def _window(vehicle: Vehicle) -> ChargingWindow | None:
    return vehicle.charging_plan.window if vehicle.charging_plan else None


def _departure(timer_id: int) -> MyBMWTimeDescription:
    def timer(vehicle: Vehicle) -> DepartureTimer | None:
        return vehicle.charging_plan.timer(timer_id) if vehicle.charging_plan else None

    return MyBMWTimeDescription(
        key=f"departure_timer_{timer_id}",
        entity_category=EntityCategory.CONFIG,
        exists=lambda v: has_charging_plan(v) and timer(v) is not None,
        value=lambda v: found.departs_at if (found := timer(v)) else None,
        command=lambda value: SetChargingPlan(timers=(TimerChange(id=timer_id, departs_at=value),)),
        set_by=lambda command: (
            change.departs_at if isinstance(command, SetChargingPlan) and (change := command.timer(timer_id)) else None
        ),
    )


TIMES: Final = (
    MyBMWTimeDescription(
        key="charging_window_start",
        entity_category=EntityCategory.CONFIG,
        exists=has_charging_plan,
        value=lambda v: window.start if (window := _window(v)) else None,
        command=lambda value: SetChargingPlan(window=WindowChange(start=value)),
        set_by=lambda command: (
            command.window.start if isinstance(command, SetChargingPlan) and command.window else None
        ),
    ),
    MyBMWTimeDescription(
        key="charging_window_end",
        entity_category=EntityCategory.CONFIG,
        exists=has_charging_plan,
        value=lambda v: window.end if (window := _window(v)) else None,
        command=lambda value: SetChargingPlan(window=WindowChange(end=value)),
        set_by=lambda command: command.window.end if isinstance(command, SetChargingPlan) and command.window else None,
    ),
    *(_departure(timer_id) for timer_id in TIMER_IDS),
)


async def async_setup_entry(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the times of every car."""
    await async_add_command_entities(entry, async_add_entities, TIMES, MyBMWTime)


class MyBMWTime(MyBMWSettingEntity[time], TimeEntity):
    """A time the car can be told."""

    entity_description: MyBMWTimeDescription

    @property
    @override
    def native_value(self) -> time | None:
        return self.setting

    @override
    async def async_set_value(self, value: time) -> None:
        await self.async_set(value)

    @override
    def shows(self) -> object:
        return (self.native_value,)

"""What can be switched on and off."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import MyBMWConfigEntry
from .entity import MyBMWEntity, MyBMWEntityDescription, async_add_command_entities, has_charging_plan
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
class MyBMWSwitchDescription(MyBMWEntityDescription, SwitchEntityDescription):
    """Something a car can begin and end; `is_on` is None while the car does not say."""

    is_on: Callable[[Vehicle], bool | None]
    turn_on: Command
    turn_off: Command
    attributes: Callable[[Vehicle], Mapping[str, list[str]]] = lambda _: {}


def _departure(timer_id: int) -> MyBMWSwitchDescription:
    """A departure timer, with the days it repeats on; Home Assistant has no entity to choose several days with."""

    def timer(vehicle: Vehicle) -> DepartureTimer | None:
        return vehicle.charging_plan.timer(timer_id) if vehicle.charging_plan else None

    return MyBMWSwitchDescription(
        key=f"departure_timer_{timer_id}",
        entity_category=EntityCategory.CONFIG,
        exists=lambda v: has_charging_plan(v) and timer(v) is not None,
        is_on=lambda v: found.is_active if (found := timer(v)) else None,
        turn_on=SetChargingPlan(timers=(TimerChange(id=timer_id, is_active=True),)),
        turn_off=SetChargingPlan(timers=(TimerChange(id=timer_id, is_active=False),)),
        attributes=lambda v: {"weekdays": [day.value for day in found.weekdays] if (found := timer(v)) else []},
    )


SWITCHES: Final = (
    MyBMWSwitchDescription(
        key="climate",
        exists=lambda v: v.capabilities.start_climate and v.capabilities.stop_climate,
        is_on=lambda v: v.climate.activity.is_running if v.climate else None,
        turn_on=StartClimate(),
        turn_off=StopClimate(),
    ),
    MyBMWSwitchDescription(
        key="charging",
        exists=lambda v: v.capabilities.start_charging and v.capabilities.stop_charging,
        is_on=lambda v: v.energy.charging.is_charging_or_done if v.energy.charging else None,
        turn_on=StartCharging(),
        turn_off=StopCharging(),
    ),
    MyBMWSwitchDescription(
        key="pre_entry_climatization",
        exists=has_charging_plan,
        is_on=lambda v: v.charging_plan.is_pre_entry_climatization_on if v.charging_plan else None,
        turn_on=SetChargingPlan(is_pre_entry_climatization_on=True),
        turn_off=SetChargingPlan(is_pre_entry_climatization_on=False),
    ),
    *(_departure(timer_id) for timer_id in TIMER_IDS),
)


async def async_setup_entry(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switches of every car."""
    await async_add_command_entities(entry, async_add_entities, SWITCHES, MyBMWSwitch)


class MyBMWSwitch(MyBMWEntity, SwitchEntity):
    """Something that goes on in a car.

    From when the car says that it has begun or ended it until its report says so, too, the former is shown, as an
    assumption.
    """

    entity_description: MyBMWSwitchDescription

    @property
    @override
    def is_on(self) -> bool | None:
        return self.entity_description.is_on(self.vehicle) if self._believed is None else self._believed

    @property
    @override
    def assumed_state(self) -> bool:
        return self._believed is not None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, list[str]]:
        return self.entity_description.attributes(self.vehicle)

    @override
    def shows(self) -> object:
        return self.is_on, self.extra_state_attributes

    @property
    def _believed(self) -> bool | None:
        """What the car says that it has done, and has not reported yet."""
        description = self.entity_description
        for is_on, command in ((True, description.turn_on), (False, description.turn_off)):
            if self.coordinator.commands.is_done(self.vin, command):
                return is_on
        return None

    @override
    async def async_turn_on(self, **kwargs: object) -> None:
        await self.async_execute(self.entity_description.turn_on)

    @override
    async def async_turn_off(self, **kwargs: object) -> None:
        await self.async_execute(self.entity_description.turn_off)

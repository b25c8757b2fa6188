"""Times on a car's own clock."""

from collections.abc import Awaitable
from dataclasses import replace
from datetime import time

from homeassistant.components.time import DOMAIN as TIME_DOMAIN, SERVICE_SET_VALUE
from homeassistant.const import ATTR_ENTITY_ID, ATTR_TIME, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.vehicle import (
    ChargingPlan,
    Command,
    DepartureTimer,
    SetChargingPlan,
    TimerChange,
    Vehicle,
    WindowChange,
)

from .account import NOW, FakeSource, recorded_vehicle, set_up_platform, state_of
from .complaints import complaint

pytestmark = pytest.mark.freeze_time(NOW)


def set_time(hass: HomeAssistant, car: Vehicle, key: str, clock: str) -> Awaitable[object]:
    entity_id = state_of(hass, Platform.TIME, car, key).entity_id
    return hass.services.async_call(
        TIME_DOMAIN, SERVICE_SET_VALUE, {ATTR_ENTITY_ID: entity_id, ATTR_TIME: clock}, blocking=True
    )


@pytest.mark.parametrize("folder", ["G26", "I01_REX"])
async def test_times(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    source: FakeSource,
    folder: str,
) -> None:
    entry_id = await set_up_platform(hass, source, Platform.TIME, recorded_vehicle(folder))
    await snapshot_platform(hass, entity_registry, snapshot, entry_id)


@pytest.mark.parametrize("folder", ["F31", "J29"])
async def test_a_car_without_a_plan_has_no_times(hass: HomeAssistant, source: FakeSource, folder: str) -> None:
    await set_up_platform(hass, source, Platform.TIME, recorded_vehicle(folder))
    assert hass.states.async_entity_ids(TIME_DOMAIN) == []


async def test_only_the_timers_of_the_plan_are_there(hass: HomeAssistant, source: FakeSource) -> None:
    plan = ChargingPlan(departure_timers=(DepartureTimer(id=2), DepartureTimer(id=None, departs_at=time(7))))
    car = replace(recorded_vehicle("I01_REX"), charging_plan=plan)
    await set_up_platform(hass, source, Platform.TIME, car)
    assert len(hass.states.async_entity_ids(TIME_DOMAIN)) == 3
    for key in ("departure_timer_2", "charging_window_start", "charging_window_end"):
        assert state_of(hass, Platform.TIME, car, key).state == STATE_UNKNOWN


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("charging_window_start", SetChargingPlan(window=WindowChange(start=time(6, 50)))),
        ("charging_window_end", SetChargingPlan(window=WindowChange(end=time(6, 50)))),
        ("departure_timer_3", SetChargingPlan(timers=(TimerChange(id=3, departs_at=time(6, 50)),))),
    ],
)
async def test_a_time_is_sent_alone(hass: HomeAssistant, source: FakeSource, key: str, command: Command) -> None:
    """What else stands in the plan is left to the car's own, which may have been changed meanwhile."""
    car = recorded_vehicle("I01_REX")
    await set_up_platform(hass, source, Platform.TIME, car)
    await set_time(hass, car, key, "06:50:00")
    assert source.commands == [(car.vin, command)]


async def test_a_cars_clock_has_no_seconds(hass: HomeAssistant, source: FakeSource) -> None:
    car = recorded_vehicle("I01_REX")
    await set_up_platform(hass, source, Platform.TIME, car)
    german, english = await complaint(hass, set_time(hass, car, "departure_timer_1", "06:50:30"))
    assert "Minuten" in german
    assert "minutes" in english
    assert source.commands == []

"""Departure timers and pre-entry climatization as switches."""

from dataclasses import replace
from datetime import time

from homeassistant.components.switch import DOMAIN as SWITCH_DOMAIN, SERVICE_TURN_OFF, SERVICE_TURN_ON
from homeassistant.const import ATTR_ASSUMED_STATE, STATE_OFF, STATE_ON, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.vehicle import (
    ChargingMode,
    ChargingPlan,
    Command,
    DepartureTimer,
    SetChargingPlan,
    TimerChange,
    WindowChange,
)

from .account import NOW, FakeSource, account_entry, recorded_vehicle, set_up, set_up_platform, state_of
from .acting import act

pytestmark = pytest.mark.freeze_time(NOW)

I3 = recorded_vehicle("I01_NOREX")


async def test_timers(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion, source: FakeSource
) -> None:
    entry_id = await set_up_platform(hass, source, Platform.SWITCH, I3)
    await snapshot_platform(hass, entity_registry, snapshot, entry_id)
    first = state_of(hass, Platform.SWITCH, I3, "departure_timer_1")
    assert (first.state, first.attributes["weekdays"]) == (
        STATE_ON,
        ["monday", "tuesday", "wednesday", "thursday", "friday"],
    )


@pytest.mark.parametrize(
    ("key", "action", "command"),
    [
        (
            "departure_timer_2",
            SERVICE_TURN_ON,
            SetChargingPlan(timers=(TimerChange(id=2, is_active=True),)),
        ),
        (
            "departure_timer_1",
            SERVICE_TURN_OFF,
            SetChargingPlan(timers=(TimerChange(id=1, is_active=False),)),
        ),
        ("pre_entry_climatization", SERVICE_TURN_OFF, SetChargingPlan(is_pre_entry_climatization_on=False)),
    ],
)
async def test_a_switch_changes_its_own_part_of_the_plan(
    hass: HomeAssistant, source: FakeSource, key: str, action: str, command: Command
) -> None:
    await set_up_platform(hass, source, Platform.SWITCH, I3)
    await act(hass, Platform.SWITCH, I3, key, action)
    assert source.commands == [(I3.vin, command)]
    wanted = STATE_ON if action == SERVICE_TURN_ON else STATE_OFF
    assert state_of(hass, Platform.SWITCH, I3, key).state == wanted, "the car has said so, if not shown it"


async def test_switches_of_different_parts_do_not_take_each_other_back(hass: HomeAssistant, source: FakeSource) -> None:
    await set_up_platform(hass, source, Platform.SWITCH, I3)
    await act(hass, Platform.SWITCH, I3, "departure_timer_2", SERVICE_TURN_ON)
    await act(hass, Platform.SWITCH, I3, "pre_entry_climatization", SERVICE_TURN_OFF)
    await act(hass, Platform.SWITCH, I3, "departure_timer_3", SERVICE_TURN_ON)
    await act(hass, Platform.SWITCH, I3, "departure_timer_3", SERVICE_TURN_OFF)
    keys = ("departure_timer_2", "pre_entry_climatization", "departure_timer_3")
    assert [state_of(hass, Platform.SWITCH, I3, key).state for key in keys] == [STATE_ON, STATE_OFF, STATE_OFF]


async def test_only_the_timers_of_the_plan_are_there(hass: HomeAssistant, source: FakeSource) -> None:
    car = replace(I3, charging_plan=ChargingPlan(departure_timers=(DepartureTimer(id=3),)))
    await set_up_platform(hass, source, Platform.SWITCH, car)
    assert state_of(hass, Platform.SWITCH, car, "departure_timer_3").state == STATE_UNKNOWN
    timers = [entity_id for entity_id in hass.states.async_entity_ids(SWITCH_DOMAIN) if "departure" in entity_id]
    assert len(timers) == 1


async def test_what_an_action_has_set_shows_in_all_that_it_is_about(hass: HomeAssistant, source: FakeSource) -> None:
    """From when the car says that it has done it; what the action left alone is as the car reports."""
    source.show(I3)
    coordinator = await set_up(hass, account_entry())
    plan = SetChargingPlan(
        mode=ChargingMode.DELAYED_CHARGING,
        is_pre_entry_climatization_on=False,
        window=WindowChange(start=time(22)),
        timers=(TimerChange(id=1, departs_at=time(6, 10)), TimerChange(id=2, is_active=True)),
    )
    expected = {
        (Platform.SELECT, "charging_mode"): ("delayed_charging", True),
        (Platform.SWITCH, "pre_entry_climatization"): (STATE_OFF, True),
        (Platform.TIME, "charging_window_start"): ("22:00:00", True),
        (Platform.TIME, "departure_timer_1"): ("06:10:00", True),
        (Platform.SWITCH, "departure_timer_2"): (STATE_ON, True),
    }
    untouched = [
        (Platform.TIME, "charging_window_end"),
        (Platform.SWITCH, "departure_timer_1"),
        (Platform.TIME, "departure_timer_2"),
    ]
    expected |= {(platform, key): (state_of(hass, platform, I3, key).state, False) for platform, key in untouched}
    await coordinator.async_execute(I3.vin, plan)
    states = {(platform, key): state_of(hass, platform, I3, key) for platform, key in expected}
    shown = {of: (state.state, state.attributes.get(ATTR_ASSUMED_STATE, False)) for of, state in states.items()}
    assert shown == expected

"""Departure timers and pre-entry climatization as switches."""

from dataclasses import replace

from homeassistant.components.switch import DOMAIN as SWITCH_DOMAIN, SERVICE_TURN_OFF, SERVICE_TURN_ON
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.vehicle import ChargingPlan, Command, DepartureTimer, SetChargingPlan, TimerChange

from .account import NOW, FakeSource, recorded_vehicle, set_up_platform, state_of
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


async def test_only_the_timers_of_the_plan_are_there(hass: HomeAssistant, source: FakeSource) -> None:
    car = replace(I3, charging_plan=ChargingPlan(departure_timers=(DepartureTimer(id=3),)))
    await set_up_platform(hass, source, Platform.SWITCH, car)
    assert state_of(hass, Platform.SWITCH, car, "departure_timer_3").state == STATE_UNKNOWN
    timers = [entity_id for entity_id in hass.states.async_entity_ids(SWITCH_DOMAIN) if "departure" in entity_id]
    assert len(timers) == 1

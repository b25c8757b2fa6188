"""Choices a car offers."""

from collections.abc import Awaitable
from dataclasses import replace

from homeassistant.components.select import (
    ATTR_OPTION,
    ATTR_OPTIONS,
    DOMAIN as SELECT_DOMAIN,
    SERVICE_SELECT_OPTION,
)
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.vehicle import (
    ChargingMode,
    ChargingPlan,
    Command,
    SetChargingPlan,
    SetChargingSettings,
    Vehicle,
)

from .account import NOW, FakeSource, recorded_vehicle, set_up_platform, state_of
from .recorded import RECORDED_CARS

pytestmark = pytest.mark.freeze_time(NOW)


def choose(hass: HomeAssistant, car: Vehicle, key: str, option: str) -> Awaitable[object]:
    entity_id = state_of(hass, Platform.SELECT, car, key).entity_id
    return hass.services.async_call(
        SELECT_DOMAIN, SERVICE_SELECT_OPTION, {ATTR_ENTITY_ID: entity_id, ATTR_OPTION: option}, blocking=True
    )


@pytest.mark.parametrize("folder", RECORDED_CARS)
async def test_selects(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    source: FakeSource,
    folder: str,
) -> None:
    car = recorded_vehicle(folder)
    entry_id = await set_up_platform(hass, source, Platform.SELECT, car)
    keys = {entity.unique_id.partition("-")[2] for entity in entity_registry.entities.values()}
    wanted = {"ac_limit": car.capabilities.ac_limit, "charging_mode": car.capabilities.charging_plan}
    assert keys == {key for key, is_there in wanted.items() if is_there}
    if keys:
        await snapshot_platform(hass, entity_registry, snapshot, entry_id)


@pytest.mark.parametrize(
    ("key", "option", "command"),
    [
        ("ac_limit", "12", SetChargingSettings(ac_limit_a=12)),
        ("charging_mode", "delayed_charging", SetChargingPlan(mode=ChargingMode.DELAYED_CHARGING)),
    ],
)
async def test_a_choice_is_sent(
    hass: HomeAssistant, source: FakeSource, key: str, option: str, command: Command
) -> None:
    i4 = recorded_vehicle("G26")
    await set_up_platform(hass, source, Platform.SELECT, i4)
    await choose(hass, i4, key, option)
    assert source.commands == [(i4.vin, command)]


async def test_what_the_car_does_not_offer_cannot_be_chosen(hass: HomeAssistant, source: FakeSource) -> None:
    i4 = recorded_vehicle("G26")
    await set_up_platform(hass, source, Platform.SELECT, i4)
    with pytest.raises(ServiceValidationError):
        await choose(hass, i4, "charging_mode", "no_action")
    with pytest.raises(ServiceValidationError):
        await choose(hass, i4, "ac_limit", "17")
    assert source.commands == []


async def test_what_nobody_can_choose_is_unknown(hass: HomeAssistant, source: FakeSource) -> None:
    """A car may be in a mode, or draw a current, that it does not offer."""
    plan = ChargingPlan(mode=ChargingMode.NO_ACTION, ac_limit_a=48, ac_limits_a=(6, 16))
    car = replace(recorded_vehicle("G26"), charging_plan=plan)
    await set_up_platform(hass, source, Platform.SELECT, car)
    mode, limit = (state_of(hass, Platform.SELECT, car, key) for key in ("charging_mode", "ac_limit"))
    assert (mode.state, mode.attributes[ATTR_OPTIONS]) == (STATE_UNKNOWN, ["immediate_charging", "delayed_charging"])
    assert (limit.state, limit.attributes[ATTR_OPTIONS]) == (STATE_UNKNOWN, ["6", "16"])

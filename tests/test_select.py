"""Choices a car offers."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

from homeassistant.components.select import (
    ATTR_OPTION,
    ATTR_OPTIONS,
    DOMAIN as SELECT_DOMAIN,
    SERVICE_SELECT_OPTION,
)
from homeassistant.const import ATTR_ASSUMED_STATE, ATTR_ENTITY_ID, STATE_UNKNOWN, Platform
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
from .acting import settle
from .complaints import complaint
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
    shown = state_of(hass, Platform.SELECT, i4, key)
    assert (shown.state, shown.attributes.get(ATTR_ASSUMED_STATE)) == (option, True), "the car has not reported it"


async def test_what_the_car_does_not_offer_cannot_be_chosen(hass: HomeAssistant, source: FakeSource) -> None:
    i4 = recorded_vehicle("G26")
    await set_up_platform(hass, source, Platform.SELECT, i4)
    with pytest.raises(ServiceValidationError):
        await choose(hass, i4, "charging_mode", "no_action")
    with pytest.raises(ServiceValidationError):
        await choose(hass, i4, "ac_limit", "17")
    assert source.commands == []


async def test_a_current_that_the_car_offers_no_more_when_its_turn_comes(
    hass: HomeAssistant, source: FakeSource
) -> None:
    """Whoever chose it is told what there is to choose from now."""
    i4 = recorded_vehicle("G26")
    assert i4.charging_plan
    await set_up_platform(hass, source, Platform.SELECT, i4)
    source.may_end.clear()
    mode, limit = (
        asyncio.ensure_future(choose(hass, i4, key, option))
        for key, option in (("charging_mode", "delayed_charging"), ("ac_limit", "12"))
    )
    await settle()
    source.show(replace(i4, charging_plan=replace(i4.charging_plan, ac_limits_a=(6, 16))))
    [entry] = hass.config_entries.async_loaded_entries("mybmw")
    await entry.runtime_data.async_refresh()
    source.may_end.set()
    await mode
    german, english = await complaint(hass, limit)
    assert german == "Diesen Ladestrom bietet das Auto nicht an. Es bietet 6, 16 A."
    assert english == "The car does not offer this charging current. It offers 6, 16 A."
    assert [type(command) for _, command in source.commands] == [SetChargingPlan]


async def test_what_nobody_can_choose_is_unknown(hass: HomeAssistant, source: FakeSource) -> None:
    """A car may be in a mode, or draw a current, that it does not offer."""
    plan = ChargingPlan(mode=ChargingMode.NO_ACTION, ac_limit_a=48, ac_limits_a=(6, 16))
    car = replace(recorded_vehicle("G26"), charging_plan=plan)
    await set_up_platform(hass, source, Platform.SELECT, car)
    mode, limit = (state_of(hass, Platform.SELECT, car, key) for key in ("charging_mode", "ac_limit"))
    assert (mode.state, mode.attributes[ATTR_OPTIONS]) == (STATE_UNKNOWN, ["immediate_charging", "delayed_charging"])
    assert (limit.state, limit.attributes[ATTR_OPTIONS]) == (STATE_UNKNOWN, ["6", "16"])

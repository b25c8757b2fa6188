"""Numbers a car can be told."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.number import ATTR_VALUE, DOMAIN as NUMBER_DOMAIN, SERVICE_SET_VALUE
from homeassistant.const import ATTR_ASSUMED_STATE, ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.commanding import LOOKS_S
from custom_components.mybmw.vehicle import ChargingPlan, Energy, Fate, Outcome, Reason, SetChargingSettings, Vehicle

from .account import NOW, FakeSource, pass_time, recorded_vehicle, set_up_platform, state_of
from .acting import settle
from .complaints import complaint
from .recorded import RECORDED_CARS

pytestmark = pytest.mark.freeze_time(NOW)


def set_target(hass: HomeAssistant, car: Vehicle, percent: float) -> Awaitable[object]:
    entity_id = state_of(hass, Platform.NUMBER, car, "target_soc").entity_id
    return hass.services.async_call(
        NUMBER_DOMAIN, SERVICE_SET_VALUE, {ATTR_ENTITY_ID: entity_id, ATTR_VALUE: percent}, blocking=True
    )


def shown(hass: HomeAssistant, car: Vehicle) -> tuple[str, bool]:
    """The target, and whether it is only assumed."""
    state = state_of(hass, Platform.NUMBER, car, "target_soc")
    return state.state, state.attributes.get(ATTR_ASSUMED_STATE, False)


async def test_numbers(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion, source: FakeSource
) -> None:
    """Of all recorded cars, three take a target."""
    cars = [recorded_vehicle(folder) for folder in RECORDED_CARS]
    entry_id = await set_up_platform(hass, source, Platform.NUMBER, *cars)
    await snapshot_platform(hass, entity_registry, snapshot, entry_id)
    assert {car.identity.model for car in cars if car.capabilities.target_soc} == {
        str(hass.states.get(number).name).removesuffix(" Target SoC")  # type: ignore[union-attr]  # it is there
        for number in hass.states.async_entity_ids(NUMBER_DOMAIN)
    }


async def test_a_target_is_sent(hass: HomeAssistant, source: FakeSource) -> None:
    i4 = recorded_vehicle("G26")
    await set_up_platform(hass, source, Platform.NUMBER, i4)
    await set_target(hass, i4, 55)
    assert source.commands == [(i4.vin, SetChargingSettings(target_percent=55))]


async def test_a_target_is_shown_from_when_the_car_has_taken_it(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    """As what it is, an assumption; if the car's report never says so, it is not believed for long."""
    i4 = recorded_vehicle("G26")
    await set_up_platform(hass, source, Platform.NUMBER, i4)
    assert shown(hass, i4) == ("80", False)
    source.may_end.clear()
    setting = asyncio.ensure_future(set_target(hass, i4, 55))
    await settle()
    assert shown(hass, i4) == ("80", False), "the car has not done it yet"
    source.may_end.set()
    await setting
    for wait in LOOKS_S:
        assert shown(hass, i4) == ("55", True)
        await pass_time(hass, freezer, timedelta(seconds=wait))
    assert shown(hass, i4) == ("80", False)


async def test_a_target_that_the_car_reports_is_no_assumption(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    i4 = recorded_vehicle("G26")
    await set_up_platform(hass, source, Platform.NUMBER, i4)
    await set_target(hass, i4, 55)
    charging = i4.energy.charging
    assert charging
    source.show(replace(i4, energy=replace(i4.energy, charging=replace(charging, target_percent=55))))
    await pass_time(hass, freezer, timedelta(seconds=LOOKS_S[0]))
    assert shown(hass, i4) == ("55", False)


async def test_a_target_between_the_steps_is_not_sent(hass: HomeAssistant, source: FakeSource) -> None:
    i4 = recorded_vehicle("G26")
    await set_up_platform(hass, source, Platform.NUMBER, i4)
    german, english = await complaint(hass, set_target(hass, i4, 57))
    assert "5" in german
    assert "5" in english
    with pytest.raises(ServiceValidationError):
        await set_target(hass, i4, 15)
    assert source.commands == []


@pytest.mark.parametrize(
    ("plan", "state"), [(ChargingPlan(target_percent=70), "70"), (ChargingPlan(), "unknown"), (None, "unknown")]
)
async def test_the_settings_tell_the_target_where_the_charging_does_not(
    hass: HomeAssistant, source: FakeSource, plan: ChargingPlan | None, state: str
) -> None:
    car = replace(recorded_vehicle("G26"), energy=Energy(), charging_plan=plan)
    await set_up_platform(hass, source, Platform.NUMBER, car)
    assert state_of(hass, Platform.NUMBER, car, "target_soc").state == state


async def test_a_target_that_the_car_did_not_take_leaves_the_one_before(
    hass: HomeAssistant, source: FakeSource
) -> None:
    """Of which it has said that it is set, though its report does not say so yet."""
    i4 = recorded_vehicle("G26")
    await set_up_platform(hass, source, Platform.NUMBER, i4)
    await set_target(hass, i4, 55)
    source.outcome = Outcome(fate=Fate.FAILED, reason=Reason.BY_CAR, sent_at=NOW, ended_at=NOW)
    with pytest.raises(HomeAssistantError):
        await set_target(hass, i4, 60)
    assert shown(hass, i4) == ("55", True)

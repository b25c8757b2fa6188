"""Numbers a car can be told."""

from collections.abc import Awaitable
from dataclasses import replace

from homeassistant.components.number import ATTR_VALUE, DOMAIN as NUMBER_DOMAIN, SERVICE_SET_VALUE
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.vehicle import ChargingPlan, Energy, SetChargingSettings, Vehicle

from .account import NOW, FakeSource, recorded_vehicle, set_up_platform, state_of
from .complaints import complaint
from .recorded import RECORDED_CARS

pytestmark = pytest.mark.freeze_time(NOW)


def set_target(hass: HomeAssistant, car: Vehicle, percent: float) -> Awaitable[object]:
    entity_id = state_of(hass, Platform.NUMBER, car, "target_soc").entity_id
    return hass.services.async_call(
        NUMBER_DOMAIN, SERVICE_SET_VALUE, {ATTR_ENTITY_ID: entity_id, ATTR_VALUE: percent}, blocking=True
    )


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

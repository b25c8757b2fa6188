"""The tracker: all recorded cars, and what recordings do not show."""

from dataclasses import replace

from homeassistant.const import EVENT_STATE_CHANGED, STATE_HOME, STATE_NOT_HOME, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.vehicle import Capabilities, Location

from .account import NOW, FakeSource, a_car, recorded_vehicle, set_up_platform, state_of
from .recorded import RECORDED_CARS


@pytest.mark.freeze_time(NOW)
@pytest.mark.parametrize("folder", RECORDED_CARS)
async def test_recorded_cars(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    source: FakeSource,
    folder: str,
) -> None:
    entry_id = await set_up_platform(hass, source, Platform.DEVICE_TRACKER, recorded_vehicle(folder))
    await snapshot_platform(hass, entity_registry, snapshot, entry_id)


async def test_a_car_comes_home(hass: HomeAssistant, source: FakeSource) -> None:
    home = Location(latitude=hass.config.latitude, longitude=hass.config.longitude)
    away = Location(latitude=48.177334, longitude=11.556274, heading_deg=180, address="Somewhere 1")
    car = replace(a_car(), location=away)
    await set_up_platform(hass, source, Platform.DEVICE_TRACKER, car)
    coordinator = hass.config_entries.async_loaded_entries("mybmw")[0].runtime_data
    state = state_of(hass, Platform.DEVICE_TRACKER, car, "location")
    assert state.state == STATE_NOT_HOME
    assert (state.attributes["direction"], state.attributes["address"]) == (180, "Somewhere 1")

    source.show(replace(car, location=home))
    await coordinator.async_refresh()
    state = state_of(hass, Platform.DEVICE_TRACKER, car, "location")
    assert state.state == STATE_HOME
    assert (state.attributes["direction"], state.attributes["address"]) == (None, None)


async def test_a_car_that_may_not_be_tracked_has_no_place(hass: HomeAssistant, source: FakeSource) -> None:
    car = replace(
        a_car(),
        capabilities=Capabilities(reports_state=True, tracking=False),
        location=Location(latitude=48.177334, longitude=11.556274, heading_deg=180, address="Somewhere 1"),
    )
    await set_up_platform(hass, source, Platform.DEVICE_TRACKER, car)
    state = state_of(hass, Platform.DEVICE_TRACKER, car, "location")
    assert state.state == STATE_UNKNOWN
    assert "latitude" not in state.attributes
    assert (state.attributes["direction"], state.attributes["address"]) == (None, None)


async def test_a_zone_laid_around_a_parked_car_is_noticed(hass: HomeAssistant, source: FakeSource) -> None:
    car = replace(a_car(), location=Location(latitude=48.177334, longitude=11.556274))
    await set_up_platform(hass, source, Platform.DEVICE_TRACKER, car)
    assert state_of(hass, Platform.DEVICE_TRACKER, car, "location").state == "not_home"
    zone = {"latitude": 48.177334, "longitude": 11.556274, "radius": 100, "friendly_name": "Work"}
    hass.states.async_set("zone.work", "0", zone)
    await hass.async_block_till_done()
    assert state_of(hass, Platform.DEVICE_TRACKER, car, "location").state == "Work"


async def test_a_car_that_stays_where_it_is_does_not_move(hass: HomeAssistant, source: FakeSource) -> None:
    car = replace(a_car(), location=Location(latitude=48.177334, longitude=11.556274))
    await set_up_platform(hass, source, Platform.DEVICE_TRACKER, car)
    coordinator = hass.config_entries.async_loaded_entries("mybmw")[0].runtime_data
    moves = async_capture_events(hass, EVENT_STATE_CHANGED)
    source.show(replace(car, odometer=a_car(mileage_km=2000).odometer))
    await coordinator.async_refresh()
    assert not moves

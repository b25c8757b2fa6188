"""Sensors: all of the recorded cars, and what recordings do not show."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util.unit_system import METRIC_SYSTEM, US_CUSTOMARY_SYSTEM, UnitSystem
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.vehicle import (
    Charging,
    ChargingStatus,
    Climate,
    ClimateActivity,
    Energy,
    FlashLights,
    Lock,
    LockState,
    Maintenance,
    Service,
    ServiceType,
    Tire,
    Tires,
)

from .account import NOW, FakeSource, a_car, account_entry, recorded_vehicle, set_up, set_up_platform, state_of
from .acting import an_able_car, settle
from .recorded import RECORDED_CARS


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.freeze_time(NOW)
@pytest.mark.parametrize("folder", RECORDED_CARS)
async def test_recorded_cars(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    source: FakeSource,
    folder: str,
) -> None:
    entry_id = await set_up_platform(hass, source, Platform.SENSOR, recorded_vehicle(folder))
    await snapshot_platform(hass, entity_registry, snapshot, entry_id)


async def test_what_a_car_is_busy_with_is_shown(hass: HomeAssistant, source: FakeSource) -> None:
    car = an_able_car()
    source.show(car)
    coordinator = await set_up(hass, account_entry())

    def shown() -> tuple[str, object, object]:
        state = state_of(hass, Platform.SENSOR, car, "command_status")
        return state.state, state.attributes["command"], state.attributes["waiting"]

    assert shown() == ("idle", None, [])
    source.may_leave.clear()
    source.may_end.clear()
    tasks = [asyncio.create_task(coordinator.async_execute(car.vin, each)) for each in (Lock(), FlashLights())]
    await settle()
    assert shown() == ("queued", "lock", ["flash_lights"])
    source.may_leave.set()
    await settle()
    assert shown() == ("delivered", "lock", ["flash_lights"])
    source.may_end.set()
    await asyncio.gather(*tasks)
    assert shown() == ("report_awaited", "lock", [])
    source.show(an_able_car(lock=LockState.LOCKED))
    await coordinator.async_refresh()
    assert shown() == ("idle", None, [])


async def test_rarely_wanted_sensors_are_disabled(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, source: FakeSource
) -> None:
    car = recorded_vehicle("G26")
    entry_id = await set_up_platform(hass, source, Platform.SENSOR, car)
    entries = er.async_entries_for_config_entry(entity_registry, entry_id)
    assert {entry.unique_id.removeprefix(f"{car.vin}-") for entry in entries if entry.disabled} == {
        "ac_current_limit",
        "charging_start_time",
        "heading",
        "last_fetched",
        "tire_target_pressure_front_left",
        "tire_target_pressure_front_right",
        "tire_target_pressure_rear_left",
        "tire_target_pressure_rear_right",
    }


async def test_what_a_car_does_not_say_is_unknown(hass: HomeAssistant, source: FakeSource) -> None:
    car = replace(a_car(), climate=Climate(activity=ClimateActivity.STANDBY))
    await set_up_platform(hass, source, Platform.SENSOR, car)
    coordinator = hass.config_entries.async_loaded_entries("mybmw")[0].runtime_data
    assert state_of(hass, Platform.SENSOR, car, "climate_status").state == "standby"

    source.show(
        replace(
            car,
            climate=Climate(activity=ClimateActivity.UNKNOWN),
            energy=Energy(charging=Charging(status=ChargingStatus.UNKNOWN)),
        )
    )
    await coordinator.async_refresh()
    for key in ("charging_status", "climate_status", "battery_level", "range_total"):
        assert state_of(hass, Platform.SENSOR, car, key).state == STATE_UNKNOWN


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_charging_starts_by_the_clock_on_the_wall(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    """The car tells its charging window by its own clock, which is taken to be that of the house."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    freezer.move_to(datetime(2021, 11, 28, 17, 28, 59, tzinfo=UTC))
    car = recorded_vehicle("I01_REX")
    await set_up_platform(hass, source, Platform.SENSOR, car)
    state = state_of(hass, Platform.SENSOR, car, "charging_start_time").state
    assert state == "2021-11-29T17:01:00+00:00"


async def test_the_next_service_is_the_one_with_the_next_date(hass: HomeAssistant, source: FakeSource) -> None:
    oil = Service(type=ServiceType.OIL, name="oil", due_distance_km=500)
    check = Service(type=ServiceType.VEHICLE_CHECK, name="vehicle_check", due_date=NOW.date())
    with_date = replace(a_car("dated"), maintenance=Maintenance(services=(oil, check)))
    without_date = replace(a_car("undated"), maintenance=Maintenance(services=(oil,)))
    await set_up_platform(hass, source, Platform.SENSOR, with_date, without_date)
    assert state_of(hass, Platform.SENSOR, with_date, "next_service_type").state == "vehicle_check"
    assert state_of(hass, Platform.SENSOR, with_date, "next_service_date").state == "2023-01-04"
    assert state_of(hass, Platform.SENSOR, with_date, "next_service_distance").state == "500"
    assert state_of(hass, Platform.SENSOR, without_date, "next_service_type").state == "oil"

    coordinator = hass.config_entries.async_loaded_entries("mybmw")[0].runtime_data
    source.show(replace(with_date, maintenance=Maintenance()))
    await coordinator.async_refresh()
    for key in ("next_service_type", "next_service_date", "next_service_distance"):
        assert state_of(hass, Platform.SENSOR, with_date, key).state == STATE_UNKNOWN


@pytest.mark.parametrize(
    ("units", "shown"),
    [(METRIC_SYSTEM, ("bar", 2.45, 2)), (US_CUSTOMARY_SYSTEM, ("psi", 35.5, 1))],
    ids=["metric", "us"],
)
@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_tires_are_told_in_the_unit_that_is_read_off_at_the_pump(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    source: FakeSource,
    units: UnitSystem,
    shown: tuple[str, float, int],
) -> None:
    unit, pressure, decimals = shown
    hass.config.units = units
    car = replace(a_car(), tires=Tires(front_left=Tire(pressure_kpa=245, target_pressure_kpa=245)))
    await set_up_platform(hass, source, Platform.SENSOR, car)
    for key in ("tire_pressure_front_left", "tire_target_pressure_front_left"):
        state = state_of(hass, Platform.SENSOR, car, key)
        assert state.attributes["unit_of_measurement"] == unit
        assert float(state.state) == pytest.approx(pressure, abs=0.05)
        registered = entity_registry.async_get(state.entity_id)
        assert registered
        assert registered.options["sensor"]["suggested_display_precision"] == decimals


async def test_a_tire_that_does_not_tell_its_pressure_is_unknown(hass: HomeAssistant, source: FakeSource) -> None:
    car = replace(a_car(), tires=Tires(front_left=Tire(pressure_status=0)))
    await set_up_platform(hass, source, Platform.SENSOR, car)
    assert state_of(hass, Platform.SENSOR, car, "tire_pressure_front_left").state == STATE_UNKNOWN

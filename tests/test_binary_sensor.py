"""Binary sensors: all of the recorded cars, and what recordings do not show."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.vehicle import (
    Body,
    Charging,
    ChargingPlan,
    ChargingStatus,
    CheckControlMessage,
    Energy,
    Lid,
    LockState,
    Maintenance,
    OpeningState,
    Service,
    ServiceStatus,
    ServiceType,
    Severity,
    Tire,
    Tires,
    Vehicle,
    Window,
)

from .account import NOW, FakeSource, a_car, recorded_vehicle, set_up_platform, state_of
from .recorded import RECORDED_CARS

SILENT = ("F31", "J29")
"""The recorded cars that do not tell their state."""

SERVICES = (
    Service(
        type=ServiceType.OIL,
        name="oil",
        status=ServiceStatus.OVERDUE,
        due_date=date(2023, 1, 1),
        due_distance_km=-100,
    ),
    Service(type=ServiceType.OTHER, name="wiper_blades", status=ServiceStatus.OK),
)
MESSAGES = (
    CheckControlMessage(name="engine_oil", severity=Severity.MEDIUM, description="Top up at the next stop."),
    CheckControlMessage(name="tire_pressure", severity=Severity.LOW),
)
OPEN = replace(
    a_car(),
    body=Body(
        lids={Lid.DOOR_FRONT_LEFT: OpeningState.CLOSED, Lid.SUNROOF: OpeningState.OPEN_TILT},
        windows={Window.REAR: OpeningState.INTERMEDIATE},
        lock=LockState.SELECTIVE_LOCKED,
        is_alarm_armed=True,
    ),
    energy=Energy(charging=Charging(status=ChargingStatus.CHARGING, is_plugged_in=True)),
    charging_plan=ChargingPlan(is_pre_entry_climatization_on=True),
    tires=Tires(rear_left=Tire(pressure_status=3)),
    maintenance=Maintenance(services=SERVICES, messages=MESSAGES),
)


@pytest.mark.freeze_time(NOW)
@pytest.mark.parametrize("folder", [folder for folder in RECORDED_CARS if folder not in SILENT])
async def test_recorded_cars(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    source: FakeSource,
    folder: str,
) -> None:
    entry_id = await set_up_platform(hass, source, Platform.BINARY_SENSOR, recorded_vehicle(folder))
    await snapshot_platform(hass, entity_registry, snapshot, entry_id)


@pytest.mark.parametrize(
    ("key", "attributes"),
    [
        ("lids", {"leftFront": "CLOSED", "sunRoof": "OPEN_TILT"}),
        ("windows", {"rear": "INTERMEDIATE"}),
        ("door_lock", {"door_lock_state": "SELECTIVE_LOCKED"}),
        (
            "service_required",
            {"oil": "OVERDUE", "oil_date": "2023-01-01", "oil_distance": "-100 km", "wiper_blades": "OK"},
        ),
        (
            "check_control",
            {"engine_oil": "MEDIUM", "engine_oil_description": "Top up at the next stop.", "tire_pressure": "LOW"},
        ),
        ("sunroof", {"state": "open_tilt"}),
        ("window_rear", {"state": "intermediate"}),
        ("alarm_armed", {}),
        ("tire_warning", {}),
        ("charging", {}),
        ("plugged_in", {}),
        ("pre_entry_climatization", {}),
    ],
)
async def test_on(hass: HomeAssistant, source: FakeSource, key: str, attributes: Mapping[str, str]) -> None:
    await set_up_platform(hass, source, Platform.BINARY_SENSOR, OPEN)
    state = state_of(hass, Platform.BINARY_SENSOR, OPEN, key)
    assert state.state == STATE_ON
    assert {key: state.attributes[key] for key in state.attributes.keys() - {"device_class", "friendly_name"}} == (
        attributes
    )


async def test_a_closed_door_beside_an_open_roof(hass: HomeAssistant, source: FakeSource) -> None:
    await set_up_platform(hass, source, Platform.BINARY_SENSOR, OPEN)
    assert state_of(hass, Platform.BINARY_SENSOR, OPEN, "door_front_left").state == STATE_OFF


async def test_distances_are_told_in_the_owners_units(hass: HomeAssistant, source: FakeSource) -> None:
    hass.config.units = US_CUSTOMARY_SYSTEM
    await set_up_platform(hass, source, Platform.BINARY_SENSOR, OPEN)
    attributes = state_of(hass, Platform.BINARY_SENSOR, OPEN, "service_required").attributes
    assert attributes["oil_distance"] == "-62 mi"


async def test_what_a_car_does_not_say_is_unknown(hass: HomeAssistant, source: FakeSource) -> None:
    await set_up_platform(hass, source, Platform.BINARY_SENSOR, OPEN)
    coordinator = hass.config_entries.async_loaded_entries("mybmw")[0].runtime_data
    source.show(replace(a_car(), vin=OPEN.vin))
    await coordinator.async_refresh()
    states = hass.states.async_all(Platform.BINARY_SENSOR)
    assert len(states) == 13
    assert {state.state for state in states} == {STATE_UNKNOWN}


async def test_no_entity_without_the_thing(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, source: FakeSource
) -> None:
    def keys(car: Vehicle) -> set[str]:
        entries = er.async_entries_for_config_entry(entity_registry, entry_id)
        return {key for entry in entries for vin, _, key in [entry.unique_id.partition("-")] if vin == car.vin}

    burner, bare, silent = recorded_vehicle("G20"), a_car("bare"), [recorded_vehicle(folder) for folder in SILENT]
    entry_id = await set_up_platform(hass, source, Platform.BINARY_SENSOR, burner, bare, *silent)
    assert not keys(burner) & {"charging", "plugged_in", "pre_entry_climatization"}
    assert not keys(bare) & {"sunroof", "window_rear", "alarm_armed", "tire_warning", "pre_entry_climatization"}
    assert keys(bare) >= {"charging", "plugged_in", "lids", "windows"}
    assert not any(keys(car) for car in silent)

"""An account that moves to BMW's other door and back: what an owner has made of its cars stays."""

from dataclasses import replace
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.vehicle import Capabilities, Vehicle

from .account import NOW, FakeSource, a_car, account_entry, mileage, pass_time, set_up
from .acting import an_able_car
from .test_coordinator_cars import INTERVAL
from .test_read_only import COMMANDING, registered
from .test_shared_cars import OTHER_GCID, shared_cars_issue, vins

MYBMW_CAR: Final = an_able_car()
CARDATA_CAR: Final = replace(MYBMW_CAR, capabilities=Capabilities(reports_state=True, tracking=True))
CARDATA: Final = {"source": "cardata", "client_id": "00000000-0000-4000-8000-000000000000"}

pytestmark = pytest.mark.freeze_time(NOW)


async def move(hass: HomeAssistant, entry: MockConfigEntry, source: FakeSource, car: Vehicle) -> None:
    """Reach an account through the other door, as the flow does it in the end."""
    is_cardata = car is CARDATA_CAR
    source.show(car)
    source.pushes, source.takes_commands = is_cardata, not is_cardata
    hass.config_entries.async_update_entry(entry, data=CARDATA if is_cardata else account_entry().data)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


async def test_what_an_owner_made_of_a_car_survives_both_moves(
    hass: HomeAssistant,
    source: FakeSource,
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
    area_registry: ar.AreaRegistry,
) -> None:
    source.show(MYBMW_CAR)
    entry = account_entry()
    await set_up(hass, entry)
    garage = area_registry.async_create("Garage").id
    ids = registered(entity_registry, entry.entry_id)
    entity_registry.async_update_entity(ids["sensor.mileage"], new_entity_id="sensor.driven", name="Driven")
    entity_registry.async_update_entity(ids["lock.lock"], new_entity_id="lock.my_car", name="Doors", area_id=garage)
    device = device_registry.async_get_device_by_identifier((DOMAIN, MYBMW_CAR.vin), entry.entry_id)
    assert device
    device_registry.async_update_device(device.id, name_by_user="Blue one", area_id=garage)
    before = registered(entity_registry, entry.entry_id)
    registry_ids = {name: _registered(entity_registry, entity_id).id for name, entity_id in before.items()}
    assert before.keys() >= COMMANDING

    await move(hass, entry, source, CARDATA_CAR)
    told = registered(entity_registry, entry.entry_id)
    assert told == {name: entity_id for name, entity_id in before.items() if name not in COMMANDING}
    assert {name: _registered(entity_registry, entity_id).id for name, entity_id in told.items()} == {
        name: registry_id for name, registry_id in registry_ids.items() if name not in COMMANDING
    }
    assert all(hass.states.get(before[name]) is None for name in COMMANDING)
    assert _registered(entity_registry, "sensor.driven").name == "Driven"
    assert mileage(hass, CARDATA_CAR) == str(CARDATA_CAR.odometer.mileage_km)

    await move(hass, entry, source, MYBMW_CAR)
    assert registered(entity_registry, entry.entry_id) == before
    assert {name: _registered(entity_registry, entity_id).id for name, entity_id in before.items()} == registry_ids
    lock = _registered(entity_registry, "lock.my_car")
    assert (lock.name, lock.area_id) == ("Doors", garage)
    same = device_registry.async_get_device_by_identifier((DOMAIN, MYBMW_CAR.vin), entry.entry_id)
    assert same
    assert (same.id, same.name_by_user, same.area_id) == (device.id, "Blue one", garage)


async def test_a_car_behind_both_doors_is_shown_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, entity_registry: er.EntityRegistry
) -> None:
    first, second = account_entry(), account_entry(gcid=OTHER_GCID)
    source.show(MYBMW_CAR)
    await set_up(hass, first)
    before = registered(entity_registry, first.entry_id)
    mini = a_car("cooper")
    second.add_to_hass(hass)
    hass.config_entries.async_update_entry(second, data=CARDATA, title="CarData")
    source.show(CARDATA_CAR, mini)
    source.takes_commands = False
    await hass.config_entries.async_setup(second.entry_id)
    await hass.async_block_till_done()
    issue = shared_cars_issue(hass, second)
    assert issue
    assert issue.translation_placeholders == {"account": "CarData", "cars": MYBMW_CAR.name, "other": first.title}
    source.push(CARDATA_CAR, mini)
    await pass_time(hass, freezer, INTERVAL)
    assert vins(hass, first) == {MYBMW_CAR.vin}
    assert vins(hass, second) == {mini.vin}
    assert registered(entity_registry, first.entry_id) == before
    assert not [name for name in hass.states.async_entity_ids() if "i4" in name and name.endswith("_2")]


def _registered(registry: er.EntityRegistry, entity_id: str) -> er.RegistryEntry:
    registered = registry.async_get(entity_id)
    assert registered
    return registered

"""An account that is only watched has nothing to press; what there was comes back as it was."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.vehicle import Capabilities

from .account import GCID, FakeSource, a_car, account_entry, set_up
from .acting import an_able_car

CAR = an_able_car()
COMMANDING = {
    f"{platform}.{key}"
    for platform, keys in {
        Platform.BUTTON: ("flash_lights", "sound_horn", "start_climate", "stop_climate", "find_vehicle"),
        Platform.EVENT: ("command",),
        Platform.LOCK: ("lock",),
        Platform.SENSOR: ("command_status",),
        Platform.SWITCH: ("climate", "charging"),
    }.items()
    for key in keys
}


def registered(registry: er.EntityRegistry, entry_id: str) -> dict[str, str]:
    """The entities of a car by platform and key, and their ids."""
    return {
        f"{entity.domain}.{entity.unique_id.removeprefix(f'{CAR.vin}-')}": entity.entity_id
        for entity in er.async_entries_for_config_entry(registry, entry_id)
    }


async def test_watching_only_takes_the_commands_away_and_gives_them_back(
    hass: HomeAssistant, source: FakeSource, entity_registry: er.EntityRegistry
) -> None:
    source.show(CAR)
    entry = account_entry()
    await set_up(hass, entry)
    before = registered(entity_registry, entry.entry_id)
    assert before.keys() >= COMMANDING
    renamed = entity_registry.async_update_entity(before["lock.lock"], new_entity_id="lock.my_car", name="Doors")
    before["lock.lock"] = renamed.entity_id

    hass.config_entries.async_update_entry(entry, options={"read_only": True})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    watching = registered(entity_registry, entry.entry_id)
    assert before.keys() - watching.keys() == COMMANDING
    assert entity_registry.async_get_entity_id(Platform.BUTTON, DOMAIN, f"{GCID}-refresh")
    assert all(hass.states.get(before[name]) is None for name in COMMANDING)

    hass.config_entries.async_update_entry(entry, options={"read_only": False})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert registered(entity_registry, entry.entry_id) == before
    lock = entity_registry.async_get("lock.my_car")
    assert lock
    assert lock.name == "Doors"


async def test_only_what_a_car_takes_is_there(
    hass: HomeAssistant, source: FakeSource, entity_registry: er.EntityRegistry
) -> None:
    car = a_car()
    assert car.capabilities == Capabilities(reports_state=True, tracking=True)
    source.show(car)
    entry = account_entry()
    await set_up(hass, entry)
    assert registered(entity_registry, entry.entry_id).keys() & COMMANDING == set()

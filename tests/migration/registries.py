"""What Home Assistant's registries hold, to be compared and to be written."""

from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import flush_store

from custom_components.mybmw.migration.disk import IN_A_WHILE
from tests.account import pass_time

VOLATILE: Final = {"modified_at", "created_at", "previous_unique_id", "object_id_base", "suggested_object_id"}


def registries(hass: HomeAssistant) -> dict[str, dict[str, object]]:
    """Everything that the registries hold, but the times of changes; devices are known by whose they are.

    The id of a device that is ours only may be another one after an undo.
    """
    found: dict[str, dict[str, object]] = {}
    names: dict[object, str] = {None: "none"}
    for entry in hass.config_entries.async_entries():
        found[entry.entry_id] = {"domain": entry.domain, "disabled_by": entry.disabled_by}
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id):
            names[device.id] = name = f"{entry.entry_id} {sorted(device.identifiers)}"
            found[name] = {key: value for key, value in device.dict_repr.items() if key not in VOLATILE | {"id"}}
    for entity in er.async_get(hass).entities.values():
        found[entity.entity_id] = {key: value for key, value in entity.extended_dict.items() if key not in VOLATILE}
        found[entity.entity_id]["device_id"] = names[entity.device_id]
    return found


async def write_down(hass: HomeAssistant) -> None:
    """Have Home Assistant write what it holds, as it does some time after a change, and when it is stopped."""
    hass.config_entries._async_schedule_save()  # a mocked entry does not have itself written
    for store in (er.async_get(hass)._store, dr.async_get(hass)._store, hass.config_entries._store):
        await flush_store(store)


async def stand_on_disk(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Have all written, and let it be noticed."""
    await write_down(hass)
    await pass_time(hass, freezer, IN_A_WHILE)

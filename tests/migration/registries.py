"""What Home Assistant's registries hold, to be compared and to be lost."""

from collections.abc import Callable, MutableMapping
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

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


def remember(hass: HomeAssistant, which: str) -> Callable[[], None]:
    """Remember a registry; what is returned makes it as it was."""
    entities, devices = er.async_get(hass), dr.async_get(hass)
    if which == "entities":
        back = [swap(entities.entities), swap(entities.deleted_entities)]
    else:
        back = [swap(devices._devices), swap(devices._deleted_devices)]

    def restore() -> None:
        for put_back in back:
            put_back()

    return restore


def swap[K, V](part: MutableMapping[K, V]) -> Callable[[], None]:
    """Remember a part of a registry."""
    remembered = dict(part.items())

    def put_back() -> None:
        for key in list(part):
            del part[key]
        for key, value in remembered.items():
            part[key] = value

    return put_back

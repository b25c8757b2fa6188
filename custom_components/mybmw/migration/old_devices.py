"""Puts the devices of a plan in the place of ours, or ours in their place again."""

from collections.abc import Collection

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.typing import UNDEFINED, UndefinedType

from ..const import DOMAIN
from .plan import MovedDevice


@callback
def async_take_device(hass: HomeAssistant, entry_id: str, moved: MovedDevice) -> None:
    """Put the old device in the place of ours: automations and pages know a device by its id."""
    registry, devices = er.async_get(hass), dr.async_get(hass)
    if (old := devices.async_get(moved["id"], include_child_devices=False)) is None:
        return
    for entity in er.async_entries_for_device(registry, old.id, include_disabled_entities=True):
        if entity.config_entry_id == moved["entry_id"]:  # or it would be removed when its device moves
            registry.async_update_entity(entity.entity_id, device_id=None)
    if old.config_entry_id == entry_id:
        return
    if own := devices.async_get_device_by_identifier((DOMAIN, moved["vin"]), entry_id):
        name_by_user, area_id = old.name_by_user or own.name_by_user, old.area_id or own.area_id
        devices.async_update_device(old.id, name_by_user=name_by_user, area_id=area_id, labels=old.labels | own.labels)
        for entity in er.async_entries_for_device(registry, own.id, include_disabled_entities=True):
            registry.async_update_entity(entity.entity_id, device_id=old.id)
        devices.async_update_device(own.id, new_identifiers={_at_rest(moved)})
        devices.async_remove_device(own.id)
    devices.async_update_device(
        old.id,
        new_config_entry_id=entry_id,
        new_identifiers={(DOMAIN, moved["vin"])},
        disabled_by=None if moved.get("is_shown") else UNDEFINED,
    )


@callback
def async_give_back_device(hass: HomeAssistant, entry_id: str, moved: MovedDevice) -> str | None:
    """Put our own device in its place again; returns the id of the old one, which is another only if it was forgotten.

    If our own was forgotten, Home Assistant removes those of our entities that hang on the old one; they come back. An
    old one that was given back already keeps its looks, as its owner may have changed them since.
    """
    registry, devices = er.async_get(hass), dr.async_get(hass)
    entry = hass.config_entries.async_get_entry(moved["entry_id"])
    if entry is None:
        return None
    identifiers = {(domain, identifier) for domain, identifier in moved["identifiers"]}
    device = devices.async_get(moved["id"], include_child_devices=False) or _recall_device(hass, entry_id, moved)
    is_ours = device is not None and device.config_entry_id != moved["entry_id"]
    if device and is_ours and device.config_entry_id != entry_id and is_there(hass, device.config_entry_id):
        return None  # another account's by now
    own = _own_device(hass, entry_id, moved, is_needed=is_ours)
    if device and own:
        for entity in er.async_entries_for_device(registry, device.id, include_disabled_entities=True):
            if entity.config_entry_id == entry_id or entity.id in moved.get("guests", []):
                registry.async_update_entity(entity.entity_id, device_id=own.id)
    if device is None:
        device = devices.async_get_or_create(
            config_entry_id=moved["entry_id"], identifiers=identifiers, name=moved["name"]
        )
        _set_device_looks(devices, device, moved)
        devices.async_update_device(device.id, disabled_by=_disabler(moved, entry))
    elif is_ours:
        _make_way(hass, moved["entry_id"], identifiers)
        _set_device_looks(devices, device, moved)
        devices.async_update_device(
            device.id,
            new_config_entry_id=moved["entry_id"],
            new_identifiers=identifiers,
            via_device_id=None,
            disabled_by=_disabler(moved, entry),
        )
    if own:
        devices.async_update_device(own.id, new_identifiers={(DOMAIN, moved["vin"])})
    _put_back(registry, device.id, moved["left_behind"])
    return device.id


def _at_rest(moved: MovedDevice) -> tuple[str, str]:
    """By what our own device is known that has made way: Home Assistant forgets it if another has its identifier."""
    return DOMAIN, f"{moved['vin']} at rest"


@callback
def _set_device_looks(devices: dr.DeviceRegistry, device: dr.DeviceEntry, moved: MovedDevice) -> None:
    devices.async_update_device(
        device.id,
        name=moved["name"],
        manufacturer=moved["manufacturer"],
        model=moved["model"],
        model_id=moved["model_id"],
        sw_version=moved["sw_version"],
        serial_number=moved["serial_number"],
        name_by_user=moved["name_by_user"],
        area_id=moved["area_id"],
        labels=set(moved["labels"]),
    )


@callback
def _put_back(registry: er.EntityRegistry, device_id: str, left_behind: Collection[str]) -> None:
    """Put what was left behind on its old device again, unless it has found another."""
    for registry_id in left_behind:
        if (stays := registry.entities.get_entry(registry_id)) and stays.device_id is None:
            registry.async_update_entity(stays.entity_id, device_id=device_id)


@callback
def _make_way(hass: HomeAssistant, entry_id: str, identifiers: Collection[tuple[str, str]]) -> None:
    """Remove a device that an entry has made anew, like entities, since it was enabled in the meantime."""
    registry, devices = er.async_get(hass), dr.async_get(hass)
    for newer in dr.async_entries_for_config_entry(devices, entry_id):
        if not newer.identifiers.isdisjoint(identifiers):
            for its_own in er.async_entries_for_device(registry, newer.id, include_disabled_entities=True):
                registry.async_update_entity(its_own.entity_id, device_id=None)
            devices.async_remove_device(newer.id)


def _disabler(moved: MovedDevice, entry: ConfigEntry[object]) -> dr.DeviceEntryDisabler | UndefinedType | None:
    """Who disables a device that goes back to its entry."""
    if "disabled_by" not in moved:
        return UNDEFINED
    if moved["disabled_by"] == dr.DeviceEntryDisabler.USER:
        return dr.DeviceEntryDisabler.USER
    return dr.DeviceEntryDisabler.CONFIG_ENTRY if entry.disabled_by else None


@callback
def _recall_device(hass: HomeAssistant, entry_id: str, moved: MovedDevice) -> dr.DeviceEntry | None:
    """Have a device back that was removed as one of ours, as when its car was missing for a while."""
    ours = (DOMAIN, moved["vin"])
    if dr.async_get(hass).async_get_device_by_identifier(ours, entry_id):
        return None
    return _remembered(hass, entry_id, ours, moved["id"], moved)


@callback
def _own_device(hass: HomeAssistant, entry_id: str, moved: MovedDevice, *, is_needed: bool) -> dr.DeviceEntry | None:
    """Our own device, which is there again already, is at rest, or `is_needed` and can be remembered."""
    if is_needed:
        own_id = moved.get("own_id")
        return _remembered(hass, entry_id, _at_rest(moved), own_id, moved) if own_id else None
    devices = dr.async_get(hass)
    again = devices.async_get_device_by_identifier((DOMAIN, moved["vin"]), entry_id)
    return again or devices.async_get_device_by_identifier(_at_rest(moved), entry_id)


@callback
def _remembered(
    hass: HomeAssistant, entry_id: str, identifier: tuple[str, str], device_id: str, moved: MovedDevice
) -> dr.DeviceEntry | None:
    """Have a removed device of ours back, if Home Assistant remembers it and the account is still there."""
    if hass.config_entries.async_get_entry(entry_id) is None:
        return None
    devices = dr.async_get(hass)
    device = devices.async_get_or_create(
        config_entry_id=entry_id,
        identifiers={identifier},
        name=moved["name"],
        manufacturer=moved["manufacturer"],
    )
    if device.id == device_id:
        return device
    devices.async_remove_device(device.id)
    return None


def is_there(hass: HomeAssistant, entry_id: str | None) -> bool:
    """Whether a config entry is there."""
    return entry_id is not None and hass.config_entries.async_get_entry(entry_id) is not None

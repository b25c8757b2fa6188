"""Does what a plan says, or undoes it.

Both look at what is there rather than at what was done: Home Assistant writes its registries a while later and each on
its own, so after a crash any part of the changes may be lost. Done again, they lead to the same end.

An entity keeps its id, and with it history and statistics, which the recorder knows by that id. Home Assistant allows
all this only while an entity is not loaded, so it is done before the account's entities are.
"""

from collections.abc import Collection
from contextlib import suppress
import logging
from typing import Final

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState, UnknownEntry
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import entity_sources
from homeassistant.helpers.typing import UNDEFINED

from ..const import DOMAIN
from .plan import Facts, Looks, Move, MovedDevice, Plan

_LOGGER: Final = logging.getLogger(__name__)


async def async_take_over(hass: HomeAssistant, entry_id: str, plan: Plan) -> None:
    """Make entities and devices those of an account, and retire the config entries they come from."""
    for move in plan["moves"]:
        _take(hass, entry_id, move)
    for device in plan["devices"]:
        _take_device(hass, entry_id, device)
    for old in plan["entries"]:
        await _disable(hass, old["entry_id"], ConfigEntryDisabler.USER)


async def async_give_back(hass: HomeAssistant, entry_id: str, plan: Plan) -> None:
    """Put everything back, as far as it still is as we left it; our own entities return when they are set up."""
    for old in plan["entries"]:
        if old["was_enabled"]:
            await _disable(hass, old["entry_id"], None)
    for move in plan["moves"]:
        _give_back(hass, move)
    for device in plan["devices"]:
        _give_back_device(hass, entry_id, device)
    for entry_id_before in {move["entry_id"] for move in plan["moves"] if move["entry_id"]}:
        _show_again(hass, entry_id_before)


async def async_clean_up(hass: HomeAssistant, plan: Plan) -> None:
    """Remove the config entries that were retired, unless somebody has put one to use again."""
    retired = {old["entry_id"] for old in plan["entries"]}
    for old in plan["entries"]:
        entry = hass.config_entries.async_get_entry(old["entry_id"])
        if entry and entry.disabled_by and not _would_drag_others_along(hass, old["domain"], retired):
            with suppress(UnknownEntry):  # it has just been dragged along
                await hass.config_entries.async_remove(old["entry_id"])


def _would_drag_others_along(hass: HomeAssistant, domain: str, retired: Collection[str]) -> bool:
    """Whether there are entries that stay, and none at work: with the last one, Home Assistant removes all others."""
    others = [entry for entry in hass.config_entries.async_entries(domain) if entry.entry_id not in retired]
    return bool(others) and not any(entry.state is ConfigEntryState.LOADED for entry in others)


async def _disable(hass: HomeAssistant, entry_id: str, disabled_by: ConfigEntryDisabler | None) -> None:
    """Disable or enable a config entry, if it is there, and its entities and devices, even if it is done already."""
    if entry := hass.config_entries.async_get_entry(entry_id):
        await hass.config_entries.async_set_disabled_by(entry_id, disabled_by)
        dr.async_config_entry_disabled_by_changed(dr.async_get(hass), entry)
        er.async_config_entry_disabled_by_changed(er.async_get(hass), entry)


@callback
def _show_again(hass: HomeAssistant, entry_id: str) -> None:
    """Have a config entry that was enabled in the meantime show what it has got back."""
    entry = hass.config_entries.async_get_entry(entry_id)
    if entry and not entry.disabled_by:
        dr.async_config_entry_disabled_by_changed(dr.async_get(hass), entry)
        er.async_config_entry_disabled_by_changed(er.async_get(hass), entry)
        if entry.state is ConfigEntryState.LOADED:
            hass.config_entries.async_schedule_reload(entry_id)


@callback
def _take(hass: HomeAssistant, entry_id: str, move: Move) -> None:
    registry = er.async_get(hass)
    entity = registry.entities.get_entry(move["id"])
    key = (move["domain"], move["platform"], move["unique_id"])
    if entity is None and move["is_deleted"] and key in registry.deleted_entities:
        entity = registry.async_get_or_create(*key)
    if entity is None:
        _LOGGER.info("An entity of %s is gone and was not taken over", move["platform"])
        return
    if entity.platform != DOMAIN:
        if entity.entity_id in entity_sources(hass):
            _LOGGER.warning("An entity of %s is at work again and was not taken over", move["platform"])
            return
        if ours := registry.async_get_entity_id(move["domain"], DOMAIN, move["successor"]):
            registry.async_remove(ours)
        _hand_over(registry, entity.entity_id, DOMAIN, entry_id, move["successor"])
    _set_looks(registry, entity.entity_id, move["looks"])


@callback
def _give_back(hass: HomeAssistant, move: Move) -> None:
    registry = er.async_get(hass)
    entity = registry.entities.get_entry(move["id"])
    if entity is None:
        return
    if entity.platform == DOMAIN:
        entry_id = move["entry_id"]
        if entry_id and hass.config_entries.async_get_entry(entry_id) is None:
            entry_id = None
        if newer := registry.async_get_entity_id(move["domain"], move["platform"], move["unique_id"]):
            registry.async_remove(newer)  # made anew by an entry that was enabled in the meantime
        _hand_over(registry, entity.entity_id, move["platform"], entry_id, move["unique_id"])
    _set_looks(registry, entity.entity_id, move["looks_before"])
    if facts := move["facts_before"]:
        _set_facts(registry, entity.entity_id, facts)
    if move["is_deleted"]:
        registry.async_remove(entity.entity_id)


@callback
def _hand_over(
    registry: er.EntityRegistry, entity_id: str, platform: str, entry_id: str | None, unique_id: str
) -> None:
    """Change whose an entity is; it may be no config entry's, and is no subentry's.

    The registry refuses to replace a unique id by itself.
    """
    is_same = registry.entities[entity_id].unique_id == unique_id
    registry.async_update_entity_platform(
        entity_id,
        platform,
        new_config_entry_id=entry_id,  # type: ignore[arg-type] # None works and is stored
        new_config_subentry_id=None,  # type: ignore[arg-type] # likewise
        new_unique_id=UNDEFINED if is_same else unique_id,
    )


@callback
def _set_looks(registry: er.EntityRegistry, entity_id: str, looks: Looks) -> None:
    disabled_by = looks["disabled_by"]
    with suppress(ValueError):  # an entity with an area of its own may have to have a name
        registry.async_update_entity(entity_id, name=looks["name"])
    registry.async_update_entity(
        entity_id,
        icon=looks["icon"],
        labels=set(looks["labels"]),
        disabled_by=er.RegistryEntryDisabler(disabled_by) if disabled_by else None,
    )


@callback
def _set_facts(registry: er.EntityRegistry, entity_id: str, facts: Facts) -> None:
    category = facts["entity_category"]
    entity = registry.async_update_entity(
        entity_id,
        capabilities=facts["capabilities"] or None,
        entity_category=EntityCategory(category) if category else None,
        has_entity_name=facts["has_entity_name"],
        original_device_class=facts["original_device_class"],
        original_icon=facts["original_icon"],
        original_name=facts["original_name"],
        supported_features=facts["supported_features"],
        translation_key=facts["translation_key"],
        unit_of_measurement=facts["unit_of_measurement"],
    )
    for domain in {*entity.options, *facts["options"]}:
        options = facts["options"].get(domain)
        registry.async_update_entity_options(entity_id, domain, options if isinstance(options, dict) else None)


@callback
def _take_device(hass: HomeAssistant, entry_id: str, moved: MovedDevice) -> None:
    """Put the old device in the place of ours: automations and pages know a device by its id."""
    registry, devices = er.async_get(hass), dr.async_get(hass)
    if (old := devices.async_get(moved["id"], include_child_devices=False)) is None:
        return
    for entity in er.async_entries_for_device(registry, old.id, include_disabled_entities=True):
        if entity.config_entry_id == moved["entry_id"]:  # or it would be removed when its device moves
            registry.async_update_entity(entity.entity_id, device_id=None)
    if old.config_entry_id == entry_id:
        return
    name_by_user, area_id, labels = old.name_by_user, old.area_id, old.labels
    if ours := devices.async_get_device_by_identifier((DOMAIN, moved["vin"]), entry_id):
        name_by_user, area_id, labels = name_by_user or ours.name_by_user, area_id or ours.area_id, labels | ours.labels
        for entity in er.async_entries_for_device(registry, ours.id, include_disabled_entities=True):
            if entity.config_entry_id == entry_id:
                registry.async_update_entity(entity.entity_id, device_id=old.id)
        devices.async_update_device(old.id, name_by_user=name_by_user, area_id=area_id, labels=labels)
        devices.async_remove_device(ours.id)
    devices.async_update_device(old.id, new_config_entry_id=entry_id, new_identifiers={(DOMAIN, moved["vin"])})


@callback
def _give_back_device(hass: HomeAssistant, entry_id: str, moved: MovedDevice) -> None:
    """Home Assistant removes those of our entities that hang on it; they come back with their own device."""
    registry, devices = er.async_get(hass), dr.async_get(hass)
    device = devices.async_get(moved["id"], include_child_devices=False)
    if device is None or hass.config_entries.async_get_entry(moved["entry_id"]) is None:
        return
    if device.config_entry_id == entry_id:
        identifiers = {(domain, identifier) for domain, identifier in moved["identifiers"]}
        for newer in dr.async_entries_for_config_entry(devices, moved["entry_id"]):
            if newer.identifiers & identifiers:  # made anew, like entities
                for its_own in er.async_entries_for_device(registry, newer.id, include_disabled_entities=True):
                    registry.async_update_entity(its_own.entity_id, device_id=None)
                devices.async_remove_device(newer.id)
        devices.async_update_device(
            device.id, new_config_entry_id=moved["entry_id"], new_identifiers=identifiers, via_device_id=None
        )
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
    for left_behind in moved["left_behind"]:
        if stays := registry.entities.get_entry(left_behind):
            registry.async_update_entity(stays.entity_id, device_id=device.id)

"""Does what a plan says, or undoes it.

Both look at what is there rather than at what was done: Home Assistant writes its registries a while later and each on
its own, so after a crash any part of the changes may be lost. Done again, they lead to the same end.

An entity keeps its id, and with it history and statistics, which the recorder knows by that id. Home Assistant allows
all this only while an entity is not loaded, so it is done before the account's entities are.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
import logging
from typing import Final

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState, UnknownEntry
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import entity_sources
from homeassistant.helpers.typing import UNDEFINED

from ..const import DOMAIN
from ..origins import async_forget_origin, async_note_origin, is_taken_over
from .old_devices import async_give_back_device, async_take_device, is_there
from .plan import Facts, Looks, Move, MovedDevice, Plan, async_is_wanted_elsewhere

_LOGGER: Final = logging.getLogger(__name__)


@callback
def awaited_of(hass: HomeAssistant, plan: Plan) -> list[str]:
    """The entities that can be taken over and are not ours yet, or not any more."""
    registry = er.async_get(hass)

    def _is_awaited(move: Move) -> bool:
        if entity := registry.entities.get_entry(move["id"]):
            return entity.platform != DOMAIN
        return (move["domain"], move["platform"], move["unique_id"]) in registry.deleted_entities

    return [move["entity_id"] for move in plan["moves"] if _is_awaited(move)]


async def async_take_over(hass: HomeAssistant, entry_id: str, plan: Plan) -> None:
    """Make entities and devices those of an account, and retire the config entries they come from."""
    devices = {device["vin"]: device for device in plan["devices"]}
    for move in plan["moves"]:
        _take(hass, entry_id, move, devices.get(_vin_of(move)))
    for device in plan["devices"]:
        async_take_device(hass, entry_id, device)
    for old in plan["entries"]:
        await _disable(hass, old["entry_id"], ConfigEntryDisabler.USER)


async def async_give_back(hass: HomeAssistant, entry_id: str, plan: Plan) -> None:
    """Put everything back, as far as it still is as we left it; our own entities return when they are set up.

    What another account of ours goes on with stays with it. What has been given back already is left as it is.

    Raises:
        HomeAssistantError: Some entities are at work, so only the others were given back.
    """
    for old in plan["entries"]:
        if old["was_enabled"]:
            await _disable(hass, old["entry_id"], None)
    at_work = [move for move in plan["moves"] if not _give_back(hass, entry_id, move)]
    devices_now: dict[str, str] = {}
    for device in plan["devices"]:
        if device_id := async_give_back_device(hass, entry_id, device):
            devices_now |= {device["id"]: device_id, device["vin"]: device_id}
    for move in plan["moves"]:
        _reattach(hass, entry_id, move, devices_now)
    for entry_id_before in {move["entry_id"] for move in plan["moves"] if move["entry_id"]}:
        _show_again(hass, entry_id_before)
    if at_work:
        message = "Some entities are at work"
        raise HomeAssistantError(message)


async def async_clean_up(hass: HomeAssistant, plan: Plan) -> None:
    """Remove the config entries that were retired, unless somebody has put one to use again.

    One that has an entity of the plan, which it got back or has never given, is in use; and so is one that has an
    entity that another account can go on with, as after an undo there.
    """
    registry = er.async_get(hass)
    entities = [entity for move in plan["moves"] if (entity := registry.entities.get_entry(move["id"]))]
    accounts = {entity.config_entry_id for entity in entities if entity.platform == DOMAIN}
    retired = {old["entry_id"] for old in plan["entries"] if not async_is_wanted_elsewhere(hass, old, accounts)}
    retired -= {entity.config_entry_id for entity in entities if entity.platform != DOMAIN}
    for old in plan["entries"]:
        if old["entry_id"] not in retired:
            continue
        if (entry := hass.config_entries.async_get_entry(old["entry_id"])) is None:  # a crash may have kept what it had
            dr.async_get(hass).async_clear_config_entry(old["entry_id"], old["domain"])
            registry.async_clear_config_entry(old["entry_id"])
        elif entry.disabled_by and not _would_drag_others_along(hass, old["domain"], retired):
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


def _vin_of(move: Move) -> str:
    return move["successor"].partition("-")[0]


@callback
def _take(hass: HomeAssistant, entry_id: str, move: Move, device: MovedDevice | None) -> None:
    registry = er.async_get(hass)
    entity = registry.entities.get_entry(move["id"])
    if entity is None and move["is_deleted"]:
        entity = _recall(registry, move, move["platform"], move["unique_id"])
    if entity is None:
        _LOGGER.info("An entity of %s is gone and was not taken over", move["platform"])
        return
    if entity.platform == DOMAIN:  # taken over before, and its owner may have changed its looks since
        return
    if entity.entity_id in entity_sources(hass):
        _LOGGER.warning("An entity of %s is at work again and was not taken over", move["platform"])
        return
    if ours := registry.async_get_entity_id(move["domain"], DOMAIN, move["successor"]):
        registry.async_remove(ours)
    device_id, shown_since = (device["id"], device.get("shown_since")) if device else (None, None)
    async_note_origin(registry, entity.entity_id, move["platform"], device_id, shown_since)
    _set_looks(registry, entity.entity_id, move["looks"])
    _hand_over(registry, entity.entity_id, DOMAIN, entry_id, move["successor"])


@callback
def _give_back(hass: HomeAssistant, account_entry_id: str, move: Move) -> bool:
    """Give an entity back, also one that has gone since, with its car or with commands; tells whether nothing is left.

    It is in use by somebody if it is another account's by now, or if it was given back already: its owner may have
    changed it since.
    """
    registry = er.async_get(hass)
    entity = registry.entities.get_entry(move["id"]) or _recall(registry, move, DOMAIN, move["successor"])
    if entity is None or not (is_taken_over(entity) or entity.platform == DOMAIN):
        return True
    if entity.platform == DOMAIN:
        if entity.config_entry_id != account_entry_id and is_there(hass, entity.config_entry_id):
            return True
        if entity.entity_id in entity_sources(hass):
            return False
        entry_id = move["entry_id"] if is_there(hass, move["entry_id"]) else None
        if newer := registry.async_get_entity_id(move["domain"], move["platform"], move["unique_id"]):
            registry.async_remove(newer)  # made anew by an entry that was enabled in the meantime
        _hand_over(registry, entity.entity_id, move["platform"], entry_id, move["unique_id"])
    _set_looks(registry, entity.entity_id, move["looks_before"])
    if facts := move["facts_before"]:
        _set_facts(registry, entity.entity_id, facts)
    async_forget_origin(registry, entity.entity_id)  # last, as it tells that there is something to give back
    if move["is_deleted"]:
        registry.async_remove(entity.entity_id)
    return True


@callback
def _recall(registry: er.EntityRegistry, move: Move, platform: str, unique_id: str) -> er.RegistryEntry | None:
    """Have an entity back that was removed as one of a platform, if the registry still remembers it."""
    key = (move["domain"], platform, unique_id)
    deleted = registry.deleted_entities.get(key)
    if deleted is None or deleted.id != move["id"] or registry.async_get_entity_id(*key):
        return None
    _, _, name = move["entity_id"].partition(".")
    return registry.async_get_or_create(*key, suggested_object_id=name)  # which counts if somebody else has its id


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
    for domain in {*entity.options, *facts["options"]} - {DOMAIN}:
        options = facts["options"].get(domain)
        registry.async_update_entity_options(entity_id, domain, options if isinstance(options, dict) else None)


@callback
def _reattach(hass: HomeAssistant, entry_id: str, move: Move, devices_now: Mapping[str, str]) -> None:
    """Put an entity that was given back on the device that it was on, or off one that is not its own.

    `devices_now` has the ids of devices by those they had, and by the VIN of their car: early versions knew no more.
    """
    registry, devices = er.async_get(hass), dr.async_get(hass)
    entity = registry.entities.get_entry(move["id"])
    if entity is None or entity.platform == DOMAIN:
        return
    now = devices.async_get(entity.device_id, include_child_devices=False) if entity.device_id else None
    if "device_id" in move:
        device_id = move["device_id"] or ""
        device_id = devices_now.get(device_id, device_id)
    elif now is None or now.config_entry_id == entry_id:
        device_id = devices_now.get(_vin_of(move), "")
    else:
        return
    if devices.async_get(device_id, include_child_devices=False):
        registry.async_update_entity(entity.entity_id, device_id=device_id)
    elif now and now.config_entry_id != entity.config_entry_id:
        registry.async_update_entity(entity.entity_id, device_id=None)

"""Whether what was done stands on the disk: Home Assistant writes its registries a while later, and each on its own."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..sources import Json
from .journal import Journal, Stage, UnreadableJournalError, awaits_disk
from .plan import Move, MovedDevice, Plan

IN_A_WHILE: Final = timedelta(minutes=1)
"""Home Assistant writes its registries ten seconds after a change, three minutes while it starts, or later still."""

_WATCHED: Final[HassKey[set[str]]] = HassKey(f"{DOMAIN}_migration_watched")

type _Owners = Mapping[Json, tuple[Json, ...]]
"""Whose the entries of a registry are, by their ids."""


async def async_is_on_disk(hass: HomeAssistant, plan: Plan) -> bool:
    """Whether the registries' files show whose a plan's entities and devices are, and what its entries still have.

    Config entries are not looked for: Home Assistant writes them after a second, its registries after ten or later.
    """
    entry_ids = {old["entry_id"] for old in plan["entries"]}
    entities, devices = er.async_get(hass), dr.async_get(hass)
    now_entities: _Owners = {
        entity.id: (entity.config_entry_id, entity.platform) for entity in entities.entities.values()
    }
    now_devices: _Owners = {
        device.id: (device.config_entry_id, None)
        for device in (
            *(devices.async_get(moved["id"], include_child_devices=False) for moved in plan["devices"]),
            *(device for entry_id in entry_ids for device in dr.async_entries_for_config_entry(devices, entry_id)),
        )
        if device
    }
    try:
        kept_entities = await _async_owners(
            hass, er.STORAGE_KEY, er.STORAGE_VERSION_MAJOR, er.STORAGE_VERSION_MINOR, "entities"
        )
        kept_devices = await _async_owners(
            hass, dr.STORAGE_KEY, dr.STORAGE_VERSION_MAJOR, dr.STORAGE_VERSION_MINOR, "devices"
        )
    except HomeAssistantError, NotImplementedError, OSError:  # the second, if it is of another version
        return False

    def _of_plan(owners: _Owners, planned: Iterable[Move | MovedDevice]) -> _Owners:
        ids = {one["id"] for one in planned}
        return {one: owner for one, owner in owners.items() if one in ids or owner[0] in entry_ids}

    return _of_plan(now_entities, plan["moves"]) == _of_plan(kept_entities, plan["moves"]) and _of_plan(
        now_devices, plan["devices"]
    ) == _of_plan(kept_devices, plan["devices"])


async def _async_owners(hass: HomeAssistant, key: str, version: int, minor_version: int, what: str) -> _Owners:
    store = Store[dict[str, Json]](hass, version, key, minor_version=minor_version, read_only=True)
    found = (await store.async_load() or {}).get(what)
    return {
        one.get("id"): (one.get("config_entry_id"), one.get("platform"))
        for one in (found if isinstance(found, list) else [])
        if isinstance(one, dict)
    }


@callback
def async_is_watched(hass: HomeAssistant, account_id: str) -> bool:
    """Whether it was done since Home Assistant has started, so that no crash can have taken anything back."""
    return account_id in hass.data.get(_WATCHED, ())


@callback
def async_watch(hass: HomeAssistant, account_id: str) -> None:
    """Look in a while, and again until it is so, whether what was done for an account is on disk; note that it is."""
    watched = hass.data.setdefault(_WATCHED, set())
    if account_id in watched:
        return
    watched.add(account_id)

    async def _async_look(_now: datetime) -> None:
        watched.discard(account_id)
        if not await _async_note(hass, Journal(hass, account_id)):
            async_watch(hass, account_id)

    async_call_later(hass, IN_A_WHILE, HassJob(_async_look, cancel_on_shutdown=True))


async def _async_note(hass: HomeAssistant, journal: Journal) -> bool:
    """Note it, if it is so: what cannot be undone any more is forgotten then; False, if it has to be looked again."""
    async with journal.lock:
        try:
            record = await journal.async_read_all()
        except UnreadableJournalError:
            return True  # the next set-up says so
        if record is None or not awaits_disk(record):
            return True
        if not await async_is_on_disk(hass, record["plan"]):
            return False
        with suppress(OSError):
            if record["stage"] == Stage.TAKEN_OVER:
                await journal.async_write({**record, "is_on_disk": True})
            else:
                await journal.async_remove()
            return True
        return False

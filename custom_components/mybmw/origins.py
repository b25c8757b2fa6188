"""Which of our entities were another integration's: noted beside each of them in Home Assistant's registry.

So the note is as new as its entity is, whatever is lost in a crash, and comes back with one that was away for a while.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .const import DOMAIN

_FROM: Final = "taken_over_from"
_DEVICE: Final = "device_taken_over"
_SHOWN_SINCE: Final = "shown_since"


@callback
def async_note_origin(
    registry: er.EntityRegistry, entity_id: str, platform: str, device_id: str | None, shown_since: str | None
) -> None:
    """Note whose an entity was, which device came along with it, and since when (ISO) we had shown its car by then."""
    note = {_FROM: platform, _DEVICE: device_id, _SHOWN_SINCE: shown_since}
    registry.async_update_entity_options(entity_id, DOMAIN, note)


@callback
def async_forget_origin(registry: er.EntityRegistry, entity_id: str) -> None:
    """Note that an entity is not ours any more."""
    registry.async_update_entity_options(entity_id, DOMAIN, None)


def is_taken_over(entity: er.RegistryEntry) -> bool:
    """Whether an entity of ours was another integration's."""
    return _FROM in _note(entity)


@callback
def async_is_device_taken_over(registry: er.EntityRegistry, device: dr.DeviceEntry) -> bool:
    """Whether a device of ours was another integration's."""
    return _note_about(registry, device) is not None


@callback
def async_shown_since(registry: er.EntityRegistry, device: dr.DeviceEntry) -> datetime:
    """Since when we show the car of a device, which may be older than that."""
    since = (_note_about(registry, device) or {}).get(_SHOWN_SINCE)
    return datetime.fromisoformat(since) if isinstance(since, str) else device.created_at


def _note_about(registry: er.EntityRegistry, device: dr.DeviceEntry) -> Mapping[str, object] | None:
    entities = er.async_entries_for_device(registry, device.id, include_disabled_entities=True)
    return next((note for entity in entities if (note := _note(entity)).get(_DEVICE) == device.id), None)


def _note(entity: er.RegistryEntry) -> Mapping[str, object]:
    return entity.options.get(DOMAIN) or {}

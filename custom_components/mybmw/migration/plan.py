"""What there is to take over, and what that means for each entity: worked out, shown, and stored before it is done."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, NotRequired, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import entity_sources
from homeassistant.helpers.json import json_bytes
from homeassistant.util.json import json_loads_object

from ..const import DOMAIN
from ..origins import async_is_device_taken_over, is_taken_over
from ..sources import Json
from .successors import PREDECESSORS, Predecessor

_BY_DOMAIN: Final = {predecessor.domain: predecessor for predecessor in PREDECESSORS}


class Looks(TypedDict):
    """What an owner may have changed about an entity, as far as we touch it."""

    name: str | None
    icon: str | None
    labels: list[str]
    disabled_by: str | None


class Facts(TypedDict):
    """What an integration says of its entity; ours replaces it, so it stands here for the way back."""

    capabilities: dict[str, Json]
    entity_category: str | None
    has_entity_name: bool
    original_device_class: str | None
    original_icon: str | None
    original_name: str | None
    supported_features: int
    translation_key: str | None
    unit_of_measurement: str | None
    options: dict[str, Json]


class Move(TypedDict):
    """An entity that shall be ours.

    `id` is the registry's own, which nothing changes. An entity whose integration was removed `is_deleted`, has no
    `entry_id`, and is remembered by the registry for some more weeks. `replaces` is the id of the entity of ours that
    makes way. Early versions did not store the device it hangs on.
    """

    id: str
    domain: str
    platform: str
    unique_id: str
    entity_id: str
    entry_id: str | None
    is_deleted: bool
    device_id: NotRequired[str | None]
    successor: str
    replaces: str
    looks_before: Looks
    looks: Looks
    facts_before: Facts | None


class MovedDevice(TypedDict):
    """A device that shall be ours, with all that hangs on its id, and what it was like before.

    `left_behind` are the entities that cannot come along. It `is_shown` again if its owner has disabled it, but not the
    one of ours that makes way: that has `own_id`, shows the car since `shown_since` (ISO), and has `guests`, which are
    entities of others, such as helpers. Early versions did not store the last five.
    """

    id: str
    vin: str
    entry_id: str
    identifiers: list[list[str]]
    left_behind: list[str]
    name: str | None
    manufacturer: str | None
    model: str | None
    model_id: str | None
    sw_version: str | None
    serial_number: str | None
    name_by_user: str | None
    area_id: str | None
    labels: list[str]
    disabled_by: NotRequired[str | None]
    is_shown: NotRequired[bool]
    own_id: NotRequired[str | None]
    shown_since: NotRequired[str | None]
    guests: NotRequired[list[str]]


class OldEntry(TypedDict):
    """A config entry that has no other cars; `was_enabled` before we disabled it."""

    entry_id: str
    domain: str
    was_enabled: bool


class Plan(TypedDict):
    """All there is to do, in a form that can be stored."""

    moves: list[Move]
    devices: list[MovedDevice]
    entries: list[OldEntry]


class Reason(StrEnum):
    """Why an entity has no successor."""

    NO_COUNTERPART = "no_counterpart"
    NOT_OFFERED = "not_offered"
    ANOTHER_GOES_ON = "another_goes_on"
    ID_IN_USE = "id_in_use"


@dataclass(slots=True)
class Offer:
    """A plan, and what it leaves out; `integrations` by the names people know them by."""

    plan: Plan = field(default_factory=lambda: Plan(moves=[], devices=[], entries=[]))
    leftovers: dict[str, Reason] = field(default_factory=dict)
    integrations: list[str] = field(default_factory=list)


class _Found(NamedTuple):
    """An entity of another integration; `rank` says which of several with the same successor comes first."""

    entity: er.RegistryEntry | er.DeletedRegistryEntry
    vin: str
    rank: int
    successor: str | None


@callback
def async_look(hass: HomeAssistant, entry_id: str, vins: Collection[str]) -> Offer:
    """Look for what others left behind of these cars of an account, which has to be set up."""
    offer = Offer()
    for predecessor in PREDECESSORS:
        for found in sorted(_found(hass, predecessor, vins), key=lambda one: (one.rank, one.entity.entity_id)):
            _sort_in(er.async_get(hass), entry_id, found, offer)
    _add_devices(hass, entry_id, offer)
    _add_entries(hass, entry_id, offer, vins)
    moved = {move["platform"] for move in offer.plan["moves"]}
    offer.integrations = [predecessor.title for predecessor in PREDECESSORS if predecessor.domain in moved]
    return offer


def _found(hass: HomeAssistant, predecessor: Predecessor, vins: Collection[str]) -> Iterator[_Found]:
    """The entities of an integration that show one of the cars, and that nothing keeps at work."""
    registry = er.async_get(hass)
    alive = [entity for entity in registry.entities.values() if entity.platform == predecessor.domain]
    known = {(entity.domain, entity.unique_id) for entity in alive}
    deleted = [
        entity
        for entity in registry.deleted_entities.values()
        if entity.platform == predecessor.domain
        and entity.config_entry_id is None  # else its owner did not want it any more
        and (entity.domain, entity.unique_id) not in known
    ]
    entities: list[er.RegistryEntry | er.DeletedRegistryEntry] = [*alive, *deleted]
    ranks = {key: rank for rank, key in enumerate(predecessor.successors)}
    # Somebody may have brought the removed integration back as a custom one.
    at_work = {entity.config_entry_id for entity in alive if entity.entity_id in entity_sources(hass)}
    for entity in entities:
        entry_id = entity.config_entry_id
        if entry_id in at_work or (not predecessor.is_gone and _is_enabled(hass, entry_id)):
            continue
        for vin in vins:
            if (name := predecessor.key(entity.unique_id, vin)) is not None:
                key = entity.domain, name
                yield _Found(entity, vin, ranks.get(key, len(ranks)), predecessor.successors.get(key))


def _is_enabled(hass: HomeAssistant, entry_id: str | None) -> bool:
    entry = hass.config_entries.async_get_entry(entry_id) if entry_id else None
    return entry is not None and entry.disabled_by is None


def _sort_in(registry: er.EntityRegistry, entry_id: str, found: _Found, offer: Offer) -> None:
    """Find the successor of an entity, or the reason why there is none."""
    entity, vin, _, successor = found
    unique_id = f"{vin}-{successor}"
    if successor is None:
        offer.leftovers[entity.entity_id] = Reason.NO_COUNTERPART
        return
    ours = registry.async_get(registry.async_get_entity_id(entity.domain, DOMAIN, unique_id) or "")
    if ours is None or ours.config_entry_id != entry_id:
        offer.leftovers[entity.entity_id] = Reason.NOT_OFFERED
        return
    is_deleted = isinstance(entity, er.DeletedRegistryEntry)
    if is_deleted and entity.entity_id == ours.entity_id:  # ours goes on with its history already
        return
    taken = {(move["domain"], move["successor"]) for move in offer.plan["moves"]}
    if (entity.domain, unique_id) in taken or is_taken_over(ours):  # whose history must not be cut off in turn
        offer.leftovers[entity.entity_id] = Reason.ANOTHER_GOES_ON
        return
    if is_deleted and entity.entity_id in registry.entities:
        offer.leftovers[entity.entity_id] = Reason.ID_IN_USE
        return
    offer.plan["moves"].append(
        Move(
            id=entity.id,
            domain=entity.domain,
            platform=entity.platform,
            unique_id=entity.unique_id,
            entity_id=entity.entity_id,
            entry_id=entity.config_entry_id,
            is_deleted=is_deleted,
            device_id=entity.device_id if isinstance(entity, er.RegistryEntry) else None,
            successor=unique_id,
            replaces=ours.entity_id,
            looks_before=_looks(entity),
            looks=_joined(entity, ours),
            facts_before=_facts(entity) if isinstance(entity, er.RegistryEntry) else None,
        )
    )


def _looks(entity: er.RegistryEntry | er.DeletedRegistryEntry) -> Looks:
    disabled_by = entity.disabled_by if isinstance(entity.disabled_by, er.RegistryEntryDisabler) else None
    return Looks(name=entity.name, icon=entity.icon, labels=sorted(entity.labels), disabled_by=disabled_by)


def _facts(entity: er.RegistryEntry) -> Facts:
    return Facts(
        capabilities=_json(entity.capabilities),
        entity_category=entity.entity_category,
        has_entity_name=entity.has_entity_name,
        original_device_class=entity.original_device_class,
        original_icon=entity.original_icon,
        original_name=entity.original_name,
        supported_features=entity.supported_features,
        translation_key=entity.translation_key,
        unit_of_measurement=entity.unit_of_measurement,
        options=_json(entity.options),
    )


def _json(mapping: Mapping[str, object] | None) -> dict[str, Json]:
    """A copy of a mapping as it will be read from a file."""
    copy = json_loads_object(json_bytes(mapping or {}))
    return {**copy}


def _joined(entity: er.RegistryEntry | er.DeletedRegistryEntry, ours: er.RegistryEntry) -> Looks:
    """Theirs, and ours where theirs says nothing; only a person's own wish for it keeps an entity disabled."""
    theirs = _looks(entity)
    by_a_person = theirs["disabled_by"] == er.RegistryEntryDisabler.USER
    return Looks(
        name=theirs["name"] or ours.name,
        icon=theirs["icon"] or ours.icon,
        labels=sorted({*theirs["labels"], *ours.labels}),
        disabled_by=theirs["disabled_by"] if by_a_person or not theirs["disabled_by"] else ours.disabled_by,
    )


def _add_devices(hass: HomeAssistant, entry_id: str, offer: Offer) -> None:
    """Have the devices come along: one for each car that has none yet that came along."""
    registry, devices = er.async_get(hass), dr.async_get(hass)
    served: set[str] = set()
    moved = {move["id"] for move in offer.plan["moves"]}
    for move in offer.plan["moves"]:
        device_id = move.get("device_id")
        device = devices.async_get(device_id, include_child_devices=False) if device_id else None
        vin, _, _ = move["successor"].partition("-")
        own = devices.async_get_device_by_identifier((DOMAIN, vin), entry_id)
        if (
            device is None
            or vin in served
            or device.config_entry_id != move["entry_id"]
            or (own and async_is_device_taken_over(registry, own))
        ):
            continue
        served.add(vin)
        beside = er.async_entries_for_device(registry, device.id, include_disabled_entities=True)
        on_own = er.async_entries_for_device(registry, own.id, include_disabled_entities=True) if own else []
        offer.plan["devices"].append(
            MovedDevice(
                id=device.id,
                vin=vin,
                entry_id=device.config_entry_id,
                identifiers=[list(identifier) for identifier in sorted(device.identifiers)],
                left_behind=[
                    other.id
                    for other in beside
                    if other.config_entry_id == device.config_entry_id and other.id not in moved
                ],
                name=device.name,
                manufacturer=device.manufacturer,
                model=device.model,
                model_id=device.model_id,
                sw_version=device.sw_version,
                serial_number=device.serial_number,
                name_by_user=device.name_by_user,
                area_id=device.area_id,
                labels=sorted(device.labels),
                disabled_by=device.disabled_by,
                is_shown=device.disabled_by is dr.DeviceEntryDisabler.USER and not (own and own.disabled),
                own_id=own.id if own else None,
                shown_since=own.created_at.isoformat() if own else None,
                guests=[guest.id for guest in on_own if guest.config_entry_id != entry_id],
            )
        )


def _add_entries(hass: HomeAssistant, entry_id: str, offer: Offer, vins: Collection[str]) -> None:
    """Note the old config entries that are of no more use: those that have no other car, nor one to go on elsewhere."""
    registry = er.async_get(hass)
    known = {*vins, *_vins_of_others(hass, {entry_id})}
    for old_id in sorted({move["entry_id"] for move in offer.plan["moves"] if move["entry_id"]}):
        entry = hass.config_entries.async_get_entry(old_id)
        if entry is None or not (predecessor := _BY_DOMAIN[entry.domain]).is_gone:
            continue
        old = OldEntry(entry_id=old_id, domain=entry.domain, was_enabled=entry.disabled_by is None)
        entities = er.async_entries_for_config_entry(registry, old_id)
        has_other_cars = any(
            all(predecessor.key(entity.unique_id, vin) is None for vin in known) for entity in entities
        )
        if not has_other_cars and not async_is_wanted_elsewhere(hass, old, {entry_id}):
            offer.plan["entries"].append(old)


@callback
def async_is_wanted_elsewhere(hass: HomeAssistant, old: OldEntry, account_ids: Collection[str | None]) -> bool:
    """Whether an old config entry has an entity that can go on as one of an account of ours other than these."""
    registry = er.async_get(hass)
    predecessor, vins = _BY_DOMAIN[old["domain"]], _vins_of_others(hass, account_ids)
    for entity in er.async_entries_for_config_entry(registry, old["entry_id"]):
        for vin in vins:
            if (key := predecessor.key(entity.unique_id, vin)) is None:
                continue
            unique_id = f"{vin}-{predecessor.successors.get((entity.domain, key))}"
            ours = registry.async_get(registry.async_get_entity_id(entity.domain, DOMAIN, unique_id) or "")
            if ours and not is_taken_over(ours):
                return True
    return False


def _vins_of_others(hass: HomeAssistant, account_ids: Collection[str | None]) -> set[str]:
    """The cars of our accounts other than these."""
    devices = dr.async_get(hass)
    return {
        identifier
        for entry in hass.config_entries.async_entries(DOMAIN)
        if entry.entry_id not in account_ids
        for device in dr.async_entries_for_config_entry(devices, entry.entry_id)
        if device.entry_type is None  # a car, not the account
        for _, identifier in device.identifiers
    }

"""What an owner can attach to a bug report: everything known of an account and its cars but who and where they are."""

from collections.abc import Mapping
from dataclasses import asdict
from enum import Enum
from typing import Final

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import AnyDeviceEntry

from .const import CONF_CLIENT_ID, CONF_GCID, CONF_UNLOCK_CODE, DOMAIN
from .coordinator import MyBMWConfigEntry, MyBMWCoordinator
from .sources import Json
from .sources.anonymize import Anonymizer

_OF_ENTRY: Final = {CONF_CLIENT_ID, CONF_GCID, CONF_PASSWORD, CONF_USERNAME}
_OF_CAR: Final = {"address", "altitude_m", "heading_deg", "latitude", "longitude", "vin"}


async def async_get_config_entry_diagnostics(_hass: HomeAssistant, entry: MyBMWConfigEntry) -> Mapping[str, Json]:
    """The account and all its cars."""
    if entry.state is not ConfigEntryState.LOADED:
        return {"account": _settings(entry), "cars": []}
    return {
        "account": _account(entry),
        "cars": [_car(entry.runtime_data, vin) for vin in entry.runtime_data.data],
    }


async def async_get_device_diagnostics(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, device: AnyDeviceEntry
) -> Mapping[str, Json]:
    """The account and one of its cars."""
    if entry.state is not ConfigEntryState.LOADED:
        return {"account": _settings(entry), "cars": []}
    vins = {identifier for domain, identifier in device.identifiers if domain == DOMAIN}
    return {
        "account": _account(entry),
        "cars": [_car(entry.runtime_data, vin) for vin in entry.runtime_data.data if vin in vins],
    }


def _settings(entry: MyBMWConfigEntry) -> dict[str, Json]:
    """What there is to say of an account even if it could not be set up."""
    return {
        "data": _plain(async_redact_data(entry.data, _OF_ENTRY)),
        "options": _plain(async_redact_data(entry.options, {CONF_UNLOCK_CODE})),
        "state": entry.state.value,
        "reason": entry.reason,
    }


def _account(entry: MyBMWConfigEntry) -> Json:
    coordinator = entry.runtime_data
    budget = coordinator.source.budget
    return _settings(entry) | {
        key: _plain(value)
        for key, value in {
            "is_read_only": coordinator.is_read_only,
            "last_update_success": coordinator.last_update_success,
            "last_exception": str(coordinator.last_exception) if coordinator.last_exception else None,
            "update_interval_s": coordinator.update_interval and coordinator.update_interval.total_seconds(),
            "pause": coordinator.pause and asdict(coordinator.pause),
            "never_read": [
                asdict(trouble) for vin, trouble in coordinator.troubles.items() if vin not in coordinator.data
            ],
            "unread_makes": coordinator.unread_makes,
            "budget": asdict(budget) if budget else None,
            "checkup": coordinator.source.checkup,
            "obstacle": coordinator.source.obstacle,
            "listening": coordinator.source.listening,
            "recordings": coordinator.source.recordings(),
        }.items()
    }


def _car(coordinator: MyBMWCoordinator, vin: str) -> Json:
    trouble = coordinator.troubles.get(vin)
    vehicle = coordinator.data[vin]
    extras = {name: REDACTED if extra.is_personal else asdict(extra) for name, extra in vehicle.extras.items()}
    return _plain(
        {
            "vehicle": async_redact_data(asdict(vehicle), _OF_CAR)
            | {"extras": _without_persons(coordinator, vin, _plain(extras))},
            "offers": _offers(coordinator, vin),
            "is_current": coordinator.is_current(vin),
            "trouble": trouble and asdict(trouble),
            "pictures": {view.value: asdict(record) for view, record in coordinator.pictures.records(vin).items()},
            "recordings": coordinator.source.recordings(vin),
        }
    )


def _without_persons(coordinator: MyBMWCoordinator, vin: str, extras: Json) -> Json:
    """What only the cloud has a name for: nobody has looked through all that it may add tomorrow."""
    settings = coordinator.config_entry.data
    anonymous = Anonymizer(coordinator.account_id, *(str(settings[key]) for key in _OF_ENTRY & settings.keys()))
    anonymous.learn(vin)
    return anonymous(extras)


def _offers(coordinator: MyBMWCoordinator, vin: str) -> list[str]:
    """What the car may be asked to do. What is left of its capabilities if nothing may be asked is no offer."""
    to_watch = asdict(coordinator.data[vin].capabilities.read_only())
    offers = asdict(coordinator.offers(vin)).items()
    return [name for name, is_offered in offers if is_offered is True and not to_watch[name]]


def _plain(value: object) -> Json:
    """A value of ours as JSON."""
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case frozenset():
            return [_plain(item) for item in sorted(value)]
        case Enum():
            return value.name.lower()
        case bool() | int() | float() | str() | None:
            return value
        case _:  # a day or a time
            return str(value)

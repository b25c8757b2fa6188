"""How the accounts are, for the page on which Home Assistant says how it is itself: nothing personal, no request."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .account_store import AccountStore, UnreadableError, account_id_of
from .const import DOMAIN
from .coordinator import MyBMWConfigEntry
from .moments import local_minute
from .sources import Check, Source, Verdict
from .sources.pauses import Pause

type _Value = str | int | datetime
type _Health = dict[str, _Value]

_LISTENING: Final[Mapping[Verdict, str]] = {
    Verdict.GOOD: "connected",
    Verdict.PENDING: "not connected",
    Verdict.BAD: "not connected, see repairs",
}
"""How the stream of a source is that has one."""


@callback
def async_register(_hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Offer to tell."""
    register.async_register_info(system_health_info)


async def system_health_info(hass: HomeAssistant) -> _Health:
    """Every account: with one, values as they are; with several, one after the other, in the order of their setup."""
    accounts = [await _account(hass, entry) for entry in hass.config_entries.async_entries(DOMAIN)]
    if len(accounts) == 1:
        return accounts[0]
    keys = dict.fromkeys(key for account in accounts for key in account)
    return {key: " | ".join(_text(account.get(key)) for account in accounts) for key in keys}


async def _account(hass: HomeAssistant, entry: MyBMWConfigEntry) -> _Health:
    if entry.state is ConfigEntryState.LOADED:
        coordinator = entry.runtime_data
        pause, cars, last_success = coordinator.pause, len(coordinator.data), coordinator.last_success
        of_source = _of_source(coordinator.source)
    else:
        store = AccountStore(hass, account_id_of(entry))
        try:
            await store.async_load()
        except UnreadableError:
            return {"status": "unreadable"}
        pause, cars, last_success, of_source = store.pending_pause, None, None, {}
    told: dict[str, _Value | None] = {
        "status": _status(hass, entry, pause),
        "waits_until": pause.until if pause else None,
        "cars": cars,
        "last_success": last_success,
        **of_source,
    }
    return {key: value for key, value in told.items() if value is not None}


def _of_source(source: Source) -> dict[str, _Value | None]:
    """What only a source knows that counts its calls, or listens."""
    budget, listening = source.budget, source.checkup.get(Check.CONNECTION)
    return {
        "calls_left": budget.calls_left if budget else None,
        "stream": _LISTENING[listening] if listening else None,
    }


def _status(hass: HomeAssistant, entry: MyBMWConfigEntry, pause: Pause | None) -> str:
    if entry.disabled_by:
        return "disabled"
    if any(entry.async_get_active_flows(hass, {SOURCE_REAUTH})):
        return "sign-in required"
    if pause:
        return pause.refusal.value if pause.refusal else "asked to wait"
    if entry.state is ConfigEntryState.LOADED and entry.runtime_data.is_answered:
        return "reachable"
    if entry.state in {ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY}:
        return "does not answer"
    return str(entry.state.value)


def _text(value: _Value | None) -> str:
    """A value among others."""
    if isinstance(value, datetime):
        return local_minute(value)
    return "-" if value is None else str(value)

"""Your BMW or MINI in Home Assistant: sets up one account and tears it down again."""

from contextlib import AsyncExitStack, suppress
from typing import Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.typing import ConfigType, NoEventData
from homeassistant.util import dt as dt_util

from .account_store import AccountStore, UnreadableError, account_id_of
from .connection import async_disconnect, connect
from .const import CONF_GCID, CONF_SOURCE, DOMAIN
from .coordinator import MyBMWConfigEntry, MyBMWCoordinator
from .doctor import is_ill
from .issues import async_clear_issues, async_report_checkup
from .keepsakes import async_get_keepsakes
from .migration import async_forget, async_offer, async_proceed
from .pictures import async_remove_pictures
from .services import async_setup_services
from .sources.registry import load_source, number_of, open_source, what_still_counts

CONFIG_SCHEMA: Final = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.DEVICE_TRACKER,
    Platform.EVENT,
    Platform.IMAGE,
    Platform.LOCK,
    Platform.NOTIFY,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TIME,
]


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Offer the actions, and watch for accounts that are disabled: nothing of theirs is to be repaired any more.

    Home Assistant tells an account itself only if it was loaded, which a blocked one hardly ever is. What was kept of
    accounts that were removed goes when it counts no more.
    """

    @callback
    def _changed(_change: ConfigEntryChange, entry: ConfigEntry[object]) -> None:
        if entry.domain == DOMAIN and entry.disabled_by:
            async_clear_issues(hass, entry.entry_id)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, _changed)
    async_setup_services(hass)
    await async_get_keepsakes(hass).async_tidy()
    return True


async def async_setup_entry(hass: HomeAssistant, entry: MyBMWConfigEntry) -> bool:
    """Connect an account and show its cars."""
    account_id = account_id_of(entry)
    await async_proceed(hass, entry, account_id)
    store = _store(hass, entry)
    try:
        await store.async_load()
    except UnreadableError as err:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN, translation_key="unreadable", translation_placeholders={"error": str(err)}
        ) from err
    closing = AsyncExitStack()
    entry.async_on_unload(closing.aclose)
    http = connect(hass)
    closing.push_async_callback(async_disconnect, http)
    try:
        await hass.async_add_import_executor_job(load_source, entry.data[CONF_SOURCE])
        source = open_source(
            entry.data, store.credentials, http=http, keep=store.async_keep_credentials, clock=dt_util.utcnow
        )
    except (KeyError, ValueError) as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="unusable_settings",
            translation_placeholders={"error": str(err)},
        ) from err
    closing.push_async_callback(source.close)  # needs the client, so it is called before the client is closed

    coordinator = MyBMWCoordinator(hass, entry, source, store)

    async def _async_finish(_event: Event[NoEventData]) -> None:
        coordinator.commands.close()
        await source.close()
        await async_disconnect(http)

    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, _async_finish))
    closing.callback(coordinator.pictures.close)
    await coordinator.async_config_entry_first_refresh()
    coordinator.async_show_account()
    entry.runtime_data = coordinator
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)

    @callback
    def _check_up() -> None:
        if source.is_signed_out:
            entry.async_start_reauth(hass)
        is_worth_a_message = is_ill(source.checkup) and not source.is_signed_out
        async_report_checkup(hass, entry.entry_id, entry.title, is_ill=is_worth_a_message)

    entry.async_on_unload(coordinator.async_add_listener(_check_up))
    source.listen(coordinator.async_hear)
    await async_offer(hass, entry, account_id, lambda: coordinator.data)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: MyBMWConfigEntry) -> bool:
    """Take the cars of an account off the stage, and wait for what its source has to finish, however long it takes.

    Home Assistant waits only ten seconds for what is left to `async_on_unload`. A slower renewal of a token would then
    overlap with the next set-up, which would use the refresh token that BMW is about to void.
    """
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    entry.runtime_data.commands.close()
    await entry.runtime_data.source.close()
    return True


async def async_remove_entry(hass: HomeAssistant, entry: MyBMWConfigEntry) -> None:
    """Forget an account: its credentials and what was to be repaired; not, for a day, the calls that it has spent.

    What the disk does not delete keeps nothing else from going, and the credentials go first.
    """
    account_id, store = account_id_of(entry), _store(hass, entry)
    async with AsyncExitStack() as forgetting:  # which does what it was told last first, and the rest whatever fails
        forgetting.push_async_callback(async_forget, hass, entry.entry_id, account_id)
        forgetting.push_async_callback(async_remove_pictures, hass, account_id)
        forgetting.callback(async_clear_issues, hass, entry.entry_id)
        forgetting.push_async_callback(store.async_remove)
        with suppress(UnreadableError):  # then nobody knows what it has spent
            await store.async_load()
        now, by_source = dt_util.utcnow(), store.by_source(entry.data.get(CONF_SOURCE, ""))
        counts = {source: what_still_counts(source, credentials, now) for source, credentials in by_source.items()}
        if spent := {source: what for source, what in counts.items() if what}:
            numbers = {number_of(source, credentials) for source, credentials in by_source.items()}
            numbers |= {account_id, entry.data.get(CONF_GCID)}
            await async_get_keepsakes(hass).async_keep(filter(None, numbers), spent)


async def async_remove_config_entry_device(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, device: dr.AnyDeviceEntry
) -> bool:
    """Let an owner remove a device by hand, unless it is the account's own or its car is known to be on it."""
    if entry.state is not ConfigEntryState.LOADED:
        return True
    coordinator = entry.runtime_data
    return not any((DOMAIN, known) in device.identifiers for known in (coordinator.account_id, *coordinator.data))


def _store(hass: HomeAssistant, entry: MyBMWConfigEntry) -> AccountStore:
    return AccountStore(hass, account_id_of(entry))

"""Keeps the cars of one account fresh, and knows how far their data can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .account_store import AccountStore, Pause
from .const import CONF_READ_ONLY, DOMAIN
from .issues import async_clear_refusal, async_report_refusal, async_report_shared_cars
from .pictures import Pictures
from .sources import (
    Fetch,
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    Source,
    SourceError,
    TryLaterError,
)
from .vehicle import Brand, Capabilities, Picture, Vehicle, View

_LOGGER = logging.getLogger(__name__)

MISSES_ALLOWED: Final = 2
"""Failures in a row that leave the last data standing: one lost poll must not set off automations."""

SHORTEST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(days=1)
"""No pause is shorter or longer, whatever the cloud says; every quota is filled up again within a day."""

REFUSAL_WAITS: Final[Mapping[Refusal, timedelta]] = {
    Refusal.BLOCKED: timedelta(days=1),
    Refusal.FORBIDDEN: timedelta(hours=1),
}
"""How long a refused account is left in peace: long enough to be no burden, short enough to notice when it is over."""

# Home Assistant's timer counts whole seconds and may ring up to one too early.
_TIMER_SLACK: Final = timedelta(seconds=1)

type MyBMWConfigEntry = ConfigEntry[MyBMWCoordinator]


class Cause(StrEnum):
    """Why a car could not be read; also a translation key."""

    BLOCKED = "blocked"
    FORBIDDEN = "forbidden"
    SLOW_DOWN = "slow_down"
    TRY_LATER = "try_later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What kept a car from being read the last time, and how many times in a row it has failed."""

    cause: Cause
    misses: int

    @property
    def is_lost(self) -> bool:
        """Whether it has failed too often for what was read before to be believed any longer."""
        return self.misses > MISSES_ALLOWED


class MyBMWCoordinator(DataUpdateCoordinator[Mapping[str, Vehicle]]):
    """The cars of one account, by VIN.

    `troubles` holds the cars that could not be read in the last update and keep what was read before, `unread_makes`
    the makes of which the cloud has not been able to say yet which cars there are. There is an `account_device_id`
    since `async_show_account`.
    """

    config_entry: MyBMWConfigEntry
    account_device_id: str

    def __init__(self, hass: HomeAssistant, entry: MyBMWConfigEntry, source: Source, store: AccountStore) -> None:
        """Know no car yet."""
        wish = None if source.pushes else entry.options.get(CONF_SCAN_INTERVAL)
        self._interval = timedelta(minutes=wish or source.poll_interval_min)
        name = f"{DOMAIN} {entry.title}"  # in the log, where several accounts have to be told apart
        super().__init__(hass, _LOGGER, config_entry=entry, name=name, update_interval=self._interval)
        self.data = {}
        self.troubles: Mapping[str, Trouble] = {}
        self.unread_makes: frozenset[Brand] = frozenset()
        self.source = source
        self.is_read_only: bool = entry.options.get(CONF_READ_ONLY, False)
        self.account_id = account_id_of(entry)
        self.last_success: datetime | None = None
        self.pictures = Pictures(hass, self.account_id, self._ask_for_picture, self.async_update_listeners)
        self._store = store
        self._looks_for_cars = False

    @property
    def pause(self) -> Pause | None:
        """The wait that the cloud asked for, if it is not over."""
        return self._store.pending_pause

    @property
    def is_answered(self) -> bool:
        """Whether the last update was worth it: the account could be read, and a car of it, if it has any."""
        return self.last_update_success and (not self.data or not self.troubles.keys() >= self.data.keys())

    def is_current(self, vin: str) -> bool:
        """Whether a car is on the account and was read, or heard, recently enough to be believed."""
        trouble = self.troubles.get(vin)
        return vin in self.data and (trouble is None or not trouble.is_lost)

    def offers(self, vin: str) -> Capabilities:
        """What a car may be asked to do; nothing at all while the account is set to read-only."""
        return self.data[vin].capabilities.read_only() if self.is_read_only else self.data[vin].capabilities

    async def async_refresh_now(self) -> None:
        """Read the account at once, and look for new cars.

        Raises:
            HomeAssistantError: Nothing could be read, or nothing was asked because BMW wants to be left alone.
        """
        if self.pause is None:
            self._looks_for_cars = True
            await self.async_refresh()
        if pause := self.pause:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key=f"paused_{pause.refusal or Cause.SLOW_DOWN}",
                translation_placeholders={"until": local_minute(pause.until)},
            )
        if not self.is_answered:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="refresh_failed")

    async def async_look_again(self) -> None:
        """Find out whether a refusal is over, without waiting for the end of its pause."""
        await self._store.async_pause(None)
        self._looks_for_cars = True
        await self.async_refresh()

    @callback
    def async_show_account(self) -> None:
        """Give the account a device, which its cars hang on."""
        device = dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self.config_entry.entry_id,
            identifiers={(DOMAIN, self.account_id)},
            entry_type=dr.DeviceEntryType.SERVICE,
            manufacturer="BMW",
            translation_key="account",
        )
        self.account_device_id = device.id

    @callback
    def async_hear(self, vehicles: Mapping[str, Vehicle]) -> None:
        """Take in cars that have said something by themselves; when the next look is due stays as it is.

        Those that are not shown here are left alone: they are another account's, or the next look finds them.
        """
        heard = {vin: vehicle.settled(self.data[vin]) for vin, vehicle in vehicles.items() if vin in self.data}
        if heard:
            lost_before = self._lost
            self.data = {**self.data, **heard}
            self.troubles = {vin: trouble for vin, trouble in self.troubles.items() if vin not in heard}
            self.last_success = dt_util.utcnow()
            self.last_update_success = True
            for vin in lost_before & heard.keys():
                _LOGGER.info("%s can be read again", self._name(vin))
        self.async_update_listeners()

    @override
    async def _async_setup(self) -> None:
        await self.pictures.async_load()

    @override
    async def _async_update_data(self) -> Mapping[str, Vehicle]:
        if pause := self.pause:
            return self._wait(pause)
        self.update_interval = self._interval
        try:
            looks_for_cars, self._looks_for_cars = self._looks_for_cars, False
            fetch = await self.source.fetch(look_for_cars=looks_for_cars, leave_out=self._cars_of_others())
        except SignInRequiredError as err:
            async_clear_refusal(self.hass, self.config_entry.entry_id)
            raise ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key="sign_in_required") from err
        except NotAllowedError as err:
            return self._wait(await self._pause(dt_util.utcnow() + REFUSAL_WAITS[err.reason], err.reason))
        except SlowDownError as err:
            return self._wait(await self._pause(err.until))
        except TryLaterError as err:
            return self._miss(err)
        return await self._take_in(fetch)

    async def _ask_for_picture(self, vin: str, view: View) -> Picture:
        """Ask the cloud for a picture, unless it wants to be left alone; if it says so now, everybody has to wait."""
        if pause := self.pause:
            message = "A pause is not over yet"
            raise SlowDownError(message, pause.until)
        try:
            return await self.source.picture(vin, view)
        except SlowDownError as err:
            if self.pause is None:
                await self._pause(err.until)
            raise

    async def _pause(self, until: datetime, refusal: Refusal | None = None) -> Pause:
        now = dt_util.utcnow()
        pause = Pause(until=min(max(until, now + SHORTEST_WAIT), now + LONGEST_WAIT), refusal=refusal)
        await self._store.async_pause(pause)
        return pause

    def _wait(self, pause: Pause) -> Mapping[str, Vehicle]:
        """Ask nothing until the pause is over. A full quota leaves the data standing, a refusal does not."""
        wait = _rest_of(pause)
        if pause.refusal:
            self._note_failure(Cause(pause.refusal), f"the account is refused ({pause.refusal})")
            async_report_refusal(self.hass, self.config_entry.entry_id, self.config_entry.title, pause.refusal)
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=f"refused_{pause.refusal}",
                retry_after=wait.total_seconds(),
            )
        self._note_failure(Cause.SLOW_DOWN, "the quota is used up")
        if self.data and self.last_update_success:
            _LOGGER.debug("Asked to slow down; keeping what is known until %s", pause.until)
            self.update_interval = max(wait, self._interval)
            return self.data
        raise UpdateFailed(
            translation_domain=DOMAIN,
            translation_key="slow_down",
            translation_placeholders={"until": local_minute(pause.until)},
            retry_after=wait.total_seconds(),
        )

    def _miss(self, err: TryLaterError) -> Mapping[str, Vehicle]:
        """Let a failure of the whole account pass that will probably be gone next time."""
        self._note_failure(Cause.TRY_LATER, err)
        if self.last_update_success and any(self.is_current(vin) for vin in self.data):
            _LOGGER.debug("Could not read the account; keeping what is known: %s", err)
            return self.data
        raise _try_later(err) from err

    async def _take_in(self, fetch: Fetch) -> Mapping[str, Vehicle]:
        """Put what was read beside what is known, car by car."""
        async_clear_refusal(self.hass, self.config_entry.entry_id)
        waits = [err.until for err in fetch.failures.values() if isinstance(err, SlowDownError)]
        if waits:
            self.update_interval = max(_rest_of(await self._pause(max(waits))), self._interval)
        else:
            await self._store.async_pause(None)

        if unread := sorted(fetch.unread_makes - self.unread_makes):
            _LOGGER.info("Cars may be missing: the list of %s cannot be read", ", ".join(unread))
        self.unread_makes = fetch.unread_makes
        is_empty = not (fetch.vehicles or fetch.failures or fetch.left_out)
        fetch = self._without_shared_cars(fetch)
        before, failures = self.data, fetch.failures
        if is_empty:  # more likely a slip of the cloud than a sale of all cars at once
            failures = dict.fromkeys(before, TryLaterError("No car is on the account's list"))
        read = {
            vin: vehicle.settled(before[vin]) if vin in before else vehicle for vin, vehicle in fetch.vehicles.items()
        }
        vehicles = read | {vin: before[vin] for vin in failures if vin in before}
        if failures and not vehicles:
            raise _try_later(next(iter(failures.values())))

        self._report_troubles(read, failures)
        if not is_empty:
            makes = {car.identity.brand for car in read.values()} - fetch.unread_makes
            self._remove_devices_except(read.keys() | failures.keys(), makes)
        self._update_devices(read)
        await self.pictures.async_keep_only(vehicles.keys() | self._vins_of_devices())
        if read:
            self.last_success = dt_util.utcnow()
        return vehicles

    def _report_troubles(self, read: Mapping[str, Vehicle], failures: Mapping[str, SourceError]) -> None:
        """Keep count of the cars that could not be read; log once when a car is back that was lost."""
        lost_before = self._lost
        self._note_troubles({vin: _cause(err) for vin, err in failures.items()}, failures)
        for vin in lost_before & read.keys():
            _LOGGER.info("%s can be read again", self._name(vin))

    def _note_failure(self, cause: Cause, why: object) -> None:
        """Count a failure of the whole account for each of its cars."""
        vins = self.data.keys() | self.troubles.keys()
        self._note_troubles(dict.fromkeys(vins, cause), dict.fromkeys(vins, why))

    def _note_troubles(self, causes: Mapping[str, Cause], reasons: Mapping[str, object]) -> None:
        """Replace the troubles, and log once when a car is lost.

        A car that has to wait for a full quota has not failed once more.
        """
        lost_before = self._lost
        misses = {vin: trouble.misses for vin, trouble in self.troubles.items()}
        self.troubles = {
            vin: Trouble(cause=cause, misses=misses.get(vin, 0) + (cause is not Cause.SLOW_DOWN))
            for vin, cause in causes.items()
        }
        for vin in self._lost - lost_before:
            _LOGGER.warning("%s could not be read for too long: %s", self._name(vin), reasons[vin])

    @property
    def _lost(self) -> set[str]:
        return {vin for vin, trouble in self.troubles.items() if trouble.is_lost}

    def _name(self, vin: str) -> str:
        """What to call a car in the log, which must never hold its VIN."""
        return self.data[vin].name if vin in self.data else "A car of the account"

    @callback
    def _cars_of_others(self) -> set[str]:
        """The cars that other accounts show: no request is spent on them."""
        registry = dr.async_get(self.hass)
        return {
            vin
            for entry in self.hass.config_entries.async_entries(DOMAIN, include_disabled=False)
            if entry is not self.config_entry
            for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
            if device.entry_type is None  # a car, not the account
            for domain, vin in device.identifiers
            if domain == DOMAIN and self._shown_by(vin)
        }

    @callback
    def _without_shared_cars(self, fetch: Fetch) -> Fetch:
        """Leave out the cars that another account shows already: a car is one device, with one history."""
        registry = dr.async_get(self.hass)
        vins = fetch.vehicles.keys() | fetch.failures.keys() | fetch.left_out
        shared = {vin: other for vin in vins if (other := self._shown_by(vin))}
        theirs = [
            device
            for vin, other in shared.items()
            if (device := registry.async_get_device_by_identifier((DOMAIN, vin), other.entry_id))
        ]
        async_report_shared_cars(
            self.hass,
            self.config_entry.entry_id,
            self.config_entry.title,
            sorted(device.name_by_user or device.name or "" for device in theirs) if shared else None,
            ", ".join(sorted({other.title for other in shared.values()})),
        )
        for vin in shared:
            if device := registry.async_get_device_by_identifier((DOMAIN, vin), self.config_entry.entry_id):
                registry.async_remove_device(device.id)
        return replace(
            fetch,
            vehicles={vin: vehicle for vin, vehicle in fetch.vehicles.items() if vin not in shared},
            failures={vin: err for vin, err in fetch.failures.items() if vin not in shared},
        )

    @callback
    def _shown_by(self, vin: str) -> MyBMWConfigEntry | None:
        """The other account that shows a car; of two that do, the one that was the last to begin.

        So an account that was disabled for a while does not take its cars back from the one that stood in for it.
        """
        registry = dr.async_get(self.hass)
        ours = registry.async_get_device_by_identifier((DOMAIN, vin), self.config_entry.entry_id)
        entries: list[MyBMWConfigEntry] = self.hass.config_entries.async_entries(DOMAIN, include_disabled=False)
        for entry in entries:
            theirs = registry.async_get_device_by_identifier((DOMAIN, vin), entry.entry_id)
            if entry is self.config_entry or theirs is None:
                continue
            if ours is None or theirs.created_at > ours.created_at:
                return entry
        return None

    @callback
    def _remove_devices_except(self, vins: set[str], makes: set[Brand]) -> None:
        """Take cars off the device list that have left the account.

        A car that has not been seen since the start counts as gone only if others of its make are there: an empty list
        of a make may be a slip of the cloud.
        """
        registry = dr.async_get(self.hass)
        for device in dr.async_entries_for_config_entry(registry, self.config_entry.entry_id):
            theirs = {identifier for domain, identifier in device.identifiers if domain == DOMAIN}
            if self.account_id in theirs:
                continue
            if theirs.isdisjoint(vins) and (device.manufacturer in makes or not theirs.isdisjoint(self.data)):
                registry.async_remove_device(device.id)

    @callback
    def _vins_of_devices(self) -> set[str]:
        """The cars that have a device, even if nothing is known of them now."""
        devices = dr.async_entries_for_config_entry(dr.async_get(self.hass), self.config_entry.entry_id)
        return {identifier for device in devices for domain, identifier in device.identifiers if domain == DOMAIN}

    @callback
    def _update_devices(self, vehicles: Mapping[str, Vehicle]) -> None:
        """Show a new software release of a car on its device page."""
        registry = dr.async_get(self.hass)
        for vin, vehicle in vehicles.items():
            software = vehicle.identity.software
            if vin in self.data and software == self.data[vin].identity.software:
                continue
            device = registry.async_get_device_by_identifier((DOMAIN, vin), self.config_entry.entry_id)
            if device and software:
                registry.async_update_device(device.id, sw_version=str(software))


def account_id_of(entry: MyBMWConfigEntry) -> str:
    """By what an account is known on disk and among devices."""
    return entry.unique_id or entry.entry_id


def local_minute(moment: datetime) -> str:
    """A moment as an owner reads it."""
    return f"{dt_util.as_local(moment):%Y-%m-%d %H:%M}"


def _rest_of(pause: Pause) -> timedelta:
    return pause.until - dt_util.utcnow() + _TIMER_SLACK


def _try_later(err: SourceError) -> UpdateFailed:
    return UpdateFailed(
        translation_domain=DOMAIN, translation_key="try_later", translation_placeholders={"error": str(err)}
    )


def _cause(err: SourceError) -> Cause:
    match err:
        case SlowDownError():
            return Cause.SLOW_DOWN
        case NotAllowedError():
            return Cause(err.reason)
        case _:
            return Cause.TRY_LATER

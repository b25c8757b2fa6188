"""Keeps the cars of one account fresh, and knows how far their data can be trusted."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .account_store import AccountStore, Pause
from .const import CONF_READ_ONLY, DOMAIN
from .devices import AccountDevices
from .issues import async_clear_refusal, async_report_refusal
from .moments import local_minute
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
    SIGN_IN_REQUIRED = "sign_in_required"
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
        self._interval = timedelta(minutes=entry.options.get(CONF_SCAN_INTERVAL, source.poll_interval_min))
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
        self._devices = AccountDevices(hass, entry, self.account_id)
        self._looks_for_cars = False
        self._updating = asyncio.Lock()
        self._counted_at: datetime | None = None

    @property
    def pause(self) -> Pause | None:
        """The wait that the cloud asked for, if it is not over."""
        return self._store.pending_pause

    @property
    def is_answered(self) -> bool:
        """Whether the last update was worth it: the account could be read, and a car of it, if it has any."""
        return self.last_update_success and (not self.data or not self.troubles.keys() >= self.data.keys())

    def is_current(self, vin: str) -> bool:
        """Whether a car is on the account and was read recently enough to be believed."""
        trouble = self.troubles.get(vin)
        return vin in self.data and (trouble is None or not trouble.is_lost)

    def offers(self, vin: str) -> Capabilities:
        """What a car may be asked to do; nothing at all while the account is set to read-only."""
        return self.data[vin].capabilities.read_only() if self.is_read_only else self.data[vin].capabilities

    async def async_refresh_now(self) -> None:
        """Read the account at once, and look for new cars.

        While it is being read anyway, that is waited for: nothing is asked twice. If only known cars are being read,
        new ones are looked for at the next poll.

        Raises:
            HomeAssistantError: Nothing could be read, or nothing was asked because BMW wants to be left alone.
        """
        if self.pause is None:
            self._looks_for_cars = True
            if self._updating.locked():
                async with self._updating:
                    pass
            else:
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
        self.account_device_id = self._devices.async_show_account()

    @override
    async def _async_setup(self) -> None:
        await self.pictures.async_load()

    @override
    async def _async_update_data(self) -> Mapping[str, Vehicle]:
        async with self._updating:
            return await self._update()

    async def _update(self) -> Mapping[str, Vehicle]:
        if pause := self.pause:
            return self._wait(pause)
        self.update_interval = self._interval
        try:
            fetch = await self._fetch()
        except SignInRequiredError as err:
            self._note_failure(Cause.SIGN_IN_REQUIRED, err)
            async_clear_refusal(self.hass, self.config_entry.entry_id)
            raise ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key="sign_in_required") from err
        except NotAllowedError as err:
            return self._wait(await self._pause(dt_util.utcnow() + REFUSAL_WAITS[err.reason], err.reason))
        except SlowDownError as err:
            return self._wait(await self._pause(err.until))
        except TryLaterError as err:
            return self._miss(err)
        return await self._take_in(fetch)

    async def _fetch(self) -> Fetch:
        looks_for_cars = self._looks_for_cars
        try:
            return await self.source.fetch(look_for_cars=looks_for_cars, leave_out=self._devices.async_cars_of_others())
        finally:
            if looks_for_cars:  # else somebody may have asked for it meanwhile
                self._looks_for_cars = False

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
        elif self.pause is None:  # else it has begun meanwhile
            await self._store.async_pause(None)

        if unread := sorted(fetch.unread_makes - self.unread_makes):
            _LOGGER.info("Cars may be missing: the list of %s cannot be read", ", ".join(unread))
        self.unread_makes = fetch.unread_makes
        is_empty = not (fetch.vehicles or fetch.failures or fetch.left_out)
        shared = self._devices.async_leave_to_others(fetch.vehicles.keys() | fetch.failures.keys() | fetch.left_out)
        before, failures = self.data, {vin: err for vin, err in fetch.failures.items() if vin not in shared}
        if is_empty:  # more likely a slip of the cloud than a sale of all cars at once
            failures = dict.fromkeys(before, TryLaterError("No car is on the account's list"))
        read = {
            vin: vehicle.settled(before[vin]) if vin in before else vehicle
            for vin, vehicle in fetch.vehicles.items()
            if vin not in shared
        }
        vehicles = read | {vin: before[vin] for vin in failures if vin in before}
        if failures and not vehicles:
            raise _try_later(next(iter(failures.values())))

        self._report_troubles(read, failures)
        if not is_empty:
            makes = {car.identity.brand for car in read.values()} - fetch.unread_makes
            self._devices.async_keep_only(read.keys() | failures.keys(), seen=before.keys(), makes=makes)
        self._devices.async_update(read, before)
        await self.pictures.async_keep_only(vehicles.keys() | self._devices.async_vins())
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

        A car that has to wait for a full quota has not failed once more, nor has one that somebody reads in vain again
        and again: failures are counted no faster than polls come.
        """
        lost_before = self._lost
        misses = {vin: trouble.misses for vin, trouble in self.troubles.items()}
        failed = {vin for vin, cause in causes.items() if cause is not Cause.SLOW_DOWN}
        if failed and self._is_time_to_count:
            self._counted_at = dt_util.utcnow()
            misses |= {vin: misses.get(vin, 0) + 1 for vin in failed}
        self.troubles = {
            vin: Trouble(cause=cause, misses=max(misses.get(vin, 0), int(vin in failed)))
            for vin, cause in causes.items()
        }
        for vin in self._lost - lost_before:
            _LOGGER.warning("%s could not be read for too long: %s", self._name(vin), reasons[vin])

    @property
    def _is_time_to_count(self) -> bool:
        since = self._counted_at
        return since is None or dt_util.utcnow() - since >= self._interval - _TIMER_SLACK

    @property
    def _lost(self) -> set[str]:
        return {vin for vin, trouble in self.troubles.items() if trouble.is_lost}

    def _name(self, vin: str) -> str:
        """What to call a car in the log, which must never hold its VIN."""
        return self.data[vin].name if vin in self.data else "A car of the account"


def account_id_of(entry: MyBMWConfigEntry) -> str:
    """By what an account is known on disk and among devices."""
    return entry.unique_id or entry.entry_id


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

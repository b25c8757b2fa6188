"""Keeps the cars of one account fresh, and knows how far their data can be trusted."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
import logging
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util import dt as dt_util

from .account_store import AccountStore, account_id_of
from .commanding import Commanding
from .complaints import car_gone, complaint_about, complaint_of, nothing_new, only_tells, read_only, sign_in_first
from .const import CONF_READ_ONLY, DOMAIN
from .devices import AccountDevices
from .issues import async_clear_refusal, async_report_refusal, is_refused
from .pauses import PAUSING, TIMER_SLACK, Pauses, not_looked
from .pictures import Pictures
from .portions import PortionedCoordinator
from .sources import (
    Fetch,
    NotAllowedError,
    OnStep,
    SignInRequiredError,
    SlowDownError,
    Source,
    SourceError,
    TryLaterError,
)
from .sources.pauses import Pause, blocks_commands
from .troubles import Cause, Ledger, Trouble, cause_of
from .vehicle import Brand, Capabilities, Command, InvalidCommandError, Location, Outcome, Picture, Vehicle, View

_LOGGER = logging.getLogger(__name__)

type MyBMWConfigEntry = ConfigEntry[MyBMWCoordinator]


class MyBMWCoordinator(PortionedCoordinator[Mapping[str, Vehicle]]):
    """The cars of one account, by VIN.

    `unread_makes` are the makes of which the cloud has not been able to say yet which cars there are. There is an
    `account_device_id` since `async_show_account`.
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
        self.unread_makes: frozenset[Brand] = frozenset()
        self.source = source
        self.is_read_only: bool = entry.options.get(CONF_READ_ONLY, False)
        self.account_id = account_id_of(entry)
        self.last_success: datetime | None = None
        self.pictures = Pictures(hass, self.account_id, self._ask_for_picture, self.async_update_listeners)
        self.commands = Commanding(hass, self._tell, self._look_at, self.async_update_listeners)
        self._devices = AccountDevices(hass, entry, self.account_id)
        self.pauses = Pauses(store, counts_calls=source.budget is not None)
        self._ledger = Ledger(self._name, every=self._interval - TIMER_SLACK)
        self._looks_for_cars = False
        self._shortfall: SourceError | None = None  # of what was wanted at once in the last update
        self._why_in_vain: SourceError | None = None  # if the last update was, and this is known
        self._updating = asyncio.Lock()
        self._read_alone: set[str] = set()  # since the account was last asked: what it is about to say is older
        self._found: dict[str, Location] = {}  # since then, too

    @property
    def pause(self) -> Pause | None:
        """The wait that the cloud asked for, if it is not over."""
        return self.pauses.now

    @property
    def troubles(self) -> Mapping[str, Trouble]:
        """The cars that could not be read in the last update and keep what was read before."""
        return self._ledger.troubles

    @property
    def is_answered(self) -> bool:
        """Whether the last update was worth it: all was read that was wanted at once, and a car, if there is any."""
        if not self.last_update_success or self._shortfall:
            return False
        return not self.troubles or not self.troubles.keys() >= self.data.keys()

    def is_current(self, vin: str) -> bool:
        """Whether a car is on the account and was read, or heard, recently enough to be believed."""
        return vin in self.data and vin not in self._ledger.lost

    @property
    def takes_commands(self) -> bool:
        """Whether any car can be asked to do anything; not if the cloud only tells, or the owner only watches."""
        return self.source.takes_commands and not self.is_read_only

    def offers(self, vin: str) -> Capabilities:
        """What a car may be asked to do; nothing at all while the account is set to read-only."""
        return self.data[vin].capabilities.read_only() if self.is_read_only else self.data[vin].capabilities

    def check(self, vin: str, command: Command) -> None:
        """See that a command can be sent to a car.

        Raises:
            InvalidCommandError: It makes no sense for this car.
            HomeAssistantError: The account only tells or is only watched, or the car has left it.
        """
        if not self.takes_commands:
            raise read_only() if self.is_read_only else only_tells()
        if vin not in self.data:
            raise car_gone()
        command.check(self.data[vin])

    async def async_execute(self, vin: str, command: Command) -> Outcome:
        """Have a car do something when it has done all it was asked before, and wait until it says so.

        The car's report shows it some time later; it is looked at until then. Whoever stops waiting takes back a
        command that was not sent yet. One that was is never sent again.

        Raises:
            ServiceValidationError: The command makes no sense, not for this car, or the account is only watched.
            HomeAssistantError: It was not taken, came to nothing, or nobody knows; the text tells the owner.
        """
        try:
            self.check(vin, command)
            outcome = await self.commands.async_execute(vin, command)
        except (SourceError, InvalidCommandError) as err:
            raise complaint_of(err, self.pauses.now_for_commands) from err
        if complaint := complaint_about(outcome):
            raise complaint
        return outcome

    async def async_refresh_now(self) -> None:
        """Read the account at once, and look for new cars.

        While it is being read anyway, that is waited for: nothing is asked twice. If only known cars are being read,
        new ones are looked for at the next poll.

        Raises:
            HomeAssistantError: Nothing could be read, or something of what is shown as it was known; or nothing was
                asked because BMW wants to be left alone.
        """
        if self.pause is None:
            self._looks_for_cars = True
            if self._updating.locked():
                async with self._updating:
                    pass
            else:
                await self.async_refresh()
        self.pauses.explain()
        if not self.last_update_success and isinstance(self.last_exception, ConfigEntryAuthFailed):
            raise sign_in_first()
        if not self.is_answered:
            raise nothing_new(self._why_in_vain, self.source.checkup)

    async def async_refresh_car(self, vin: str) -> None:
        """Read one car at once.

        Raises:
            HomeAssistantError: It could not be read, or was not asked for because BMW wants to be left alone.
        """
        try:
            await self._look_at(vin)
        except SignInRequiredError as err:
            raise sign_in_first() from err
        except SourceError as err:
            self.pauses.explain()
            raise nothing_new(err, self.source.checkup) from err

    async def async_look_again(self) -> None:
        """Find out whether a refusal is over, without waiting for the end of its pause."""
        await self.pauses.async_end_all()
        self._looks_for_cars = True
        await self.async_refresh()

    @callback
    def async_show_account(self) -> None:
        """Give the account a device, which its cars hang on."""
        self.account_device_id = self._devices.async_show_account()

    @callback
    def async_hear(self, vehicles: Mapping[str, Vehicle]) -> None:
        """Take in cars that have said something by themselves; when the next look is due stays as it is.

        Those that are not shown here are left alone: they are another account's, or the next look finds them.
        """
        heard = {vin: vehicle.settled(self.data[vin]) for vin, vehicle in vehicles.items() if vin in self.data}
        if heard:
            self.data = {**self.data, **heard}
            self.last_success = dt_util.utcnow()
            self.last_update_success = True
            self._ledger.read(heard.keys())
        self.async_update_listeners()

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
        self._read_alone.clear()
        self._found.clear()
        self._shortfall = self._why_in_vain = None
        try:
            fetch = await self._fetch()
        except SignInRequiredError as err:
            self._note_failure(Cause.SIGN_IN_REQUIRED, err, is_refused=True)
            async_clear_refusal(self.hass, self.config_entry.entry_id)
            raise ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key="sign_in_required") from err
        except NotAllowedError as err:
            return self._wait(await self.pauses.async_refused(err.reason))
        except SlowDownError as err:
            self._why_in_vain = err
            return self._wait(await self.pauses.async_begin(err.until))
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
            raise SlowDownError(PAUSING, pause.until)
        try:
            return await self.source.picture(vin, view)
        except SlowDownError as err:
            if self.pause is None:
                await self.pauses.async_begin(err.until)
            raise

    async def _tell(self, vin: str, command: Command, on_step: OnStep) -> Outcome:
        """Ask a car to do something, unless the cloud wants to be left alone.

        That it blocks commands says nothing about reading, so only commands pause then.
        """
        self.check(vin, command)  # again, as time has passed while the command waited for its turn
        self.pauses.keep_for_commands()
        try:
            outcome = await self.source.execute(vin, command, on_step)
        except SourceError as err:
            if blocks_commands(err):
                self.pauses.begin_for_commands()
            await self.async_heed(err)
            raise
        if outcome.location and vin in self.data:  # where it is, is all that is known: it was not read
            self._found[vin] = outcome.location
            self.data = {**self.data, vin: self.data[vin].located(outcome.location)}
            self.async_update_listeners()
        return outcome

    async def _look_at(self, vin: str, *, state_only: bool = False) -> None:
        """Read one car and show it; with `state_only`, without how it is set to charge.

        Raises:
            SourceError: It could not be read.
        """
        self.pauses.keep()
        try:
            vehicle = await self.source.refresh(vin, state_only=state_only)
        except SourceError as err:
            await self.async_heed(err)
            raise
        if vin in self.data:
            self._take_in_one(vehicle.settled(self.data[vin]))

    async def async_heed(self, err: SourceError) -> None:
        """Do what the cloud asks for when it will not do what we ask for."""
        if isinstance(err, SignInRequiredError):
            self.config_entry.async_start_reauth(self.hass)
        elif isinstance(err, SlowDownError) and self.pause is None:
            await self.pauses.async_begin(err.until)

    def _take_in_one(self, vehicle: Vehicle) -> None:
        """Put a car that was read by itself in the place of what was known of it."""
        self._devices.async_update({vehicle.vin: vehicle})
        self.data = {**self.data, vehicle.vin: vehicle}
        self._read_alone.add(vehicle.vin)
        self._ledger.read([vehicle.vin])
        self.commands.note({vehicle.vin: vehicle})
        self.async_update_listeners()

    def _wait(self, pause: Pause) -> Mapping[str, Vehicle]:
        """Ask nothing until the pause is over. A full quota leaves the data standing, a refusal does not."""
        if pause.refusal:
            why = f"the account is refused ({pause.refusal})"
            self._note_failure(Cause(pause.refusal), why, is_refused=True)
            async_report_refusal(self.hass, self.config_entry.entry_id, self.config_entry.title, pause.refusal)
            raise not_looked(pause)
        self._note_failure(Cause.SLOW_DOWN, "the quota is used up")
        if self.data and self.last_update_success:
            _LOGGER.debug("Asked to slow down; keeping what is known until %s", pause.until)
            self.update_interval = max(self.pauses.idle_for(pause), self._interval)
            return self.data
        raise not_looked(pause)

    def _miss(self, err: TryLaterError) -> Mapping[str, Vehicle]:
        """Let a failure of the whole account pass that will probably be gone next time."""
        self._note_failure(Cause.TRY_LATER, err)
        self._why_in_vain = err
        if self.last_update_success and any(self.is_current(vin) for vin in self.data):
            _LOGGER.debug("Could not read the account; keeping what is known: %s", err)
            return self.data
        raise _try_later(err) from err

    async def _take_in(self, fetch: Fetch) -> Mapping[str, Vehicle]:
        """Show what was read, then do what takes time: cars are heard meanwhile, and know better."""
        failure = self._put_beside(fetch)
        if is_refused(self.hass, self.config_entry.entry_id):
            await self.pictures.async_forget_refusals()
        async_clear_refusal(self.hass, self.config_entry.entry_id)
        self._shortfall = fetch.shortfall
        troubles = (*fetch.failures.values(), fetch.shortfall)
        if waits := [err.until for err in troubles if isinstance(err, SlowDownError)]:
            pause = await self.pauses.async_begin(max(waits))
            self.update_interval = max(self.pauses.idle_for(pause), self._interval)
        elif self.pause is None:  # else it has begun meanwhile
            await self.pauses.async_end()
        if failure:
            raise _try_later(failure)
        await self.pictures.async_keep_only(self.data.keys() | self._devices.async_vins())
        return self.data

    def _put_beside(self, fetch: Fetch) -> SourceError | None:
        """Put what was read beside what is known, car by car. Returns what is wrong if that leaves nothing."""
        if unread := sorted(fetch.unread_makes - self.unread_makes):
            _LOGGER.info("Cars may be missing: the list of %s cannot be read", ", ".join(unread))
        self.unread_makes = fetch.unread_makes
        is_empty = not (fetch.vehicles or fetch.failures or fetch.left_out)
        shared = self._devices.async_leave_to_others(fetch.vehicles.keys() | fetch.failures.keys() | fetch.left_out)
        before, failures = self.data, {vin: err for vin, err in fetch.failures.items() if vin not in shared}
        if is_empty:  # more likely a slip of the cloud than a sale of all cars at once
            failures = dict.fromkeys(before, TryLaterError("No car is on the account's list"))
        self._why_in_vain = fetch.shortfall or next(iter(failures.values()), None)
        read = {
            vin: vehicle.settled(before[vin]) if vin in before else vehicle
            for vin, vehicle in fetch.vehicles.items()
            if vin not in shared
        }
        read |= {vin: read[vin].located(found) for vin, found in self._found.items() if vin in read}
        read |= {vin: before[vin] for vin in self._read_alone & read.keys() & before.keys()}
        vehicles = read | {vin: before[vin] for vin in failures if vin in before}
        if failures and not vehicles and not self.source.pushes:  # else they may still speak for themselves
            return next(iter(failures.values()))

        self._ledger.read(read.keys())
        causes = {vin: cause_of(err) for vin, err in failures.items()}
        self._ledger.replace(causes, failures, now=dt_util.utcnow())
        if not is_empty:
            makes = {car.identity.brand for car in read.values()} - fetch.unread_makes
            self._devices.async_keep_only(read.keys() | failures.keys(), seen=before.keys(), makes=makes)
        self._devices.async_update(read)
        self._devices.async_claim(read)
        self.data = vehicles
        if read and not fetch.shortfall:
            self.last_success = dt_util.utcnow()
        self.commands.note(read)
        return None

    def _note_failure(self, cause: Cause, why: object, *, is_refused: bool = False) -> None:
        """Count a failure of the whole account for each of its cars."""
        vins = self.data.keys() | self.troubles.keys()
        causes, reasons = dict.fromkeys(vins, cause), dict.fromkeys(vins, why)
        self._ledger.replace(causes, reasons, now=dt_util.utcnow(), is_refused=is_refused)

    def _name(self, vin: str) -> str:
        """What to call a car in the log, which must never hold its VIN."""
        return self.data[vin].name if vin in self.data else "A car of the account"


def _try_later(err: SourceError) -> UpdateFailed:
    return UpdateFailed(
        translation_domain=DOMAIN, translation_key="try_later", translation_placeholders={"error": str(err)}
    )

"""What all ways of signing in share: whose account it is, and putting away what let us in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
import logging
from typing import Final, NamedTuple, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigFlowResult
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.typing import UNDEFINED
from homeassistant.util import dt as dt_util
import probatio

from .account_store import AccountStore, UnreadableError, account_id_of
from .checkup_flow import CheckupSteps
from .const import CONF_GCID, CONF_READ_ONLY, CONF_SOURCE
from .coordinator import MyBMWConfigEntry
from .issues import async_clear_issues
from .keepsakes import async_get_keepsakes
from .moments import local_minute
from .pictures import async_forget_refused_pictures
from .sources import Credentials
from .sources.bugs import place_of
from .sources.registry import after_sign_in, what_counts_together, what_outlives

_LOGGER = logging.getLogger(__name__)

SOURCE_NAMES: Final[Mapping[str, str]] = {"cardata": "BMW CarData", "mybmw": "MyBMW"}
"""What the sources are called, in every language."""


class SignedIn(NamedTuple):
    """What a sign-in brought: whose account it is, what let us in, and the settings and the title of its entry.

    What was known of the account before is not in it: as long as forms are shown, the account goes on, and learns more.
    """

    gcid: str
    credentials: Credentials
    settings: Mapping[str, str]
    title: str


class AccountFlow(CheckupSteps):
    """Puts an account in place that has been signed in to: a new one, or one that is there already.

    One that is there keeps its entry, and so its cars, their names and their history, also if it is reached through
    another source than before. It is known by BMW's number for it (GCID), which stays the one of its first source: that
    all sources have the same is likely, but nowhere promised. What another one has instead stands in the entry.
    """

    _signed_in: SignedIn

    def __init__(self) -> None:
        """Know nothing yet."""
        super().__init__()
        self._wait_until: datetime | None = None

    async def async_step_change_source(self, user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Ask whether an account that is there already shall be reached by the source just signed in to."""
        signed_in = self._signed_in
        if (entry := self._entry_with(signed_in.gcid)) is None:
            return await self._async_add(signed_in)  # it has been deleted while we asked
        if user_input is not None:
            return await self._async_replace(entry, signed_in)
        return self._show_change("change_source", entry, signed_in)

    async def async_step_change_number(self, user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Ask whether an account is the right one that has another number at the source it is to change to."""
        entry = self._entry_of_flow(self.context["entry_id"])
        if user_input is not None:
            return await self._async_replace(entry, self._signed_in)
        return self._show_change("change_number", entry, self._signed_in)

    def _show_change(self, step_id: str, entry: MyBMWConfigEntry, signed_in: SignedIn) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=probatio.Schema({}),
            description_placeholders={
                "account": entry.title,
                "before": SOURCE_NAMES[entry.data[CONF_SOURCE]],
                "after": SOURCE_NAMES[signed_in.settings[CONF_SOURCE]],
            },
        )

    @property
    def _entry(self) -> MyBMWConfigEntry | None:
        """The account that is signed in anew, None for one that is added."""
        entry_id = self.context.get("entry_id")
        return self._entry_of_flow(entry_id) if entry_id else None

    def _entry_of_flow(self, entry_id: str) -> MyBMWConfigEntry:
        """The account that the dialog is about, which ends if that was removed meanwhile."""
        if (entry := self.hass.config_entries.async_get_entry(entry_id)) is None:
            raise AbortFlow(reason="account_gone")
        return entry

    def _entry_of(self, source: str) -> MyBMWConfigEntry | None:
        """The same, if it is reached by a source until now."""
        entry = self._entry
        return entry if entry and entry.data[CONF_SOURCE] == source else None

    @property
    def _has_to_wait(self) -> bool:
        """Whether BMW asked not to be asked now."""
        return self._wait_until is not None and dt_util.utcnow() < self._wait_until

    def _end_of_wait(self) -> dict[str, str]:
        """The first full minute after the wait BMW asked for, to be named in a text."""
        if self._wait_until is None:
            return {}
        return {"until": local_minute(self._wait_until + timedelta(minutes=1))}

    async def _async_finish(self, signed_in: SignedIn) -> ConfigFlowResult:
        """Put the account in place, unless it is the wrong one."""
        await self.async_set_unique_id(signed_in.gcid, raise_on_progress=False)
        self._signed_in = signed_in
        source, known = signed_in.settings[CONF_SOURCE], self._entry_with(signed_in.gcid)
        if entry := self._entry:
            if known is entry:
                return await self._async_replace(entry, signed_in)
            if known or self.source == SOURCE_REAUTH or entry.data[CONF_SOURCE] == source:
                return self.async_abort(reason="wrong_account")
            return await self.async_step_change_number()
        if known is None:
            return await self._async_add(signed_in)
        if known.data[CONF_SOURCE] == source:
            return self.async_abort(reason="already_configured")
        return await self.async_step_change_source()

    def _entry_with(self, gcid: str) -> MyBMWConfigEntry | None:
        """The account that BMW has this number for."""
        entries: list[MyBMWConfigEntry] = self._async_current_entries()
        return next((entry for entry in entries if gcid in {entry.unique_id, entry.data.get(CONF_GCID)}), None)

    async def _async_add(self, signed_in: SignedIn) -> ConfigFlowResult:
        try:
            await self._async_keep(signed_in, signed_in.gcid)
        except OSError as err:
            return self._not_stored(err)
        return self.async_create_entry(
            title=signed_in.title,
            data=signed_in.settings,
            options={CONF_READ_ONLY: False},
        )

    async def _async_replace(self, entry: MyBMWConfigEntry, signed_in: SignedIn) -> ConfigFlowResult:
        await self._async_halt(entry)
        account_id = account_id_of(entry)
        changes_source = entry.data[CONF_SOURCE] != signed_in.settings[CONF_SOURCE]
        other_number = {} if signed_in.gcid == account_id else {CONF_GCID: signed_in.gcid}
        try:
            await self._async_keep(signed_in, account_id, entry.data[CONF_SOURCE])
        except OSError as err:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
            return self._not_stored(err)
        await async_forget_refused_pictures(self.hass, account_id)
        if changes_source:
            self._async_forget_troubles(entry)
        end = self.async_update_reload_and_abort(
            entry,
            data={**signed_in.settings, **other_number},
            reason="source_changed" if changes_source else UNDEFINED,
        )
        return await self._async_lead_to_checkup(entry, end)

    @callback
    def _async_forget_troubles(self, entry: MyBMWConfigEntry) -> None:
        """Take back what was asked of the owner because of the source that is left."""
        async_clear_issues(self.hass, entry.entry_id)
        for flow in list(entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})):
            if flow["flow_id"] != self.flow_id:
                self.hass.config_entries.flow.async_abort(flow["flow_id"])

    async def _async_halt(self, entry: MyBMWConfigEntry) -> None:
        """Take an account down, or its next token might be stored over the new one; let it come up first if it does."""
        async with entry.setup_lock:
            pass
        if entry.state.recoverable:
            await self.hass.config_entries.async_unload(entry.entry_id)

    async def _async_keep(self, signed_in: SignedIn, account_id: str, before: str | None = None) -> None:
        """Put the credentials where the set-up of the account looks for them; the account has to stand still.

        `before` is the source by which it was reached until now, if it is not new. If that is another one, its
        credentials are forgotten. Who is let in is not refused any more, so one look at the cars is in order. A quota,
        though, is as empty as it was before, unless it was that of another source.

        Raises:
            OSError: They could not be stored; an UnreadableError, if what is stored cannot be read.
        """
        source = signed_in.settings[CONF_SOURCE]
        store = AccountStore(self.hass, account_id)
        await store.async_load()
        changes_source = before not in {None, source}
        if before and changes_source:
            store.set_aside(before, what_outlives(before, store.credentials))
        if before != source:
            now, keepsakes = dt_util.utcnow(), async_get_keepsakes(self.hass)
            for counted_by, kept in (await keepsakes.async_find(signed_in.gcid)).items():
                store.set_aside(counted_by, what_counts_together(counted_by, store.aside(counted_by), kept, now))
        if store.pause and (changes_source or store.pause.refusal):
            await store.async_pause(None)
        known = store.credentials if before == source else store.aside(source)
        await store.async_keep_credentials(after_sign_in(source, known, signed_in.credentials))

    async def _async_remembered(self, entry: MyBMWConfigEntry, source: str) -> Credentials:
        """What is known of an account from when it was last reached by a source.

        Raises:
            UnreadableError: That cannot be read.
        """
        store = AccountStore(self.hass, account_id_of(entry))
        await store.async_load()
        return store.credentials if entry.data[CONF_SOURCE] == source else store.aside(source)

    def _not_stored(self, err: OSError) -> ConfigFlowResult:
        if isinstance(err, UnreadableError):
            return self.async_abort(reason="unreadable", description_placeholders={"error": str(err)})
        _LOGGER.error("What the sign-in brought cannot be stored", exc_info=err)
        return self.async_abort(reason="not_stored")

    @callback
    @override
    def async_remove(self) -> None:
        """End what goes on behind the forms."""


def log_unexpected(err: BaseException) -> None:
    """Tell the log of a bug all but its message: that may quote what was typed, or what BMW answered."""
    _LOGGER.error("Unexpected %s while signing in; it happened at\n%s", type(err).__name__, place_of(err))

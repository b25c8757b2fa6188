"""What an owner can do about a repair issue: when BMW refuses an account, have it looked at again.

What can be done about other integrations' leftovers stands in `takeover_dialog.py`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.components.repairs.const import FlowType
from homeassistant.config_entries import ConfigEntryState, OperationNotAllowed
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import probatio

from . import issues
from .account_store import AccountStore, UnreadableError, account_id_of
from .coordinator import MyBMWConfigEntry
from .doctor import async_look_again, checkup_of, is_ill, signs
from .issues import is_refused
from .moments import local_minute
from .next_flow import async_begin_next
from .sources import Refusal
from .sources.pauses import REFUSAL_WAITS, Pause
from .takeover_dialog import REMEDIES, FailureFlow, TakeOverFlow, WayBackFlow

PROBE_WAITS: Final[Mapping[Refusal, timedelta]] = {
    Refusal.BLOCKED: timedelta(hours=1),
    Refusal.FORBIDDEN: timedelta(minutes=10),
}
"""How long after one look an owner may have the next one taken.

A block does not end because somebody asks, but who was forbidden something may have just put it right.
"""


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: Mapping[str, str | int | float | None] | None
) -> RepairsFlow:
    """Begin to repair an account; `data` is what the issue was created with."""
    entry = hass.config_entries.async_get_entry(str((data or {}).get("entry_id")))
    if entry is None:
        return GoneFlow()
    match kind := issue_id.removesuffix(f"_{entry.entry_id}"):
        case issues.CHECKUP:
            return DoctorFlow(entry)
        case issues.TAKE_OVER:
            return TakeOverFlow(entry)
        case issues.TAKEN_OVER:
            return WayBackFlow(entry)
        case _ if kind in REMEDIES:
            return FailureFlow(entry, kind)
        case _:
            return LookAgainFlow(entry, is_blocked=kind == Refusal.BLOCKED)


class GoneFlow(RepairsFlow):
    """Says that there is nothing to repair any more: the account was removed while its message was on a page."""

    async def async_step_init(self, _user_input: Mapping[str, str] | None = None) -> RepairsFlowResult:
        """Say so."""
        return self.async_abort(reason="account_gone")


class LookAgainFlow(RepairsFlow):
    """Explains the refusal, and looks once more when the owner wants it, but not too often."""

    def __init__(self, entry: MyBMWConfigEntry, *, is_blocked: bool) -> None:
        """Be about one account."""
        self._entry = entry
        self._is_blocked = is_blocked

    async def async_step_init(self, _user_input: Mapping[str, str] | None = None) -> RepairsFlowResult:
        """Begin; who is blocked can leave by the other door."""
        if not self._is_blocked:
            return await self.async_step_look_again()
        return self.async_show_menu(
            step_id="init",
            menu_options=["change_source", "look_again"],
            description_placeholders={"account": self._entry.title},
        )

    async def async_step_change_source(self, _user_input: Mapping[str, str] | None = None) -> RepairsFlowResult:
        """Go on with the form in which the account is changed to CarData."""
        if self._is_gone:
            return self.async_abort(reason="account_gone")
        form = await async_begin_next(self.hass, self._entry.entry_id)
        return self.async_abort(reason="change_source", next_flow=(FlowType.CONFIG_FLOW, form))

    async def async_step_look_again(self, user_input: Mapping[str, str] | None = None) -> RepairsFlowResult:
        """Look again; as long as the account is refused, the explanation stays."""
        if self._is_gone:
            return self.async_abort(reason="account_gone")
        if user_input is None:
            return self._explain()
        try:
            return await self._look_again()
        except UnreadableError:  # which the account says, too
            return self._explain("unreadable")
        except OperationNotAllowed:  # it could not be taken down once
            return self._explain("needs_restart")

    @property
    def _is_gone(self) -> bool:
        """Whether the account was removed while the dialog was open."""
        return self.hass.config_entries.async_get_entry(self._entry.entry_id) is None

    async def _look_again(self) -> RepairsFlowResult:
        if (allowed_at := _next_probe(await self._pause())) and dt_util.utcnow() < allowed_at:
            return self._explain("too_early", allowed_at)
        await self._look()
        if pause := await self._pause():
            return self._explain("still_refused" if pause.refusal else "too_early", _next_probe(pause))
        if is_refused(self.hass, self._entry.entry_id):  # or the message would have been taken back
            return self._explain("no_answer")
        return self.async_create_entry(data={})

    def _explain(self, error: str | None = None, allowed_at: datetime | None = None) -> RepairsFlowResult:
        return self.async_show_form(
            step_id="look_again",
            data_schema=probatio.Schema({}),
            errors={"base": error} if error else None,
            description_placeholders={
                "account": self._entry.title,
                "until": local_minute(allowed_at) if allowed_at else "",
            },
        )

    async def _pause(self) -> Pause | None:
        """What the account has to wait for, whether or not it is set up."""
        if self._entry.state is ConfigEntryState.LOADED:
            return self._entry.runtime_data.pause
        return (await self._stored()).pending_pause

    async def _look(self) -> None:
        """Ask BMW, by setting the account up if it is not."""
        if self._entry.state is ConfigEntryState.LOADED:
            await self._entry.runtime_data.async_look_again()
            return
        await (await self._stored()).async_pause(None)
        await self.hass.config_entries.async_reload(self._entry.entry_id)

    async def _stored(self) -> AccountStore:
        store = AccountStore(self.hass, account_id_of(self._entry))
        await store.async_load()
        return store


class DoctorFlow(RepairsFlow):
    """Tells what is in order with an account of CarData, and what to do about what is not."""

    def __init__(self, entry: MyBMWConfigEntry) -> None:
        """Be about one account."""
        self._entry = entry

    async def async_step_init(self, _user_input: Mapping[str, str] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_doctor()

    async def async_step_doctor(self, _user_input: Mapping[str, str] | None = None) -> RepairsFlowResult:
        """Tell what was found."""
        return self.async_show_menu(
            step_id="doctor", menu_options=["doctor_again"], description_placeholders=signs(self._entry)
        )

    async def async_step_doctor_again(self, _user_input: Mapping[str, str] | None = None) -> RepairsFlowResult:
        """Look again; when the owner has nothing more to do, it is repaired."""
        await async_look_again(self._entry)
        checkup = checkup_of(self._entry)
        return await self.async_step_doctor() if not checkup or is_ill(checkup) else self.async_create_entry(data={})


def _next_probe(pause: Pause | None) -> datetime | None:
    """When an owner may have the next look taken: some time after the last one, from which a refusal's pause runs.

    A pause that BMW asked for is kept to its end.
    """
    if pause is None or pause.refusal is None:
        return pause.until if pause else None
    return pause.until - REFUSAL_WAITS[pause.refusal] + PROBE_WAITS[pause.refusal]

"""The dialogs in which an owner takes over what other integrations left behind, undoes it, or helps when that fails."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import wraps
from typing import Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import entity_registry as er
import probatio

from .account_store import account_id_of
from .coordinator import MyBMWConfigEntry
from .issues import CLEAN_UP_FAILED, TAKE_OVER_FAILED, UNDO_FAILED, async_clear_migration
from .migration import (
    DatabaseError,
    Journal,
    Move,
    Offer,
    OvertakenError,
    Plan,
    Reason,
    Record,
    Stage,
    TooEarlyError,
    UnreadableJournalError,
    async_carry_out,
    async_ending_statistics,
    async_finish,
    async_leave,
    async_look,
    end_of_way_back,
    expect_failure,
)
from .moments import local_minute

_NOTHING: Final = "\N{EN DASH}"

REMEDIES: Final[Mapping[str, list[str]]] = {
    TAKE_OVER_FAILED: ["again", "undo", "leave"],
    UNDO_FAILED: ["again", "leave"],
    CLEAN_UP_FAILED: ["again", "leave"],
}
"""What an owner can do about each message that something failed."""


type _Input = Mapping[str, str] | None
type _Step[F] = Callable[[F, _Input], Awaitable[RepairsFlowResult]]


def _or_abort[F: RepairsFlow](step: _Step[F]) -> _Step[F]:
    """Have a step of a dialog say why nothing was changed."""

    @wraps(step)
    async def _async_step(flow: F, user_input: _Input = None) -> RepairsFlowResult:
        try:
            return await step(flow, user_input)
        except OvertakenError:
            return flow.async_abort(reason="overtaken")
        except UnreadableJournalError:
            return flow.async_abort(reason="unreadable")
        except OSError:
            return flow.async_abort(reason="not_stored")

    return _async_step


class _Flow(RepairsFlow):
    """Has something done with what is written down of one account."""

    def __init__(self, entry: MyBMWConfigEntry) -> None:
        """Be about one account."""
        self._entry = entry
        self._account_id = account_id_of(entry)

    async def _read(self) -> Record | None:
        return await Journal(self.hass, self._account_id).async_read()

    async def _carry_out(self, stage: Stage, plan: Plan | None = None) -> RepairsFlowResult:
        return self._told(is_done=await async_carry_out(self.hass, self._entry, self._account_id, stage, plan))

    async def _finish(self) -> RepairsFlowResult:
        return self._told(is_done=await async_finish(self.hass, self._entry, self._account_id))

    def _told(self, *, is_done: bool) -> RepairsFlowResult:
        """End; of what was not done, there is another message by now."""
        return self.async_create_entry(data={}) if is_done else self.async_abort(reason="failed")


class TakeOverFlow(_Flow):
    """Shows what becomes of each entity, and has it done when the owner agrees."""

    def __init__(self, entry: MyBMWConfigEntry) -> None:
        """Be about one account."""
        super().__init__(entry)
        self._offer = Offer()

    async def async_step_init(self, _user_input: _Input = None) -> RepairsFlowResult:
        """Look anew: much may have happened since the offer was made."""
        return self._look() or await self.async_step_confirm(None)

    @_or_abort
    async def async_step_confirm(self, user_input: _Input = None) -> RepairsFlowResult:
        """Show the plan, then do it, if it still is the one that was shown."""
        try:
            if user_input is None:
                return await self._show_plan()
            if await self._read():
                raise OvertakenError
            shown = self._offer.plan
            if abort := self._look():
                return abort
            if self._offer.plan != shown:
                return await self._show_plan("changed")
            try:
                return await self._carry_out(Stage.TAKING_OVER, shown)
            except (TooEarlyError, OSError) as err:
                return await self._show_plan("too_early" if isinstance(err, TooEarlyError) else "not_stored")
        except DatabaseError:
            return self.async_abort(reason="no_database")

    def _look(self) -> RepairsFlowResult | None:
        """Work out the plan, or say why there is none."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_set_up")
        self._offer = async_look(self.hass, self._entry.entry_id, self._entry.runtime_data.data)
        if self._offer.plan["moves"]:
            return None
        async_clear_migration(self.hass, self._entry.entry_id)
        return self.async_abort(reason="nothing_left")

    async def _show_plan(self, error: str | None = None) -> RepairsFlowResult:
        moves, leftovers = self._offer.plan["moves"], self._offer.leftovers
        return self.async_show_form(
            step_id="confirm",
            data_schema=probatio.Schema({}),
            errors={"base": error} if error else None,
            description_placeholders={
                "account": self._entry.title,
                "integrations": ", ".join(self._offer.integrations),
                "count": f"{len(moves)}",
                "moves": "\n".join(self._row(move) for move in moves),
                "ending_statistics": _listed(await async_ending_statistics(self.hass, moves)),
                **{
                    reason.value: _listed(entity_id for entity_id, why in leftovers.items() if why is reason)
                    for reason in Reason
                },
            },
        )

    def _row(self, move: Move) -> str:
        """The id that stays, the name of the entity that continues it, and that one's own id, which goes."""
        ours = er.async_get(self.hass).async_get(move["replaces"])
        name = (ours.name or ours.original_name or self._name_of_device(ours)) if ours else ""
        name = name.replace("|", "")
        return f"| `{move['entity_id']}` | {name} | `{move['replaces']}` |"

    def _name_of_device(self, entity: er.RegistryEntry) -> str:
        state = self.hass.states.get(entity.entity_id)
        return state.name if state else entity.entity_id


class WayBackFlow(_Flow):
    """Has the owner undo what was taken over, or keep it for good."""

    @_or_abort
    async def async_step_init(self, _user_input: _Input = None) -> RepairsFlowResult:
        """Ask what to do."""
        if (record := await self._read()) is None:
            return self.async_abort(reason="too_late")
        return self.async_show_menu(
            step_id="init",
            menu_options=["undo", "keep"],
            description_placeholders={"until": local_minute(end_of_way_back(record))},
        )

    @_or_abort
    async def async_step_undo(self, _user_input: _Input = None) -> RepairsFlowResult:
        """Put everything back."""
        try:
            return await self._carry_out(Stage.UNDOING)
        except OvertakenError:
            return self.async_abort(reason="too_late")

    @_or_abort
    async def async_step_keep(self, _user_input: _Input = None) -> RepairsFlowResult:
        """Make it final."""
        return await self._finish()


class FailureFlow(_Flow):
    """Has the owner try again what failed, or leave it."""

    def __init__(self, entry: MyBMWConfigEntry, failure: str) -> None:
        """Be about what failed with one account, by the key of its message."""
        super().__init__(entry)
        self._failure = failure

    async def async_step_init(self, _user_input: _Input = None) -> RepairsFlowResult:
        """Ask what to do."""
        return self.async_show_menu(
            step_id="init",
            menu_options=REMEDIES[self._failure],
            description_placeholders={"account": self._entry.title},
        )

    @_or_abort
    async def async_step_again(self, _user_input: _Input = None) -> RepairsFlowResult:
        """Do what is written down, if it still is what failed."""
        if (record := await self._read()) is None:
            return self.async_create_entry(data={})
        expect_failure(record, self._failure)
        if (stage := Stage(record["stage"])) in {Stage.TAKING_OVER, Stage.UNDOING}:
            return await self._carry_out(stage)
        return await self._finish()

    @_or_abort
    async def async_step_undo(self, _user_input: _Input = None) -> RepairsFlowResult:
        """Put back what was taken over so far."""
        if await self._read() is None:
            return self.async_create_entry(data={})
        return await self._carry_out(Stage.UNDOING)

    @_or_abort
    async def async_step_leave(self, _user_input: _Input = None) -> RepairsFlowResult:
        """Forget what is written down."""
        await async_leave(self.hass, self._entry, self._account_id, self._failure)
        return self.async_create_entry(data={})


def _listed(entity_ids: Iterable[str]) -> str:
    return ", ".join(f"`{entity_id}`" for entity_id in sorted(entity_ids)) or _NOTHING

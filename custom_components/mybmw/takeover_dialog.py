"""The dialogs in which an owner takes over what other integrations left behind, or undoes it."""

from collections.abc import Iterable, Mapping
from typing import Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import entity_registry as er
import probatio

from .coordinator import MyBMWConfigEntry, account_id_of
from .issues import async_clear_migration
from .migration import (
    Journal,
    Move,
    Offer,
    Reason,
    Stage,
    async_decide,
    async_finish,
    async_foreign_units,
    async_look,
    end_of_way_back,
)
from .moments import local_minute

_NOTHING: Final = "\N{EN DASH}"


class TakeOverFlow(RepairsFlow):
    """Shows what becomes of each entity, and has it done when the owner agrees."""

    def __init__(self, entry: MyBMWConfigEntry) -> None:
        """Be about one account."""
        self._entry = entry
        self._offer = Offer()

    async def async_step_init(self, _user_input: Mapping[str, str] | None = None) -> RepairsFlowResult:
        """Look anew: much may have happened since the offer was made."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_set_up")
        self._offer = async_look(self.hass, self._entry.entry_id, self._entry.runtime_data.data)
        if not self._offer.plan["moves"]:
            async_clear_migration(self.hass, self._entry.entry_id)
            return self.async_abort(reason="nothing_left")
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: Mapping[str, str] | None = None) -> RepairsFlowResult:
        """Show the plan, then do it."""
        if user_input is None:
            return await self._show_plan()
        try:
            await async_decide(self.hass, account_id_of(self._entry), Stage.TAKING_OVER, self._offer.plan)
        except OSError:
            return await self._show_plan("not_stored")
        await self.hass.config_entries.async_reload(self._entry.entry_id)
        return self.async_create_entry(data={})

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
                "foreign_units": _listed(await async_foreign_units(self.hass, moves)),
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


class WayBackFlow(RepairsFlow):
    """Has the owner undo what was taken over, or keep it for good."""

    def __init__(self, entry: MyBMWConfigEntry) -> None:
        """Be about one account."""
        self._entry = entry

    async def async_step_init(self, _user_input: Mapping[str, str] | None = None) -> RepairsFlowResult:
        """Ask what to do."""
        if (record := await self._journal.async_read()) is None:
            return self.async_abort(reason="too_late")
        return self.async_show_menu(
            step_id="init",
            menu_options=["undo", "keep"],
            description_placeholders={"until": local_minute(end_of_way_back(record))},
        )

    async def async_step_undo(self, _user_input: Mapping[str, str] | None = None) -> RepairsFlowResult:
        """Put everything back."""
        if (record := await self._journal.async_read()) is None:
            return self.async_abort(reason="too_late")
        try:
            await async_decide(self.hass, account_id_of(self._entry), Stage.UNDOING, record["plan"])
        except OSError:
            return self.async_abort(reason="not_stored")
        await self.hass.config_entries.async_reload(self._entry.entry_id)
        return self.async_create_entry(data={})

    async def async_step_keep(self, _user_input: Mapping[str, str] | None = None) -> RepairsFlowResult:
        """Make it final."""
        await async_finish(self.hass, account_id_of(self._entry))
        return self.async_create_entry(data={})

    @property
    def _journal(self) -> Journal:
        return Journal(self.hass, account_id_of(self._entry))


def _listed(entity_ids: Iterable[str]) -> str:
    return ", ".join(f"`{entity_id}`" for entity_id in sorted(entity_ids)) or _NOTHING

"""What an owner is told about a takeover, and what they answer."""

from homeassistant.components.repairs import RepairsFlowResult, repairs_flow_manager
from homeassistant.components.repairs.models import RepairsFlowContext
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.migration import (
    Journal,
    Stage,
    async_decide,
    async_look,
)
from tests.account import GCID


async def open_dialog(hass: HomeAssistant, entry: MockConfigEntry, issue: str = "take_over") -> RepairsFlowResult:
    """Open the dialog of a message."""
    assert await async_setup_component(hass, "repairs", {})
    flows = repairs_flow_manager(hass)
    assert flows
    context = RepairsFlowContext(issue_id=f"{issue}_{entry.entry_id}")
    return await flows.async_init(DOMAIN, context=context)


async def answer(hass: HomeAssistant, step: RepairsFlowResult, choice: str | None = None) -> RepairsFlowResult:
    """Press the button, or choose from the menu."""
    flows = repairs_flow_manager(hass)
    assert flows
    result = await flows.async_configure(step["flow_id"], {"next_step_id": choice} if choice else {})
    await hass.async_block_till_done()
    return result


async def take_over(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Accept the offer."""
    step = await answer(hass, await open_dialog(hass, entry))
    assert step["type"] is FlowResultType.CREATE_ENTRY


async def undo(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Take the way back."""
    step = await answer(hass, await open_dialog(hass, entry, "taken_over"), "undo")
    assert step["type"] is FlowResultType.CREATE_ENTRY, step


def issues(hass: HomeAssistant) -> set[str]:
    """What the owner is told."""
    return {issue.translation_key or "" for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN}


async def decide(hass: HomeAssistant, entry: MockConfigEntry, stage: Stage) -> None:
    """Have the owner decide, without a dialog and without a reload."""
    offer = async_look(hass, entry.entry_id, entry.runtime_data.data)
    record = await Journal(hass, GCID).async_read()
    await async_decide(hass, GCID, stage, record["plan"] if record else offer.plan)
    await hass.config_entries.async_unload(entry.entry_id)

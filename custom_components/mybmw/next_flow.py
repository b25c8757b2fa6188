"""Leads from the end of one dialog on to the next one about the same account."""

from collections.abc import Mapping

from homeassistant.config_entries import SOURCE_USER, ConfigFlowContext
from homeassistant.core import HomeAssistant

from .const import DOMAIN


async def async_begin_next(hass: HomeAssistant, entry_id: str, data: Mapping[str, str] | None = None) -> str:
    """Begin the flow that another one leads on to, which finds `data` in its first step; returns its id.

    Nobody ends such a flow if its dialog is just closed. As one that a user has begun, it then shows up nowhere, and
    keeps nothing from being asked; one that reconfigures would keep Home Assistant from asking for a new sign-in.
    """
    context = ConfigFlowContext(source=SOURCE_USER, entry_id=entry_id)
    return (await hass.config_entries.flow.async_init(DOMAIN, context=context, data=data))["flow_id"]

"""What tests of signing in by a code share: time that waits for them, and the steps that are always the same."""

import asyncio
from typing import Final
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import Json
from tests.door import (
    NOW,
    reconfigure,
    submit,
)
from tests.flow_texts import shown
from tests.simulator import Simulator
from tests.simulator.cardata import Customer

CALLS: Final[dict[str, Json]] = {"calls": [{"at": NOW.isoformat(), "reason": "daily"}], "full_until": None}


class Naps:
    """Time in the hands of the test: whoever waits for the cloud, waits until the test lets some pass."""

    def __init__(self, freezer: FrozenDateTimeFactory, cloud: Simulator) -> None:
        self.cloud = cloud
        self._freezer = freezer
        self._may_end = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        """Wait."""
        await self._may_end.wait()
        self._freezer.tick(seconds)

    async def pass_by(self, hass: HomeAssistant) -> None:
        """Let all waits end at once, until nothing more happens."""
        self._may_end.set()
        await hass.async_block_till_done(wait_background_tasks=True)
        self._may_end.clear()

    async def look(self, hass: HomeAssistant, flow_id: str) -> ConfigFlowResult:
        """Let time pass, and look at what has become of a flow."""
        await self.pass_by(hass)
        return shown(await hass.config_entries.flow.async_configure(flow_id))


def code_in(step: ConfigFlowResult) -> str:
    """The code that is shown."""
    assert step["step_id"] in {"cardata_code", "cardata_wait"}
    return (step["description_placeholders"] or {})["code"]


async def enter(hass: HomeAssistant, naps: Naps, form: ConfigFlowResult) -> ConfigFlowResult:
    """Enter the code that is shown, and wait for what comes of it; leads to a result, or to the next form."""
    naps.cloud.cardata.sign_in.approve(code_in(form))
    waiting = await submit(hass, form) if form["step_id"] == "cardata_code" else form
    assert waiting["type"] is FlowResultType.SHOW_PROGRESS
    with patch.object(
        hass.config_entries.flow, "async_finish_flow", wraps=hass.config_entries.flow.async_finish_flow
    ) as finish:
        await naps.pass_by(hass)
    if finish.await_args_list:
        [(_, result)] = [call.args for call in finish.await_args_list if call.args[1]["flow_id"] == form["flow_id"]]
        return shown(result)
    return shown(await hass.config_entries.flow.async_configure(form["flow_id"]))


def cardata_account(hass: HomeAssistant, customer: Customer, *, gcid: str | None = None) -> MockConfigEntry:
    """An account that was added before."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="My cars",
        unique_id=gcid or customer.account.gcid,
        data={"source": "cardata", "client_id": customer.client_id},
        options={"read_only": False},
    )
    entry.add_to_hass(hass)
    return entry


async def to_cardata(hass: HomeAssistant, customer: Customer, naps: Naps, entry: MockConfigEntry) -> ConfigFlowResult:
    """Change an account to CarData by its menu."""
    form = await submit(hass, await reconfigure(hass, entry, "cardata"), client_id=customer.client_id)
    return await enter(hass, naps, form)

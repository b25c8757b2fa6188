"""Home Assistant stops while BMW is renewing a sign-in: what is on disk afterwards opens the account."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mybmw.const import DOMAIN

from .door import stored
from .faults.account import settled_account
from .simulator import Fault, Simulator

pytestmark = [
    pytest.mark.freeze_time(datetime(2026, 11, 20, 12, 0, tzinfo=UTC)),
    pytest.mark.usefixtures("hass_storage"),
]


async def comes_true(condition: Callable[[], bool], *, turns: int = 2000) -> bool:
    """Whether something comes true while everybody goes on as far as they can without time going by."""
    for _ in range(turns):
        if condition():
            return True
        await asyncio.sleep(0)
    return False


async def test_the_token_of_a_renewal_under_way_is_on_disk_in_the_end(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, two_cars_cloud: Simulator
) -> None:
    account = await settled_account(hass, freezer, two_cars_cloud)
    [gcid] = [entry.unique_id or "" for entry in hass.config_entries.async_entries(DOMAIN)]
    before = (await stored(hass, gcid)).credentials
    two_cars_cloud.accounts.forget_access_tokens()
    answer = asyncio.Event()
    renewal = Fault(path="/token$", after=answer)
    two_cars_cloud.faults.append(renewal)

    looking = hass.async_create_background_task(account.entry.runtime_data.async_refresh(), "a look at the account")
    assert await comes_true(lambda: renewal.struck == 1)
    stopping = asyncio.create_task(hass.async_stop(force=True))
    assert await comes_true(looking.cancelled)
    stopped_too_early = await comes_true(stopping.done)
    answer.set()
    await stopping
    assert not stopped_too_early

    after = (await stored(hass, gcid)).credentials
    assert after["refresh_token"] != before["refresh_token"]
    assert not two_cars_cloud.accounts.readmit(str(before["refresh_token"])), "BMW has forgotten this one"
    assert two_cars_cloud.accounts.readmit(str(after["refresh_token"]))

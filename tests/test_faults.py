"""Every fault of BMW's servers against an account that is set up; docs/faults.md says what happens."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mybmw.const import DOMAIN

from .faults.account import LOOKS_PER_DAY, LOOKS_PER_HOUR, Living, settled_account
from .faults.document import Table
from .faults.findings import VALUES, keeps, recovers, sees
from .faults.newcomer import Newcomer
from .simulator import PRESETS, Preset, Simulator

NOW: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

pytestmark = [pytest.mark.freeze_time(NOW), pytest.mark.usefixtures("hass_storage")]


@pytest.fixture
async def account(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, two_cars_cloud: Simulator
) -> AsyncGenerator[Living]:
    """An account in a good hour."""
    account = await settled_account(hass, freezer, two_cars_cloud)
    yield account
    await hass.config_entries.async_unload(account.entry.entry_id)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_fault_is_documented(preset: Preset, *, update_document: bool) -> None:
    seen = ", ".join(f"[{seen.when}]({seen.url})" for seen in preset.seen) or "not yet"
    Table("faults").check(preset.name, [f"{preset.what}.", seen, f"{preset.played}."], update=update_document)


@pytest.mark.parametrize("table", ["faults", "running", "sign-in"])
def test_no_other_fault_is_documented(table: str) -> None:
    assert Table(table).faults == [*PRESETS]


@pytest.mark.parametrize("fault", PRESETS)
async def test_what_a_fault_does(account: Living, fault: str, *, update_document: bool) -> None:
    course = await account.play(fault)
    cells = [sees(course), keeps(course), recovers(course)]
    Table("running").check_asking(fault, cells, course.requests, update=update_document)


async def test_a_good_first_hour(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, two_cars_cloud: Simulator
) -> None:
    cells, requests = await Newcomer(hass=hass, freezer=freezer, cloud=two_cars_cloud).meet(None)
    assert cells == ["The account with its 2 cars.", "The account.", "Nothing has to."]
    assert requests == 62
    [entry] = hass.config_entries.async_entries(DOMAIN)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_good_hour(account: Living) -> None:
    asked_before = len(account.cloud.requests)
    for _ in range(LOOKS_PER_HOUR):
        look = await account.look()
    assert len(account.cloud.requests) - asked_before == 49
    assert [car.known for car in look.seen.cars.values()] == [VALUES, VALUES]


@pytest.mark.parametrize("fault", PRESETS)
async def test_what_a_fault_does_to_a_new_account(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    two_cars_cloud: Simulator,
    fault: str,
    *,
    update_document: bool,
) -> None:
    cells, requests = await Newcomer(hass=hass, freezer=freezer, cloud=two_cars_cloud).meet(fault)
    Table("sign-in").check_asking(fault, cells, requests, update=update_document)
    for entry in hass.config_entries.async_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)


# No storm


@pytest.mark.parametrize(("fault", "requests"), [("blocked", 1), ("blocked-data", 5)])
async def test_a_blocked_account_asks_once_a_day(account: Living, fault: str, requests: int) -> None:
    """With a sign-in that can still be renewed, that takes two requests, and three lists are asked for at a time."""
    account.cloud.switchboard.switch_on(fault)
    asked = account.cloud.requests
    await account.look()
    asked_by_day = []
    for _ in range(3):
        asked_before = len(asked)
        for _ in range(LOOKS_PER_DAY):
            await account.look()
        asked_by_day.append(len(asked) - asked_before)
    assert asked_by_day == [requests] * 3


async def test_a_blocked_account_is_not_asked_for_being_started_again(account: Living) -> None:
    account.cloud.switchboard.switch_on("blocked")
    await account.look()
    asked_before = len(account.cloud.requests)
    for _ in range(3):
        await account.hass.config_entries.async_reload(account.entry.entry_id)
        await account.look()
    assert len(account.cloud.requests) == asked_before

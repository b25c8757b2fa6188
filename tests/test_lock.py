"""The lock of a car: it says what it is about to do, and what it knows."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.lock import LockState as Shown
from homeassistant.const import STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.sources import TryLaterError
from custom_components.mybmw.vehicle import Fate, FlashLights, Lock, LockState, Outcome, Reason, Unlock

from .account import NOW, FakeSource, account_entry, pass_time, set_up, set_up_platform, state_of
from .acting import act, an_able_car, settle

OPEN = an_able_car()
LOCKED = an_able_car(lock=LockState.LOCKED)

pytestmark = pytest.mark.freeze_time(NOW)


def shown(hass: HomeAssistant) -> str:
    return state_of(hass, Platform.LOCK, OPEN, "lock").state


async def test_locks(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion, source: FakeSource
) -> None:
    entry_id = await set_up_platform(hass, source, Platform.LOCK, OPEN)
    await snapshot_platform(hass, entity_registry, snapshot, entry_id)


@pytest.mark.parametrize(
    ("before", "action", "command", "meanwhile", "after"),
    [
        (OPEN, "lock", Lock(), Shown.LOCKING, LOCKED),
        (LOCKED, "unlock", Unlock(), Shown.UNLOCKING, OPEN),
    ],
)
async def test_it_is_under_way_until_the_car_reports_it(  # noqa: PLR0913, PLR0917 (fixtures)
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: FakeSource,
    before: object,
    action: str,
    command: object,
    meanwhile: Shown,
    after: object,
) -> None:
    source.show(OPEN if before is OPEN else LOCKED)
    await set_up(hass, account_entry())
    source.may_end.clear()
    acting = asyncio.create_task(act(hass, Platform.LOCK, OPEN, "lock", action))
    await settle()
    assert shown(hass) == meanwhile
    source.may_end.set()
    await acting
    assert shown(hass) == meanwhile, "the car's report does not show it yet"
    source.show(LOCKED if after is LOCKED else OPEN)
    await pass_time(hass, freezer, timedelta(seconds=2))
    assert shown(hass) == (Shown.LOCKED if after is LOCKED else Shown.UNLOCKED)
    assert source.commands == [(OPEN.vin, command)]


async def test_what_the_car_is_told_now_counts_more_than_what_it_has_yet_to_report(
    hass: HomeAssistant, source: FakeSource
) -> None:
    source.show(LOCKED)
    await set_up(hass, account_entry())
    await act(hass, Platform.LOCK, OPEN, "lock", "unlock")
    assert shown(hass) == Shown.UNLOCKING
    source.may_end.clear()
    acting = asyncio.create_task(act(hass, Platform.LOCK, OPEN, "lock", "lock"))
    await settle()
    assert shown(hass) == Shown.LOCKING
    source.may_end.set()
    await acting
    assert shown(hass) == Shown.LOCKING


@pytest.mark.parametrize(
    ("fate", "reason", "state"),
    [
        (Fate.FAILED, Reason.BY_CAR, Shown.JAMMED),
        (Fate.FAILED, Reason.REFUSED, Shown.UNLOCKED),
        (Fate.IGNORED, Reason.BY_CAR, Shown.UNLOCKED),
        (Fate.TIMED_OUT, None, STATE_UNKNOWN),
        (Fate.UNKNOWN, Reason.NOT_TOLD, STATE_UNKNOWN),
    ],
)
async def test_who_does_not_know_says_so_until_the_car_reports(  # noqa: PLR0913, PLR0917 (fixtures)
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: FakeSource,
    fate: Fate,
    reason: Reason | None,
    state: str,
) -> None:
    source.show(OPEN)
    coordinator = await set_up(hass, account_entry())
    source.outcome = Outcome(fate=fate, reason=reason, sent_at=NOW, ended_at=NOW)
    with pytest.raises(HomeAssistantError):
        await act(hass, Platform.LOCK, OPEN, "lock", "lock")
    assert shown(hass) == state
    source.outcome = None
    await coordinator.async_execute(OPEN.vin, FlashLights())
    await coordinator.async_refresh()
    assert shown(hass) == state, "the car has not reported anything"
    source.show(replace(OPEN, last_reported=NOW))
    await pass_time(hass, freezer, timedelta(minutes=6))
    assert shown(hass) == Shown.UNLOCKED


async def test_what_was_not_sent_changes_nothing(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(OPEN)
    await set_up(hass, account_entry())
    source.command_failure = TryLaterError("HTTP status 503")
    with pytest.raises(HomeAssistantError):
        await act(hass, Platform.LOCK, OPEN, "lock", "lock")
    assert shown(hass) == Shown.UNLOCKED


async def test_a_command_that_was_not_sent_does_not_end_a_doubt(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(LOCKED)
    await set_up(hass, account_entry())
    source.outcome = Outcome(fate=Fate.TIMED_OUT, sent_at=NOW, ended_at=NOW)
    with pytest.raises(HomeAssistantError):
        await act(hass, Platform.LOCK, OPEN, "lock", "unlock")
    source.command_failure = TryLaterError("HTTP status 503")
    with pytest.raises(HomeAssistantError):
        await act(hass, Platform.LOCK, OPEN, "lock", "unlock")
    assert shown(hass) == STATE_UNKNOWN
    source.command_failure = source.outcome = None
    await act(hass, Platform.LOCK, OPEN, "lock", "lock")
    assert shown(hass) == Shown.LOCKING


async def test_unlocking_may_take_a_code(
    hass: HomeAssistant, source: FakeSource, entity_registry: er.EntityRegistry
) -> None:
    source.show(LOCKED)
    await set_up(hass, account_entry({"unlock_code": "2468"}))
    state = state_of(hass, Platform.LOCK, LOCKED, "lock")
    assert state.attributes["code_format"]
    for typed in ({}, {"code": "1357"}, {"code": "24680"}):
        with pytest.raises(ServiceValidationError) as raised:
            await act(hass, Platform.LOCK, LOCKED, "lock", "unlock", **typed)
        assert raised.value.translation_key == "unlock_code_wrong"
        assert "2468" not in str(raised.value)
    assert source.commands == []
    await act(hass, Platform.LOCK, LOCKED, "lock", "unlock", code="2468")
    await act(hass, Platform.LOCK, LOCKED, "lock", "lock")
    entity_registry.async_update_entity_options(state.entity_id, "lock", {"default_code": "2468"})
    await act(hass, Platform.LOCK, LOCKED, "lock", "unlock")
    assert [command for _, command in source.commands] == [Unlock(), Lock(), Unlock()]


async def test_no_code_is_asked_for_if_none_is_wanted(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(LOCKED)
    await set_up(hass, account_entry())
    assert "code_format" not in state_of(hass, Platform.LOCK, LOCKED, "lock").attributes
    await act(hass, Platform.LOCK, LOCKED, "lock", "unlock")
    assert source.commands == [(OPEN.vin, Unlock())]

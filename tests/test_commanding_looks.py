"""After a command: the car that was asked is looked at until its report shows it, and nothing else is."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mybmw.commanding import LOOKS_S
from custom_components.mybmw.coordinator import MyBMWCoordinator
from custom_components.mybmw.sources import SignInRequiredError, SlowDownError, SourceError, TryLaterError
from custom_components.mybmw.vehicle import (
    ChargingPlan,
    Command,
    CommandKey,
    Fate,
    FindVehicle,
    FlashLights,
    Location,
    Lock,
    LockState,
    Odometer,
    Outcome,
    SetChargingPlan,
    SetChargingSettings,
    StartCharging,
    Unlock,
)

from .account import NOW, FakeSource, account_entry, pass_time, set_up
from .acting import EVERYTHING, an_able_car, settle

HOUR: Final = timedelta(hours=1)
INTERVAL: Final = timedelta(minutes=5, seconds=1)
OPEN: Final = an_able_car()
LOCKED: Final = an_able_car(lock=LockState.LOCKED)
MINI: Final = an_able_car("cooper")
ABLE: Final = replace(
    an_able_car(),
    capabilities=replace(EVERYTHING, charging_plan=True, charging_settings=True, target_soc=True),
    charging_plan=ChargingPlan(is_pre_entry_climatization_on=False),
)

pytestmark = pytest.mark.freeze_time(NOW)


@pytest.fixture
async def coordinator(hass: HomeAssistant, source: FakeSource) -> MyBMWCoordinator:
    """An account with two cars, both open."""
    source.show(OPEN, MINI)
    return await set_up(hass, account_entry())


async def test_only_the_car_is_read_until_its_report_shows_what_it_did(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    result = await coordinator.async_execute(OPEN.vin, Lock())
    assert result.fate is Fate.EXECUTED
    assert source.refreshed == []
    for times, wait in enumerate(LOOKS_S[:3], start=1):
        assert coordinator.commands.standing(OPEN.vin).key is CommandKey.LOCK
        if times == 3:
            source.show(LOCKED, MINI)
        await pass_time(hass, freezer, timedelta(seconds=wait))
        assert source.refreshed == [OPEN.vin] * times
    assert coordinator.data[OPEN.vin] == LOCKED
    assert not coordinator.commands.under_way(OPEN.vin)
    await pass_time(hass, freezer, timedelta(seconds=200))
    assert len(source.refreshed) == 3
    assert source.times_asked == 1
    assert source.commands == [(OPEN.vin, Lock())]


@pytest.mark.parametrize(
    ("commands", "states_only"),
    [
        ([Lock()], 1),
        ([StartCharging()], 1),
        ([FindVehicle()], 1),
        ([SetChargingSettings(target_percent=90)], 0),
        ([SetChargingPlan(is_pre_entry_climatization_on=True)], 0),
        ([SetChargingPlan(is_pre_entry_climatization_on=True), Lock()], 0),
    ],
)
async def test_no_request_is_spent_on_what_a_command_does_not_change(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: FakeSource,
    commands: list[Command],
    states_only: int,
) -> None:
    source.show(ABLE)
    coordinator = await set_up(hass, account_entry())
    for command in commands:
        await coordinator.async_execute(ABLE.vin, command)
    await pass_time(hass, freezer, timedelta(seconds=LOOKS_S[0]))
    assert (source.refreshed, source.states_only) == ([ABLE.vin], states_only)


async def test_looking_ends_after_two_minutes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    await coordinator.async_execute(OPEN.vin, Lock())
    for wait in LOOKS_S:
        await pass_time(hass, freezer, timedelta(seconds=wait))
    assert len(source.refreshed) == len(LOOKS_S)
    assert not coordinator.commands.under_way(OPEN.vin)
    await pass_time(hass, freezer, timedelta(seconds=120))
    assert len(source.refreshed) == len(LOOKS_S)
    assert sum(LOOKS_S) <= 120


async def test_a_poll_meanwhile_counts(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    await coordinator.async_execute(OPEN.vin, Lock())
    source.show(LOCKED, MINI)
    await coordinator.async_refresh()
    assert not coordinator.commands.under_way(OPEN.vin)
    await pass_time(hass, freezer, timedelta(seconds=100))
    assert source.refreshed == []


async def test_what_leaves_no_trace_is_not_looked_for(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    await coordinator.async_execute(OPEN.vin, FlashLights())
    await pass_time(hass, freezer, timedelta(seconds=100))
    assert source.refreshed == []


async def test_the_later_of_two_opposites_counts(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    await coordinator.async_execute(OPEN.vin, Lock())
    await coordinator.async_execute(OPEN.vin, Unlock())
    assert coordinator.commands.under_way(OPEN.vin) == (CommandKey.UNLOCK,)
    await pass_time(hass, freezer, timedelta(seconds=2))
    assert source.refreshed == [OPEN.vin]
    assert not coordinator.commands.under_way(OPEN.vin)


async def test_nobody_looks_at_a_car_of_an_unloaded_account(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    await coordinator.async_execute(OPEN.vin, Lock())
    assert await hass.config_entries.async_unload(coordinator.config_entry.entry_id)
    await pass_time(hass, freezer, timedelta(seconds=100))
    assert source.refreshed == []


@pytest.mark.parametrize(
    ("failure", "looks"),
    [
        (TryLaterError("HTTP status 503"), len(LOOKS_S)),
        (SlowDownError("Quota exceeded", NOW + HOUR), 1),
        (SignInRequiredError("Sign in"), 1),
    ],
)
async def test_looking_at_a_car_in_vain(  # noqa: PLR0913, PLR0917 (fixtures)
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: FakeSource,
    coordinator: MyBMWCoordinator,
    failure: SourceError,
    looks: int,
) -> None:
    await coordinator.async_execute(OPEN.vin, Lock())
    source.failure = failure
    for wait in LOOKS_S:
        await pass_time(hass, freezer, timedelta(seconds=wait))
    assert len(source.refreshed) == looks
    assert not coordinator.commands.under_way(OPEN.vin)
    assert coordinator.data[OPEN.vin] == OPEN
    flows = hass.config_entries.flow.async_progress()
    assert [flow["context"]["source"] for flow in flows] == [SOURCE_REAUTH] * isinstance(failure, SignInRequiredError)
    assert (coordinator.pause is not None) == isinstance(failure, SlowDownError)


async def test_nobody_looks_during_a_pause(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    await coordinator.async_execute(OPEN.vin, Lock())
    source.failure = SlowDownError("Quota exceeded", NOW + HOUR)
    await coordinator.async_refresh()
    await pass_time(hass, freezer, timedelta(seconds=2))
    assert source.refreshed == []
    assert not coordinator.commands.under_way(OPEN.vin)


async def test_a_car_that_was_lost_is_back_when_it_could_be_read_by_itself(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: FakeSource,
    coordinator: MyBMWCoordinator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    source.show(MINI)
    source.failures = {OPEN.vin: TryLaterError("HTTP status 503")}
    for _ in range(3):
        await pass_time(hass, freezer, INTERVAL)
    assert not coordinator.is_current(OPEN.vin)
    source.show(LOCKED, MINI)
    await coordinator.async_execute(OPEN.vin, Lock())
    await pass_time(hass, freezer, timedelta(seconds=2))
    assert coordinator.is_current(OPEN.vin)
    assert "i4 can be read again" in caplog.text
    assert OPEN.vin not in caplog.text


async def test_an_answer_on_its_way_does_not_undo_what_was_read_meanwhile(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    await coordinator.async_execute(OPEN.vin, Lock())
    source.may_tell = asyncio.Event()
    polling = asyncio.create_task(coordinator.async_refresh())
    await settle()
    source.show(LOCKED, MINI)
    await pass_time(hass, freezer, timedelta(seconds=2))
    assert source.refreshed == [OPEN.vin]
    source.may_tell.set()
    await polling
    assert coordinator.data[OPEN.vin] == LOCKED


async def test_a_car_that_was_found_is_shown_where_it_is(source: FakeSource, coordinator: MyBMWCoordinator) -> None:
    found = Location(as_of=datetime.now(UTC), latitude=48.1, longitude=11.5)
    source.outcome = Outcome(fate=Fate.EXECUTED, sent_at=NOW, ended_at=NOW, location=found)
    await coordinator.async_execute(OPEN.vin, FindVehicle())
    assert coordinator.data[OPEN.vin].location == found
    assert not coordinator.commands.under_way(OPEN.vin)


async def test_a_position_is_not_a_reading(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    """That somebody knows where a car is says nothing about what else was known of it."""
    source.show(MINI)
    source.failures = {OPEN.vin: TryLaterError("HTTP status 503")}
    for _ in range(3):
        await pass_time(hass, freezer, INTERVAL)
    trouble = coordinator.troubles[OPEN.vin]
    assert trouble.is_lost
    found = Location(as_of=datetime.now(UTC), latitude=48.1, longitude=11.5)
    source.outcome = Outcome(fate=Fate.EXECUTED, sent_at=NOW, ended_at=NOW, location=found)
    await coordinator.async_execute(OPEN.vin, FindVehicle())
    assert coordinator.troubles == {OPEN.vin: trouble}
    assert not coordinator.is_current(OPEN.vin)
    assert coordinator.data[OPEN.vin].location == found


async def test_a_position_stays_when_an_answer_was_on_its_way(
    source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    """And the answer is shown, for it is news of everything else."""
    driven = replace(OPEN, odometer=Odometer(mileage_km=1001))
    source.show(driven, MINI)
    source.may_tell = asyncio.Event()
    polling = asyncio.create_task(coordinator.async_refresh())
    await settle()
    found = Location(as_of=datetime.now(UTC), latitude=48.1, longitude=11.5)
    source.outcome = Outcome(fate=Fate.EXECUTED, sent_at=NOW, ended_at=NOW, location=found)
    await coordinator.async_execute(OPEN.vin, FindVehicle())
    source.may_tell.set()
    await polling
    assert coordinator.data[OPEN.vin] == replace(driven, location=found)

"""Commands on their way: one at a time per car, each sent once, and whoever gave one is told how it ended."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.mybmw.commanding import LOOKS_S, Ending
from custom_components.mybmw.coordinator import MyBMWCoordinator
from custom_components.mybmw.sources import (
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
    UnknownError,
)
from custom_components.mybmw.vehicle import (
    Body,
    Capabilities,
    Command,
    CommandKey,
    Fate,
    FlashLights,
    Lock,
    LockState,
    Outcome,
    Reason,
    SoundHorn,
    Vehicle,
)

from .account import NOW, FakeSource, a_car, account_entry, mileage, pass_time, set_up

HOUR: Final = timedelta(hours=1)
INTERVAL: Final = timedelta(minutes=5, seconds=1)
CAN: Final = Capabilities(
    reports_state=True, tracking=True, lock=True, unlock=True, flash_lights=True, find_vehicle=True
)
OPEN: Final = replace(a_car("i4"), capabilities=CAN, body=Body(lock=LockState.UNLOCKED))
LOCKED: Final = replace(OPEN, body=Body(lock=LockState.LOCKED))
MINI: Final = replace(a_car("cooper"), capabilities=CAN)

pytestmark = pytest.mark.freeze_time(NOW)


@pytest.fixture
async def coordinator(hass: HomeAssistant, source: FakeSource) -> MyBMWCoordinator:
    """An account with two cars, both open."""
    source.show(OPEN, MINI)
    return await set_up(hass, account_entry())


def begin(coordinator: MyBMWCoordinator, command: Command, car: Vehicle = OPEN) -> asyncio.Task[Outcome]:
    """Have a car do something, and do not wait for it."""
    return asyncio.create_task(coordinator.async_execute(car.vin, command))


async def settle() -> None:
    """Let everybody go on as far as they can."""
    for _ in range(20):
        await asyncio.sleep(0)


def outcome(fate: Fate, reason: Reason | None = None, words: str | None = None) -> Outcome:
    return Outcome(fate=fate, sent_at=NOW, ended_at=NOW, reason=reason, words=words)


async def complaint(coordinator: MyBMWCoordinator, command: Command) -> HomeAssistantError:
    with pytest.raises(HomeAssistantError) as raised:
        await coordinator.async_execute(OPEN.vin, command)
    return raised.value


async def test_one_command_at_a_time_per_car(source: FakeSource, coordinator: MyBMWCoordinator) -> None:
    told: list[CommandKey | None] = []
    coordinator.async_add_listener(lambda: told.append(coordinator.commands.standing(OPEN.vin).key))
    source.may_end.clear()
    tasks = [begin(coordinator, FlashLights()), begin(coordinator, Lock()), begin(coordinator, FlashLights(), MINI)]
    await settle()
    assert source.commands == [(OPEN.vin, FlashLights()), (MINI.vin, FlashLights())]
    assert coordinator.commands.under_way(OPEN.vin) == (CommandKey.FLASH_LIGHTS, CommandKey.LOCK)
    source.may_end.set()
    await asyncio.gather(*tasks)
    assert source.commands[2:] == [(OPEN.vin, Lock())]
    assert told[0] is CommandKey.FLASH_LIGHTS
    assert told[-1] is CommandKey.LOCK, "its report is awaited"


async def test_who_stops_waiting_takes_back_only_what_was_not_sent(
    source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    endings: list[Ending] = []
    stop_listening = coordinator.commands.async_listen(OPEN.vin, endings.append)
    source.may_end.clear()
    first, second = begin(coordinator, Lock()), begin(coordinator, FlashLights())
    await settle()
    first.cancel()
    second.cancel()
    await settle()
    assert coordinator.commands.under_way(OPEN.vin) == (CommandKey.LOCK,)
    source.may_end.set()
    await settle()
    assert [(ending.key, ending.fate) for ending in endings] == [(CommandKey.LOCK, Fate.EXECUTED)]
    assert source.commands == [(OPEN.vin, Lock())]
    stop_listening()
    await coordinator.async_execute(OPEN.vin, FlashLights())
    assert len(endings) == 1


@pytest.mark.parametrize("is_stop", [True, False], ids=["stop", "unload"])
async def test_what_was_sent_is_left_to_its_fate_when_nobody_is_there_any_more(
    hass: HomeAssistant, source: FakeSource, coordinator: MyBMWCoordinator, *, is_stop: bool
) -> None:
    source.may_end.clear()
    sent, queued = begin(coordinator, Lock()), begin(coordinator, FlashLights())
    await settle()
    if is_stop:
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    else:
        assert await hass.config_entries.async_unload(coordinator.config_entry.entry_id)
    await hass.async_block_till_done()
    with pytest.raises(HomeAssistantError) as raised:
        await sent
    assert raised.value.translation_key == "command_left_alone"
    with pytest.raises(HomeAssistantError) as raised:
        await queued
    assert raised.value.translation_key == "command_not_sent"
    assert source.commands == [(OPEN.vin, Lock())]


@pytest.mark.parametrize(
    ("result", "key"),
    [
        (outcome(Fate.FAILED, Reason.BY_CAR), "command_failed_by_car"),
        (outcome(Fate.FAILED, Reason.BY_CAR, "HOOD_OPEN"), "command_failed_by_car_words"),
        (outcome(Fate.FAILED, Reason.REFUSED, "No"), "command_failed_refused_words"),
        (outcome(Fate.IGNORED, Reason.BY_CAR), "command_ignored_by_car"),
        (outcome(Fate.IGNORED, Reason.NOT_PLUGGED_IN), "command_ignored_not_plugged_in"),
        (outcome(Fate.TIMED_OUT), "command_timed_out"),
        (outcome(Fate.UNKNOWN, Reason.NOT_TOLD), "command_unknown_not_told"),
        (outcome(Fate.UNKNOWN, Reason.ANSWER_LOST), "command_unknown_answer_lost"),
    ],
)
async def test_what_came_to_nothing_is_told(
    source: FakeSource, coordinator: MyBMWCoordinator, result: Outcome, key: str
) -> None:
    endings: list[Ending] = []
    coordinator.commands.async_listen(OPEN.vin, endings.append)
    source.outcome = result
    err = await complaint(coordinator, Lock())
    assert err.translation_key == key
    assert not isinstance(err, ServiceValidationError)
    assert (result.words or "") in str(err)
    [ending] = endings
    assert (ending.fate, ending.reason, ending.words) == (result.fate, result.reason, result.words)
    expected = (CommandKey.LOCK,) if result.reason is Reason.ANSWER_LOST else ()
    assert coordinator.commands.under_way(OPEN.vin) == expected
    assert len(source.commands) == 1


@pytest.mark.parametrize(
    ("failure", "key", "until"),
    [
        (SlowDownError("Quota exceeded", NOW + 3 * HOUR), "slow_down", "19:00"),
        (NotAllowedError("Blocked", Refusal.BLOCKED), "blocked", "17:00"),
        (NotAllowedError("Forbidden", Refusal.FORBIDDEN), "forbidden", ""),
        (TryLaterError("HTTP status 503"), "try_later", "503"),
        (UnknownError("HTTP status 404"), "car_unknown", ""),
        (SignInRequiredError("Sign in"), "sign_in_required", ""),
    ],
)
async def test_what_was_not_sent_is_told(  # noqa: PLR0913, PLR0917 (fixtures)
    hass: HomeAssistant,
    source: FakeSource,
    coordinator: MyBMWCoordinator,
    failure: SourceError,
    key: str,
    until: str,
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    endings: list[Ending] = []
    coordinator.commands.async_listen(OPEN.vin, endings.append)
    source.command_failure = failure
    for _ in range(2):
        err = await complaint(coordinator, Lock())
        assert err.translation_key == f"command_{key}"
        assert until in str(err)
    assert [(ending.fate, ending.reason, ending.sent_at) for ending in endings] == [(Fate.FAILED, key, None)] * 2
    assert len(source.commands) == (1 if key in {"slow_down", "blocked"} else 2), "a pause is kept"
    assert bool(hass.config_entries.flow.async_progress()) == (key == "sign_in_required")


async def test_commands_that_are_blocked_do_not_keep_cars_from_being_read(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    source.command_failure = NotAllowedError("Blocked", Refusal.BLOCKED)
    await complaint(coordinator, Lock())
    source.show(replace(OPEN, odometer=a_car(mileage_km=1001).odometer), MINI)
    await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, OPEN) == "1001"
    source.command_failure = None
    assert (await complaint(coordinator, Lock())).translation_key == "command_blocked"
    await pass_time(hass, freezer, HOUR)
    await coordinator.async_execute(OPEN.vin, Lock())


async def test_an_account_that_is_left_alone_is_not_commanded_either(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    source.failure = NotAllowedError("Blocked", Refusal.BLOCKED)
    await pass_time(hass, freezer, INTERVAL)
    assert (await complaint(coordinator, Lock())).translation_key == "command_blocked"
    assert source.commands == []


async def test_who_has_bmw_asked_again_may_command_again(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    """First only commands were blocked, then the whole account; that this is over may hold for both."""
    source.command_failure = source.failure = NotAllowedError("Blocked", Refusal.BLOCKED)
    await complaint(coordinator, Lock())
    await pass_time(hass, freezer, INTERVAL)
    source.command_failure = source.failure = None
    await coordinator.async_look_again()
    assert (await coordinator.async_execute(OPEN.vin, Lock())).fate is Fate.EXECUTED


async def test_what_makes_no_sense_is_not_sent(source: FakeSource, coordinator: MyBMWCoordinator) -> None:
    err = await complaint(coordinator, SoundHorn())
    assert isinstance(err, ServiceValidationError)
    assert err.translation_key == "flaw_not_supported"
    assert source.commands == []


async def test_a_queued_command_is_looked_at_again_when_it_is_its_turn(
    source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    source.may_end.clear()
    first, second = begin(coordinator, FlashLights()), begin(coordinator, Lock())
    await settle()
    source.show(replace(OPEN, capabilities=replace(CAN, lock=False)), MINI)
    await coordinator.async_refresh()
    source.may_end.set()
    await first
    with pytest.raises(ServiceValidationError):
        await second
    assert source.commands == [(OPEN.vin, FlashLights())]


async def test_an_account_that_is_only_watched_sends_nothing(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(OPEN)
    coordinator = await set_up(hass, account_entry({"read_only": True}))
    err = await complaint(coordinator, Lock())
    assert isinstance(err, ServiceValidationError)
    assert err.translation_key == "command_read_only"
    assert source.commands == []


async def test_a_car_that_was_deleted_while_it_was_commanded(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, coordinator: MyBMWCoordinator
) -> None:
    source.may_end.clear()
    first, second = begin(coordinator, Lock()), begin(coordinator, FlashLights())
    await settle()
    source.show(MINI)
    await coordinator.async_refresh()
    source.may_end.set()
    await first
    with pytest.raises(HomeAssistantError) as raised:
        await second
    assert raised.value.translation_key == "command_car_gone"
    for wait in LOOKS_S:
        await pass_time(hass, freezer, timedelta(seconds=wait))
    assert OPEN.vin not in coordinator.data

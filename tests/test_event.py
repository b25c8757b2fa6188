"""The event of a car's commands: how each ended, whoever gave it."""

from contextlib import nullcontext

from homeassistant.const import EVENT_LOGBOOK_ENTRY, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.sources import NotAllowedError, Refusal
from custom_components.mybmw.vehicle import Fate, FlashLights, Location, Lock, Outcome, Reason

from .account import NOW, FakeSource, a_car, account_entry, set_up, set_up_platform, state_of
from .acting import act, an_able_car

CAR = an_able_car()

pytestmark = pytest.mark.freeze_time(NOW)


async def test_events(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion, source: FakeSource
) -> None:
    entry_id = await set_up_platform(hass, source, Platform.EVENT, CAR, a_car("cooper"))
    await snapshot_platform(hass, entity_registry, snapshot, entry_id)


async def test_the_end_of_a_command_is_an_event(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(CAR)
    coordinator = await set_up(hass, account_entry())
    assert state_of(hass, Platform.EVENT, CAR, "command").state == STATE_UNKNOWN
    await coordinator.async_execute(CAR.vin, FlashLights())
    event = state_of(hass, Platform.EVENT, CAR, "command")
    assert event.state == "2023-01-04T15:00:00.000+00:00"
    assert {key: event.attributes[key] for key in ("event_type", "command", "reason", "words", "sent_at")} == {
        "event_type": "executed",
        "command": "flash_lights",
        "reason": None,
        "words": None,
        "sent_at": "2023-01-04T15:00:00+00:00",
    }


async def test_a_failure_comes_with_the_words_of_the_car(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(CAR)
    await set_up(hass, account_entry())
    source.outcome = Outcome(fate=Fate.FAILED, reason=Reason.BY_CAR, words="HOOD_OPEN", sent_at=NOW, ended_at=NOW)
    with pytest.raises(HomeAssistantError):
        await act(hass, Platform.LOCK, CAR, "lock", "lock")
    attributes = state_of(hass, Platform.EVENT, CAR, "command").attributes
    assert [attributes[key] for key in ("event_type", "command", "reason", "words")] == [
        "failed",
        "lock",
        "by_car",
        "HOOD_OPEN",
    ]


@pytest.mark.parametrize(
    ("language", "outcome", "sentence"),
    [
        ("en", None, "Lock: Executed"),
        (
            "en",
            Outcome(fate=Fate.FAILED, reason=Reason.BY_CAR, words="HOOD_OPEN", sent_at=NOW, ended_at=NOW),
            "Lock: Failed · The car says so · HOOD_OPEN",
        ),
        (
            "de",
            Outcome(fate=Fate.IGNORED, reason=Reason.BY_CAR, sent_at=NOW, ended_at=NOW),
            "Verriegeln: Ignoriert · Laut Auto",
        ),
    ],
)
async def test_the_activity_log_tells_how_a_command_ended_and_why(
    hass: HomeAssistant, source: FakeSource, language: str, outcome: Outcome | None, sentence: str
) -> None:
    hass.config.language = language
    source.show(CAR)
    await set_up(hass, account_entry())
    entries = async_capture_events(hass, EVENT_LOGBOOK_ENTRY)
    source.outcome = outcome
    with nullcontext() if outcome is None else pytest.raises(HomeAssistantError):
        await act(hass, Platform.LOCK, CAR, "lock", "lock")
    event = state_of(hass, Platform.EVENT, CAR, "command")
    assert [entry.data for entry in entries] == [
        {"name": event.name, "message": sentence, "domain": "mybmw", "entity_id": event.entity_id}
    ]


async def test_what_was_not_sent_is_an_event_too(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(CAR)
    coordinator = await set_up(hass, account_entry())
    source.command_failure = NotAllowedError("Blocked", Refusal.BLOCKED)
    with pytest.raises(HomeAssistantError):
        await coordinator.async_execute(CAR.vin, Lock())
    attributes = state_of(hass, Platform.EVENT, CAR, "command").attributes
    assert [attributes[key] for key in ("event_type", "reason", "sent_at")] == ["failed", "blocked", None]


async def test_where_the_car_is_stands_only_on_the_map(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(CAR)
    await set_up(hass, account_entry())
    source.outcome = Outcome(
        fate=Fate.EXECUTED,
        sent_at=NOW,
        ended_at=NOW,
        location=Location(as_of=NOW, latitude=48.125, longitude=11.5),
    )
    await act(hass, Platform.BUTTON, CAR, "find_vehicle", "press")
    event = state_of(hass, Platform.EVENT, CAR, "command")
    assert event.attributes["command"] == "find_vehicle"
    assert "48.125" not in str(event)
    assert state_of(hass, Platform.DEVICE_TRACKER, CAR, "location").attributes["latitude"] == 48.125

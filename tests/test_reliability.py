"""What docs/reliability.md promises, as far as it is Home Assistant's side of an account."""

from datetime import timedelta
from pathlib import Path
import re
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mybmw.account_store import AccountStore, Pause
from custom_components.mybmw.sources import NotAllowedError, Refusal, SlowDownError, SourceError, TryLaterError

from .account import NOW, FakeSource, a_car, account_entry, mileage, pass_time, set_up

REPOSITORY: Final = Path(__file__).parents[1]
DOCUMENT: Final = REPOSITORY / "docs" / "reliability.md"
INTERVAL: Final = timedelta(minutes=5, seconds=1)
ASLEEP: Final = timedelta(hours=7)
I4: Final = a_car("i4")

pytestmark = [pytest.mark.freeze_time(NOW), pytest.mark.usefixtures("hass_storage")]


@pytest.mark.parametrize(("hours", "is_kept"), [(-5, False), (0, True), (1, True), (3, False)])
async def test_a_pause_is_over_when_the_clock_was_ahead(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hours: int, *, is_kept: bool
) -> None:
    await AccountStore(hass, "G").async_pause(Pause(until=NOW + timedelta(hours=2), since=NOW))
    freezer.move_to(NOW + timedelta(hours=hours))
    store = AccountStore(hass, "G")
    await store.async_load()
    assert (store.pending_pause is not None) is is_kept


@pytest.mark.parametrize(
    "error", [SlowDownError("slow down", NOW + timedelta(hours=1)), NotAllowedError("", Refusal.BLOCKED)]
)
async def test_an_account_that_pauses_goes_on_when_the_clock_is_set_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, error: SourceError
) -> None:
    source.show(I4)
    coordinator = await set_up(hass, account_entry())
    source.failure = error
    await coordinator.async_refresh()
    asked = source.times_asked
    await coordinator.async_refresh()
    assert source.times_asked == asked
    freezer.move_to(NOW - timedelta(hours=5))
    source.show(I4)
    await coordinator.async_refresh()
    assert source.times_asked == asked + 1
    assert coordinator.pause is None
    assert mileage(hass, I4) == "1000"


async def test_a_computer_that_slept_looks_within_one_interval_of_waking_up(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of timers stands still while it sleeps, and that of the clock goes on."""
    source.show(I4)
    await set_up(hass, account_entry())
    asked = source.times_asked
    time_of_timers = hass.loop.time
    monkeypatch.setattr(hass.loop, "time", lambda: time_of_timers() - ASLEEP.total_seconds())

    await pass_time(hass, freezer, ASLEEP)
    assert source.times_asked == asked, "no timer has noticed"
    await pass_time(hass, freezer, INTERVAL)
    assert source.times_asked == asked + 1


async def test_old_values_are_not_shown_for_hours_because_the_clock_was_set_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4)
    coordinator = await set_up(hass, account_entry())
    source.failure = TryLaterError("BMW does not answer")
    await coordinator.async_refresh()
    freezer.move_to(NOW - timedelta(hours=5))
    await coordinator.async_refresh()
    assert mileage(hass, I4) == "1000"
    await pass_time(hass, freezer, INTERVAL)
    await coordinator.async_refresh()
    assert mileage(hass, I4) == STATE_UNAVAILABLE


def test_every_promise_names_a_test_that_there_is() -> None:
    promises, _soak = DOCUMENT.read_text(encoding="utf-8").split("## A soak")
    rows = [line for line in promises.splitlines() if line.startswith("| ")][2:]
    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`([\w/.]+)::(test_\w+)`", row)
        assert named, row
        for path, test in named:
            assert f"def {test}(" in (REPOSITORY / path).read_text(encoding="utf-8"), test

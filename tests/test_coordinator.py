"""How long an account is believed, and when BMW is asked again."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.coordinator import Cause
from custom_components.mybmw.sources import (
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
)
from custom_components.mybmw.vehicle import Charging, ChargingStatus, Energy, View

from .account import NOW, FakeSource, a_car, account_entry, mileage, pass_time, set_up, state_of, trouble, try_to_set_up

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
INTERVAL: Final = 5 * MINUTE + SECOND
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

I4: Final = a_car("i4")
MINI: Final = a_car("cooper")

BUSY: Final = TryLaterError("BMW does not answer")
BLOCKED: Final = NotAllowedError("Blocked", Refusal.BLOCKED)
FORBIDDEN: Final = NotAllowedError("Not yours", Refusal.FORBIDDEN)

pytestmark = pytest.mark.freeze_time(NOW)


# Asking


async def test_the_source_sets_the_rhythm_unless_the_owner_does(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(I4)
    source.poll_interval_min = 10
    coordinator = await set_up(hass, account_entry())
    assert coordinator.update_interval == timedelta(minutes=10)


@pytest.mark.parametrize(("options", "minutes"), [({}, 5), ({"scan_interval": 30}, 30)])
async def test_cars_are_read_again_and_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: FakeSource,
    options: dict[str, int | bool],
    minutes: int,
) -> None:
    source.show(I4)
    await set_up(hass, account_entry(options))
    assert source.times_asked == 1
    await pass_time(hass, freezer, timedelta(minutes=minutes) - 2 * SECOND)
    assert source.times_asked == 1
    source.show(replace(I4, odometer=a_car(mileage_km=2000).odometer))
    await pass_time(hass, freezer, 3 * SECOND)
    assert source.times_asked == 2
    assert mileage(hass, I4) == "2000"


async def test_a_recomputed_end_of_charging_does_not_wobble(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    def charging(minutes_late: int) -> Energy:
        ends_at = NOW + HOUR + minutes_late * MINUTE
        return Energy(charging=Charging(status=ChargingStatus.CHARGING, remaining_min=60, ends_at=ends_at))

    source.show(replace(I4, energy=charging(0)))
    await set_up(hass, account_entry())
    source.show(replace(I4, energy=charging(2)))
    await pass_time(hass, freezer, INTERVAL)
    assert source.times_asked == 2
    assert state_of(hass, Platform.SENSOR, I4, "charging_end_time").state == "2023-01-04T16:00:00+00:00"


# An account that does not answer


async def test_two_lost_polls_are_forgiven(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    for _ in range(2):  # the count starts anew after each success
        source.failure = BUSY
        for _ in range(2):
            await pass_time(hass, freezer, INTERVAL)
            assert mileage(hass, I4) == "1000"
            assert trouble(hass, I4) == "try_later"
        source.failure = None
        await pass_time(hass, freezer, INTERVAL)
        assert trouble(hass, I4) is None
    assert source.times_asked == 7
    assert not [
        record for record in caplog.records if record.name.startswith("custom_components") and record.levelno > 20
    ]


async def test_a_third_lost_poll_is_not(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    source.failure = BUSY
    for _ in range(5):
        await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, I4) == STATE_UNAVAILABLE
    assert trouble(hass, I4) == "try_later"
    assert caplog.text.count("Error fetching mybmw d…r@e… data: No data from BMW for now") == 1

    source.failure = None
    await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, I4) == "1000"
    assert caplog.text.count("data recovered") == 1


async def test_an_account_that_does_not_answer_at_first_is_set_up_later(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.failure = BUSY
    entry = account_entry()
    await try_to_set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.reason == (
        "No data from BMW for now; Home Assistant tries again by itself. Reason: BMW does not answer"
    )
    source.show(I4)
    await pass_time(hass, freezer, MINUTE)
    assert hass.config_entries.async_loaded_entries(DOMAIN) == [entry]
    assert mileage(hass, I4) == "1000"


# Signing in


async def test_who_is_not_let_in_at_first_signs_in_again(hass: HomeAssistant, source: FakeSource) -> None:
    source.failure = SignInRequiredError("The refresh token is dead")
    entry = account_entry()
    await try_to_set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.reason == "BMW no longer accepts the stored sign-in. Please sign in again"
    [flow] = entry.async_get_active_flows(hass, {SOURCE_REAUTH})
    assert flow["context"]["unique_id"] == entry.unique_id


async def test_who_is_not_let_in_any_more_signs_in_again(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4)
    entry = account_entry()
    await set_up(hass, entry)
    source.failure = SignInRequiredError("The refresh token is dead")
    for _ in range(3):
        await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, I4) == STATE_UNAVAILABLE
    assert trouble(hass, I4) == "sign_in_required"
    assert len([*entry.async_get_active_flows(hass, {SOURCE_REAUTH})]) == 1
    assert source.times_asked == 2  # no one knocks at a closed door


# Refusals


async def test_a_blocked_account_is_left_in_peace_for_a_day(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, issue_registry: ir.IssueRegistry
) -> None:
    source.show(I4)
    entry = account_entry()
    await set_up(hass, entry)
    source.failure = BLOCKED
    await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, I4) == STATE_UNAVAILABLE
    issue = issue_registry.async_get_issue(DOMAIN, f"blocked_{entry.entry_id}")
    assert issue
    assert issue.translation_placeholders == {"account": entry.title}
    assert issue.is_fixable
    assert issue.data == {"entry_id": entry.entry_id}
    assert issue.severity is ir.IssueSeverity.ERROR
    assert issue.learn_more_url == "https://github.com/mybmw-ha/mybmw#the-state-of-bmws-two-doors"
    assert not issue.is_persistent, "the pause is, and tells of it again"

    await pass_time(hass, freezer, DAY - MINUTE)
    assert source.times_asked == 2
    await pass_time(hass, freezer, MINUTE + 2 * SECOND)
    assert source.times_asked == 3
    assert issue_registry.async_get_issue(DOMAIN, issue.issue_id)

    source.failure = None
    await pass_time(hass, freezer, DAY + 2 * SECOND)
    assert source.times_asked == 4
    assert mileage(hass, I4) == "1000"
    assert not issue_registry.async_get_issue(DOMAIN, issue.issue_id)
    await pass_time(hass, freezer, INTERVAL)
    assert source.times_asked == 5  # back to the usual pace


@pytest.mark.parametrize("failure", [BUSY, SlowDownError("Quota exceeded", NOW + 2 * DAY)])
async def test_old_data_does_not_come_back_when_the_door_is_only_stuck(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, failure: SourceError
) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    source.failure = BLOCKED
    await pass_time(hass, freezer, INTERVAL)
    source.failure = failure
    await pass_time(hass, freezer, DAY + 2 * SECOND)
    assert source.times_asked == 3
    assert mileage(hass, I4) == STATE_UNAVAILABLE


async def test_a_pause_outlives_a_restart(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, issue_registry: ir.IssueRegistry
) -> None:
    source.failure = BLOCKED
    entry = account_entry()
    await try_to_set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert source.times_asked == 1
    issue_registry.async_delete(DOMAIN, f"blocked_{entry.entry_id}")

    for _ in range(3):  # Home Assistant tries again by itself …
        await pass_time(hass, freezer, 10 * MINUTE)
    await hass.config_entries.async_reload(entry.entry_id)  # … and when it starts
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert source.times_asked == 1
    assert issue_registry.async_get_issue(DOMAIN, f"blocked_{entry.entry_id}")

    source.show(I4)
    await pass_time(hass, freezer, DAY)
    assert hass.config_entries.async_loaded_entries(DOMAIN) == [entry]
    assert source.times_asked == 2


async def test_the_newest_refusal_counts(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, issue_registry: ir.IssueRegistry
) -> None:
    source.failure = FORBIDDEN
    entry = account_entry()
    await try_to_set_up(hass, entry)
    assert {issue_id for _, issue_id in issue_registry.issues} == {f"forbidden_{entry.entry_id}"}

    source.failure = BLOCKED
    await pass_time(hass, freezer, HOUR + 2 * MINUTE)
    assert source.times_asked == 2
    assert {issue_id for _, issue_id in issue_registry.issues} == {f"blocked_{entry.entry_id}"}

    source.failure = SignInRequiredError("Sign in")
    await pass_time(hass, freezer, DAY + 2 * MINUTE)
    assert source.times_asked == 3
    assert not [issue_id for domain, issue_id in issue_registry.issues if domain == DOMAIN]


# A full quota


async def test_a_full_quota_leaves_what_is_known(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4)
    coordinator = await set_up(hass, account_entry())
    source.failure = SlowDownError("Quota exceeded", dt_util.utcnow() + 3 * HOUR)
    await pass_time(hass, freezer, INTERVAL)
    for _ in range(5):
        await coordinator.async_refresh()  # whoever asks for it
    await pass_time(hass, freezer, 2 * HOUR)
    assert source.times_asked == 2
    assert mileage(hass, I4) == "1000"
    assert trouble(hass, I4) == "slow_down"

    source.failure = None
    await pass_time(hass, freezer, HOUR)
    assert source.times_asked == 3
    assert trouble(hass, I4) is None
    await pass_time(hass, freezer, INTERVAL)
    assert source.times_asked == 4  # back to the usual pace


async def test_a_pause_that_begins_during_an_update_is_kept(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4)
    coordinator = await set_up(hass, account_entry())
    source.pictures = {View.FRONT_SIDE: SlowDownError("Quota exceeded", NOW + HOUR)}
    source.may_fetch.clear()
    update = hass.async_create_task(coordinator.async_refresh())
    assert await coordinator.pictures.async_get(I4.vin, View.FRONT_SIDE) is None
    source.may_fetch.set()
    await update
    assert coordinator.pause
    await pass_time(hass, freezer, INTERVAL)
    assert source.times_asked == 2
    assert trouble(hass, I4) == "slow_down"


@pytest.mark.parametrize(("asked_for", "waited"), [(-HOUR, 5 * MINUTE), (400 * DAY, DAY)])
async def test_no_pause_is_without_measure(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, asked_for: timedelta, waited: timedelta
) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    source.failure = SlowDownError("Quota exceeded", NOW + asked_for)
    await pass_time(hass, freezer, INTERVAL)
    await pass_time(hass, freezer, waited - 2 * SECOND)
    assert source.times_asked == 2
    await pass_time(hass, freezer, 4 * SECOND)
    assert source.times_asked == 3


async def test_a_full_quota_at_the_start_says_how_long_it_takes(hass: HomeAssistant, source: FakeSource) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    source.failure = SlowDownError("Quota exceeded", NOW + 3 * HOUR)
    entry = account_entry()
    await try_to_set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.reason == ("BMW's quota for this account is used up. Home Assistant waits until 19:00")


async def test_a_full_quota_for_one_car_is_a_pause_for_all(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4, MINI)
    coordinator = await set_up(hass, account_entry())
    source.show(replace(MINI, odometer=a_car(mileage_km=2000).odometer))
    source.failures = {I4.vin: SlowDownError("Quota exceeded", NOW + HOUR)}
    await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, MINI) == "2000"
    assert mileage(hass, I4) == "1000"
    assert coordinator.troubles[I4.vin].cause is Cause.SLOW_DOWN

    await pass_time(hass, freezer, HOUR - 6 * MINUTE)
    assert source.times_asked == 2
    source.show(I4, MINI)
    await pass_time(hass, freezer, MINUTE)
    assert source.times_asked == 3
    assert not coordinator.troubles

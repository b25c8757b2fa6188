"""Cars while the whole account cannot be read, and which of them are back after that."""

from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mybmw.sources import (
    SignInRequiredError,
    SlowDownError,
    SourceError,
)

from .account import NOW, FakeSource, account_entry, mileage, pass_time, set_up, trouble
from .test_coordinator_cars import BUSY, FORBIDDEN, HOUR, I4, INTERVAL, MINI, MINUTE, leave_unread

LOST: Final = "i4 is unavailable until it can be read again"
BACK: Final = "i4 can be read again"

pytestmark = pytest.mark.freeze_time(NOW)


@pytest.mark.parametrize(("failure", "patience"), [(BUSY, 2), (FORBIDDEN, 0)])
async def test_a_car_that_is_lost_with_the_whole_account_is_told_of_once(  # noqa: PLR0913 (all of it matters)
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: FakeSource,
    caplog: pytest.LogCaptureFixture,
    *,
    failure: SourceError,
    patience: int,
) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    source.failure = failure
    for _ in range(patience):
        await pass_time(hass, freezer, HOUR + MINUTE)
    assert LOST not in caplog.text
    for _ in range(3):
        await pass_time(hass, freezer, HOUR + MINUTE)
    why = "BMW does not answer" if failure is BUSY else "the account is refused (forbidden)"
    assert caplog.text.count(f"{LOST}: {why}") == 1
    assert BACK not in caplog.text
    source.failure = None
    for _ in range(3):
        await pass_time(hass, freezer, HOUR + MINUTE)
    assert caplog.text.count(LOST) == caplog.text.count(BACK) == 1
    assert I4.vin not in caplog.text


async def test_a_failure_of_the_account_does_not_have_a_lost_car_told_of_again(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    leave_unread(source)
    await set_up(hass, account_entry())
    for _ in range(2):
        await pass_time(hass, freezer, INTERVAL)
    for _ in range(2):
        source.failure = BUSY
        await pass_time(hass, freezer, INTERVAL)
        source.failure = None
        for _ in range(3):
            await pass_time(hass, freezer, INTERVAL)
    assert caplog.text.count("A car of the account is unavailable until it can be read again") == 1


@pytest.mark.parametrize("is_refused", [True, False])
@pytest.mark.parametrize("between", [None, BUSY, SlowDownError("Quota exceeded", NOW + 2 * HOUR)])
async def test_after_a_refusal_no_car_is_back_before_it_was_read(  # noqa: PLR0913 (all of it matters)
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: FakeSource,
    caplog: pytest.LogCaptureFixture,
    between: SourceError | None,
    *,
    is_refused: bool,
) -> None:
    """While the account was refused nothing was shown; one poll that was lost to an outage leaves all as it is."""
    source.show(I4, MINI)
    await set_up(hass, account_entry())
    source.failure = FORBIDDEN if is_refused else BUSY
    await pass_time(hass, freezer, HOUR + MINUTE)
    if between:
        source.failure = between
        await pass_time(hass, freezer, HOUR + MINUTE)
    assert mileage(hass, I4) == (STATE_UNAVAILABLE if is_refused else "1000")

    leave_unread(source)
    await pass_time(hass, freezer, HOUR + MINUTE)
    assert mileage(hass, MINI) == "1000"
    is_lost = is_refused or between is BUSY
    assert mileage(hass, I4) == (STATE_UNAVAILABLE if is_lost else "1000")
    assert trouble(hass, I4) == "try_later"

    source.show(MINI, I4)
    await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, I4) == "1000"
    assert trouble(hass, I4) is None
    assert caplog.text.count(LOST) == caplog.text.count(BACK) == is_lost


async def test_a_new_quota_does_not_bring_back_what_a_refusal_took(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4, MINI)
    await set_up(hass, account_entry())
    source.failure = FORBIDDEN
    await pass_time(hass, freezer, INTERVAL)
    leave_unread(source, SlowDownError("Quota exceeded", NOW + 3 * HOUR))
    await pass_time(hass, freezer, HOUR + MINUTE)
    assert (mileage(hass, MINI), trouble(hass, I4)) == ("1000", "slow_down")
    assert mileage(hass, I4) == STATE_UNAVAILABLE


@pytest.mark.parametrize("is_heard", [True, False])
async def test_after_a_sign_in_that_was_not_accepted_no_car_is_back_before_it_was_read(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, *, is_heard: bool
) -> None:
    """By whatever the others are back: one of them speaks, or somebody presses *Refresh* and BMW has thought better."""
    source.show(I4, MINI)
    coordinator = await set_up(hass, account_entry())
    source.failure = SignInRequiredError("The refresh token is dead")
    await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, I4) == mileage(hass, MINI) == STATE_UNAVAILABLE
    if is_heard:
        source.push(MINI)
    else:
        leave_unread(source)
        await coordinator.async_refresh()
    assert mileage(hass, MINI) == "1000"
    assert mileage(hass, I4) == STATE_UNAVAILABLE
    source.push(I4)
    assert mileage(hass, I4) == "1000"

"""The old picture is shown while the cloud has none, and the cloud is left in peace."""

import asyncio
from datetime import timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.pictures import LIFETIME, LONGEST_WAIT, SHORTEST_WAIT
from custom_components.mybmw.sources import (
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
)
from custom_components.mybmw.vehicle import Picture, View

from .account import (
    NOW,
    FakeSource,
    pass_time,
    state_of,
    trouble,
)
from .gallery import BLUE, I4, SILENT, glimpse, looked_at, updated

INTERVAL: Final = timedelta(minutes=5, seconds=1)
MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)

pytestmark = pytest.mark.freeze_time(NOW)


@pytest.mark.parametrize(
    "failure",
    [
        SILENT,
        NotAllowedError("Forbidden", Refusal.FORBIDDEN),
        NotAllowedError("Blocked", Refusal.BLOCKED),
        SlowDownError("Wait", NOW + LIFETIME + timedelta(hours=1)),
        SignInRequiredError("Sign in"),
    ],
)
@pytest.mark.usefixtures("gallery")
async def test_the_old_picture_stays_when_bmw_has_none(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, failure: SourceError
) -> None:
    await looked_at(hass)
    source.pictures = {View.FRONT_SIDE: failure}
    await pass_time(hass, freezer, LIFETIME)
    for _ in range(3):
        image = await looked_at(hass)
        assert image
        assert image.content == BLUE.content
    assert len(source.pictures_asked) == 2
    assert updated(hass) == NOW.isoformat()


@pytest.mark.usefixtures("gallery")
async def test_the_old_picture_stays_while_the_account_is_blocked(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    await looked_at(hass)
    source.failure = NotAllowedError("Blocked", Refusal.BLOCKED)
    await pass_time(hass, freezer, LIFETIME)
    assert trouble_is_shown(hass)
    assert await looked_at(hass)
    assert updated(hass) == NOW.isoformat()
    assert len(source.pictures_asked) == 1, "a blocked account is left in peace"


def trouble_is_shown(hass: HomeAssistant) -> bool:
    """Whether the car itself cannot be read."""
    return state_of(hass, Platform.SENSOR, I4, "mileage").state == STATE_UNAVAILABLE


@pytest.mark.usefixtures("gallery")
async def test_without_any_picture_it_goes_with_the_car(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.failure = NotAllowedError("Blocked", Refusal.BLOCKED)
    await pass_time(hass, freezer, INTERVAL)
    assert updated(hass) == STATE_UNAVAILABLE
    assert await looked_at(hass) is None
    assert source.pictures_asked == []


async def test_patience_grows_and_outlives_a_restart(
    hass: HomeAssistant, gallery: MockConfigEntry, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.pictures = {}
    wait, waits = SHORTEST_WAIT, []
    for asked in range(1, 12):
        assert await looked_at(hass) is None
        assert len(source.pictures_asked) == asked
        await hass.config_entries.async_reload(gallery.entry_id)
        freezer.tick(wait - MINUTE)
        assert await looked_at(hass) is None
        assert len(source.pictures_asked) == asked
        freezer.tick(MINUTE)
        waits.append(wait)
        wait = min(wait * 2, LONGEST_WAIT)
    assert waits[-1] == LONGEST_WAIT

    source.pictures = {View.FRONT_SIDE: BLUE}
    assert await looked_at(hass)
    source.pictures = {}
    freezer.tick(LIFETIME)
    await looked_at(hass)
    freezer.tick(SHORTEST_WAIT)
    await looked_at(hass)
    assert len(source.pictures_asked) == 14, "a success makes up for all failures"


async def test_a_refusal_is_believed_for_a_week_and_over_a_restart(
    hass: HomeAssistant, gallery: MockConfigEntry, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.pictures = {View.FRONT_SIDE: NotAllowedError("There is none", Refusal.FORBIDDEN)}
    for week in range(1, 3):
        for _ in range(7):
            assert await looked_at(hass) is None
            await hass.config_entries.async_reload(gallery.entry_id)
            assert await looked_at(hass) is None
            assert len(source.pictures_asked) == week
            freezer.tick(DAY)
    source.pictures = {View.FRONT_SIDE: BLUE}
    assert await looked_at(hass)


@pytest.mark.parametrize("is_restarted", [True, False])
@pytest.mark.parametrize(
    "answer", [BLUE, SILENT, NotAllowedError("None", Refusal.FORBIDDEN), NotAllowedError("No", Refusal.BLOCKED)]
)
@pytest.mark.usefixtures("gallery")
async def test_a_clock_that_was_ahead_keeps_no_picture_away_for_years(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: FakeSource,
    answer: Picture | SourceError,
    *,
    is_restarted: bool,
) -> None:
    freezer.move_to(NOW + 3650 * DAY)
    source.pictures = {View.FRONT_SIDE: answer}
    await looked_at(hass)
    freezer.move_to(NOW)
    if is_restarted:
        await hass.config_entries.async_reload(hass.config_entries.async_entries(DOMAIN)[0].entry_id)
    source.pictures = {View.FRONT_SIDE: BLUE}
    await looked_at(hass)
    assert len(source.pictures_asked) == 2
    assert updated(hass) == NOW.isoformat()
    await looked_at(hass)
    freezer.move_to(NOW - timedelta(seconds=30))
    assert await looked_at(hass)
    assert len(source.pictures_asked) == 2, "clocks are set back by seconds all the time"


@pytest.mark.parametrize("refusal", Refusal)
async def test_an_account_that_is_let_in_again_gets_its_pictures(
    hass: HomeAssistant, gallery: MockConfigEntry, freezer: FrozenDateTimeFactory, source: FakeSource, refusal: Refusal
) -> None:
    """What refused a picture was the account, as the next look at it shows."""
    source.pictures = {View.FRONT_SIDE: NotAllowedError("No", refusal)}
    assert await looked_at(hass) is None
    source.failure = NotAllowedError("No", refusal)
    await pass_time(hass, freezer, INTERVAL)
    assert trouble_is_shown(hass)
    source.show(I4)
    source.pictures = {View.FRONT_SIDE: BLUE}
    await hass.config_entries.async_loaded_entries(DOMAIN)[0].runtime_data.async_look_again()
    assert await looked_at(hass)
    assert len(source.pictures_asked) == 2
    await hass.config_entries.async_reload(gallery.entry_id)
    assert await looked_at(hass)
    assert len(source.pictures_asked) == 2


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_a_block_of_pictures_rests_them_all_but_not_the_cars(
    hass: HomeAssistant, gallery: MockConfigEntry, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.pictures = dict.fromkeys(View, NotAllowedError("Blocked", Refusal.BLOCKED))
    for view in View:
        assert await looked_at(hass, view=view) is None
    await hass.config_entries.async_reload(gallery.entry_id)
    for view in View:
        assert await looked_at(hass, view=view) is None
    assert len(source.pictures_asked) == 1
    asked = source.times_asked
    await pass_time(hass, freezer, INTERVAL)
    assert source.times_asked == asked + 1

    source.pictures = dict.fromkeys(View, BLUE)
    await pass_time(hass, freezer, DAY)
    assert await looked_at(hass)


async def test_a_full_quota_is_everybodys_business(
    hass: HomeAssistant, gallery: MockConfigEntry, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.pictures = {View.FRONT_SIDE: SlowDownError("Wait", NOW + timedelta(hours=2))}
    assert await looked_at(hass) is None
    await pass_time(hass, freezer, timedelta(hours=1))
    assert source.times_asked == 1
    assert trouble(hass, I4) == "slow_down"
    await looked_at(hass)
    await hass.config_entries.async_reload(gallery.entry_id)
    assert source.times_asked == 1
    assert len(source.pictures_asked) == 1


@pytest.mark.usefixtures("gallery")
async def test_a_pause_is_never_made_shorter_by_a_picture(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.may_answer = asyncio.Event()
    source.pictures = {View.FRONT_SIDE: SlowDownError("Wait", NOW + timedelta(hours=1))}
    looking = asyncio.create_task(glimpse(hass))
    await source.picture_asked.wait()
    source.failure = NotAllowedError("Blocked", Refusal.BLOCKED)
    freezer.tick(INTERVAL)
    coordinator = hass.config_entries.async_loaded_entries(DOMAIN)[0].runtime_data
    await coordinator.async_refresh()
    source.may_answer.set()
    assert await looking is None
    assert coordinator.pause.refusal is Refusal.BLOCKED


async def test_a_sign_in_that_has_ended_is_not_tried_for_a_picture(
    hass: HomeAssistant, gallery: MockConfigEntry, source: FakeSource
) -> None:
    source.pictures = {View.FRONT_SIDE: SignInRequiredError("Sign in")}
    for _ in range(3):
        assert await looked_at(hass) is None
    assert len(source.pictures_asked) == 1
    source.pictures = {View.FRONT_SIDE: BLUE}
    await hass.config_entries.async_reload(gallery.entry_id)  # as after a new sign-in
    assert await looked_at(hass)


@pytest.mark.usefixtures("entity_registry_enabled_by_default", "gallery")
async def test_who_waits_for_a_turn_hears_of_a_block(hass: HomeAssistant, source: FakeSource) -> None:
    source.pictures = dict.fromkeys(View, NotAllowedError("Blocked", Refusal.BLOCKED))
    assert not any(await asyncio.gather(*(glimpse(hass, view=view) for view in View)))
    assert len(source.pictures_asked) == 1

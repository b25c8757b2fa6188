"""Pictures of cars: which there are, who is shown them, and when the cloud is asked."""

import asyncio
from datetime import timedelta
from typing import Final
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, snapshot_platform
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.pictures import LIFETIME
from custom_components.mybmw.vehicle import View

from .account import (
    NOW,
    FakeSource,
    account_entry,
    pass_time,
    recorded_vehicle,
    set_up,
    set_up_platform,
    state_of,
)
from .faults.account import settled_account
from .gallery import BLUE, I4, RED, files, glimpse, looked_at, updated
from .simulator import Simulator
from .simulator.pictures import draw

MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)

pytestmark = pytest.mark.freeze_time(NOW)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_pictures_of_a_recorded_car(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion, source: FakeSource
) -> None:
    with patch("random.SystemRandom.getrandbits", return_value=1):  # the address of a picture
        entry_id = await set_up_platform(hass, source, Platform.IMAGE, recorded_vehicle("G26"))
        await snapshot_platform(hass, entity_registry, snapshot, entry_id)
    assert len(hass.states.async_all("image")) == len(View) == 12


async def test_one_picture_is_enough_for_a_start(hass: HomeAssistant, gallery: MockConfigEntry) -> None:
    registered = er.async_entries_for_config_entry(er.async_get(hass), gallery.entry_id)
    enabled = [entity.unique_id for entity in registered if entity.domain == "image" and not entity.disabled]
    assert enabled == [f"{I4.vin}-front_side"]


async def test_only_what_a_cloud_has_becomes_an_entity(hass: HomeAssistant, source: FakeSource) -> None:
    source.views = (View.SIDE,)
    source.show(I4)
    entry = account_entry()
    await set_up(hass, entry)
    registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert [entity.unique_id for entity in registered if entity.domain == "image"] == [f"{I4.vin}-side"]


# Looking


@pytest.mark.usefixtures("gallery")
async def test_nothing_is_asked_before_somebody_looks(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    await pass_time(hass, freezer, DAY)
    assert source.pictures_asked == []
    assert updated(hass) == STATE_UNKNOWN

    image = await looked_at(hass)
    assert image
    assert (image.content, image.content_type) == (BLUE.content, "image/png")
    assert updated(hass) == dt_util.utcnow().isoformat()
    assert source.pictures_asked == [(I4.vin, View.FRONT_SIDE)]


@pytest.mark.usefixtures("gallery")
async def test_a_picture_is_the_newest_for_a_week(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    for _ in range(3):
        await looked_at(hass)
    await pass_time(hass, freezer, LIFETIME - MINUTE)
    await looked_at(hass)
    assert len(source.pictures_asked) == 1

    source.pictures = {View.FRONT_SIDE: RED}
    await pass_time(hass, freezer, MINUTE)
    image = await looked_at(hass)
    assert image
    assert image.content == BLUE.content, "who looks does not wait for a newer one"
    assert updated(hass) == dt_util.utcnow().isoformat(), "which a browser is told of"
    image = await looked_at(hass)
    assert image
    assert (image.content, image.content_type) == (RED.content, "image/jpeg")
    assert len(source.pictures_asked) == 2


@pytest.mark.usefixtures("gallery")
async def test_a_picture_that_looks_the_same_was_not_updated(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    await looked_at(hass)
    [file] = files(hass)
    written = file.stat().st_mtime_ns
    await pass_time(hass, freezer, LIFETIME)
    await looked_at(hass)
    assert len(source.pictures_asked) == 2
    assert updated(hass) == NOW.isoformat()
    assert file.stat().st_mtime_ns == written


async def test_a_picture_survives_a_restart(
    hass: HomeAssistant, gallery: MockConfigEntry, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    await looked_at(hass)
    freezer.tick(DAY)
    await hass.config_entries.async_reload(gallery.entry_id)
    assert updated(hass) == NOW.isoformat()
    image = await looked_at(hass)
    assert image
    assert image.content == BLUE.content
    assert len(source.pictures_asked) == 1


@pytest.mark.usefixtures("gallery")
async def test_several_who_look_cause_one_question(hass: HomeAssistant, source: FakeSource) -> None:
    source.may_answer = asyncio.Event()
    looking = [asyncio.create_task(glimpse(hass)) for _ in range(3)]
    await source.picture_asked.wait()
    source.may_answer.set()
    assert [image and image.content for image in await asyncio.gather(*looking)] == [BLUE.content] * 3
    assert len(source.pictures_asked) == 1


@pytest.mark.usefixtures("gallery")
async def test_who_loses_patience_does_not_stop_the_question(hass: HomeAssistant, source: FakeSource) -> None:
    source.may_answer = asyncio.Event()
    looking = asyncio.create_task(glimpse(hass))
    await source.picture_asked.wait()
    looking.cancel()
    await asyncio.wait({looking})
    source.may_answer.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert updated(hass) == NOW.isoformat()


@pytest.mark.usefixtures("entity_registry_enabled_by_default", "gallery")
async def test_views_are_asked_for_one_at_a_time(hass: HomeAssistant, source: FakeSource) -> None:
    source.pictures = dict.fromkeys(View, BLUE)
    source.may_answer = asyncio.Event()
    looking = [asyncio.create_task(glimpse(hass, view=view)) for view in View]
    await source.picture_asked.wait()
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(source.pictures_asked) == 1
    source.may_answer.set()
    assert all(await asyncio.gather(*looking))
    assert len({file.name for file in files(hass)}) == len(View)


# From a cloud to a browser


@pytest.mark.usefixtures("hass_storage")
async def test_a_browser_shows_what_the_cloud_draws(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_client: ClientSessionGenerator,
    two_cars_cloud: Simulator,
) -> None:
    living = await settled_account(hass, freezer, two_cars_cloud)
    car = recorded_vehicle("G26")
    picture = state_of(hass, Platform.IMAGE, car, "front_side").attributes["entity_picture"]
    client = await hass_client()
    answer = await client.get(picture)
    assert answer.status == 200
    assert answer.content_type == "image/png"
    assert await answer.read() == draw("VehicleStatus", "G26", car.identity.color_argb or 0)
    assert [asked.status for asked in two_cars_cloud.requests if "images" in asked.path] == [200]
    await hass.config_entries.async_unload(living.entry.entry_id)

"""Pictures of cars: asked for when somebody looks, kept on disk, and shown until there is a newer one."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import re
import stat
from typing import Final
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.image import Image, async_get_image
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, snapshot_platform
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.pictures import LIFETIME, LONGEST_WAIT, SHORTEST_WAIT
from custom_components.mybmw.sources import (
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
)
from custom_components.mybmw.vehicle import Vehicle, View

from .account import (
    GCID,
    NOW,
    FakeSource,
    a_car,
    a_picture,
    account_entry,
    pass_time,
    recorded_vehicle,
    set_up,
    set_up_platform,
    state_of,
    trouble,
    try_to_set_up,
)
from .faults.account import settled_account
from .simulator import Simulator
from .simulator.pictures import draw

INDEX: Final = f"{DOMAIN}.{GCID.replace('-', '_')}.picture_index"
FOLDER: Final = Path(".storage", f"{DOMAIN}.{GCID.replace('-', '_')}.pictures")

INTERVAL: Final = timedelta(minutes=5, seconds=1)
MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)

I4: Final = a_car("i4")
MINI: Final = a_car("cooper")
BLUE, RED = a_picture("blue"), a_picture("red", "JPEG")
SILENT: Final = TryLaterError("BMW does not answer")

pytestmark = pytest.mark.freeze_time(NOW)


async def glimpse(hass: HomeAssistant, car: Vehicle = I4, view: View = View.FRONT_SIDE) -> Image | None:
    """What a browser is shown; None if there is nothing to show."""
    try:
        return await async_get_image(hass, state_of(hass, Platform.IMAGE, car, view).entity_id)
    except HomeAssistantError:
        return None


async def looked_at(hass: HomeAssistant, car: Vehicle = I4, view: View = View.FRONT_SIDE) -> Image | None:
    """The same, and then time for what goes on behind it."""
    image = await glimpse(hass, car, view)
    await hass.async_block_till_done(wait_background_tasks=True)
    return image


def updated(hass: HomeAssistant, car: Vehicle = I4) -> str:
    """The state of the picture: when it became what it is."""
    return state_of(hass, Platform.IMAGE, car, View.FRONT_SIDE).state


def files(hass: HomeAssistant) -> list[Path]:
    """The pictures on disk."""
    folder = Path(hass.config.path(str(FOLDER)))
    return sorted(folder.iterdir()) if folder.exists() else []


@pytest.fixture
async def entry(hass: HomeAssistant, source: FakeSource) -> MockConfigEntry:
    """An account with one car, of which there is a blue picture."""
    source.show(I4)
    source.pictures = {View.FRONT_SIDE: BLUE}
    entry = account_entry()
    await set_up(hass, entry)
    return entry


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_pictures_of_a_recorded_car(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion, source: FakeSource
) -> None:
    with patch("random.SystemRandom.getrandbits", return_value=1):  # the address of a picture
        entry_id = await set_up_platform(hass, source, Platform.IMAGE, recorded_vehicle("G26"))
        await snapshot_platform(hass, entity_registry, snapshot, entry_id)
    assert len(hass.states.async_all("image")) == len(View) == 12


async def test_one_picture_is_enough_for_a_start(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
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


@pytest.mark.usefixtures("entry")
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


@pytest.mark.usefixtures("entry")
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


@pytest.mark.usefixtures("entry")
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
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    await looked_at(hass)
    freezer.tick(DAY)
    await hass.config_entries.async_reload(entry.entry_id)
    assert updated(hass) == NOW.isoformat()
    image = await looked_at(hass)
    assert image
    assert image.content == BLUE.content
    assert len(source.pictures_asked) == 1


@pytest.mark.usefixtures("entry")
async def test_several_who_look_cause_one_question(hass: HomeAssistant, source: FakeSource) -> None:
    source.may_answer = asyncio.Event()
    looking = [asyncio.create_task(glimpse(hass)) for _ in range(3)]
    await source.picture_asked.wait()
    source.may_answer.set()
    assert [image and image.content for image in await asyncio.gather(*looking)] == [BLUE.content] * 3
    assert len(source.pictures_asked) == 1


@pytest.mark.usefixtures("entry")
async def test_who_loses_patience_does_not_stop_the_question(hass: HomeAssistant, source: FakeSource) -> None:
    source.may_answer = asyncio.Event()
    looking = asyncio.create_task(glimpse(hass))
    await source.picture_asked.wait()
    looking.cancel()
    await asyncio.wait({looking})
    source.may_answer.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert updated(hass) == NOW.isoformat()


@pytest.mark.usefixtures("entity_registry_enabled_by_default", "entry")
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


# Failures


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
@pytest.mark.usefixtures("entry")
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


@pytest.mark.usefixtures("entry")
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


@pytest.mark.usefixtures("entry")
async def test_without_any_picture_it_goes_with_the_car(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.failure = NotAllowedError("Blocked", Refusal.BLOCKED)
    await pass_time(hass, freezer, INTERVAL)
    assert updated(hass) == STATE_UNAVAILABLE
    assert await looked_at(hass) is None
    assert source.pictures_asked == []


async def test_patience_grows_and_outlives_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.pictures = {}
    wait, waits = SHORTEST_WAIT, []
    for asked in range(1, 12):
        assert await looked_at(hass) is None
        assert len(source.pictures_asked) == asked
        await hass.config_entries.async_reload(entry.entry_id)
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


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_a_block_of_pictures_rests_them_all_but_not_the_cars(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.pictures = dict.fromkeys(View, NotAllowedError("Blocked", Refusal.BLOCKED))
    for view in View:
        assert await looked_at(hass, view=view) is None
    await hass.config_entries.async_reload(entry.entry_id)
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
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.pictures = {View.FRONT_SIDE: SlowDownError("Wait", NOW + timedelta(hours=2))}
    assert await looked_at(hass) is None
    await pass_time(hass, freezer, timedelta(hours=1))
    assert source.times_asked == 1
    assert trouble(hass, I4) == "slow_down"
    await looked_at(hass)
    await hass.config_entries.async_reload(entry.entry_id)
    assert source.times_asked == 1
    assert len(source.pictures_asked) == 1


@pytest.mark.usefixtures("entry")
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
    hass: HomeAssistant, entry: MockConfigEntry, source: FakeSource
) -> None:
    source.pictures = {View.FRONT_SIDE: SignInRequiredError("Sign in")}
    for _ in range(3):
        assert await looked_at(hass) is None
    assert len(source.pictures_asked) == 1
    source.pictures = {View.FRONT_SIDE: BLUE}
    await hass.config_entries.async_reload(entry.entry_id)  # as after a new sign-in
    assert await looked_at(hass)


@pytest.mark.usefixtures("entity_registry_enabled_by_default", "entry")
async def test_who_waits_for_a_turn_hears_of_a_block(hass: HomeAssistant, source: FakeSource) -> None:
    source.pictures = dict.fromkeys(View, NotAllowedError("Blocked", Refusal.BLOCKED))
    assert not any(await asyncio.gather(*(glimpse(hass, view=view) for view in View)))
    assert len(source.pictures_asked) == 1


# On disk


@pytest.mark.usefixtures("entry")
async def test_pictures_are_private(hass: HomeAssistant) -> None:
    await looked_at(hass)
    [file] = files(hass)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert I4.vin not in str(file)


async def test_no_name_that_bmw_gives_a_car_leads_out_of_the_folder(hass: HomeAssistant, source: FakeSource) -> None:
    car = replace(I4, vin="../../../../tmp/x/..")
    source.show(car)
    source.pictures = {View.FRONT_SIDE: BLUE}
    await set_up(hass, account_entry())
    await looked_at(hass, car)
    [file] = files(hass)
    assert re.fullmatch(rf"[0-9a-f]{{16}}_{View.FRONT_SIDE}", file.name)


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(b"\x89PNG\r\n\x1a\n and no more")])
async def test_a_picture_that_was_lost_is_fetched_again(
    hass: HomeAssistant, source: FakeSource, damage: object
) -> None:
    assert callable(damage)
    await looked_at(hass)
    [file] = files(hass)
    damage(file)
    image = await looked_at(hass)
    assert image
    assert image.content == BLUE.content
    assert len(source.pictures_asked) == 2


@pytest.mark.usefixtures("entry")
async def test_a_full_disk_is_no_reason_to_ask_again_and_again(
    hass: HomeAssistant, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = Path(hass.config.path(".storage"))  # so that no folder can be made there
    await hass.async_add_executor_job(in_the_way.touch)
    for _ in range(3):
        assert await looked_at(hass) is None
    assert len(source.pictures_asked) == 1
    assert caplog.text.count("A picture could not be written to disk") == 1
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components")]
    assert I4.vin not in "".join(ours)


async def test_pictures_of_a_car_that_has_left_are_deleted(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, dict[str, object]],
    source: FakeSource,
) -> None:
    source.pictures = {View.FRONT_SIDE: BLUE}
    source.show(I4, MINI)
    await set_up(hass, account_entry())
    await looked_at(hass, I4)
    await looked_at(hass, MINI)
    assert len(files(hass)) == 2

    source.show()  # an empty list is no sale
    await pass_time(hass, freezer, INTERVAL)
    assert len(files(hass)) == 2

    source.show(MINI)
    await pass_time(hass, freezer, INTERVAL)
    assert len(files(hass)) == 1
    assert await looked_at(hass, MINI)
    assert len(source.pictures_asked) == 2
    assert I4.vin not in str(hass_storage[INDEX])


async def test_a_picture_that_comes_after_its_car_has_left_is_not_kept(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.pictures = {View.FRONT_SIDE: BLUE}
    source.show(I4, MINI)
    await set_up(hass, account_entry())
    source.may_answer = asyncio.Event()
    looking = asyncio.create_task(glimpse(hass))
    await source.picture_asked.wait()
    source.show(MINI)
    freezer.tick(INTERVAL)
    await hass.config_entries.async_loaded_entries(DOMAIN)[0].runtime_data.async_refresh()
    source.may_answer.set()
    assert await looking is None
    assert files(hass) == []


async def test_an_unloaded_account_asks_for_nothing_more(
    hass: HomeAssistant, entry: MockConfigEntry, source: FakeSource
) -> None:
    source.may_answer = asyncio.Event()
    looking = asyncio.create_task(glimpse(hass))
    await source.picture_asked.wait()
    await hass.config_entries.async_unload(entry.entry_id)
    assert await looking is None
    assert files(hass) == []


async def test_a_removed_account_leaves_no_picture(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, dict[str, object]]
) -> None:
    await looked_at(hass)
    assert INDEX in hass_storage
    await hass.config_entries.async_remove(entry.entry_id)
    assert files(hass) == []
    assert INDEX not in hass_storage


async def test_what_a_later_version_knew_is_passed_over(
    hass: HomeAssistant, hass_storage: dict[str, dict[str, object]], source: FakeSource
) -> None:
    record = {"vin": I4.vin, "updated_at": None, "due_at": (NOW + DAY).isoformat(), "misses": 3}
    hass_storage[INDEX] = {
        "version": 1,
        "key": INDEX,
        "data": {
            "pictures": [record | {"view": "from_above"}, record | {"view": "front_side"}],
            "rest_until": None,
        },
    }
    source.show(I4)
    await try_to_set_up(hass, account_entry())
    coordinator = hass.config_entries.async_loaded_entries(DOMAIN)[0].runtime_data
    assert {view: told.misses for view, told in coordinator.pictures.records(I4.vin).items()} == {View.FRONT_SIDE: 3}


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

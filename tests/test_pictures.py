"""Pictures of cars are kept on disk, while they have an owner here."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import re
import stat
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.vehicle import View

from .account import (
    NOW,
    FakeSource,
    a_car,
    account_entry,
    pass_time,
    set_up,
    try_to_set_up,
)
from .gallery import BLUE, I4, INDEX, files, glimpse, looked_at, open_gallery

INTERVAL: Final = timedelta(minutes=5, seconds=1)
DAY: Final = timedelta(days=1)

MINI: Final = a_car("cooper")

pytestmark = pytest.mark.freeze_time(NOW)


@pytest.mark.usefixtures("gallery")
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


@pytest.mark.usefixtures("gallery")
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


@pytest.mark.usefixtures("gallery")
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
    hass: HomeAssistant, gallery: MockConfigEntry, source: FakeSource
) -> None:
    source.may_answer = asyncio.Event()
    looking = asyncio.create_task(glimpse(hass))
    await source.picture_asked.wait()
    await hass.config_entries.async_unload(gallery.entry_id)
    assert await looking is None
    assert files(hass) == []


async def test_a_removed_account_leaves_no_picture(
    hass: HomeAssistant, gallery: MockConfigEntry, hass_storage: dict[str, dict[str, object]]
) -> None:
    await looked_at(hass)
    assert INDEX in hass_storage
    await hass.config_entries.async_remove(gallery.entry_id)
    assert files(hass) == []
    assert INDEX not in hass_storage


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"pictures": 5, "rest_until": []},
        {"pictures": [None, {}, {"vin": I4.vin, "view": []}, {"vin": 1, "view": "front_side"}], "rest_until": "soon"},
        {"pictures": [{"vin": I4.vin, "view": "front_side", "due_at": "2023-01-01T00:00:00Z", "misses": "many"}]},
        {"pictures": [{"vin": I4.vin, "view": "front_side", "due_at": None, "misses": 1}], "rest_until": None},
    ],
)
async def test_what_is_damaged_is_asked_for_once_more(
    hass: HomeAssistant, hass_storage: dict[str, dict[str, object]], source: FakeSource, data: object
) -> None:
    hass_storage[INDEX] = {"version": 1, "key": INDEX, "data": data}
    await open_gallery(hass, source)
    assert await looked_at(hass)


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

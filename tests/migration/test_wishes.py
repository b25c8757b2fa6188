"""What somebody else goes on with, or an owner has changed since, is left as it is."""

from collections.abc import Mapping
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.migration import Journal
from custom_components.mybmw.migration.disk import _WATCHED
from custom_components.mybmw.sources import Json
from tests.account import GCID, NOW, FakeSource, account_entry, recorded_vehicle, set_up
from tests.test_shared_cars import OTHER_GCID

from .dialogs import answer, issues, open_dialog, take_over, undo
from .leftovers import CORE, Newcomer, give_up, leave_behind
from .registries import stand_on_disk
from .test_crash import FEW

HOOD: Final = (Platform.BINARY_SENSOR, "vehicle.body.hood.isOpen")

pytestmark = pytest.mark.freeze_time(NOW)


@pytest.mark.parametrize("does", ["undo", "remove"])
async def test_what_another_account_goes_on_with_costs_nothing_else(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    """An account that was disabled meanwhile gives back its own car; the one that stood in keeps the other."""
    shared, alone = recorded_vehicle("G26"), recorded_vehicle("G01")
    left = leave_behind(hass, shared, alone, inventory=FEW)
    await hass.config_entries.async_setup(left.entry.entry_id)
    first, second = account_entry(), account_entry(gcid=OTHER_GCID)

    def open_source(data: Mapping[str, Json], *_args: object, **_kwargs: object) -> FakeSource:
        source = FakeSource()
        source.show(*([shared, alone] if data is first.data else [shared]))
        return source

    monkeypatch.setattr("custom_components.mybmw.open_source", open_source)
    await set_up(hass, first)
    registry = er.async_get(hass)
    old = [entity for entity in registry.entities.values() if entity.platform == CORE]
    await take_over(hass, first)
    await stand_on_disk(hass, freezer)
    taken = {entity.id for entity in old if registry.entities[entity.entity_id].platform == DOMAIN}
    freezer.tick(60)
    await hass.config_entries.async_set_disabled_by(first.entry_id, ConfigEntryDisabler.USER)
    await set_up(hass, second)
    if does == "undo":
        await hass.config_entries.async_set_disabled_by(first.entry_id, None)
        await hass.async_block_till_done()
        await undo(hass, first)
    else:
        await hass.config_entries.async_remove(first.entry_id)
    now = {entity.id: entity for entity in registry.entities.values()}
    for before in old:
        if before.id in taken:
            is_shared = shared.vin in before.unique_id
            assert now[before.id].platform == (DOMAIN if is_shared else CORE)
            assert now[before.id].config_entry_id == (second.entry_id if is_shared else left.entry.entry_id)


@pytest.mark.parametrize("is_on_disk", [False, True])
async def test_an_entry_that_is_put_to_use_again_stays(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, newcomer: Newcomer, *, is_on_disk: bool
) -> None:
    await take_over(hass, newcomer.entry)
    if is_on_disk:
        await stand_on_disk(hass, freezer)
    await hass.config_entries.async_set_disabled_by(newcomer.left.entry.entry_id, None)
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    assert newcomer.left.entry.disabled_by is None
    await answer(hass, await open_dialog(hass, newcomer.entry, "taken_over"), "keep")
    assert hass.config_entries.async_entries(CORE) == [newcomer.left.entry]


@pytest.mark.parametrize("is_started_anew", [False, True])
async def test_what_is_given_back_again_changes_no_wish_of_the_owner(
    hass: HomeAssistant, newcomer: Newcomer, *, is_started_anew: bool
) -> None:
    """As after a crash, or when the account was disabled for weeks before the disk was looked at."""
    await take_over(hass, newcomer.entry)
    await undo(hass, newcomer.entry)
    registry, devices = er.async_get(hass), dr.async_get(hass)
    mileage = newcomer.left.entity_ids[Platform.SENSOR, "mileage"]
    registry.async_update_entity(mileage, name="How far", labels={"mine"})
    devices.async_update_device(newcomer.left.device.id, name_by_user="Renamed")
    if is_started_anew:
        hass.data[_WATCHED].clear()
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    assert (registry.entities[mileage].name, registry.entities[mileage].labels) == ("How far", {"mine"})
    device = devices.async_get(newcomer.left.device.id)
    assert device
    assert device.name_by_user == "Renamed"


async def test_what_a_removed_account_gave_back_is_watched_until_it_is_on_the_disk(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, newcomer: Newcomer
) -> None:
    """After a crash before, it is given back when the account is added again."""
    await take_over(hass, newcomer.entry)
    await stand_on_disk(hass, freezer)
    await hass.config_entries.async_remove(newcomer.entry.entry_id)
    assert await Journal(hass, GCID).async_read_all()
    await stand_on_disk(hass, freezer)
    assert await Journal(hass, GCID).async_read_all() is None


async def test_no_takeover_follows_one_that_is_not_on_the_disk(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, newcomer: Newcomer
) -> None:
    """It would be forgotten that the first has to be done again after a crash."""
    await take_over(hass, newcomer.entry)
    await answer(hass, await open_dialog(hass, newcomer.entry, "taken_over"), "keep")
    give_up(hass, recorded_vehicle("G26"), [HOOD])
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    await hass.async_block_till_done()
    step = await answer(hass, await open_dialog(hass, newcomer.entry))
    assert step["errors"] == {"base": "too_early"}
    await stand_on_disk(hass, freezer)
    await take_over(hass, newcomer.entry)
    assert issues(hass) == {"taken_over"}

"""What another integration left behind of a car goes on under ours, and can be undone for a day."""

from datetime import timedelta
import json
from unittest.mock import patch

from attr import evolve
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.migration import (
    MAY_BE_UNDONE,
    Journal,
    Reason,
    async_look,
)
from custom_components.mybmw.migration.successors import PREDECESSORS
from tests.account import GCID, NOW, FakeSource, account_entry, pass_time, recorded_vehicle, set_up

from .dialogs import answer, issues, open_dialog, take_over, undo
from .leftovers import CORE, CORE_INVENTORY, Newcomer, leave_behind
from .registries import registries

pytestmark = pytest.mark.freeze_time(NOW)


[COMPLETE, *COMMUNITY] = PREDECESSORS


async def test_everything_goes_on(hass: HomeAssistant, newcomer: Newcomer, entity_registry: er.EntityRegistry) -> None:
    left, entry = newcomer.left, newcomer.entry
    before = {key: entity_registry.async_get(entity_id) for key, entity_id in left.entity_ids.items()}
    assert issues(hass) == {"take_over"}
    plan = async_look(hass, entry.entry_id, [newcomer.vin])
    moved = {(move["domain"], move["unique_id"]) for move in plan.plan["moves"]}
    assert len(moved) > 20

    await take_over(hass, entry)

    for key, old in before.items():
        assert old
        new = entity_registry.async_get(old.entity_id)
        assert new
        assert new.id == old.id
        for kept in ("name", "icon", "area_id", "labels", "aliases", "categories", "hidden_by"):
            assert getattr(new, kept) == getattr(old, kept)
        if (old.domain, old.unique_id) in moved:
            successor = f"{newcomer.vin}-{COMPLETE.successors[key]}"
            assert (new.platform, new.unique_id, new.config_entry_id) == (DOMAIN, successor, entry.entry_id)
            assert new.device_id == left.device.id
            state = hass.states.get(new.entity_id)
            assert (state is None) == (new.disabled_by is not None)
            assert state is None or state.state != "unavailable"
        else:
            assert (new.platform, new.unique_id, new.config_entry_id) == (CORE, old.unique_id, left.entry.entry_id)
            assert plan.leftovers[old.entity_id] is Reason.NOT_OFFERED
    pressure = hass.states.get(left.entity_ids[Platform.SENSOR, "tires.front_left.current_pressure"])
    assert pressure
    assert pressure.attributes["unit_of_measurement"] == "psi"
    windows = entity_registry.async_get(left.entity_ids[Platform.BINARY_SENSOR, "windows"])
    assert windows
    assert windows.disabled_by is er.RegistryEntryDisabler.USER
    ours = [one for one in entity_registry.entities.values() if one.platform == DOMAIN]
    assert not [one for one in ours if one.entity_id.endswith("_2") and not one.unique_id.endswith("_2")]


async def test_the_device_stays(hass: HomeAssistant, newcomer: Newcomer, device_registry: dr.DeviceRegistry) -> None:
    await take_over(hass, newcomer.entry)
    [device] = [
        device
        for device in dr.async_entries_for_config_entry(device_registry, newcomer.entry.entry_id)
        if device.entry_type is None
    ]
    assert device.id == newcomer.left.device.id
    assert (device.name_by_user, device.area_id) == ("Bluebird", newcomer.left.device.area_id)
    assert device.identifiers == {(DOMAIN, newcomer.vin)}
    assert not dr.async_entries_for_config_entry(device_registry, newcomer.left.entry.entry_id)


async def test_undone_all_is_as_before(hass: HomeAssistant, newcomer: Newcomer) -> None:
    before = registries(hass)
    await take_over(hass, newcomer.entry)
    assert issues(hass) == {"taken_over"}
    assert registries(hass) != before
    await undo(hass, newcomer.entry)
    assert registries(hass) == before
    assert dr.async_get(hass).async_get(newcomer.left.device.id)
    assert newcomer.left.entry.state is ConfigEntryState.LOADED
    assert issues(hass) == {"take_over"}
    await take_over(hass, newcomer.entry)  # and once more
    assert issues(hass) == {"taken_over"}


async def test_after_a_day_it_is_final(hass: HomeAssistant, freezer: FrozenDateTimeFactory, newcomer: Newcomer) -> None:
    await take_over(hass, newcomer.entry)
    dialog = await open_dialog(hass, newcomer.entry, "taken_over")
    assert newcomer.left.entry.disabled_by is ConfigEntryDisabler.USER
    await pass_time(hass, freezer, MAY_BE_UNDONE - timedelta(minutes=1))
    assert issues(hass) == {"taken_over"}
    await pass_time(hass, freezer, timedelta(minutes=1, seconds=1))
    assert issues(hass) == set()
    assert not hass.config_entries.async_entries(CORE)
    assert not [entity for entity in er.async_get(hass).entities.values() if entity.platform == CORE]
    assert await Journal(hass, GCID).async_read() is None
    step = await answer(hass, dialog, "undo")
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "too_late")
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    assert issues(hass) == set()


async def test_a_day_passes_while_home_assistant_is_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, newcomer: Newcomer
) -> None:
    await take_over(hass, newcomer.entry)
    await hass.config_entries.async_unload(newcomer.entry.entry_id)
    freezer.tick(MAY_BE_UNDONE)
    await hass.config_entries.async_setup(newcomer.entry.entry_id)
    await hass.async_block_till_done()
    assert issues(hass) == set()
    assert not hass.config_entries.async_entries(CORE)


async def test_who_is_content_need_not_wait(hass: HomeAssistant, newcomer: Newcomer) -> None:
    await take_over(hass, newcomer.entry)
    step = await answer(hass, await open_dialog(hass, newcomer.entry, "taken_over"), "keep")
    assert step["type"] is FlowResultType.CREATE_ENTRY
    assert not hass.config_entries.async_entries(CORE)
    assert issues(hass) == set()


async def test_the_journal_is_private_and_tells_no_way_in(
    hass: HomeAssistant, hass_storage: dict[str, dict[str, object]], newcomer: Newcomer
) -> None:
    """It holds VINs. Files exist in memory only while there are tests, so the step to the disk is taken by hand."""
    await take_over(hass, newcomer.entry)
    [name] = (name for name in hass_storage if name.startswith("mybmw.") and name.endswith(".migration"))
    written = json.dumps(hass_storage[name])
    assert newcomer.vin in written
    secrets = [*newcomer.entry.data.values(), *newcomer.left.entry.data.values()]
    assert [secret for secret in secrets if f'"{secret}"' in written] == []
    with patch("homeassistant.helpers.storage.write_utf8_file_atomic") as write:
        await hass.async_add_executor_job(Journal(hass, GCID)._store._write_data, {"data": {}})
    path, _content, is_private = write.call_args.args
    assert path.endswith(f"/.storage/{name}")
    assert is_private is True


async def test_an_account_that_goes_takes_its_journal_along(hass: HomeAssistant, newcomer: Newcomer) -> None:
    await take_over(hass, newcomer.entry)
    await hass.config_entries.async_remove(newcomer.entry.entry_id)
    assert await Journal(hass, GCID).async_read() is None
    assert issues(hass) == set()


async def test_another_car_of_the_old_entry_is_left_alone(hass: HomeAssistant, source: FakeSource) -> None:
    ours, sold = recorded_vehicle("G26"), recorded_vehicle("G01")
    left = leave_behind(hass, ours, sold)
    source.show(ours)
    entry = account_entry()
    await set_up(hass, entry)
    of_the_other = set(left.entity_ids.values())
    before = {key: value for key, value in registries(hass).items() if key in of_the_other}
    assert len(before) == len(CORE_INVENTORY)
    await take_over(hass, entry)
    assert {key: value for key, value in registries(hass).items() if key in of_the_other} == before
    assert left.entry.disabled_by is None
    await answer(hass, await open_dialog(hass, entry, "taken_over"), "keep")
    assert hass.config_entries.async_entries(CORE) == [left.entry]


async def test_a_place_of_its_own_needs_a_name(hass: HomeAssistant, newcomer: Newcomer) -> None:
    """Home Assistant refuses to take the name of a tracker that has an area of its own, as older versions allowed."""
    registry = er.async_get(hass)
    tracker = newcomer.left.entity_ids[Platform.DEVICE_TRACKER, ""]
    registry.entities[tracker] = evolve(registry.entities[tracker], area_id=newcomer.left.device.area_id)
    ours = registry.async_get_entity_id(Platform.DEVICE_TRACKER, DOMAIN, f"{newcomer.vin}-location")
    assert ours
    registry.async_update_entity(ours, name="Our car")
    await take_over(hass, newcomer.entry)
    await undo(hass, newcomer.entry)
    assert newcomer.entry.state is ConfigEntryState.LOADED
    assert registry.entities[tracker].platform == CORE

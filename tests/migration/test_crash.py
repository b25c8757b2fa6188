"""The power fails within seconds: the journal is on the disk at once, all else is or is not, each file by itself.

Home Assistant writes its registries ten seconds after a change, or three minutes while it starts, and its config
entries after one. So the disk may hold any mixture of before and after; a Home Assistant that starts from it has to end
as the owner wanted it.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from itertools import product
from typing import Final, cast
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant import loader
from homeassistant.config_entries import STORAGE_KEY as ENTRIES
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import (
    area_registry as ar,
    category_registry as cr,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    issue_registry as ir,
    label_registry as lr,
)
from homeassistant.helpers.json import json_bytes
from homeassistant.util.json import json_loads
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.migration import Journal, Record, end_of_way_back
from custom_components.mybmw.migration.disk import IN_A_WHILE
from custom_components.mybmw.migration.journal import awaits_disk
from tests.account import GCID, NOW, FakeSource, account_entry, pass_time, recorded_vehicle, set_up

from .dialogs import answer, issues, open_dialog, take_over, undo
from .leftovers import CORE, Newcomer, leave_behind
from .registries import registries, stand_on_disk, write_down

pytestmark = pytest.mark.freeze_time(NOW)

type Disk = dict[str, dict[str, object]]

JOURNAL: Final = f"{DOMAIN}.{GCID.replace('-', '_')}.migration"
FILES: Final = (JOURNAL, er.STORAGE_KEY, dr.STORAGE_KEY, ENTRIES)
FEW: Final = (
    (Platform.SENSOR, "mileage"),  # has no successor here, as the account has no sensors
    (Platform.BINARY_SENSOR, "windows"),
    (Platform.BINARY_SENSOR, "lids"),
    (Platform.DEVICE_TRACKER, ""),
    (Platform.SWITCH, "climate"),
)


async def keep(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Make it final at once."""
    step = await answer(hass, await open_dialog(hass, entry, "taken_over"), "keep")
    assert step["type"] is FlowResultType.CREATE_ENTRY


@contextmanager
def noted(disk: Disk) -> Iterator[list[dict[str, object]]]:
    """Note what the journal says each time that it is written."""
    original, notes = Journal.async_write, list[dict[str, object]]()

    async def write(journal: Journal, record: Record) -> None:
        await original(journal, record)
        notes.append(copy_of(disk)[JOURNAL])

    with patch.object(Journal, "async_write", write):
        yield notes


def stage_in(journal: dict[str, object]) -> str:
    """How far a plan has come, as its file says."""
    return cast(dict[str, Record], journal)["data"]["stage"]


@asynccontextmanager
async def started() -> AsyncGenerator[HomeAssistant]:
    """A Home Assistant that has read the disk, and sets up what it found there."""
    async with async_test_home_assistant(load_registries=False) as hass:
        hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
        dr.async_setup(hass)
        for registry in (ar, cr, dr, er, fr, ir, lr):
            await registry.async_load(hass)
        await hass.config_entries.async_initialize()
        for entry in hass.config_entries.async_entries():
            if not entry.disabled_by:
                await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        try:
            yield hass
        finally:
            await hass.async_stop(force=True)


def copy_of(disk: Disk) -> Disk:
    """What the files hold now."""
    return cast(Disk, json_loads(json_bytes(disk)))


type Deed = Callable[[HomeAssistant, MockConfigEntry], Awaitable[None]]


async def take_over_and_keep(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Accept the offer, and make it final before anything is on the disk."""
    await take_over(hass, entry)
    await keep(hass, entry)


DEEDS: Final[Mapping[str, tuple[Deed, str, set[str]]]] = {
    "take over": (take_over, "taking_over", {"taken_over"}),
    "undo": (undo, "undoing", {"take_over"}),
    "keep": (keep, "finishing", set()),
    "keep at once": (take_over_and_keep, "finishing", set()),
}
"""What an owner does, what the journal says as soon as nothing of it can be taken back, and what the owner is told."""


@pytest.mark.parametrize("expected_lingering_timers", [True])  # of registries that were read from the disk
@pytest.mark.parametrize("deed", DEEDS)
async def test_whatever_of_it_was_on_the_disk_it_ends_as_the_owner_wanted(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hass_storage: Disk, source: FakeSource, deed: str
) -> None:
    do, decided, told = DEEDS[deed]
    left = leave_behind(hass, car := recorded_vehicle("G26"), inventory=FEW)
    await hass.config_entries.async_setup(left.entry.entry_id)
    source.show(car)
    entry = account_entry()
    with patch("custom_components.mybmw.PLATFORMS", [Platform.BINARY_SENSOR, Platform.DEVICE_TRACKER, Platform.SWITCH]):
        await set_up(hass, entry)
        if do in {undo, keep}:
            await take_over(hass, entry)
            await stand_on_disk(hass, freezer)
        await write_down(hass)
        before = copy_of(hass_storage)
        with noted(hass_storage) as journals:
            await do(hass, entry)
        wanted = registries(hass)
        await write_down(hass)
        after = copy_of(hass_storage)
        changed = [file for file in FILES if after[file] != before.get(file)]
        assert len(changed) == len(FILES) - (do is keep), "then the device has moved before"
        [before[JOURNAL]] = (journal for journal in journals if stage_in(journal) == decided)

        ends = {}
        for survived in product([False, True], repeat=len(changed)):
            hass_storage.clear()
            hass_storage |= copy_of(before)
            hass_storage |= {file: after[file] for file, is_new in zip(changed, survived, strict=True) if is_new}
            async with started() as anew:
                ends[survived] = registries(anew) == wanted, issues(anew)
    assert ends == dict.fromkeys(ends, (True, told))


@pytest.mark.parametrize("expected_lingering_timers", [True])  # of registries that were read from the disk
@pytest.mark.parametrize("is_device_lost", [False, True], ids=["entities lost", "devices lost, too"])
async def test_what_a_removed_account_did_not_give_back_in_time_comes_back_with_it(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hass_storage: Disk, source: FakeSource, *, is_device_lost: bool
) -> None:
    left = leave_behind(hass, car := recorded_vehicle("G26"), inventory=FEW)
    await hass.config_entries.async_setup(left.entry.entry_id)
    source.show(car)
    with patch("custom_components.mybmw.PLATFORMS", [Platform.BINARY_SENSOR, Platform.DEVICE_TRACKER]):
        await set_up(hass, entry := account_entry())
        theirs = {entity.id for entity in er.async_get(hass).entities.values() if entity.platform == CORE}
        await take_over(hass, entry)
        await stand_on_disk(hass, freezer)
        await write_down(hass)
        before = copy_of(hass_storage)
        await hass.config_entries.async_remove(entry.entry_id)
        await write_down(hass)
        lost = {er.STORAGE_KEY} | ({dr.STORAGE_KEY} if is_device_lost else set())
        hass_storage |= {file: before[file] for file in lost}
        async with started() as anew:
            await set_up(anew, account_entry())
            registry = er.async_get(anew)
            assert {registry.entities[entity].platform for entity in left.entity_ids.values()} == {CORE}
            assert {entity.id for entity in registry.entities.values() if entity.platform == CORE} == theirs
            old = dr.async_get(anew).async_get(left.device.id)
            assert old
            assert old.config_entry_id == left.entry.entry_id


@pytest.mark.parametrize("do", [take_over, undo, keep])
async def test_it_is_noted_when_all_is_on_the_disk(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hass_storage: Disk, newcomer: Newcomer, do: Deed
) -> None:
    """From then on nothing is done again, and what cannot be undone is forgotten."""
    if do is not take_over:
        await take_over(hass, newcomer.entry)
        await stand_on_disk(hass, freezer)
    await write_down(hass)
    entities = er.async_get(hass)
    entities._store._read_only = True  # what Home Assistant cannot write now, it writes after the next change
    await do(hass, newcomer.entry)
    for _ in range(3):
        assert is_open(hass_storage)
        await pass_time(hass, freezer, IN_A_WHILE)
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    entities._store._read_only = False
    entities.async_schedule_save()
    await stand_on_disk(hass, freezer)
    assert not is_open(hass_storage)
    record = await Journal(hass, GCID).async_read_all()
    assert (record is not None) == (do is take_over)


def is_open(disk: Disk) -> bool:
    """Whether it is not known yet that all is on the disk."""
    return JOURNAL in disk and awaits_disk(cast(dict[str, Record], disk[JOURNAL])["data"])


async def test_what_is_done_again_changes_no_wish_of_the_owner(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, newcomer: Newcomer
) -> None:
    await take_over(hass, newcomer.entry)
    registry, mileage = er.async_get(hass), newcomer.left.entity_ids[Platform.SENSOR, "mileage"]
    registry.async_update_entity(mileage, name="How far", icon="mdi:car", labels=set())
    until = end_of_way_back(await read(hass))
    freezer.tick(60)
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    entity = registry.entities[mileage]
    assert (entity.name, entity.icon, entity.labels) == ("How far", "mdi:car", set())
    assert end_of_way_back(await read(hass)) == until


async def test_a_journal_of_the_first_release_is_trusted(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, newcomer: Newcomer
) -> None:
    """It did not say whether all is on the disk: after an update it is, and nothing is done again."""
    before = registries(hass)
    await take_over(hass, newcomer.entry)
    record = await read(hass)
    del record["is_on_disk"]
    await Journal(hass, GCID).async_write(record)
    await hass.config_entries.async_set_disabled_by(newcomer.left.entry.entry_id, None)
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    assert issues(hass) == {"taken_over"}
    assert newcomer.left.entry.disabled_by is None
    await pass_time(hass, freezer, IN_A_WHILE)
    assert await read(hass) == record
    await undo(hass, newcomer.entry)
    assert registries(hass) == before


async def read(hass: HomeAssistant) -> Record:
    """What is written down."""
    record = await Journal(hass, GCID).async_read()
    assert record
    return record

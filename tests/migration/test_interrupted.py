"""Whatever interrupts a takeover, and whatever is gone by then, it comes to the same end."""

from dataclasses import dataclass
from typing import Final, cast

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntries, ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.json import json_bytes
from homeassistant.util.json import json_loads_object
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.migration import (
    MAY_BE_UNDONE,
    Journal,
    Stage,
    async_decide,
    async_look,
    async_proceed,
)
from custom_components.mybmw.migration.journal import Record
from custom_components.mybmw.sources import TryLaterError
from tests.account import GCID, NOW, FakeSource, account_entry, recorded_vehicle, set_up

from .dialogs import answer, decide, issues, open_dialog, take_over, undo
from .leftovers import CORE, Newcomer, leave_behind
from .registries import registries

pytestmark = pytest.mark.freeze_time(NOW)


class KilledError(Exception):
    """The end of the process, as far as the account is concerned."""


@dataclass(slots=True)
class Executioner:
    """Counts what is written, to registries, journal and config entries, and lets one of the writes be the last."""

    last: int | None = None
    count: int = 0

    def write(self) -> None:
        """Be told of a write."""
        self.count += 1
        if self.count == self.last:
            raise KilledError


@pytest.fixture
def executioner(monkeypatch: pytest.MonkeyPatch) -> Executioner:
    """Stands beside everything that is written while an account proceeds; lets it live for now."""
    executioner = Executioner()

    def watch(owner: type, method: str) -> None:
        original = getattr(owner, method)

        def watched(*args: object, **kwargs: object) -> object:
            executioner.write()
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, method, watched)

    watch(er.EntityRegistry, "async_schedule_save")
    watch(dr.DeviceRegistry, "async_schedule_save")
    watch(Journal, "async_write")
    watch(Journal, "async_remove")
    watch(ConfigEntries, "async_set_disabled_by")
    return executioner


FEW: Final = (
    (Platform.SENSOR, "mileage"),
    (Platform.BINARY_SENSOR, "windows"),
    (Platform.DEVICE_TRACKER, ""),
    (Platform.SWITCH, "climate"),
)


async def test_it_may_be_killed_at_every_write(
    hass: HomeAssistant, source: FakeSource, executioner: Executioner
) -> None:
    car = recorded_vehicle("G26")
    left = leave_behind(hass, car, inventory=FEW)
    await hass.config_entries.async_setup(left.entry.entry_id)
    source.show(car)
    entry = account_entry()
    await set_up(hass, entry)
    before = registries(hass)
    own = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, car.vin), entry.entry_id)
    assert own
    killed: list[Stage] = []

    async def proceed(stage: Stage, last: int | None = None) -> int:
        """Do what was decided, killed at a write and then done again; tells how many writes it was before entities."""
        await decide(hass, entry, stage)
        executioner.count, executioner.last = 0, last
        try:
            await async_proceed(hass, entry, GCID)
        except KilledError:
            killed.append(stage)
        writes, executioner.last = executioner.count, None
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        return writes

    writes = await proceed(Stage.TAKING_OVER)
    taken_over = registries(hass)
    writes_back = await proceed(Stage.UNDOING)
    assert registries(hass) == before
    assert taken_over != before
    assert min(writes, writes_back) > 15
    for last in range(1, writes + 1):
        await proceed(Stage.TAKING_OVER, last)
        assert registries(hass) == taken_over, last
        await proceed(Stage.UNDOING, 1 + last % writes_back)
        assert registries(hass) == before, last
        assert dr.async_get(hass).async_get(own.id), last
    assert min(killed.count(Stage.TAKING_OVER), killed.count(Stage.UNDOING)) > 10, (
        "Home Assistant's listeners survive the others"
    )


async def full_disk(*_args: object) -> None:
    """Write nothing, and say nothing of it, as Home Assistant does."""


async def test_what_cannot_be_written_down_is_not_done(
    hass: HomeAssistant, newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = await open_dialog(hass, newcomer.entry)
    before = registries(hass)
    with monkeypatch.context() as disk:
        disk.setattr("homeassistant.helpers.storage.Store.async_save", full_disk)
        step = await answer(hass, step)
    assert step["errors"] == {"base": "not_stored"}
    assert registries(hass) == before
    assert (await answer(hass, step))["type"] is FlowResultType.CREATE_ENTRY
    step = await open_dialog(hass, newcomer.entry, "taken_over")
    before = registries(hass)
    monkeypatch.setattr("homeassistant.helpers.storage.Store.async_save", full_disk)
    step = await answer(hass, step, "undo")
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "not_stored")
    assert registries(hass) == before


async def test_a_disk_that_fills_up_meanwhile_keeps_no_account_down(
    hass: HomeAssistant, newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await decide(hass, newcomer.entry, Stage.TAKING_OVER)
    with monkeypatch.context() as disk:
        disk.setattr("homeassistant.helpers.storage.Store.async_save", full_disk)
        await hass.config_entries.async_setup(newcomer.entry.entry_id)
    assert newcomer.entry.state is ConfigEntryState.LOADED
    [told] = [record for record in caplog.records if record.name.startswith("custom_components.mybmw.migration")]
    assert "cannot be written" in told.getMessage()
    assert newcomer.vin not in caplog.handler.format(told)
    assert issues(hass) == {"take_over_failed"}
    taken_over = registries(hass)
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    assert registries(hass) == taken_over
    assert issues(hass) == {"taken_over"}
    record = await Journal(hass, GCID).async_read()
    assert record
    assert record["stage"] == Stage.TAKEN_OVER


async def test_what_goes_before_it_is_taken_over_stays_gone(hass: HomeAssistant, newcomer: Newcomer) -> None:
    await decide(hass, newcomer.entry, Stage.TAKING_OVER)
    gone = newcomer.left.entity_ids[Platform.SENSOR, "mileage"]
    er.async_get(hass).async_remove(gone)
    await hass.config_entries.async_setup(newcomer.entry.entry_id)
    assert issues(hass) == {"taken_over"}
    assert gone not in er.async_get(hass).entities
    ours = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{newcomer.vin}-mileage")
    assert ours
    await undo(hass, newcomer.entry)
    assert gone not in er.async_get(hass).entities


async def test_what_was_removed_after_it_was_taken_over_cannot_come_back(
    hass: HomeAssistant, newcomer: Newcomer
) -> None:
    await take_over(hass, newcomer.entry)
    mileage = newcomer.left.entity_ids[Platform.SENSOR, "mileage"]
    await hass.config_entries.async_remove(newcomer.left.entry.entry_id)
    await undo(hass, newcomer.entry)
    assert newcomer.entry.state is ConfigEntryState.LOADED
    old = er.async_get(hass).async_get(mileage)
    assert old
    assert (old.platform, old.config_entry_id) == (CORE, None)


async def test_an_entry_without_which_others_would_go_is_kept(hass: HomeAssistant, newcomer: Newcomer) -> None:
    """With the last one at work, Home Assistant removes all that are disabled."""
    other = MockConfigEntry(domain=CORE, disabled_by=ConfigEntryDisabler.USER)
    other.add_to_hass(hass)
    await take_over(hass, newcomer.entry)
    await answer(hass, await open_dialog(hass, newcomer.entry, "taken_over"), "keep")
    assert hass.config_entries.async_entries(CORE) == [newcomer.left.entry, other]


async def test_two_entries_that_are_both_retired_go_both(hass: HomeAssistant, source: FakeSource) -> None:
    cars = recorded_vehicle("G26"), recorded_vehicle("G01")
    for car in cars:
        leave_behind(hass, car, inventory=FEW)
    source.show(*cars)
    entry = account_entry()
    await set_up(hass, entry)
    await take_over(hass, entry)
    await answer(hass, await open_dialog(hass, entry, "taken_over"), "keep")
    assert hass.config_entries.async_entries(CORE) == []
    assert await Journal(hass, GCID).async_read() is None


async def test_an_integration_that_was_put_to_use_again_gets_its_own_back(
    hass: HomeAssistant, newcomer: Newcomer
) -> None:
    """Its entry was enabled within the day, and has made entities of the same unique ids, and a device."""
    registry, old = er.async_get(hass), newcomer.left.entry
    before = registries(hass)
    await take_over(hass, newcomer.entry)
    await hass.config_entries.async_set_disabled_by(old.entry_id, None)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=old.entry_id, identifiers={(CORE, newcomer.vin)}, name="i4"
    )
    made_anew = {
        registry.async_get_or_create(
            platform, CORE, f"{newcomer.vin}-{key}", config_entry=old, device_id=device.id
        ).entity_id
        for platform, key in FEW
        if key
    }
    assert not made_anew & before.keys()
    await undo(hass, newcomer.entry)
    assert registries(hass) == before


async def test_entities_are_not_left_disabled_in_an_entry_that_was_enabled_first(
    hass: HomeAssistant, source: FakeSource
) -> None:
    car = recorded_vehicle("G26")
    left = leave_behind(hass, car, inventory=FEW)
    await hass.config_entries.async_set_disabled_by(left.entry.entry_id, ConfigEntryDisabler.USER)
    source.show(car)
    entry = account_entry()
    await set_up(hass, entry)
    await take_over(hass, entry)
    await hass.config_entries.async_set_disabled_by(left.entry.entry_id, None)
    await undo(hass, entry)
    disabled = {entity_id: er.async_get(hass).entities[entity_id].disabled_by for entity_id in left.entity_ids.values()}
    assert {entity_id for entity_id, by in disabled.items() if by} == {
        left.entity_ids[Platform.BINARY_SENSOR, "windows"]
    }


async def test_it_can_be_undone_while_the_account_cannot_be_set_up(
    hass: HomeAssistant, newcomer: Newcomer, source: FakeSource
) -> None:
    mileage = newcomer.left.entity_ids[Platform.SENSOR, "mileage"]
    source.failure = TryLaterError("BMW does not answer")
    await take_over(hass, newcomer.entry)
    assert newcomer.entry.state is ConfigEntryState.SETUP_RETRY
    assert er.async_get(hass).entities[mileage].platform == DOMAIN
    assert issues(hass) == {"taken_over"}
    await undo(hass, newcomer.entry)
    assert newcomer.entry.state is ConfigEntryState.SETUP_RETRY
    assert er.async_get(hass).entities[mileage].platform == CORE
    assert issues(hass) == set()


async def test_after_a_restart_without_bmw_it_can_still_be_undone(
    hass: HomeAssistant, newcomer: Newcomer, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    await take_over(hass, newcomer.entry)
    source.failure = TryLaterError("BMW does not answer")
    ir.async_delete_issue(hass, DOMAIN, f"taken_over_{newcomer.entry.entry_id}")  # as a restart does
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    assert issues(hass) == {"taken_over"}
    freezer.tick(MAY_BE_UNDONE)
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    assert issues(hass) == set()


async def test_a_journal_of_a_later_release_keeps_no_account_down(
    hass: HomeAssistant,
    hass_storage: dict[str, dict[str, object]],
    newcomer: Newcomer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Or one that cannot be read: it is left as it is, and the log says so."""
    await take_over(hass, newcomer.entry)
    [name] = (name for name in hass_storage if name.startswith("mybmw.") and name.endswith(".migration"))
    hass_storage[name] |= {"version": 2}
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    await hass.async_block_till_done()
    assert newcomer.entry.state is ConfigEntryState.LOADED
    assert "cannot be read (UnsupportedStorageVersionError)" in caplog.text
    assert hass_storage[name]["version"] == 2


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"stage"', '"no stage"'),
        ('"moves":[', '"moves":[{},'),
        ('"looks":{', '"looks":null,"x":{'),
        ('"disabled_by":null', '"disabled_by":"nobody"'),
        ('"taken_over_at":null', '"taken_over_at":"9999-12-31T23:59:59-14:00"'),
        ('"taken_over_at":null', '"taken_over_at":"2023-01-04T15:00:00"'),
        ('"taken_over_at":null', '"taken_over_at":"soon"'),
    ],
)
async def test_an_account_is_set_up_whatever_is_written_down(
    hass: HomeAssistant, newcomer: Newcomer, stage: Stage, before: str, after: str
) -> None:
    plan = async_look(hass, newcomer.entry.entry_id, [newcomer.vin]).plan
    await async_decide(hass, GCID, stage, plan)
    store = Journal(hass, GCID)._store
    written = json_bytes(await store.async_load()).decode()
    assert before in written
    await store.async_save(cast(Record, json_loads_object(written.replace(before, after))))

    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    await hass.async_block_till_done()

    assert newcomer.entry.state is ConfigEntryState.LOADED

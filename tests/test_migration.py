"""What other integrations left behind of a car goes on under ours, whatever interrupts it, and can be undone."""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, cast

from attr import evolve
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import RepairsFlowResult, repairs_flow_manager
from homeassistant.components.repairs.models import RepairsFlowContext
from homeassistant.config_entries import ConfigEntries, ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.json import json_bytes
from homeassistant.setup import async_setup_component
from homeassistant.util.json import json_loads_object
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.migration import (
    MAY_BE_UNDONE,
    Journal,
    Reason,
    Stage,
    async_decide,
    async_look,
    async_proceed,
)
from custom_components.mybmw.migration.journal import Record
from custom_components.mybmw.migration.successors import PREDECESSORS, Predecessor

from .account import GCID, NOW, FakeSource, account_entry, pass_time, recorded_vehicle, set_up
from .flow_texts import TEXTS, placeholders, section, sentences
from .leftovers import CORE, CORE_INVENTORY, Leftovers, leave_behind

pytestmark = pytest.mark.freeze_time(NOW)

[COMPLETE, *COMMUNITY] = PREDECESSORS


async def open_dialog(hass: HomeAssistant, entry: MockConfigEntry, issue: str = "take_over") -> RepairsFlowResult:
    """Open the dialog of a message."""
    assert await async_setup_component(hass, "repairs", {})
    flows = repairs_flow_manager(hass)
    assert flows
    context = RepairsFlowContext(issue_id=f"{issue}_{entry.entry_id}")
    return await flows.async_init(DOMAIN, context=context)


async def answer(hass: HomeAssistant, step: RepairsFlowResult, choice: str | None = None) -> RepairsFlowResult:
    """Press the button, or choose from the menu."""
    flows = repairs_flow_manager(hass)
    assert flows
    result = await flows.async_configure(step["flow_id"], {"next_step_id": choice} if choice else {})
    await hass.async_block_till_done()
    return result


async def take_over(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Accept the offer."""
    step = await answer(hass, await open_dialog(hass, entry))
    assert step["type"] is FlowResultType.CREATE_ENTRY


async def undo(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Take the way back."""
    step = await answer(hass, await open_dialog(hass, entry, "taken_over"), "undo")
    assert step["type"] is FlowResultType.CREATE_ENTRY


def issues(hass: HomeAssistant) -> set[str]:
    """What the owner is told."""
    return {issue.translation_key or "" for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN}


VOLATILE: Final = {"modified_at", "created_at", "previous_unique_id", "object_id_base", "suggested_object_id"}


def registries(hass: HomeAssistant) -> dict[str, dict[str, object]]:
    """Everything that the registries hold, but the times of changes; devices are known by whose they are.

    The id of a device that is ours only may be another one after an undo.
    """
    found: dict[str, dict[str, object]] = {}
    names: dict[object, str] = {None: "none"}
    for entry in hass.config_entries.async_entries():
        found[entry.entry_id] = {"domain": entry.domain, "disabled_by": entry.disabled_by}
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id):
            names[device.id] = name = f"{entry.entry_id} {sorted(device.identifiers)}"
            found[name] = {key: value for key, value in device.dict_repr.items() if key not in VOLATILE | {"id"}}
    for entity in er.async_get(hass).entities.values():
        found[entity.entity_id] = {key: value for key, value in entity.extended_dict.items() if key not in VOLATILE}
        found[entity.entity_id]["device_id"] = names[entity.device_id]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Somebody who had the removed integration, and adds an account with the same car."""

    entry: MockConfigEntry
    left: Leftovers
    vin: str


@pytest.fixture
async def newcomer(hass: HomeAssistant, source: FakeSource) -> Newcomer:
    """Both are set up."""
    car = recorded_vehicle("G26")
    left = leave_behind(hass, car)
    await hass.config_entries.async_setup(left.entry.entry_id)
    source.show(car)
    entry = account_entry()
    await set_up(hass, entry)
    return Newcomer(entry=entry, left=left, vin=car.vin)


def test_every_entity_of_the_removed_integration_is_in_the_table() -> None:
    assert COMPLETE.domain == CORE
    assert COMPLETE.successors.keys() == set(CORE_INVENTORY)
    assert len(CORE_INVENTORY) == 21 + 8 + 1 + 5 + 2 + 1 + 2 + 1


@pytest.mark.parametrize("predecessor", PREDECESSORS, ids=lambda predecessor: predecessor.domain)
def test_only_the_battery_has_two_ways_to_its_successor(predecessor: Predecessor) -> None:
    successors = [(platform, ours) for (platform, _), ours in predecessor.successors.items()]
    twice = {one for one in successors if successors.count(one) > 1}
    assert twice <= {(Platform.SENSOR, "battery_level")}


@pytest.mark.parametrize("predecessor", PREDECESSORS, ids=lambda predecessor: predecessor.domain)
def test_the_document_has_every_row(predecessor: Predecessor) -> None:
    document = (Path(__file__).parents[1] / "docs" / "migration.md").read_text(encoding="utf-8")
    for (platform, key), ours in predecessor.successors.items():
        if (platform, predecessor.is_gone) == (Platform.DEVICE_TRACKER, False):
            assert f" {key} (`{predecessor.domain}`)" in document
        else:
            assert f"| {platform} | {key or '(none)'} | {ours} |" in document


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


async def test_an_offer_that_is_ignored_stays_ignored(hass: HomeAssistant, newcomer: Newcomer) -> None:
    issue_id = f"take_over_{newcomer.entry.entry_id}"
    ir.async_ignore_issue(hass, DOMAIN, issue_id, ignore=True)
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue
    assert issue.dismissed_version


async def test_nothing_is_offered_to_who_never_had_another_integration(hass: HomeAssistant, source: FakeSource) -> None:
    other = recorded_vehicle("G01")
    leave_behind(hass, other)
    source.show(recorded_vehicle("G26"))
    await set_up(hass, account_entry())
    assert issues(hass) == set()


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


async def decide(hass: HomeAssistant, entry: MockConfigEntry, stage: Stage) -> None:
    """Have the owner decide, without a dialog and without a reload."""
    offer = async_look(hass, entry.entry_id, entry.runtime_data.data)
    record = await Journal(hass, GCID).async_read()
    await async_decide(hass, GCID, stage, record["plan"] if record else offer.plan)
    await hass.config_entries.async_unload(entry.entry_id)


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
    killed: list[Stage] = []

    async def proceed(stage: Stage, last: int | None = None) -> int:
        """Do what was decided, killed at a write and then done again; tells how many writes it was before entities."""
        await decide(hass, entry, stage)
        executioner.count, executioner.last = 0, last
        try:
            await async_proceed(hass, entry.entry_id, GCID)
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
    assert min(killed.count(Stage.TAKING_OVER), killed.count(Stage.UNDOING)) > 10, (
        "Home Assistant's listeners survive the others"
    )


@pytest.mark.parametrize("lost", ["entities", "devices"])
@pytest.mark.parametrize("stage", [Stage.TAKING_OVER, Stage.UNDOING])
async def test_one_of_the_registries_may_be_lost(
    hass: HomeAssistant, newcomer: Newcomer, lost: str, stage: Stage
) -> None:
    """Home Assistant writes each by itself, so a crash may leave the one as it was before and the other as after."""
    entry = newcomer.entry
    if stage is Stage.UNDOING:
        await take_over(hass, entry)
    await decide(hass, entry, stage)
    record = await Journal(hass, GCID).async_read()
    assert record
    restore = remember(hass, lost)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    complete = registries(hass)
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    restore()
    for state in hass.states.async_all():
        hass.states.async_remove(state.entity_id)
    await Journal(hass, GCID).async_write(record)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert registries(hass) == complete


def remember(hass: HomeAssistant, which: str) -> Callable[[], None]:
    """Remember a registry; what is returned makes it as it was."""
    entities, devices = er.async_get(hass), dr.async_get(hass)
    if which == "entities":
        back = [swap(entities.entities), swap(entities.deleted_entities)]
    else:
        back = [swap(devices._devices), swap(devices._deleted_devices)]

    def restore() -> None:
        for put_back in back:
            put_back()

    return restore


def swap[K, V](part: MutableMapping[K, V]) -> Callable[[], None]:
    """Remember a part of a registry."""
    remembered = dict(part.items())

    def put_back() -> None:
        for key in list(part):
            del part[key]
        for key, value in remembered.items():
            part[key] = value

    return put_back


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
    assert issues(hass) == {"taken_over"}
    taken_over = registries(hass)
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    assert registries(hass) == taken_over
    record = await Journal(hass, GCID).async_read()
    assert record
    assert record["stage"] == Stage.TAKEN_OVER


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


async def full_disk(*_args: object) -> None:
    """Write nothing, and say nothing of it, as Home Assistant does."""


async def test_what_was_removed_lately_goes_on_too(hass: HomeAssistant, source: FakeSource) -> None:
    """The message of Home Assistant asks everybody to remove the old entry; the registry remembers for a month."""
    car = recorded_vehicle("G26")
    left = leave_behind(hass, car)
    await hass.config_entries.async_setup(left.entry.entry_id)
    await hass.config_entries.async_remove(left.entry.entry_id)
    source.show(car)
    entry = account_entry()
    await set_up(hass, entry)
    before = registries(hass)
    await take_over(hass, entry)
    mileage = er.async_get(hass).async_get(left.entity_ids[Platform.SENSOR, "mileage"])
    assert mileage
    assert (mileage.platform, mileage.name, mileage.icon) == (DOMAIN, "Odometer", "mdi:counter")
    assert hass.states.get(mileage.entity_id)
    await undo(hass, entry)
    assert registries(hass) == before
    await take_over(hass, entry)
    assert hass.states.get(mileage.entity_id)


async def test_an_id_that_somebody_else_has_by_now_is_left_to_them(hass: HomeAssistant, source: FakeSource) -> None:
    car = recorded_vehicle("G26")
    left = leave_behind(hass, car)
    await hass.config_entries.async_remove(left.entry.entry_id)
    taken = left.entity_ids[Platform.SENSOR, "mileage"]
    er.async_get(hass).async_get_or_create("sensor", "template", "x", suggested_object_id=taken.partition(".")[2])
    source.show(car)
    entry = account_entry()
    coordinator = await set_up(hass, entry)
    assert async_look(hass, entry.entry_id, coordinator.data).leftovers[taken] is Reason.ID_IN_USE
    er.async_get(hass).async_remove(taken)
    ours = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{car.vin}-mileage")
    assert ours
    er.async_get(hass).async_update_entity(ours, new_entity_id=taken)  # nothing to do: its history goes on already
    offer = async_look(hass, entry.entry_id, coordinator.data)
    assert taken not in {*offer.leftovers, *(move["entity_id"] for move in offer.plan["moves"])}


async def test_what_goes_before_it_is_taken_over_stays_gone(hass: HomeAssistant, newcomer: Newcomer) -> None:
    dialog = await open_dialog(hass, newcomer.entry)
    gone = newcomer.left.entity_ids[Platform.SENSOR, "mileage"]
    er.async_get(hass).async_remove(gone)
    assert (await answer(hass, dialog))["type"] is FlowResultType.CREATE_ENTRY
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


async def test_who_left_the_account_meanwhile_is_told_so(hass: HomeAssistant, newcomer: Newcomer) -> None:
    for entity_id in newcomer.left.entity_ids.values():
        er.async_get(hass).async_remove(entity_id)
    step = await open_dialog(hass, newcomer.entry)
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "nothing_left")
    assert issues(hass) == set()


async def test_an_account_that_does_not_run_knows_no_successors(hass: HomeAssistant, newcomer: Newcomer) -> None:
    await hass.config_entries.async_unload(newcomer.entry.entry_id)
    step = await open_dialog(hass, newcomer.entry)
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "not_set_up")


async def test_the_preview_names_every_entity(hass: HomeAssistant, newcomer: Newcomer) -> None:
    step = await open_dialog(hass, newcomer.entry)
    shown = step["description_placeholders"] or {}
    for texts in TEXTS.values():
        fix_flow = section(texts, "issues", "take_over", "fix_flow")
        told = " ".join(text for _, text in sentences(section(fix_flow, "step", "confirm")))
        assert placeholders(told) <= shown.keys()
    assert all(shown.values())
    named = "\n".join(shown.values())
    assert [entity_id for entity_id in newcomer.left.entity_ids.values() if f"`{entity_id}`" not in named] == []
    assert "| `sensor.old_mileage` | Mileage | `sensor.i4_edrive40_mileage` |" in shown["moves"].splitlines()
    assert newcomer.vin not in named


@pytest.mark.parametrize("predecessor", COMMUNITY, ids=lambda predecessor: predecessor.domain)
async def test_community_integrations_are_followed_when_they_are_given_up(
    hass: HomeAssistant, source: FakeSource, predecessor: Predecessor
) -> None:
    car = recorded_vehicle("G26")
    old = MockConfigEntry(domain=predecessor.domain)
    old.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=old.entry_id, identifiers={(predecessor.domain, car.vin)}, name="i4"
    )

    def create(platform: str, key: str) -> str:
        return (
            er.async_get(hass)
            .async_get_or_create(
                platform, predecessor.domain, f"{car.vin}_{key}", config_entry=old, device_id=device.id
            )
            .entity_id
        )

    theirs = {key: create(*key) for key in predecessor.successors}
    strange = create("sensor", "vehicle.isMoving")
    source.show(car)
    entry = account_entry()
    coordinator = await set_up(hass, entry)
    assert issues(hass) == set(), "it is at work"
    await hass.config_entries.async_set_disabled_by(old.entry_id, ConfigEntryDisabler.USER)
    await hass.config_entries.async_reload(entry.entry_id)
    coordinator = entry.runtime_data
    offer = async_look(hass, entry.entry_id, coordinator.data)
    assert offer.leftovers.pop(strange) is Reason.NO_COUNTERPART
    soc = theirs["sensor", "vehicle.powertrain.electric.battery.stateOfCharge.displayed"]
    assert offer.leftovers.pop(soc) is Reason.NO_COUNTERPART, "the other one counts"
    fuel = {"vehicle.drivetrain.fuelSystem.level", "vehicle.drivetrain.fuelSystem.remainingFuel"}
    assert offer.leftovers == {theirs["sensor", key]: Reason.NOT_OFFERED for key in fuel}

    before = registries(hass)
    await take_over(hass, entry)
    for (platform, key), entity_id in theirs.items():
        entity = er.async_get(hass).async_get(entity_id)
        assert entity
        if entity_id == soc or key in fuel:
            assert entity.platform == predecessor.domain
        else:
            assert entity.platform == DOMAIN
            assert entity.unique_id == f"{car.vin}-{predecessor.successors[platform, key]}"
            assert entity.disabled_by is not er.RegistryEntryDisabler.CONFIG_ENTRY
    await undo(hass, entry)
    assert registries(hass) == before
    await take_over(hass, entry)
    await answer(hass, await open_dialog(hass, entry, "taken_over"), "keep")
    assert hass.config_entries.async_entries(predecessor.domain) == [old], "it is its owner's to remove"


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

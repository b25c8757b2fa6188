"""What was decided on another page, or cannot be read, is neither done twice nor written over."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import errno
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.storage import Store
import pytest

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.migration import Journal, Record, Stage, async_decide, async_finish, async_look
from custom_components.mybmw.takeover_dialog import FailureFlow
from tests.account import GCID, NOW, account_entry, set_up

from .dialogs import answer, decide, issues, open_dialog, take_over, undo
from .leftovers import CORE, Newcomer
from .registries import registries

pytestmark = pytest.mark.freeze_time(NOW)

MILEAGE: Final = "sensor.old_mileage"


async def keep(hass: HomeAssistant, newcomer: Newcomer) -> None:
    """Make it final at once."""
    await answer(hass, await open_dialog(hass, newcomer.entry, "taken_over"), "keep")


async def test_what_was_accepted_on_another_page_is_not_done_again(hass: HomeAssistant, newcomer: Newcomer) -> None:
    """It would give the looks of long ago to what has changed since, and offer a way back that there is not."""
    first, second, third = [await open_dialog(hass, newcomer.entry) for _ in range(3)]
    await answer(hass, first)
    step = await answer(hass, second)
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "overtaken")
    assert issues(hass) == {"taken_over"}
    await keep(hass, newcomer)
    er.async_get(hass).async_update_entity(MILEAGE, name="Mine")
    after = registries(hass)
    step = await answer(hass, third)
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "nothing_left")
    assert registries(hass) == after
    assert issues(hass) == set()


async def test_what_has_changed_since_it_was_shown_is_shown_again(hass: HomeAssistant, newcomer: Newcomer) -> None:
    dialog = await open_dialog(hass, newcomer.entry)
    er.async_get(hass).async_remove(MILEAGE)
    before = registries(hass)
    step = await answer(hass, dialog)
    assert step["errors"] == {"base": "changed"}
    assert MILEAGE in (dialog["description_placeholders"] or {})["moves"]
    assert MILEAGE not in (step["description_placeholders"] or {})["moves"]
    assert registries(hass) == before
    assert (await answer(hass, step))["type"] is FlowResultType.CREATE_ENTRY


async def test_an_account_that_has_stopped_since_takes_nothing_over(hass: HomeAssistant, newcomer: Newcomer) -> None:
    dialog = await open_dialog(hass, newcomer.entry)
    await hass.config_entries.async_unload(newcomer.entry.entry_id)
    step = await answer(hass, dialog)
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "not_set_up")


async def test_what_is_undone_on_another_page_is_not_kept(hass: HomeAssistant, newcomer: Newcomer) -> None:
    before = registries(hass)
    await take_over(hass, newcomer.entry)
    dialog = await open_dialog(hass, newcomer.entry, "taken_over")
    await undo(hass, newcomer.entry)
    step = await answer(hass, dialog, "keep")
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "overtaken")
    assert registries(hass) == before


async def test_what_is_not_undone_yet_is_not_kept(hass: HomeAssistant, newcomer: Newcomer) -> None:
    """Nor is the owner sent to a message that nobody has written."""
    await take_over(hass, newcomer.entry)
    dialog = await open_dialog(hass, newcomer.entry, "taken_over")
    await decide(hass, newcomer.entry, Stage.UNDOING)
    step = await answer(hass, dialog, "keep")
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "overtaken")


async def test_what_becomes_final_meanwhile_is_not_said_to_be_undone(
    hass: HomeAssistant, newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The day ends in the moment in which it is undone, and a disk takes its time."""
    await take_over(hass, newcomer.entry)
    dialog = await open_dialog(hass, newcomer.entry, "taken_over")
    with slow_disk(monkeypatch):
        is_final, step = await asyncio.gather(async_finish(hass, newcomer.entry, GCID), answer(hass, dialog, "undo"))
    assert is_final
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "too_late")
    assert not hass.config_entries.async_entries(CORE)
    assert issues(hass) == set()


@contextmanager
def slow_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A disk, as others are: while it is read, Home Assistant does something else."""
    original = Store.async_load

    async def load(store: Store[Record]) -> Record | None:
        loaded = await original(store)
        for _ in range(5):
            await asyncio.sleep(0)
        return loaded

    with monkeypatch.context() as patched:
        patched.setattr(Store, "async_load", load)
        yield


@pytest.mark.parametrize(
    ("stage", "message", "choice"),
    [
        (Stage.FINISHING, "take_over_failed", "undo"),
        (Stage.FINISHING, "take_over_failed", "leave"),
        (Stage.TAKEN_OVER, "take_over_failed", "leave"),
        (Stage.TAKING_OVER, "undo_failed", "leave"),
        (Stage.FINISHING, "take_over_failed", "again"),
        (Stage.TAKEN_OVER, "take_over_failed", "again"),
        (Stage.TAKING_OVER, "undo_failed", "again"),
    ],
)
async def test_an_old_failure_decides_nothing_any_more(
    hass: HomeAssistant, newcomer: Newcomer, stage: Stage, message: str, choice: str
) -> None:
    plan = async_look(hass, newcomer.entry.entry_id, [newcomer.vin]).plan
    before = registries(hass)
    before_stage = Stage.UNDOING if message == "undo_failed" else Stage.TAKING_OVER
    await async_decide(hass, GCID, before_stage, plan)
    failure = FailureFlow(newcomer.entry, message)
    failure.hass = hass
    await async_decide(hass, GCID, stage, plan)
    step = await getattr(failure, f"async_step_{choice}")()
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "overtaken")
    record = await Journal(hass, GCID).async_read()
    assert record
    assert record["stage"] == stage
    assert registries(hass) == before


@contextmanager
def broken_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A disk that does not give the journal out."""
    original = Store.async_load

    async def load(store: Store[Record]) -> Record | None:
        if store.key.endswith(".migration"):
            raise OSError(errno.EIO, "Input/output error")
        return await original(store)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "async_load", load)
        yield


async def test_a_journal_that_cannot_be_read_hides_no_way_back(
    hass: HomeAssistant, newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = registries(hass)
    await take_over(hass, newcomer.entry)
    after = registries(hass)
    with broken_disk(monkeypatch):
        await hass.config_entries.async_reload(newcomer.entry.entry_id)
        assert issues(hass) == {"taken_over"}
        step = await open_dialog(hass, newcomer.entry, "taken_over")
        assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "unreadable")
        assert registries(hass) == after
    await undo(hass, newcomer.entry)
    assert registries(hass) == before


async def test_a_journal_that_cannot_be_read_is_kept_though_its_account_goes(
    hass: HomeAssistant, hass_storage: dict[str, object], newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was taken over goes with the account, comes back with it, and can be given back then."""
    before = registries(hass)
    await take_over(hass, newcomer.entry)
    [name] = (name for name in hass_storage if name.endswith(".migration"))
    with broken_disk(monkeypatch):
        await hass.config_entries.async_remove(newcomer.entry.entry_id)
    assert name in hass_storage
    assert MILEAGE not in er.async_get(hass).entities
    await set_up(hass, again := account_entry())
    assert er.async_get(hass).entities[MILEAGE].platform == DOMAIN
    assert issues(hass) == {"taken_over"}
    await undo(hass, again)
    entity = er.async_get(hass).entities[MILEAGE]
    assert (entity.platform, entity.config_entry_id) == (CORE, newcomer.left.entry.entry_id)
    assert before[MILEAGE]["unique_id"] == entity.unique_id


@pytest.mark.parametrize("change", [{"version": 2}, {"stage": "of a later release"}])
async def test_a_journal_of_a_later_release_is_not_written_over(
    hass: HomeAssistant, hass_storage: dict[str, dict[str, object]], newcomer: Newcomer, change: dict[str, object]
) -> None:
    """Nobody knows what it says, so nothing is offered, done or removed."""
    dialog = await open_dialog(hass, newcomer.entry)
    plan = async_look(hass, newcomer.entry.entry_id, [newcomer.vin]).plan
    await async_decide(hass, GCID, Stage.TAKING_OVER, plan)
    [name] = (name for name in hass_storage if name.endswith(".migration"))
    if "version" in change:
        hass_storage[name] |= change
    else:
        await Journal(hass, GCID)._store.async_save(Record(stage="of a later release", taken_over_at=None, plan=plan))
    written, before = hass_storage[name], registries(hass)
    step = await answer(hass, dialog)
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "unreadable")
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    assert registries(hass) == before
    assert hass_storage[name] == written

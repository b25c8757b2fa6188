"""What fails is told, can be tried again or left, and costs nobody what the former integration left behind."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
import errno
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.migration import MAY_BE_UNDONE, Journal, Stage, async_decide
from custom_components.mybmw.takeover_dialog import REMEDIES
from tests.account import GCID, NOW, pass_time
from tests.flow_texts import TEXTS, placeholders, section, sentences

from .dialogs import answer, issues, open_dialog, take_over, undo
from .leftovers import CORE, Newcomer
from .registries import registries, stand_on_disk
from .test_interrupted import full_disk

pytestmark = pytest.mark.freeze_time(NOW)

STORE: Final = "homeassistant.helpers.storage.Store"


@contextmanager
def stubborn_registry(monkeypatch: pytest.MonkeyPatch, *, after: int = 0) -> Iterator[None]:
    """A registry that refuses to change whose an entity is, after it has done so some times."""
    original, count = er.EntityRegistry.async_update_entity_platform, 0

    def refuse(*args: str, **kwargs: str) -> er.RegistryEntry:
        nonlocal count
        count += 1
        if count > after:
            raise ValueError
        return original(*args, **kwargs)  # type: ignore[arg-type] # what it was called with

    with monkeypatch.context() as patched:
        patched.setattr(er.EntityRegistry, "async_update_entity_platform", refuse)
        yield


@contextmanager
def stubborn_disk(monkeypatch: pytest.MonkeyPatch, *, is_read_only: bool = True) -> Iterator[None]:
    """A disk from which nothing can be removed and, if it is read-only, on which nothing can be written."""

    async def refuse(*_args: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", f"/config/.storage/mybmw.{GCID}.migration")

    with monkeypatch.context() as patched:
        patched.setattr(f"{STORE}.async_remove", refuse)
        if is_read_only:
            patched.setattr(f"{STORE}.async_save", full_disk)
        yield


async def choose(hass: HomeAssistant, newcomer: Newcomer, message: str, choice: str) -> str:
    """Answer a message; tells how that ends."""
    step = await answer(hass, await open_dialog(hass, newcomer.entry, message), choice)
    return "" if step["type"] is FlowResultType.CREATE_ENTRY else str(step["reason"])


def of_the_former(hass: HomeAssistant) -> dict[str, dict[str, object]]:
    """What the registries hold of it: entries, devices, entities."""
    entry_ids = tuple(entry.entry_id for entry in hass.config_entries.async_entries(CORE))
    return {
        name: what
        for name, what in registries(hass).items()
        if name.startswith(entry_ids or "-") or what.get("platform") == CORE
    }


async def disable(hass: HomeAssistant, newcomer: Newcomer) -> None:
    """Disable the former integration's entry before anything is taken over, which is what lets it be removed."""
    await hass.config_entries.async_set_disabled_by(newcomer.left.entry.entry_id, ConfigEntryDisabler.USER)


@pytest.fixture(params=[True, False], ids=["enabled", "disabled"])
async def _was_enabled(hass: HomeAssistant, newcomer: Newcomer, request: pytest.FixtureRequest) -> None:
    """Have the former integration's entry enabled or disabled before anything is taken over."""
    if not request.param:
        await disable(hass, newcomer)


@pytest.mark.usefixtures("_was_enabled")
async def test_what_was_not_taken_over_is_not_cleaned_up(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    newcomer: Newcomer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, dialog = registries(hass), await open_dialog(hass, newcomer.entry)
    with stubborn_registry(monkeypatch, after=5):
        step = await answer(hass, dialog)
        assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "failed")
        assert issues(hass) == {"take_over_failed"}
        assert newcomer.entry.state is ConfigEntryState.LOADED
        left = of_the_former(hass)
        assert len(left) > 30
        await pass_time(hass, freezer, 2 * MAY_BE_UNDONE)
        assert of_the_former(hass) == left
        assert await choose(hass, newcomer, "take_over_failed", "again") == "failed"
        assert of_the_former(hass) == left
        assert issues(hass) == {"take_over_failed"}
    assert await choose(hass, newcomer, "take_over_failed", "again") == ""
    assert issues(hass) == {"taken_over"}
    await undo(hass, newcomer.entry)
    assert registries(hass) == before


async def test_what_was_taken_over_in_part_can_be_given_back(
    hass: HomeAssistant, newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, dialog = registries(hass), await open_dialog(hass, newcomer.entry)
    with stubborn_registry(monkeypatch, after=5):
        await answer(hass, dialog)
    assert registries(hass) != before
    assert await choose(hass, newcomer, "take_over_failed", "undo") == ""
    assert registries(hass) == before
    assert issues(hass) == {"take_over"}


async def test_what_was_taken_over_in_part_can_be_left_at_that(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = await open_dialog(hass, newcomer.entry)
    with stubborn_registry(monkeypatch, after=5):
        await answer(hass, dialog)
    left = of_the_former(hass)
    with stubborn_disk(monkeypatch):
        assert await choose(hass, newcomer, "take_over_failed", "leave") == "not_stored"
    assert issues(hass) == {"take_over_failed"}
    assert await choose(hass, newcomer, "take_over_failed", "leave") == ""
    assert await Journal(hass, GCID).async_read() is None
    assert issues(hass) == {"take_over"}, "the rest"
    await pass_time(hass, freezer, 2 * MAY_BE_UNDONE)
    assert of_the_former(hass) == left


@pytest.mark.usefixtures("_was_enabled")
async def test_an_undo_that_fails_does_not_keep(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    newcomer: Newcomer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = registries(hass)
    await take_over(hass, newcomer.entry)
    with stubborn_registry(monkeypatch, after=5):
        assert await choose(hass, newcomer, "taken_over", "undo") == "failed"
        assert issues(hass) == {"undo_failed"}
        assert newcomer.entry.state is ConfigEntryState.LOADED
        left = of_the_former(hass)
        await pass_time(hass, freezer, 2 * MAY_BE_UNDONE)
        assert of_the_former(hass) == left
        assert await choose(hass, newcomer, "undo_failed", "again") == "failed"
        assert issues(hass) == {"undo_failed"}
    assert await choose(hass, newcomer, "undo_failed", "again") == ""
    assert registries(hass) == before
    assert issues(hass) == {"take_over"}


async def test_what_was_given_back_stays_though_that_cannot_be_written_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    newcomer: Newcomer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await disable(hass, newcomer)
    before = registries(hass)
    await take_over(hass, newcomer.entry)
    record = await Journal(hass, GCID).async_read()
    assert record
    await async_decide(hass, GCID, Stage.UNDOING, record["plan"])
    with stubborn_disk(monkeypatch):
        await hass.config_entries.async_reload(newcomer.entry.entry_id)
        assert registries(hass) == before
        assert issues(hass) == {"undo_failed"}
        assert "cannot be written (OSError)" in caplog.text
        await pass_time(hass, freezer, 2 * MAY_BE_UNDONE)
        await hass.config_entries.async_reload(newcomer.entry.entry_id)
        assert registries(hass) == before
        assert await choose(hass, newcomer, "undo_failed", "again") == "failed"
    assert await choose(hass, newcomer, "undo_failed", "again") == ""
    assert registries(hass) == before
    assert issues(hass) == {"take_over"}


async def test_a_file_that_cannot_be_removed_is_emptied(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, dict[str, object]],
    newcomer: Newcomer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await disable(hass, newcomer)
    before = registries(hass)
    await take_over(hass, newcomer.entry)
    with stubborn_disk(monkeypatch, is_read_only=False):
        await undo(hass, newcomer.entry)
        await stand_on_disk(hass, freezer)
    assert issues(hass) == {"take_over"}
    [name] = (name for name in hass_storage if name.endswith(".migration"))
    assert newcomer.vin not in str(hass_storage[name])
    await pass_time(hass, freezer, 2 * MAY_BE_UNDONE)
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    assert registries(hass) == before
    assert issues(hass) == {"take_over"}


async def by_waiting(hass: HomeAssistant, freezer: FrozenDateTimeFactory, newcomer: Newcomer) -> None:
    """Let the day pass."""
    assert newcomer.entry.state is ConfigEntryState.LOADED
    await pass_time(hass, freezer, MAY_BE_UNDONE)


async def by_keeping(hass: HomeAssistant, _freezer: FrozenDateTimeFactory, newcomer: Newcomer) -> None:
    """End it early."""
    assert await choose(hass, newcomer, "taken_over", "keep") == "failed"


async def by_a_restart(hass: HomeAssistant, freezer: FrozenDateTimeFactory, newcomer: Newcomer) -> None:
    """Let the day pass while Home Assistant is off."""
    await hass.config_entries.async_unload(newcomer.entry.entry_id)
    freezer.tick(MAY_BE_UNDONE)
    await hass.config_entries.async_setup(newcomer.entry.entry_id)


@pytest.mark.parametrize(
    ("end", "remedy"), [(by_waiting, "again"), (by_keeping, "leave"), (by_keeping, "again"), (by_a_restart, "again")]
)
async def test_what_cannot_be_made_final_is_kept(  # noqa: PLR0913, PLR0917 (fixtures)
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    newcomer: Newcomer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    end: Callable[[HomeAssistant, FrozenDateTimeFactory, Newcomer], Awaitable[None]],
    remedy: str,
) -> None:
    await take_over(hass, newcomer.entry)
    await stand_on_disk(hass, freezer)
    left, ours = of_the_former(hass), registries(hass)
    with stubborn_disk(monkeypatch):
        await end(hass, freezer, newcomer)
        assert registries(hass) == ours
        assert issues(hass) == {"clean_up_failed"}
        assert await choose(hass, newcomer, "clean_up_failed", remedy) in {"failed", "not_stored"}
        assert registries(hass) == ours
    assert "Traceback" not in caplog.text
    assert issues(hass) == {"clean_up_failed"}
    assert await choose(hass, newcomer, "clean_up_failed", remedy) == ""
    assert of_the_former(hass) == ({} if remedy == "again" else left)
    assert "clean_up_failed" not in issues(hass)
    assert await Journal(hass, GCID).async_read() is None


async def test_who_got_something_back_is_not_cleaned_up(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, newcomer: Newcomer
) -> None:
    """A journal may be older than the registries, out of a backup or on a disk that was read-only for a while."""
    await disable(hass, newcomer)
    before = of_the_former(hass)
    await take_over(hass, newcomer.entry)
    await stand_on_disk(hass, freezer)
    record = await Journal(hass, GCID).async_read()
    assert record
    await undo(hass, newcomer.entry)
    await Journal(hass, GCID).async_write(record)
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    assert issues(hass) == {"taken_over"}
    await pass_time(hass, freezer, MAY_BE_UNDONE)
    assert of_the_former(hass) == before


async def test_an_account_that_is_removed_within_the_day_gives_all_back(
    hass: HomeAssistant, newcomer: Newcomer
) -> None:
    before = of_the_former(hass)
    await take_over(hass, newcomer.entry)
    assert of_the_former(hass) != before
    await hass.config_entries.async_remove(newcomer.entry.entry_id)
    await hass.async_block_till_done()
    assert of_the_former(hass) == before
    assert {entity.platform for entity in er.async_get(hass).entities.values()} == {CORE}
    assert await Journal(hass, GCID).async_read() is None
    assert issues(hass) == set()


async def test_what_cannot_be_given_back_is_kept_until_its_account_is_added_again(
    hass: HomeAssistant, newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await take_over(hass, newcomer.entry)
    with stubborn_registry(monkeypatch, after=5):
        await hass.config_entries.async_remove(newcomer.entry.entry_id)
    assert "can be given back (ValueError)" in caplog.text
    record = await Journal(hass, GCID).async_read()
    assert record
    assert record["stage"] == Stage.UNDOING
    assert not hass.config_entries.async_entries(DOMAIN)
    assert newcomer.left.entry in hass.config_entries.async_entries(CORE)


def test_every_remedy_has_a_text() -> None:
    for texts in TEXTS.values():
        for failure, remedies in REMEDIES.items():
            fix_flow = section(texts, "issues", failure, "fix_flow")
            assert section(fix_flow, "step", "init", "menu_options").keys() == set(remedies)
            reasons = {"account_gone", "failed", "not_stored", "overtaken", "unreadable"}
            assert section(fix_flow, "abort").keys() == reasons
            told = " ".join(text for _, text in sentences(section(texts, "issues", failure)))
            assert placeholders(told) == {"account"}

"""A file that the disk does not give out: nothing is written over it, and all goes on when it can be read again."""

from pathlib import Path
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.json import save_json
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util.json import load_json_object
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.issues import async_report_refusal
from custom_components.mybmw.keepsakes import Keepsakes, async_get_keepsakes
from custom_components.mybmw.repairs import PROBE_WAITS, LookAgainFlow, async_create_fix_flow
from custom_components.mybmw.sources import NotAllowedError, Refusal
from custom_components.mybmw.sources.loopback import LOOPBACK

from .account import FakeSource, a_car, account_entry, mileage, set_up, try_to_set_up
from .cardata_flow.steps import CALLS, cardata_account
from .door import (
    ENTERED_IN_CHINA,
    GCID,
    NEW_PASSWORD,
    NOW,
    OLD_CREDENTIALS,
    OTHER_GCID,
    Door,
    begin,
    known_account,
    reconfigure,
    stored,
    submit,
)
from .flow_texts import TEXTS, section
from .gallery import looked_at, open_gallery
from .simulator import Simulator

I4: Final = a_car("i4")

pytestmark = pytest.mark.freeze_time(NOW)


@pytest.fixture
def hass_storage() -> dict[str, object]:
    """No files in memory, for once: these are real."""
    return {}


class File:
    """A file among what Home Assistant keeps, and a folder that stands in its way while it cannot be read."""

    def __init__(self, hass: HomeAssistant, name: str) -> None:
        self.path = Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{name}"))
        self._safe = self.path.with_name("safe")

    def lose(self) -> None:
        """Have the disk not give it out."""
        if self.path.exists():
            self.path.rename(self._safe)
        self.path.mkdir(parents=True)

    def find(self) -> None:
        """Have it read again, as it was."""
        self.path.rmdir()  # fails, if anything was written
        self._safe.rename(self.path)


@pytest.fixture
def file(hass: HomeAssistant) -> File:
    """The file of the account."""
    return File(hass, GCID.replace("-", "_"))


@pytest.fixture
async def entry(hass: HomeAssistant, source: FakeSource) -> MockConfigEntry:
    """An account with a sign-in, not set up yet."""
    source.show(I4)
    await AccountStore(hass, GCID).async_keep_credentials(OLD_CREDENTIALS)
    return account_entry()


async def test_an_account_whose_file_cannot_be_read_is_tried_again(
    hass: HomeAssistant, entry: MockConfigEntry, source: FakeSource, file: File
) -> None:
    file.lose()
    await try_to_set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "unreadable"
    assert entry.error_reason_translation_placeholders == {"error": "Is a directory"}
    assert source.times_asked == 0
    assert not hass.config_entries.flow.async_progress(), "nobody is asked to sign in"
    file.find()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert mileage(hass, I4) == "1000"
    assert load_json_object(file.path)["data"] == {"credentials": dict(OLD_CREDENTIALS), "pause": None}


async def test_a_file_of_a_later_version_is_left_alone(hass: HomeAssistant, entry: MockConfigEntry, file: File) -> None:
    document = {**load_json_object(file.path), "version": 2}
    save_json(str(file.path), document)
    await try_to_set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_placeholders == {"error": "UnsupportedStorageVersionError"}
    assert load_json_object(file.path) == document


async def test_an_account_whose_file_cannot_be_read_can_be_removed(
    hass: HomeAssistant, entry: MockConfigEntry, issue_registry: ir.IssueRegistry, source: FakeSource, file: File
) -> None:
    source.failure = NotAllowedError("Blocked", Refusal.BLOCKED)
    await try_to_set_up(hass, entry)
    assert (DOMAIN, f"blocked_{entry.entry_id}") in issue_registry.issues
    file.lose()
    await hass.config_entries.async_remove(entry.entry_id)
    assert hass.config_entries.async_entries(DOMAIN) == []
    assert (DOMAIN, f"blocked_{entry.entry_id}") not in issue_registry.issues


@pytest.mark.parametrize("what_stays", ["picture_index", "migration"])
async def test_the_sign_in_of_a_removed_account_goes_whatever_else_cannot_be_deleted(
    hass: HomeAssistant, entry: MockConfigEntry, issue_registry: ir.IssueRegistry, what_stays: str
) -> None:
    store = AccountStore(hass, GCID)
    store.set_aside("cardata", {"calls": CALLS})
    await store.async_keep_credentials(OLD_CREDENTIALS)
    entry.add_to_hass(hass)
    async_report_refusal(hass, entry.entry_id, entry.title, Refusal.BLOCKED)
    slug = GCID.replace("-", "_")
    pictures, other = File(hass, f"{slug}.pictures"), File(hass, f"{slug}.{what_stays}")
    pictures.lose()
    other.lose()
    await hass.config_entries.async_remove(entry.entry_id)
    assert list(other.path.parent.glob(f"{DOMAIN}.{slug}*")) == [other.path]
    assert (DOMAIN, f"blocked_{entry.entry_id}") not in issue_registry.issues
    assert await async_get_keepsakes(hass).async_find(GCID) == {"cardata": {"calls": CALLS}}


async def test_a_refused_account_whose_file_cannot_be_read_is_not_looked_at(
    hass: HomeAssistant, entry: MockConfigEntry, source: FakeSource, file: File, freezer: FrozenDateTimeFactory
) -> None:
    source.failure = NotAllowedError("Forbidden", Refusal.FORBIDDEN)
    await try_to_set_up(hass, entry)
    asked = source.times_asked
    freezer.tick(PROBE_WAITS[Refusal.FORBIDDEN])
    file.lose()
    flow = await async_create_fix_flow(hass, f"forbidden_{entry.entry_id}", {"entry_id": entry.entry_id})
    assert isinstance(flow, LookAgainFlow)
    flow.hass = hass
    assert (await flow.async_step_look_again({}))["errors"] == {"base": "unreadable"}
    assert source.times_asked == asked
    for texts in TEXTS.values():
        for refusal in Refusal:
            assert "unreadable" in section(texts, "issues", refusal, "fix_flow", "error")
    file.find()


async def test_a_sign_in_to_an_account_whose_file_cannot_be_read_changes_nothing(
    hass: HomeAssistant, door: Door, file: File
) -> None:
    await AccountStore(hass, GCID).async_keep_credentials(OLD_CREDENTIALS)
    entry = known_account(hass, "china")
    before = entry.data
    file.lose()
    form = await submit(hass, await reconfigure(hass, entry), password=NEW_PASSWORD, region="china")
    assert (form["type"], form["reason"]) == (FlowResultType.ABORT, "unreadable")
    assert form["description_placeholders"] == {"error": "Is a directory"}
    assert door.attempts == [], "and BMW is not asked for nothing"
    form = await submit(hass, await begin(hass), **{**ENTERED_IN_CHINA, "username": "8613900000000"})
    assert form["reason"] == "already_configured"
    assert entry.data == before
    file.find()
    assert load_json_object(file.path)["data"] == {"credentials": dict(OLD_CREDENTIALS), "pause": None}


@pytest.mark.usefixtures("socket_enabled")
async def test_no_code_is_entered_for_an_account_whose_file_cannot_be_read(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, file: File
) -> None:
    async with Simulator(cars=[]) as cloud:
        monkeypatch.setenv(LOOPBACK, cloud.url)
        customer = cloud.cardata.customer()
        entry = cardata_account(hass, customer, gcid=GCID)
        file.lose()
        forms = [
            await submit(hass, await entry.start_reauth_flow(hass), client_id=customer.client_id),
            await submit(hass, await reconfigure(hass, entry, "cardata_again"), client_id=customer.client_id),
            await submit(hass, await reconfigure(hass, known_account(hass), "cardata"), client_id=customer.client_id),
        ]
        assert [(form["type"], form["reason"]) for form in forms] == [(FlowResultType.ABORT, "unreadable")] * 3
        assert cloud.requests == []


@pytest.mark.usefixtures("door")
async def test_a_new_account_whose_file_is_there_and_cannot_be_read(hass: HomeAssistant, file: File) -> None:
    file.lose()
    form = await submit(hass, await begin(hass), **ENTERED_IN_CHINA)
    assert (form["type"], form["reason"]) == (FlowResultType.ABORT, "unreadable")
    assert hass.config_entries.async_entries(DOMAIN) == []
    assert list(file.path.iterdir()) == []


async def test_pictures_of_which_nothing_can_be_read_are_asked_for_once_more(
    hass: HomeAssistant, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    File(hass, f"{GCID.replace('-', '_')}.picture_index").lose()
    await open_gallery(hass, source)
    assert await looked_at(hass)
    assert len(source.pictures_asked) == 1
    assert "pictures of cars cannot be read (HomeAssistantError)" in caplog.text


async def test_what_removed_accounts_have_spent_stops_no_other(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    file = File(hass, "removed")
    file.lose()
    await set_up(hass, entry)
    assert mileage(hass, I4) == "1000"
    assert await Keepsakes(hass).async_find(GCID) == {}
    assert "accounts have spent cannot be read (HomeAssistantError)" in caplog.text


async def test_what_removed_accounts_have_spent_is_not_written_over_when_it_cannot_be_read(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    file, keepsakes = File(hass, "removed"), Keepsakes(hass)
    await keepsakes.async_keep({OTHER_GCID}, {"cardata": {"calls": CALLS}})
    document = {**load_json_object(file.path), "version": 2}
    save_json(str(file.path), document)
    entry.add_to_hass(hass)
    store = AccountStore(hass, GCID)
    store.set_aside("cardata", {"calls": CALLS})
    await store.async_keep_credentials(OLD_CREDENTIALS)
    await hass.config_entries.async_remove(entry.entry_id)
    assert load_json_object(file.path) == document
    assert "accounts have spent cannot be read (UnsupportedStorageVersionError)" in caplog.text
    assert (await stored(hass)).credentials == {}, "the account is removed all the same"

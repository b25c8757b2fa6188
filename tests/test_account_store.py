"""What is remembered of an account is on disk, for nobody else's eyes and in one piece, or said not to be."""

from contextlib import AbstractContextManager
from pathlib import Path
from unittest.mock import patch

from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.json import save_json
from homeassistant.util.json import JsonValueType, load_json_object
import pytest

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.sources import Refusal
from custom_components.mybmw.sources.pauses import Pause

from .account import NOW

ACCOUNT = "ceb64158"


@pytest.fixture
def hass_storage() -> dict[str, object]:
    """No files in memory, for once: these are real."""
    return {}


@pytest.fixture
def file(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Where the account is remembered, on a real disk."""
    hass.config.config_dir = str(tmp_path)
    return tmp_path / ".storage" / f"mybmw.{ACCOUNT}"


def full_disk() -> AbstractContextManager[object]:
    """Have no room for anything new."""
    return patch("homeassistant.util.file.AtomicWriter", side_effect=OSError(28, "No space left on device"))


def make_folder(path: Path) -> None:
    """Make a folder, which is in the way where a file belongs."""
    path.mkdir(parents=True)


def write_deep(file: Path) -> None:
    """Write what is nested more deeply than anything can be that Home Assistant has written."""
    make_folder(file.parent)
    deep = "[" * 300 + "]" * 300
    data = f'{{"credentials": {{"refresh_token": "x"}}, "pause": null, "aside": {{"cardata": {{"cars": {deep}}}}}}}'
    file.write_text(f'{{"version": 1, "key": "{file.name}", "data": {data}}}', encoding="utf-8")


def kept(file: Path) -> object:
    """The credentials in the file, which is nobody else's business."""
    assert file.stat().st_mode & 0o777 == 0o600
    data = load_json_object(file)["data"]
    assert isinstance(data, dict)
    return data["credentials"]


async def test_credentials_are_on_disk_at_once(hass: HomeAssistant, file: Path) -> None:
    store = AccountStore(hass, ACCOUNT)
    await store.async_keep_credentials({"refresh_token": "one"})
    await store.async_keep_credentials({"refresh_token": "two"})
    assert kept(file) == {"refresh_token": "two"}


async def test_a_full_disk_is_noticed(hass: HomeAssistant, file: Path) -> None:
    store = AccountStore(hass, ACCOUNT)
    await store.async_keep_credentials({"refresh_token": "one"})
    with full_disk(), pytest.raises(OSError, match="could not write"):
        await store.async_keep_credentials({"refresh_token": "two"})
    assert kept(file) == {"refresh_token": "one"}
    await store.async_keep_credentials({"refresh_token": "two"})
    assert kept(file) == {"refresh_token": "two"}


async def test_a_first_file_that_cannot_be_written_is_noticed(hass: HomeAssistant, file: Path) -> None:
    with full_disk(), pytest.raises(OSError, match="could not write"):
        await AccountStore(hass, ACCOUNT).async_keep_credentials({"refresh_token": "one"})
    assert load_json_object(file) == {}


async def test_what_stands_in_the_way_of_a_file_is_noticed(hass: HomeAssistant, file: Path) -> None:
    make_folder(file)
    with pytest.raises(OSError, match="could not write"):
        await AccountStore(hass, ACCOUNT).async_keep_credentials({"refresh_token": "one"})


async def test_while_home_assistant_stops_it_writes_at_the_very_end(hass: HomeAssistant, file: Path) -> None:
    store = AccountStore(hass, ACCOUNT)
    await store.async_keep_credentials({})
    hass.set_state(CoreState.stopping)
    await store.async_keep_credentials({"refresh_token": "last"})
    assert kept(file) == {}
    hass.bus.async_fire("homeassistant_final_write")
    await hass.async_block_till_done()
    assert kept(file) == {"refresh_token": "last"}


async def test_the_file_is_private_and_written_in_one_piece(hass: HomeAssistant) -> None:
    """Files exist in memory only while there are tests, so the last step to the disk is taken by hand."""
    file = AccountStore(hass, "An-Account")._store
    with patch("homeassistant.helpers.storage.write_utf8_file_atomic") as write:
        await hass.async_add_executor_job(file._write_data, {"data": {"refresh_token": "the-way-in"}})
    path, content, is_private = write.call_args.args
    assert path.endswith("/.storage/mybmw.an_account")
    assert b"the-way-in" in content
    assert is_private is True


@pytest.mark.parametrize(("stored", "read"), [("blocked", Refusal.BLOCKED), (None, None), ("of a later version", None)])
async def test_a_pause_is_kept_whoever_stored_it(
    hass: HomeAssistant, file: Path, stored: str | None, read: Refusal | None
) -> None:
    pause = {"until": NOW.isoformat(), "refusal": stored}
    document = {"version": 1, "key": file.name, "data": {"credentials": {"refresh_token": "x"}, "pause": pause}}
    make_folder(file.parent)
    save_json(str(file), document)
    store = AccountStore(hass, ACCOUNT)
    await store.async_load()
    assert store.pause == Pause(until=NOW, refusal=read)
    assert store.credentials == {"refresh_token": "x"}


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        {"credentials": "x", "pause": [], "aside": 1},
        {"credentials": [], "pause": {"until": 5}, "aside": {"cardata": None}},
        {"credentials": None, "pause": {"until": "2023-02-29T00:00:00Z", "refusal": None}},
        {"credentials": None, "pause": {"until": "2023-01-04T15:00:00", "refusal": None}},
        {"credentials": None, "pause": {"until": "soon", "refusal": {}}},
        {"pause": {"until": "0001-01-02T00:00:00Z", "since": "0001-01-01T00:00:00Z", "refusal": None}},
        {"pause": {"until": "9999-12-31T23:00:00Z", "since": "9999-12-31T22:00:00Z", "refusal": None}},
    ],
)
async def test_what_is_damaged_was_never_stored(hass: HomeAssistant, file: Path, data: JsonValueType) -> None:
    make_folder(file.parent)
    save_json(str(file), {"version": 1, "key": file.name, "data": data})
    store = AccountStore(hass, ACCOUNT)
    await store.async_load()
    assert store.credentials == store.aside("cardata") == {}
    assert store.pending_pause is None


async def test_what_is_damaged_does_not_take_the_rest_along(hass: HomeAssistant, file: Path) -> None:
    make_folder(file.parent)
    data = {"credentials": {"refresh_token": "x"}, "pause": {"until": NOW.isoformat(), "refusal": []}, "aside": 5}
    save_json(str(file), {"version": 1, "key": file.name, "data": data})
    store = AccountStore(hass, ACCOUNT)
    await store.async_load()
    assert store.credentials == {"refresh_token": "x"}
    assert store.pause == Pause(until=NOW, refusal=None)


async def test_what_is_too_deep_to_be_written_again_keeps_no_sign_in_from_the_disk(
    hass: HomeAssistant, file: Path
) -> None:
    write_deep(file)
    store = AccountStore(hass, ACCOUNT)
    await store.async_load()
    await store.async_keep_credentials({"refresh_token": "y"})
    assert kept(file) == {"refresh_token": "y"}

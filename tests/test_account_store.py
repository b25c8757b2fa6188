"""What is remembered of an account is for nobody else's eyes, and survives a crash while it is written."""

from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest

from custom_components.mybmw.account_store import AccountStore, Pause
from custom_components.mybmw.sources import Refusal

from .account import NOW


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
    hass: HomeAssistant, hass_storage: dict[str, dict[str, object]], stored: str | None, read: Refusal | None
) -> None:
    hass_storage["mybmw.account"] = {
        "version": 1,
        "data": {"credentials": {"refresh_token": "x"}, "pause": {"until": NOW.isoformat(), "refusal": stored}},
    }
    store = AccountStore(hass, "account")
    await store.async_load()
    assert store.pause == Pause(until=NOW, refusal=read)
    assert store.credentials == {"refresh_token": "x"}

"""What an earlier release has left on disk is understood by this one."""

from typing import Final
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components import mybmw
from custom_components.mybmw.config_flow import MyBMWConfigFlow
from custom_components.mybmw.const import DOMAIN

from .account import GCID, NOW, FakeSource, a_car, mileage, try_to_set_up

pytestmark = pytest.mark.freeze_time(NOW)

FIRST_ENTRY: Final = {
    "version": 1,
    "minor_version": 1,
    "unique_id": GCID,
    "title": "d…r@e…",
    "data": {"source": "mybmw", "username": "driver@example.com", "password": "x", "region": "rest_of_world"},
    "options": {"read_only": False, "scan_interval": 10},
}
"""The config entry of release 0.1.0."""

FIRST_FILE: Final = {
    "credentials": {"gcid": GCID, "refresh_token": "rotates"},
    "pause": {"until": "2023-01-04T15:00:00+00:00", "refusal": "blocked"},
}
"""The private file of an account of release 0.1.0; what is in the credentials is up to the source."""


async def test_an_account_of_the_first_release(hass: HomeAssistant, hass_storage: dict[str, object]) -> None:
    name = f"{DOMAIN}.{GCID.replace('-', '_')}"
    hass_storage[name] = {"version": 1, "minor_version": 1, "key": name, "data": FIRST_FILE}
    source = FakeSource()
    source.show(car := a_car())
    entry = MockConfigEntry(domain=DOMAIN, **FIRST_ENTRY)
    with patch("custom_components.mybmw.open_source", return_value=source) as opened:
        await try_to_set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert opened.call_args.args == (FIRST_ENTRY["data"], FIRST_FILE["credentials"])
    assert mileage(hass, car) == "1000"
    coordinator = entry.runtime_data
    assert coordinator.update_interval.total_seconds() == 600
    assert coordinator.is_read_only is False
    assert coordinator.pause is None, "it ended just now"
    assert coordinator.last_success == dt_util.utcnow()


async def test_an_entry_of_a_later_release_is_left_alone(hass: HomeAssistant, source: FakeSource) -> None:
    """Who goes back to an earlier release is told so, and loses nothing."""
    source.show(a_car())
    entry = MockConfigEntry(domain=DOMAIN, **{**FIRST_ENTRY, "version": MyBMWConfigFlow.VERSION + 1})
    await try_to_set_up(hass, entry)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    assert source.times_asked == 0
    assert entry.data == FIRST_ENTRY["data"]


def test_another_shape_comes_with_a_way_to_it() -> None:
    """Today's is the first: nothing to migrate. Whoever changes the version has to write `async_migrate_entry`."""
    version = (MyBMWConfigFlow.VERSION, MyBMWConfigFlow.MINOR_VERSION)
    is_the_first = version == (FIRST_ENTRY["version"], FIRST_ENTRY["minor_version"])
    assert is_the_first or hasattr(mybmw, "async_migrate_entry")

"""Somebody who had another integration."""

from homeassistant.core import HomeAssistant
import pytest

from tests.account import FakeSource, account_entry, recorded_vehicle, set_up

from .leftovers import Newcomer, leave_behind


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

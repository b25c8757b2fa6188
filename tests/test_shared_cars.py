"""A car that is on two accounts is one device: that of the account which showed it first."""

from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import TryLaterError
from custom_components.mybmw.vehicle import Vehicle

from .account import NOW, FakeSource, a_car, account_entry, mileage, pass_time, set_up
from .test_coordinator_cars import I4, INTERVAL, MINI

OTHER_GCID: Final = "0b8e0f5e-53a0-4b7a-8f3d-3d4b4b1c2a11"

pytestmark = pytest.mark.freeze_time(NOW)


def vins(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """The cars that an account shows."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return {identifier for device in devices if device.entry_type is None for _, identifier in device.identifiers}


def shared_cars_issue(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """What an owner is told of cars that are left out of an account."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"shared_cars_{entry.entry_id}")


async def two_accounts(
    hass: HomeAssistant, source: FakeSource, *others: Vehicle
) -> tuple[MockConfigEntry, MockConfigEntry]:
    """Set up two accounts, one after the other, that share a car; the second has others beside it."""
    first, second = account_entry(), account_entry(gcid=OTHER_GCID)
    source.show(I4)
    await set_up(hass, first)
    source.show(I4, *others)
    await set_up(hass, second)
    return first, second


async def test_a_car_on_two_accounts_is_shown_by_the_first(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = await two_accounts(hass, source, MINI)
    assert vins(hass, first) == {I4.vin}
    assert vins(hass, second) == {MINI.vin}
    issue = shared_cars_issue(hass, second)
    assert issue
    assert issue.severity is ir.IssueSeverity.WARNING
    assert not issue.is_fixable
    assert issue.translation_placeholders == {"account": second.title, "cars": "i4", "other": first.title}
    assert shared_cars_issue(hass, first) is None
    assert "unique ID" not in caplog.text
    assert I4.vin not in caplog.text

    source.show(a_car("i4", mileage_km=1001), MINI)
    source.cars_read = []
    await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, I4) == "1001"
    assert vins(hass, second) == {MINI.vin}
    assert source.cars_read.count(I4.vin) == 1  # each is asked for by the account that shows it
    assert source.cars_read.count(MINI.vin) == 1


async def test_of_two_accounts_that_begin_at_once_one_shows_the_car(
    hass: HomeAssistant, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    """As when Home Assistant starts, and the car has been on both since it was stopped."""
    source.show(I4)
    accounts = account_entry(), account_entry(gcid=OTHER_GCID)
    for account in accounts:
        account.add_to_hass(hass)
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    assert sorted(len(vins(hass, account)) for account in accounts) == [0, 1]
    assert sum(shared_cars_issue(hass, account) is not None for account in accounts) == 1
    assert mileage(hass, I4) == "1000"
    assert "unique ID" not in caplog.text


async def test_a_shared_car_is_called_what_its_owner_calls_it(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, source: FakeSource
) -> None:
    first, second = account_entry(), account_entry(gcid=OTHER_GCID)
    source.show(I4)
    await set_up(hass, first)
    device = device_registry.async_get_device_by_identifier((DOMAIN, I4.vin), first.entry_id)
    assert device
    device_registry.async_update_device(device.id, name_by_user="Blue one")
    await set_up(hass, second)
    issue = shared_cars_issue(hass, second)
    assert issue
    assert issue.translation_placeholders == {"account": second.title, "cars": "Blue one", "other": first.title}


async def test_a_car_sold_beside_a_shared_one_goes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    first, second = await two_accounts(hass, source, MINI)
    source.show(I4)
    await pass_time(hass, freezer, INTERVAL)
    assert vins(hass, first) == {I4.vin}
    assert vins(hass, second) == set()


async def test_a_car_goes_on_with_the_account_that_is_left(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    first, second = await two_accounts(hass, source)
    assert vins(hass, second) == set()
    await hass.config_entries.async_remove(first.entry_id)
    await pass_time(hass, freezer, INTERVAL)
    assert vins(hass, second) == {I4.vin}
    assert mileage(hass, I4) == "1000"
    assert shared_cars_issue(hass, second) is None


async def test_an_account_that_comes_back_takes_no_car_away(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    first = account_entry()
    source.show(I4)
    await set_up(hass, first)
    await hass.config_entries.async_set_disabled_by(first.entry_id, ConfigEntryDisabler.USER)
    freezer.tick(INTERVAL)
    second = account_entry(gcid=OTHER_GCID)
    await set_up(hass, second)
    assert vins(hass, second) == {I4.vin}
    await hass.config_entries.async_set_disabled_by(first.entry_id, None)
    await hass.async_block_till_done()
    assert vins(hass, first) == set()
    await pass_time(hass, freezer, INTERVAL)
    assert vins(hass, second) == {I4.vin}
    assert mileage(hass, I4) == "1000"
    assert "unique ID" not in caplog.text


async def test_what_was_said_of_a_shared_car_stays_while_it_cannot_be_read(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    first, second = account_entry(), account_entry(gcid=OTHER_GCID)
    source.show(I4, MINI)
    await set_up(hass, first)
    await set_up(hass, second)
    said = shared_cars_issue(hass, second)
    source.show(MINI)
    source.failures = {I4.vin: TryLaterError("BMW does not answer")}
    await pass_time(hass, freezer, INTERVAL)
    source.show()
    source.failures = {I4.vin: TryLaterError("BMW does not answer")}
    await pass_time(hass, freezer, INTERVAL)
    assert said
    assert shared_cars_issue(hass, second) is not None


async def test_removing_an_account_takes_its_messages_along(hass: HomeAssistant, source: FakeSource) -> None:
    _, second = await two_accounts(hass, source)
    assert shared_cars_issue(hass, second)
    await hass.config_entries.async_remove(second.entry_id)
    assert shared_cars_issue(hass, second) is None

"""What happens within the day costs nobody the way back; nor does what an owner had arranged before it."""

from collections.abc import Mapping
from typing import cast

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.const import CONF_READ_ONLY, DOMAIN
from custom_components.mybmw.migration import Journal
from tests.account import GCID, NOW, FakeSource, account_entry, pass_time, recorded_vehicle, set_up
from tests.test_coordinator_cars import INTERVAL

from .dialogs import take_over, undo
from .leftovers import Newcomer, leave_behind
from .registries import registries
from .test_failed import of_the_former

pytestmark = pytest.mark.freeze_time(NOW)


async def test_commands_that_were_switched_off_come_back(hass: HomeAssistant, newcomer: Newcomer) -> None:
    """Whoever only watches has no commands; those of the former integration are to be had again all the same."""
    entry, lock = newcomer.entry, newcomer.left.entity_ids[Platform.LOCK, "lock"]
    before = of_the_former(hass)
    await take_over(hass, entry)
    hass.config_entries.async_update_entry(entry, options={CONF_READ_ONLY: True})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert lock not in er.async_get(hass).entities
    await undo(hass, entry)
    assert of_the_former(hass) == before


@pytest.mark.parametrize("is_account_removed", [False, True], ids=["undone", "account removed"])
async def test_a_car_that_was_missing_meanwhile_comes_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, *, is_account_removed: bool
) -> None:
    """It was missing on the account's list, though another was there, so its device went, and all that hung on it."""
    there, missing = recorded_vehicle("I20"), recorded_vehicle("G26")
    left = leave_behind(hass, missing)
    await hass.config_entries.async_setup(left.entry.entry_id)
    source.show(there, missing)
    entry = account_entry()
    await set_up(hass, entry)
    before = of_the_former(hass)
    await take_over(hass, entry)
    source.show(there)
    await pass_time(hass, freezer, INTERVAL)
    assert dr.async_get(hass).async_get(left.device.id) is None
    assert of_the_former(hass) != before
    if is_account_removed:
        await hass.config_entries.async_remove(entry.entry_id)
        await hass.async_block_till_done()
    else:
        await undo(hass, entry)
        assert dr.async_get(hass).async_get(left.device.id)
        ours = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        assert sum(device.entry_type is None for device in ours) == 1, "no device for a car that is not there"
    assert of_the_former(hass) == before


async def test_somebody_else_may_have_an_id_by_then(hass: HomeAssistant, newcomer: Newcomer) -> None:
    """Then it gets another, which does not tell whose car it is."""
    registry = er.async_get(hass)
    range_total = registry.entities[newcomer.left.entity_ids[Platform.SENSOR, "fuel_and_battery.remaining_range_total"]]
    await take_over(hass, newcomer.entry)
    await hass.config_entries.async_unload(newcomer.entry.entry_id)
    registry.async_remove(range_total.entity_id)
    registry.async_get_or_create("sensor", "template", "x", suggested_object_id=range_total.entity_id.partition(".")[2])
    await undo(hass, newcomer.entry)
    back = registry.entities.get_entry(range_total.id)
    assert back
    assert (back.platform, back.unique_id, back.entity_id) == (
        range_total.platform,
        range_total.unique_id,
        f"{range_total.entity_id}_2",
    )


async def test_a_car_is_shown_though_its_old_device_was_disabled(hass: HomeAssistant, newcomer: Newcomer) -> None:
    registry, devices, entry = er.async_get(hass), dr.async_get(hass), newcomer.entry
    devices.async_update_device(newcomer.left.device.id, disabled_by=dr.DeviceEntryDisabler.USER)
    await hass.async_block_till_done()
    before = registries(hass)

    def enabled() -> set[str]:
        entities = er.async_entries_for_config_entry(registry, entry.entry_id)
        return {entity.unique_id for entity in entities if not entity.disabled_by}

    shown = enabled()
    await take_over(hass, entry)
    windows = registry.entities[newcomer.left.entity_ids[Platform.BINARY_SENSOR, "windows"]]
    assert windows.disabled_by is er.RegistryEntryDisabler.USER
    assert enabled() == shown - {windows.unique_id}
    device = devices.async_get(newcomer.left.device.id)
    assert device
    assert device.disabled_by is None
    await undo(hass, entry)
    assert registries(hass) == before


async def test_our_own_device_comes_back_as_it_was(hass: HomeAssistant, newcomer: Newcomer) -> None:
    """With its id, its name, and a helper that somebody had put on it."""
    registry, devices = er.async_get(hass), dr.async_get(hass)
    own = devices.async_get_device_by_identifier((DOMAIN, newcomer.vin), newcomer.entry.entry_id)
    assert own
    devices.async_update_device(own.id, name_by_user="Ours", labels={"company"})
    meter = MockConfigEntry(domain="utility_meter")
    meter.add_to_hass(hass)
    meters = [
        registry.async_get_or_create("sensor", "utility_meter", device_id, config_entry=meter, device_id=device_id)
        for device_id in (own.id, newcomer.left.device.id)
    ]
    before = registries(hass)
    for _ in range(2):
        await take_over(hass, newcomer.entry)
        assert {registry.entities[one.entity_id].device_id for one in meters} == {newcomer.left.device.id}
        await undo(hass, newcomer.entry)
        assert registries(hass) == before
        assert devices.async_get(own.id)


async def test_a_journal_of_an_early_version_is_understood(hass: HomeAssistant, newcomer: Newcomer) -> None:
    before = registries(hass)
    await take_over(hass, newcomer.entry)
    journal = Journal(hass, GCID)
    record = await journal.async_read()
    assert record
    of_today: Mapping[str, tuple[str, ...]] = {
        "moves": ("device_id",),
        "devices": ("disabled_by", "is_shown", "own_id", "shown_since", "guests"),
    }
    for part, fields in of_today.items():
        for one in cast("dict[str, list[dict[str, object]]]", record["plan"])[part]:
            for name in fields:
                del one[name]
    await journal.async_write(record)
    assert await journal.async_read() == record
    await undo(hass, newcomer.entry)
    assert registries(hass) == before

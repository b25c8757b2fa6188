"""Several integrations that showed the same car, several accounts, and several cars of one old entry."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.migration import Reason, async_look
from custom_components.mybmw.sources import Json
from tests.account import NOW, FakeSource, account_entry, recorded_vehicle, set_up
from tests.test_shared_cars import OTHER_GCID, vins

from .dialogs import answer, open_dialog, take_over, undo
from .leftovers import CORE, CORE_INVENTORY, Newcomer, give_up, leave_behind
from .registries import registries, stand_on_disk

pytestmark = pytest.mark.freeze_time(NOW)

MILEAGE: Final = (Platform.SENSOR, "vehicle.vehicle.travelledDistance")
HOOD: Final = (Platform.BINARY_SENSOR, "vehicle.body.hood.isOpen")
FEW: Final = [key for key in CORE_INVENTORY if key[1] in {"mileage", "windows", "fuel_and_battery.remaining_fuel"}]


async def keep(hass: HomeAssistant, newcomer: Newcomer) -> None:
    """Take over, and make it final."""
    await take_over(hass, newcomer.entry)
    await answer(hass, await open_dialog(hass, newcomer.entry, "taken_over"), "keep")


async def test_what_was_taken_over_makes_way_for_nothing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, newcomer: Newcomer
) -> None:
    """Nor does its device: only what nobody goes on with is added by a second takeover."""
    registry, left = er.async_get(hass), newcomer.left
    await keep(hass, newcomer)
    odometer = registry.entities[left.entity_ids[Platform.SENSOR, "mileage"]]
    other = give_up(hass, recorded_vehicle("G26"), [MILEAGE, HOOD])
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    await hass.async_block_till_done()
    shown = (await open_dialog(hass, newcomer.entry))["description_placeholders"] or {}
    assert shown["another_goes_on"] == f"`{other.entity_ids[MILEAGE]}`"
    await stand_on_disk(hass, freezer)
    before = registries(hass)

    await take_over(hass, newcomer.entry)
    assert registry.entities[odometer.entity_id].id == odometer.id
    assert registry.entities[odometer.entity_id].platform == DOMAIN
    assert registry.entities[other.entity_ids[MILEAGE]].platform == other.entry.domain
    hood = registry.entities[other.entity_ids[HOOD]]
    assert (hood.platform, hood.device_id) == (DOMAIN, left.device.id)
    assert dr.async_get(hass).async_get(other.device.id)

    await undo(hass, newcomer.entry)
    assert registries(hass) == before


async def test_of_two_integrations_each_gets_its_own_back(hass: HomeAssistant, newcomer: Newcomer) -> None:
    other = give_up(hass, recorded_vehicle("G26"), [MILEAGE, HOOD])
    offer = async_look(hass, newcomer.entry.entry_id, [newcomer.vin])
    assert offer.leftovers[other.entity_ids[MILEAGE]] is Reason.ANOTHER_GOES_ON
    before = registries(hass)
    await take_over(hass, newcomer.entry)
    assert er.async_get(hass).entities[other.entity_ids[HOOD]].device_id == newcomer.left.device.id
    await undo(hass, newcomer.entry)
    assert registries(hass) == before
    assert er.async_get(hass).entities[other.entity_ids[HOOD]].device_id == other.device.id


async def test_an_account_that_took_over_an_old_device_keeps_its_car(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    """The device is older than either account, and says nothing about who showed the car last."""
    car = recorded_vehicle("G26")
    freezer.move_to(NOW - timedelta(days=900))
    leave_behind(hass, car, inventory=FEW)
    freezer.move_to(NOW - timedelta(days=30))
    source.show(car)
    first, second = account_entry(), account_entry(gcid=OTHER_GCID)
    await set_up(hass, first)
    await hass.config_entries.async_set_disabled_by(first.entry_id, ConfigEntryDisabler.USER)
    freezer.move_to(NOW - timedelta(days=20))
    await set_up(hass, second)
    await take_over(hass, second)
    freezer.move_to(NOW)
    await hass.config_entries.async_set_disabled_by(first.entry_id, None)
    await hass.async_block_till_done()
    await second.runtime_data.async_refresh()
    await hass.async_block_till_done()
    assert vins(hass, first) == set()
    assert vins(hass, second) == {car.vin}
    mileage = er.async_get(hass).async_get("sensor.old_mileage")
    assert mileage
    assert mileage.config_entry_id == second.entry_id
    assert "unique ID" not in caplog.text, "which would tell the VIN"


async def test_an_old_entry_goes_with_the_last_of_its_cars(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cars are on two accounts; nobody loses what the other one may still want."""
    cars = recorded_vehicle("G26"), recorded_vehicle("G01")
    left = leave_behind(hass, *cars, inventory=FEW)
    await hass.config_entries.async_setup(left.entry.entry_id)
    first, second = account_entry(), account_entry(gcid=OTHER_GCID)
    shown = dict(zip((first, second), cars, strict=True))

    def open_source(data: Mapping[str, Json], *_args: object, **_kwargs: object) -> FakeSource:
        source = FakeSource()
        source.show(next(car for entry, car in shown.items() if entry.data is data))
        return source

    def is_retired() -> bool:
        return left.entry.disabled_by is ConfigEntryDisabler.USER

    monkeypatch.setattr("custom_components.mybmw.open_source", open_source)
    await set_up(hass, first)
    await set_up(hass, second)
    await take_over(hass, first)
    assert not is_retired(), "the second has not taken over yet"
    before = registries(hass)
    await take_over(hass, second)
    assert is_retired()
    await undo(hass, second)
    assert registries(hass) == before
    await take_over(hass, second)
    await undo(hass, first)
    await answer(hass, await open_dialog(hass, second, "taken_over"), "keep")
    assert hass.config_entries.async_entries(CORE) == [left.entry], "the first has got its own back"
    await take_over(hass, first)
    await answer(hass, await open_dialog(hass, first, "taken_over"), "keep")
    assert hass.config_entries.async_entries(CORE) == []

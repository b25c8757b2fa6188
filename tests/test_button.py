"""The button of an account: one look now, unless BMW wants to be left alone."""

import asyncio
from datetime import timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import (
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
)
from custom_components.mybmw.vehicle import (
    Command,
    FindVehicle,
    FlashLights,
    Position,
    SoundHorn,
    StartClimate,
    StopClimate,
)

from .account import GCID, NOW, FakeSource, a_car, account_entry, mileage, pass_time, set_up, set_up_platform
from .acting import act, an_able_car, settle

HOUR: Final = timedelta(hours=1)
INTERVAL: Final = timedelta(minutes=5, seconds=1)
I4: Final = a_car("i4")
MINI: Final = a_car("cooper")
SILENT: Final = TryLaterError("BMW does not answer")

pytestmark = pytest.mark.freeze_time(NOW)


async def press(hass: HomeAssistant) -> None:
    """Press the button of the only account."""
    entity_id = er.async_get(hass).async_get_entity_id(Platform.BUTTON, DOMAIN, f"{GCID}-refresh")
    assert entity_id
    await hass.services.async_call(BUTTON_DOMAIN, SERVICE_PRESS, {ATTR_ENTITY_ID: entity_id}, blocking=True)
    await hass.async_block_till_done()


async def complaint(hass: HomeAssistant) -> HomeAssistantError:
    """What is said when the button is pressed in vain."""
    with pytest.raises(HomeAssistantError) as raised:
        await press(hass)
    return raised.value


async def test_buttons(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion, source: FakeSource
) -> None:
    entry_id = await set_up_platform(hass, source, Platform.BUTTON, an_able_car())
    await snapshot_platform(hass, entity_registry, snapshot, entry_id)


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("flash_lights", FlashLights()),
        ("sound_horn", SoundHorn()),
        ("start_climate", StartClimate()),
        ("stop_climate", StopClimate()),
        ("find_vehicle", FindVehicle(observer=Position(latitude=52.5, longitude=13.4))),
    ],
)
async def test_a_button_has_the_car_do_one_thing(
    hass: HomeAssistant, source: FakeSource, key: str, command: Command
) -> None:
    """Who looks for a car looks for it from home."""
    hass.config.latitude, hass.config.longitude = 52.5, 13.4
    car = an_able_car()
    source.show(car)
    await set_up(hass, account_entry())
    await act(hass, Platform.BUTTON, car, key, SERVICE_PRESS)
    assert source.commands == [(car.vin, command)]


async def test_cars_do_not_wait_for_one_another(hass: HomeAssistant, source: FakeSource) -> None:
    cars = [an_able_car("i4"), an_able_car("cooper")]
    source.show(*cars)
    await set_up(hass, account_entry())
    source.may_end.clear()
    pressing = [asyncio.create_task(act(hass, Platform.BUTTON, car, "flash_lights", SERVICE_PRESS)) for car in cars]
    await settle()
    assert [vin for vin, _ in source.commands] == [car.vin for car in cars]
    source.may_end.set()
    await asyncio.gather(*pressing)


async def test_who_presses_twice_at_once_has_the_account_read_once_after_the_other(
    hass: HomeAssistant, source: FakeSource
) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    source.may_tell.clear()
    pressing = [asyncio.create_task(press(hass)) for _ in range(2)]
    await settle()
    assert source.times_asked == 2
    source.may_tell.set()
    await asyncio.gather(*pressing)
    assert source.times_asked == 3


async def test_cars_hang_on_their_account(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, source: FakeSource
) -> None:
    source.show(I4)
    entry = account_entry()
    await set_up(hass, entry)
    account = device_registry.async_get_device_by_identifier((DOMAIN, GCID), entry.entry_id)
    car = device_registry.async_get_device_by_identifier((DOMAIN, I4.vin), entry.entry_id)
    assert account
    assert car
    assert (account.name, account.entry_type) == ("MyBMW account", dr.DeviceEntryType.SERVICE)
    assert car.via_device_id == account.id


async def test_an_account_keeps_its_device_when_a_car_of_its_make_leaves(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, device_registry: dr.DeviceRegistry, source: FakeSource
) -> None:
    source.show(I4, MINI)
    entry = account_entry()
    await set_up(hass, entry)
    source.show(I4)
    await pass_time(hass, freezer, INTERVAL)
    known = {
        identifier
        for device in dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        for _, identifier in device.identifiers
    }
    assert known == {GCID, I4.vin}


async def test_one_look_now_finds_new_cars_too(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    assert (source.times_asked, source.looked_for_cars) == (1, 0)
    source.show(a_car("i4", mileage_km=1001), MINI)
    await press(hass)
    assert (source.times_asked, source.looked_for_cars) == (2, 1)
    assert mileage(hass, I4) == "1001"
    assert mileage(hass, MINI) == "1000"


async def test_only_who_presses_has_cars_looked_for(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    await press(hass)
    await pass_time(hass, freezer, INTERVAL)
    assert (source.times_asked, source.looked_for_cars) == (3, 1)


@pytest.mark.parametrize(
    ("failure", "key", "until"),
    [
        (SlowDownError("Quota exceeded", NOW + 3 * HOUR), "paused_slow_down", "2023-01-04 19:00"),
        (NotAllowedError("Blocked", Refusal.BLOCKED), "paused_blocked", "2023-01-05 16:00"),
        (NotAllowedError("Forbidden", Refusal.FORBIDDEN), "paused_forbidden", "2023-01-04 17:00"),
    ],
)
async def test_a_pause_is_kept_and_told(
    hass: HomeAssistant, source: FakeSource, failure: SourceError, key: str, until: str
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    source.show(I4)
    await set_up(hass, account_entry())
    source.failure = failure
    for _ in range(3):
        err = await complaint(hass)
        assert err.translation_key == key
        assert until in str(err)
    assert source.times_asked == 2


@pytest.mark.parametrize("failure", [SILENT, SignInRequiredError("Sign in")])
async def test_a_look_that_brings_nothing_is_told(
    hass: HomeAssistant, source: FakeSource, failure: SourceError
) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    source.failure = failure
    assert (await complaint(hass)).translation_key == "refresh_failed"
    source.failure = None
    await press(hass)


async def test_a_car_that_answers_is_worth_the_look(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(I4, MINI)
    await set_up(hass, account_entry())
    source.show(MINI)
    source.failures = {I4.vin: SILENT}
    await press(hass)
    source.failures[MINI.vin] = SILENT
    source.vehicles = {}
    assert (await complaint(hass)).translation_key == "refresh_failed"


async def test_the_button_is_there_whatever_bmw_says(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4)
    await set_up(hass, account_entry({"read_only": True}))
    source.failure = SILENT
    for _ in range(4):
        await pass_time(hass, freezer, INTERVAL)
    source.failure = None
    await press(hass)
    assert mileage(hass, I4) == "1000"

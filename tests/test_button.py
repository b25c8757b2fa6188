"""The button of an account: one look now, unless BMW wants to be left alone."""

import asyncio
from datetime import timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    snapshot_platform,
)
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.const import CONF_CLIENT_ID, CONF_SOURCE, DOMAIN
from custom_components.mybmw.sources import (
    Check,
    Checkup,
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
    Verdict,
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

OTHER_GCID: Final = "0d8cf3f6-1f1c-4b3c-9d43-5f0e6b6a3a0e"
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


async def test_accounts_side_by_side_are_told_apart(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, source: FakeSource
) -> None:
    def names() -> list[str | None]:
        accounts = [device_registry.async_get_device_by_identifier((DOMAIN, gcid), id_) for gcid, id_ in ids.items()]
        return [account.name for account in accounts if account]

    source.show(I4)
    first = account_entry()
    await set_up(hass, first)
    second = account_entry(gcid=OTHER_GCID)
    await set_up(hass, second)
    hass.config_entries.async_update_entry(second, title="My wife's")
    ids = {GCID: first.entry_id, OTHER_GCID: second.entry_id}
    assert names() == ["MyBMW account", "MyBMW account d…r@e…"]
    for entry in (first, second):
        await hass.config_entries.async_reload(entry.entry_id)
    assert names() == ["MyBMW account d…r@e…", "MyBMW account My wife's"]
    await hass.config_entries.async_remove(second.entry_id)
    await hass.config_entries.async_reload(first.entry_id)
    assert names() == ["MyBMW account"]


async def test_an_account_of_cardata_is_called_so(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, entity_registry: er.EntityRegistry, source: FakeSource
) -> None:
    """One that was there before is too, but what is made of it goes on under the ids that it had."""

    def account() -> dr.DeviceEntry:
        device = device_registry.async_get_device_by_identifier((DOMAIN, GCID), entry.entry_id)
        assert device
        return device

    source.show(I4)
    entry = account_entry()
    await set_up(hass, entry)
    before = er.async_entries_for_device(entity_registry, account().id)
    entity_ids = [entity.entity_id for entity in before]
    assert "button.mybmw_account_refresh" in entity_ids
    cardata = {CONF_SOURCE: "cardata", CONF_CLIENT_ID: "00000000-0000-4000-8000-000000000000"}

    async def name() -> str | None:
        await hass.config_entries.async_reload(entry.entry_id)
        return account().name

    hass.config_entries.async_update_entry(entry, data=cardata, title="CarData ceb6…")
    assert await name() == "BMW CarData account"
    other = MockConfigEntry(domain=DOMAIN, title="CarData 0d8c…", unique_id=OTHER_GCID, data=cardata)
    await set_up(hass, other)
    assert hass.states.get("button.bmw_cardata_account_0d8c_refresh"), "what is new is called after it"
    assert await name() == "BMW CarData account ceb6…"
    hass.config_entries.async_update_entry(entry, title="My wife's")
    assert await name() == "BMW CarData account My wife's"
    device_registry.async_update_device(account().id, name_by_user="The blue one")
    await hass.config_entries.async_remove(other.entry_id)
    assert (await name(), account().name_by_user) == ("BMW CarData account", "The blue one")
    after = er.async_entries_for_device(entity_registry, account().id)
    assert [entity.entity_id for entity in after] == entity_ids


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


async def begin_to_poll(hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource) -> None:
    """Have the account read when it is due; BMW answers when `may_fetch` is set."""
    source.may_fetch.clear()
    freezer.tick(INTERVAL)
    async_fire_time_changed(hass)
    await asyncio.sleep(0)


async def test_a_press_while_the_account_is_read_asks_nothing_more(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    source.show(a_car("i4", mileage_km=1001), MINI)
    await begin_to_poll(hass, freezer, source)
    pressed = hass.async_create_task(press(hass))
    await asyncio.sleep(0)
    assert source.times_asked == 2
    assert not pressed.done()
    source.may_fetch.set()
    await pressed
    assert mileage(hass, I4) == "1001"
    assert (source.times_asked, source.looked_for_cars) == (2, 0)
    await pass_time(hass, freezer, INTERVAL)
    assert (source.times_asked, source.looked_for_cars) == (3, 1), "new cars are looked for at the next poll"
    await pass_time(hass, freezer, INTERVAL)
    assert (source.times_asked, source.looked_for_cars) == (4, 1)


async def test_what_a_press_waits_for_may_be_in_vain(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    source.failure = SILENT
    await begin_to_poll(hass, freezer, source)
    pressed = hass.async_create_task(complaint(hass))
    await asyncio.sleep(0)
    source.may_fetch.set()
    assert (await pressed).translation_key == "refresh_failed"
    assert source.times_asked == 2


async def test_impatience_takes_no_car_away(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    source.failure = SILENT
    for _ in range(2):  # the first press counts, and so do both polls
        for _ in range(5):
            freezer.tick(timedelta(seconds=50))
            assert (await complaint(hass)).translation_key == "refresh_failed"
            assert mileage(hass, I4) == "1000"
        await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, I4) == STATE_UNAVAILABLE


@pytest.mark.parametrize(
    ("failure", "key", "until"),
    [
        (SlowDownError("Quota exceeded", NOW + 3 * HOUR), "paused_slow_down", "until 19:00. What"),
        (NotAllowedError("Blocked", Refusal.BLOCKED), "paused_blocked", "is at 16:00 (2023-01-05)"),
        (NotAllowedError("Forbidden", Refusal.FORBIDDEN), "paused_forbidden", "is at 17:00"),
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
        assert "not asked" not in str(err), "the first time it was"
    assert source.times_asked == 2


@pytest.mark.parametrize(
    ("failure", "key"),
    [
        (SILENT, "refresh_failed"),
        (SignInRequiredError("Sign in"), "sign_in_required"),
        (OSError("No space left on device"), "refresh_broken"),
    ],
)
async def test_a_look_that_brings_nothing_is_told(
    hass: HomeAssistant, source: FakeSource, failure: Exception, key: str
) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    source.failure = failure
    err = await complaint(hass)
    assert err.translation_key == key
    assert ("Reason: BMW does not answer." in str(err)) is (failure is SILENT)
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


@pytest.mark.parametrize(
    ("checkup", "key"),
    [
        ({}, "refresh_refused"),
        ({Check.API: Verdict.GOOD, Check.ALONE: Verdict.BAD}, "refresh_refused"),
        ({Check.API: Verdict.BAD}, "refresh_refused_checkup"),
        ({Check.API: Verdict.GOOD, Check.CARS: Verdict.BAD}, "refresh_refused_checkup"),
    ],
)
@pytest.mark.parametrize("of_account", [True, False])
async def test_a_refusal_is_no_silence(
    hass: HomeAssistant, source: FakeSource, checkup: Checkup, key: str, *, of_account: bool
) -> None:
    """BMW has answered; and whoever may find the reason in the account's checkup is sent there, but nobody else."""
    source.show(I4)
    await set_up(hass, account_entry())
    source.checkup = checkup
    refused = NotAllowedError("BMW does not let this client use the API", Refusal.FORBIDDEN)
    if of_account:
        source.shortfall = refused
    else:
        source.vehicles, source.failures = {}, {I4.vin: refused}
    err = await complaint(hass)
    assert err.translation_key == key
    assert "BMW answered, but refused" in str(err)
    assert "Reason: BMW does not let this client use the API." in str(err)


async def test_a_list_without_a_car_is_said_to_be_one(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    source.show()
    assert "Reason: No car is on the account's list." in str(await complaint(hass))


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

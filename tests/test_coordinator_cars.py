"""Which cars an account has, and how long each of them is believed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
import logging
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import (
    NotAllowedError,
    Refusal,
    SlowDownError,
    SourceError,
    TryLaterError,
)
from custom_components.mybmw.vehicle import Brand, Identity, Odometer, Software, View

from .account import NOW, FakeSource, a_car, account_entry, mileage, pass_time, set_up, trouble, try_to_set_up
from .gallery import BLUE, files, looked_at

MINUTE: Final = timedelta(minutes=1)
INTERVAL: Final = timedelta(minutes=5, seconds=1)
HOUR: Final = timedelta(hours=1)

I4: Final = a_car("i4")
MINI: Final = a_car("cooper")

BUSY: Final = TryLaterError("BMW does not answer")
FORBIDDEN: Final = NotAllowedError("Not yours", Refusal.FORBIDDEN)

pytestmark = pytest.mark.freeze_time(NOW)


def device(hass: HomeAssistant, entry: MockConfigEntry, vin: str) -> dr.DeviceEntry | None:
    """The device of a car."""
    return dr.async_get(hass).async_get_device_by_identifier((DOMAIN, vin), entry.entry_id)


def leave_unread(source: FakeSource, failure: SourceError = BUSY) -> None:
    """Have the MINI read, and the i4 fail."""
    source.show(MINI)
    source.failures = {I4.vin: failure}


# One car that cannot be read


async def test_a_car_that_fails_keeps_its_last_state_and_says_so(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    source.show(I4, MINI)
    await set_up(hass, account_entry())
    leave_unread(source)
    for _ in range(2):
        await pass_time(hass, freezer, INTERVAL)
        assert mileage(hass, I4) == "1000"
        assert trouble(hass, I4) == "try_later"
    for _ in range(3):
        await pass_time(hass, freezer, INTERVAL)
        assert mileage(hass, I4) == STATE_UNAVAILABLE
        assert trouble(hass, I4) == "try_later"  # the car is gone, what is known of its silence is not
    source.failures = {I4.vin: FORBIDDEN}
    await pass_time(hass, freezer, INTERVAL)
    assert trouble(hass, I4) == "forbidden"
    source.failures = {I4.vin: SlowDownError("Quota exceeded", dt_util.utcnow() + HOUR)}
    await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, I4) == STATE_UNAVAILABLE  # to wait does not make it newer
    assert mileage(hass, MINI) == "1000"

    source.show(I4, MINI)
    await pass_time(hass, freezer, HOUR + MINUTE)
    assert mileage(hass, I4) == "1000"
    assert trouble(hass, I4) is None
    said = [
        record
        for record in caplog.records
        if record.name.startswith("custom_components") and record.levelno >= logging.INFO
    ]
    assert [record.getMessage() for record in said] == [
        "i4 is unavailable until it can be read again: BMW does not answer",
        "i4 can be read again",
    ]


async def test_lost_polls_count_whoever_lost_them(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4, MINI)
    await set_up(hass, account_entry())
    leave_unread(source)
    for _ in range(2):
        await pass_time(hass, freezer, INTERVAL)
    source.failure = BUSY
    await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, I4) == STATE_UNAVAILABLE
    assert mileage(hass, MINI) == "1000"


async def test_a_car_that_could_never_be_read_is_told_of_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    leave_unread(source)
    await set_up(hass, account_entry())
    for _ in range(5):
        await pass_time(hass, freezer, INTERVAL)
    assert caplog.text.count("A car of the account is unavailable until it can be read again") == 1
    assert I4.vin not in caplog.text

    source.show(MINI, I4)
    await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, I4) == "1000"


async def test_an_account_of_which_no_car_can_be_read_is_set_up_later(hass: HomeAssistant, source: FakeSource) -> None:
    source.failures = {I4.vin: BUSY}
    entry = account_entry()
    await try_to_set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY


# Cars come and go


async def test_cars_come_and_go_without_a_reload(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4)
    entry = account_entry()
    await set_up(hass, entry)
    source.show(I4, MINI)
    await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, MINI) == "1000"

    source.show(MINI)
    await pass_time(hass, freezer, INTERVAL)
    assert device(hass, entry, I4.vin) is None
    assert not [state for state in hass.states.async_all() if I4.name in state.entity_id]
    assert mileage(hass, MINI) == "1000"

    source.show(I4, MINI)
    await pass_time(hass, freezer, INTERVAL)
    assert device(hass, entry, I4.vin)
    assert mileage(hass, I4) == "1000"


async def test_a_car_sold_while_home_assistant_was_away_is_removed(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(I4, MINI)
    entry = account_entry()
    await set_up(hass, entry)
    source.show(MINI)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert device(hass, entry, I4.vin) is None
    assert device(hass, entry, MINI.vin)


async def test_an_empty_list_of_one_make_removes_nothing(hass: HomeAssistant, source: FakeSource) -> None:
    supra = replace(a_car("supra"), identity=Identity(brand=Brand.TOYOTA, model="Supra"))
    source.show(I4, supra)
    entry = account_entry()
    await set_up(hass, entry)
    source.show(I4)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert device(hass, entry, supra.vin)


async def test_a_list_that_could_not_be_read_removes_nothing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    source.show(I4, MINI)
    entry = account_entry()
    await set_up(hass, entry)
    source.show(I4)
    source.unread_makes = frozenset({Brand.BMW})
    await hass.config_entries.async_reload(entry.entry_id)
    for _ in range(3):
        await pass_time(hass, freezer, INTERVAL)
    assert device(hass, entry, MINI.vin)
    assert caplog.text.count("the list of BMW cannot be read") == 1
    source.unread_makes = frozenset()
    await pass_time(hass, freezer, INTERVAL)
    assert device(hass, entry, MINI.vin) is None


async def test_an_empty_account_removes_nothing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4)
    entry = account_entry()
    await set_up(hass, entry)
    source.show()
    for _ in range(2):
        await pass_time(hass, freezer, INTERVAL)
        assert mileage(hass, I4) == "1000"
    await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, I4) == STATE_UNAVAILABLE
    assert device(hass, entry, I4.vin)

    source.show(I4)
    await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, I4) == "1000"

    source.show()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert device(hass, entry, I4.vin)
    assert mileage(hass, I4) == STATE_UNAVAILABLE


async def test_a_car_on_an_empty_account_appears(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    await set_up(hass, account_entry())
    source.show(I4)
    await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, I4) == "1000"


async def test_a_software_update_shows_on_the_device_page(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4)
    entry = account_entry()
    await set_up(hass, entry)
    before = device(hass, entry, I4.vin)
    assert before
    assert before.sw_version is None
    software = Software(month=7, year=2021, step=370)
    source.show(replace(I4, identity=replace(I4.identity, software=software)))
    await pass_time(hass, freezer, INTERVAL)
    after = device(hass, entry, I4.vin)
    assert after
    assert after.sw_version == "07/2021.70"


# What is offered


async def test_a_read_only_account_offers_nothing(hass: HomeAssistant, source: FakeSource) -> None:
    car = replace(I4, capabilities=replace(I4.capabilities, lock=True))
    source.show(car)
    entry = account_entry({"read_only": True})
    coordinator = await set_up(hass, entry)
    assert not coordinator.offers(car.vin).lock
    assert coordinator.offers(car.vin).reports_state

    hass.config_entries.async_update_entry(entry, options={"read_only": False})
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.runtime_data.offers(car.vin).lock


async def test_a_car_that_speaks_while_pictures_are_cleared_away_is_heard(
    hass: HomeAssistant, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.pictures = {View.FRONT_SIDE: BLUE}
    source.show(I4, MINI)
    coordinator = await set_up(hass, account_entry())
    assert await looked_at(hass, I4)
    source.show(MINI)
    at_once = hass.async_add_executor_job

    async def while_it_speaks[*Args, Done](job: Callable[[*Args], Done], *args: *Args) -> Done:
        """What a disk does: it takes its time."""
        source.push(replace(MINI, odometer=Odometer(mileage_km=1001)))
        return await at_once(job, *args)

    monkeypatch.setattr(hass, "async_add_executor_job", while_it_speaks)
    await coordinator.async_refresh()
    assert not files(hass)
    assert mileage(hass, MINI) == "1001"

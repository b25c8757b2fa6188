"""What all entities share: when they write a state, when they are there and which device they belong to."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED, Platform
from homeassistant.core import Event, EventStateChangedData, EventStateReportedData, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import TryLaterError
from custom_components.mybmw.vehicle import Body, Lid, OpeningState, Vehicle

from .account import NOW, FakeSource, a_car, account_entry, pass_time, recorded_vehicle, set_up, state_of
from .recorded import RECORDED_CARS

INTERVAL: Final = timedelta(minutes=5, seconds=1)

pytestmark = pytest.mark.freeze_time(NOW)


class Written:
    """The entities whose state was written, whether or not it differed from the one before.

    Pictures are left out: Home Assistant itself writes their states every five minutes, with a new address in them.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        """Start to take note."""
        self._entity_ids: list[str] = []
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._note)
        hass.bus.async_listen(EVENT_STATE_REPORTED, self._note, event_filter=callback(lambda _: True))

    def take(self) -> list[str]:
        """What was written since the last time."""
        taken, self._entity_ids = sorted(self._entity_ids), []
        return taken

    @callback
    def _note(self, event: Event[EventStateChangedData] | Event[EventStateReportedData]) -> None:
        if not event.data["entity_id"].startswith("image."):
            self._entity_ids.append(event.data["entity_id"])


def all_recorded() -> list[Vehicle]:
    return [recorded_vehicle(folder) for folder in RECORDED_CARS]


async def test_nothing_is_written_while_nothing_changes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(*all_recorded())
    await set_up(hass, account_entry())
    assert len(hass.states.async_all()) > 200
    written = Written(hass)
    for _ in range(2):
        source.show(*all_recorded())
        await pass_time(hass, freezer, INTERVAL)
    assert source.times_asked == 3
    assert written.take() == []


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_only_the_time_of_the_fetch_is_written_with_every_fetch(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(*all_recorded())
    await set_up(hass, account_entry())
    written = Written(hass)
    freezer.tick(INTERVAL)
    source.show(*all_recorded())
    await pass_time(hass, freezer, timedelta(0))
    assert written.take() == sorted(
        state.entity_id for state in hass.states.async_all("sensor") if state.entity_id.endswith("_last_fetched")
    )
    for car in all_recorded():
        assert state_of(hass, Platform.SENSOR, car, "last_fetched").state == "2023-01-04T15:05:01+00:00"


async def test_only_what_changed_is_written(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    i4, mini = a_car("i4"), a_car("cooper")
    source.show(i4, mini)
    await set_up(hass, account_entry())
    written = Written(hass)
    source.show(replace(i4, odometer=a_car(mileage_km=2000).odometer), mini)
    await pass_time(hass, freezer, INTERVAL)
    assert written.take() == ["sensor.i4_mileage"]


async def test_only_what_tells_of_trouble_is_written_in_trouble(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(a_car())
    await set_up(hass, account_entry())
    written = Written(hass)
    source.failure = TryLaterError("BMW does not answer")
    await pass_time(hass, freezer, INTERVAL)
    assert written.take() == ["sensor.i4_last_reported"]
    await pass_time(hass, freezer, INTERVAL)
    assert written.take() == []


async def test_what_a_car_tells_for_the_first_time_becomes_an_entity(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    car = a_car()
    source.show(car)
    await set_up(hass, account_entry())
    with_sunroof = replace(car, body=Body(lids={Lid.SUNROOF: OpeningState.OPEN}))
    for body in (with_sunroof.body, car.body, with_sunroof.body):  # once there, it stays
        source.show(replace(car, body=body))
        await pass_time(hass, freezer, INTERVAL)
    assert state_of(hass, Platform.BINARY_SENSOR, car, "sunroof").state == "on"
    assert "does not generate unique IDs" not in caplog.text


@pytest.mark.parametrize("folder", RECORDED_CARS)
async def test_devices(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    snapshot: SnapshotAssertion,
    source: FakeSource,
    folder: str,
) -> None:
    car = recorded_vehicle(folder)
    source.show(car)
    entry = account_entry()
    await set_up(hass, entry)
    assert device_registry.async_get_device_by_identifier((DOMAIN, car.vin), entry.entry_id) == snapshot


async def test_every_entity_is_translated(hass: HomeAssistant, source: FakeSource) -> None:
    """An entity without a translated name would be called after its class, or not at all."""
    source.show(*all_recorded())
    entry = account_entry()
    await set_up(hass, entry)
    for registered in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        key = registered.unique_id.rpartition("-")[2]
        assert registered.translation_key == key
        assert registered.has_entity_name
        assert (registered.original_name is None) == (key == "location")

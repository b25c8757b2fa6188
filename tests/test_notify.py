"""A car's navigation as somebody to send a message to."""

from collections.abc import Awaitable

from homeassistant.components.notify import ATTR_MESSAGE, ATTR_TITLE, DOMAIN as NOTIFY_DOMAIN, SERVICE_SEND_MESSAGE
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.vehicle import Position, SendDestination, Vehicle

from .account import NOW, FakeSource, a_car, recorded_vehicle, set_up_platform, state_of
from .complaints import complaint

pytestmark = pytest.mark.freeze_time(NOW)

HERE = Position(latitude=48.1772, longitude=11.5594)


def send(hass: HomeAssistant, car: Vehicle, message: str, title: str | None = None) -> Awaitable[object]:
    entity_id = state_of(hass, Platform.NOTIFY, car, "destination").entity_id
    data = {ATTR_ENTITY_ID: entity_id, ATTR_MESSAGE: message} | ({ATTR_TITLE: title} if title else {})
    return hass.services.async_call(NOTIFY_DOMAIN, SERVICE_SEND_MESSAGE, data, blocking=True)


async def test_notifiers(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion, source: FakeSource
) -> None:
    entry_id = await set_up_platform(hass, source, Platform.NOTIFY, recorded_vehicle("F31"), a_car("mute"))
    await snapshot_platform(hass, entity_registry, snapshot, entry_id)


async def test_a_place_is_sent(hass: HomeAssistant, source: FakeSource) -> None:
    car = recorded_vehicle("F31")
    await set_up_platform(hass, source, Platform.NOTIFY, car)
    assert state_of(hass, Platform.NOTIFY, car, "destination").state == STATE_UNKNOWN
    await send(hass, car, "48.1772, 11.5594", "BMW Museum")
    await send(hass, car, "geo:48.1772,11.5594?z=17")
    assert source.commands == [
        (car.vin, SendDestination(position=HERE, name="BMW Museum")),
        (car.vin, SendDestination(position=HERE)),
    ]
    assert state_of(hass, Platform.NOTIFY, car, "destination").state == NOW.isoformat()


async def test_a_message_without_a_place_is_refused(hass: HomeAssistant, source: FakeSource) -> None:
    car = recorded_vehicle("F31")
    await set_up_platform(hass, source, Platform.NOTIFY, car)
    german, english = await complaint(hass, send(hass, car, "Petuelring 130, München"))
    assert "MyBMW: Ziel senden" in german
    assert "MyBMW: Send destination" in english
    await complaint(hass, send(hass, car, "91, 11"))
    assert source.commands == []
    assert state_of(hass, Platform.NOTIFY, car, "destination").state == STATE_UNKNOWN

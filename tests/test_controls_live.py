"""Controls and actions of a real Home Assistant with cars of the simulated cloud, over loopback."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_ASSUMED_STATE, ATTR_DEVICE_ID, ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import Json

from .complaints import LANGUAGES, read
from .faults.account import Living, settled_account
from .faults.time import live, see_through
from .simulator import Simulator

I4: Final = "G26"
A_MINUTE: Final = timedelta(minutes=1)
DETAIL: Final = "chargeAndClimateTimerDetail"


@pytest.fixture
async def living(hass: HomeAssistant, freezer: FrozenDateTimeFactory, two_cars_cloud: Simulator) -> Living:
    """An account with two cars, which nobody has asked for anything yet."""
    return await settled_account(hass, freezer, two_cars_cloud)


def entity_id(living: Living, platform: Platform, key: str) -> str:
    """The entity of the i4."""
    vin = living.cloud.garage[I4].vin
    found = er.async_get(living.hass).async_get_entity_id(platform, DOMAIN, f"{vin}-{key}")
    assert found
    return found


def state(living: Living, platform: Platform, key: str) -> str:
    """What Home Assistant shows of the i4."""
    shown = living.hass.states.get(entity_id(living, platform, key))
    assert shown
    return shown.state


async def control(living: Living, platform: Platform, key: str, action: str, **data: object) -> None:
    """Use a control of the i4, and wait for the end of it."""
    data = {ATTR_ENTITY_ID: entity_id(living, platform, key), **data}
    await done(living, living.hass.services.async_call(platform, action, data, blocking=True))


async def act(living: Living, action: str, **data: object) -> None:
    """Have an action done with the i4, and wait for the end of it."""
    device = dr.async_get(living.hass).async_get_device_by_identifier(
        (DOMAIN, living.cloud.garage[I4].vin), living.entry.entry_id
    )
    assert device
    data = {ATTR_DEVICE_ID: device.id, **data}
    await done(living, living.hass.services.async_call(DOMAIN, action, data, blocking=True))


async def done(living: Living, work: Coroutine[object, object, object]) -> None:
    await see_through(work, living.freezer)


def part(value: Json, *path: str | int) -> Json:
    """What stands at a place of a document."""
    for key in path:
        if isinstance(value, list):
            assert isinstance(key, int)
            value = value[key]
        else:
            assert isinstance(value, dict)
            value = value[str(key)]
    return value


async def test_a_target_is_set_and_shown(living: Living) -> None:
    assert state(living, Platform.NUMBER, "target_soc") == "80"
    await control(living, Platform.NUMBER, "target_soc", "set_value", value=65)
    [order] = living.cloud.orders
    assert (order.service, order.body) == ("charging-settings", {"chargingTarget": 65, "acLimitValue": None})
    await live(living.hass, living.freezer, A_MINUTE)
    assert state(living, Platform.NUMBER, "target_soc") == "65"
    assert state(living, Platform.SENSOR, "charging_target") == "65"


async def test_a_limit_is_set_and_shown(living: Living) -> None:
    await control(living, Platform.SELECT, "ac_limit", "select_option", option="12")
    await live(living.hass, living.freezer, A_MINUTE)
    assert state(living, Platform.SELECT, "ac_limit") == "12"
    assert len(living.cloud.orders) == 1


async def test_the_plan_is_set_and_shown_with_every_control_of_it(living: Living) -> None:
    """One after the other, faster than BMW tells of the plan: none undoes the one before."""
    await control(living, Platform.SELECT, "charging_mode", "select_option", option="delayed_charging")
    await control(living, Platform.SWITCH, "pre_entry_climatization", "turn_on")
    await control(living, Platform.TIME, "charging_window_end", "set_value", time="05:15:00")
    await control(living, Platform.SWITCH, "departure_timer_1", "turn_on")
    await control(living, Platform.TIME, "departure_timer_1", "set_value", time="07:05:00")
    assert [order.service for order in living.cloud.orders] == ["charging-profile"] * 5
    await live(living.hass, living.freezer, A_MINUTE)
    for (platform, key), expected in {
        (Platform.SELECT, "charging_mode"): "delayed_charging",
        (Platform.SWITCH, "pre_entry_climatization"): "on",
        (Platform.TIME, "charging_window_end"): "05:15:00",
        (Platform.SWITCH, "departure_timer_1"): "on",
        (Platform.TIME, "departure_timer_1"): "07:05:00",
    }.items():
        shown = living.hass.states.get(entity_id(living, platform, key))
        assert shown
        assert shown.state == expected, key
        assert ATTR_ASSUMED_STATE not in shown.attributes, f"{key} is what the car reports"
    assert state(living, Platform.SENSOR, "command_status") == "idle"


async def test_what_the_app_has_changed_meanwhile_is_not_undone(living: Living) -> None:
    """Home Assistant still shows the plan of before; what it sends is built on that of the moment."""
    car = living.cloud.garage[I4]
    car.change(f"charging.{DETAIL}.chargingMode.endTimeSlot", "0001-01-01T05:45:00")
    car.change(f"charging.{DETAIL}.isPreconditionForDepartureActive", value=True)
    assert state(living, Platform.SWITCH, "pre_entry_climatization") == "off"
    await control(living, Platform.TIME, "charging_window_start", "set_value", time="22:15:00")
    await live(living.hass, living.freezer, A_MINUTE)
    await act(living, "set_charging_plan", departure_timers=[{"id": 2, "active": True, "time": "07:10"}])
    await live(living.hass, living.freezer, A_MINUTE)
    window, timer = living.cloud.orders
    for order in (window, timer):
        assert part(order.body["chargingMode"], "startTimeSlot") == "0001-01-01T22:15:00.000"
        assert part(order.body["chargingMode"], "endTimeSlot") == "0001-01-01T05:45:00.000"
        assert order.body["isPreconditionForDepartureActive"] is True
    assert part(window.body["departureTimer"], "weeklyTimers", 1, "timerAction") == "DEACTIVATE"
    assert part(timer.body["departureTimer"], "weeklyTimers", 1, "timerAction") == "ACTIVATE"
    assert state(living, Platform.TIME, "charging_window_start") == "22:15:00"
    assert state(living, Platform.TIME, "charging_window_end") == "05:45:00"
    assert state(living, Platform.SWITCH, "pre_entry_climatization") == "on"
    assert state(living, Platform.SWITCH, "departure_timer_2") == "on"
    assert state(living, Platform.TIME, "departure_timer_2") == "07:10:00"


async def test_a_destination_arrives(living: Living) -> None:
    home = living.hass.config
    living.hass.states.async_set("zone.museum", "0", {"latitude": 48.1769, "longitude": 11.5587})
    await act(living, "send_destination", entity_id="zone.museum", name="BMW Museum", city="München")
    await control(
        living,
        Platform.NOTIFY,
        "destination",
        "send_message",
        message=f"{home.latitude}, {home.longitude}",
        title="Home",
    )
    places = [part(order.body["places"], 0) for order in living.cloud.orders]
    assert [part(place, "title") for place in places] == ["BMW Museum", "Home"]
    assert [part(place, "position") for place in places] == [
        {"lat": 48.1769, "lng": 11.5587},
        {"lat": home.latitude, "lng": home.longitude},
    ]
    assert part(places[0], "formattedAddress") == "München"


async def test_one_car_is_read_with_two_requests(living: Living) -> None:
    """Its state, and its charging details; of the other car and of the list nothing."""
    before = len(living.cloud.requests)
    living.cloud.garage[I4].change("state.currentMileage", 4321)
    await act(living, "refresh")
    assert state(living, Platform.SENSOR, "mileage") == "4321"
    assert len(living.cloud.requests) - before == 2


@pytest.mark.parametrize("fault", ["car-offline", "command-answer-lost", "car-silent"])
async def test_nothing_is_sent_twice_and_everything_is_told(living: Living, fault: str) -> None:
    living.cloud.switchboard.switch_on(fault)
    with pytest.raises(HomeAssistantError) as raised:
        await act(living, "set_charging_plan", pre_entry_climatization=True)
    texts = {await read(living.hass, raised.value, language) for language in LANGUAGES}
    assert len(texts) == len(LANGUAGES)
    await live(living.hass, living.freezer, A_MINUTE)
    assert len(living.cloud.orders) == 1

"""Actions of our own: what is done with a car, or asked of it, and is no entity."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Final, cast

from homeassistant.const import (
    ATTR_DEVICE_ID,
    ATTR_ENTITY_ID,
    ATTR_ID,
    ATTR_LATITUDE,
    ATTR_LOCATION,
    ATTR_LONGITUDE,
    ATTR_MODE,
    ATTR_NAME,
    ATTR_TIME,
    CONF_RADIUS,
)
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_device_and_config_entry
from homeassistant.util import dt as dt_util
import probatio

from .charging_history import async_charging_history
from .complaints import explaining_flaws
from .const import DOMAIN
from .coordinator import MyBMWConfigEntry, MyBMWCoordinator
from .places import async_look_up, position_in, position_of
from .vehicle import (
    SETTABLE_MODES,
    ChargingMode,
    Position,
    SendDestination,
    SetChargingPlan,
    TimerChange,
    Weekday,
    WindowChange,
)
from .vehicle.export import export

SEND_DESTINATION: Final = "send_destination"
SET_CHARGING_PLAN: Final = "set_charging_plan"
GET_CHARGING_HISTORY: Final = "get_charging_history"
GET_VEHICLE_DATA: Final = "get_vehicle_data"
REFRESH: Final = "refresh"
ACTIONS: Final = frozenset({SEND_DESTINATION, SET_CHARGING_PLAN, GET_CHARGING_HISTORY, GET_VEHICLE_DATA, REFRESH})

ATTR_ADDRESS: Final = "address"
ATTR_GEOCODER: Final = "geocoder"
ATTR_TEXTS: Final = ("street", "house_number", "postal_code", "city", "country")

ATTR_START: Final = "start"
ATTR_END: Final = "end"
HISTORY: Final = timedelta(days=30)
"""So far back a history goes, unless the owner says from when on."""

ATTR_WINDOW_START: Final = "window_start"
ATTR_WINDOW_END: Final = "window_end"
ATTR_PRE_ENTRY_CLIMATIZATION: Final = "pre_entry_climatization"
ATTR_DEPARTURE_TIMERS: Final = "departure_timers"
ATTR_ACTIVE: Final = "active"
ATTR_WEEKDAYS: Final = "weekdays"

_DEVICE: Final[dict[probatio.Marker, object]] = {probatio.Required(ATTR_DEVICE_ID): cv.string}
_DESTINATION: Final[dict[probatio.Marker, object]] = {
    **_DEVICE,
    probatio.Optional(ATTR_LOCATION): {
        probatio.Required(ATTR_LATITUDE): cv.latitude,
        probatio.Required(ATTR_LONGITUDE): cv.longitude,
        probatio.Remove(CONF_RADIUS): object,  # the map sends one along
    },
    probatio.Optional(ATTR_ENTITY_ID): cv.entity_id,
    probatio.Optional(ATTR_ADDRESS): cv.string,
    probatio.Optional(ATTR_GEOCODER): cv.url,
    probatio.Optional(ATTR_NAME): cv.string,
    **{probatio.Optional(text): cv.string for text in ATTR_TEXTS},
}
_TIMER: Final[dict[probatio.Marker, object]] = {
    probatio.Required(ATTR_ID): cv.positive_int,
    probatio.Optional(ATTR_ACTIVE): cv.boolean,
    probatio.Optional(ATTR_WEEKDAYS): probatio.All(cv.ensure_list, [probatio.Coerce(Weekday)]),
    probatio.Optional(ATTR_TIME): cv.time,
}
_PLAN: Final[dict[probatio.Marker, object]] = {
    **_DEVICE,
    probatio.Optional(ATTR_MODE): probatio.All(probatio.In([mode.value for mode in SETTABLE_MODES])),
    probatio.Optional(ATTR_WINDOW_START): cv.time,
    probatio.Optional(ATTR_WINDOW_END): cv.time,
    probatio.Optional(ATTR_PRE_ENTRY_CLIMATIZATION): cv.boolean,
    probatio.Optional(ATTR_DEPARTURE_TIMERS): probatio.All(cv.ensure_list, [probatio.Schema(_TIMER)]),
}


def _in_ascii(value: object) -> object:
    """Let a moment through unless it cannot be one: half a character ends the process in Home Assistant's parser."""
    if isinstance(value, str) and not value.isascii():
        message = "A moment is written in digits, letters and signs"
        raise probatio.Invalid(message)
    return value


_MOMENT: Final = probatio.All(_in_ascii, cv.datetime)
_SPAN: Final[dict[probatio.Marker, object]] = {
    **_DEVICE,
    probatio.Optional(ATTR_START): _MOMENT,
    probatio.Optional(ATTR_END): _MOMENT,
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Offer the actions, whether or not there is an account yet."""
    register = hass.services.async_register
    register(DOMAIN, SEND_DESTINATION, _send_destination, probatio.Schema(_DESTINATION))
    register(DOMAIN, SET_CHARGING_PLAN, _set_charging_plan, probatio.Schema(_PLAN))
    register(
        DOMAIN,
        GET_VEHICLE_DATA,
        _get_vehicle_data,
        probatio.Schema(_DEVICE),
        supports_response=SupportsResponse.ONLY,
    )
    register(
        DOMAIN,
        GET_CHARGING_HISTORY,
        _get_charging_history,
        probatio.Schema(_SPAN),
        supports_response=SupportsResponse.ONLY,
    )
    register(DOMAIN, REFRESH, _refresh, probatio.Schema(_DEVICE))


def _account(call: ServiceCall) -> tuple[MyBMWCoordinator, str | None]:
    """The account that a device belongs to, and the car (VIN) if it is one.

    Raises:
        ServiceValidationError: It is none of ours, its account is not running, or it is a car that nobody can read.
    """
    device, entry = async_get_device_and_config_entry(
        call.hass, DOMAIN, call.data[ATTR_DEVICE_ID], include_child_devices=False
    )
    coordinator = cast(MyBMWConfigEntry, entry).runtime_data
    ours = {identifier for domain, identifier in device.identifiers if domain == DOMAIN}
    if coordinator.account_id in ours:
        return coordinator, None
    if vin := next(iter(ours & coordinator.data.keys()), None):
        return coordinator, vin
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="car_never_read")


def _car(call: ServiceCall) -> tuple[MyBMWCoordinator, str]:
    """The car that an action is for.

    Raises:
        ServiceValidationError: There is no such car.
    """
    coordinator, vin = _account(call)
    if vin is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_a_car")
    return coordinator, vin


async def _send_destination(call: ServiceCall) -> None:
    coordinator, vin = _car(call)
    with explaining_flaws():
        # A probe: nobody is to be told an address for a car that takes no destination.
        coordinator.check(vin, SendDestination(position=Position(latitude=0, longitude=0)))
        command = await _destination(call)
    await coordinator.async_execute(vin, command)


async def _destination(call: ServiceCall) -> SendDestination:
    """Where to go, and what to call it; what is said about a place counts more than what a geocoder says."""
    given = call.data
    texts = {key: given[key] for key in (ATTR_NAME, *ATTR_TEXTS) if key in given}
    if len(given.keys() & {ATTR_LOCATION, ATTR_ENTITY_ID, ATTR_ADDRESS}) != 1:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="destination_not_one")
    if location := given.get(ATTR_LOCATION):
        position = Position(latitude=location[ATTR_LATITUDE], longitude=location[ATTR_LONGITUDE])
    elif ATTR_ENTITY_ID in given:
        position = position_of(call.hass, given[ATTR_ENTITY_ID])
        state = call.hass.states.get(given[ATTR_ENTITY_ID])
        texts = {ATTR_NAME: state.name, **texts} if state else texts
    elif in_address := position_in(given[ATTR_ADDRESS]):
        position = in_address
    elif ATTR_GEOCODER not in given:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="geocoder_missing")
    else:
        return replace(await async_look_up(call.hass, given[ATTR_GEOCODER], given[ATTR_ADDRESS]), **texts)
    return SendDestination(position=position, **texts)


async def _set_charging_plan(call: ServiceCall) -> None:
    coordinator, vin = _car(call)
    with explaining_flaws():
        command = _plan(call)
    await coordinator.async_execute(vin, command)


def _plan(call: ServiceCall) -> SetChargingPlan:
    given = call.data
    start: time | None = given.get(ATTR_WINDOW_START)
    end: time | None = given.get(ATTR_WINDOW_END)
    return SetChargingPlan(
        mode=ChargingMode(given[ATTR_MODE]) if ATTR_MODE in given else None,
        window=None if start is None and end is None else WindowChange(start=start, end=end),
        is_pre_entry_climatization_on=given.get(ATTR_PRE_ENTRY_CLIMATIZATION),
        timers=tuple(
            [
                TimerChange(
                    id=timer[ATTR_ID],
                    is_active=timer.get(ATTR_ACTIVE),
                    weekdays=tuple(timer[ATTR_WEEKDAYS]) if ATTR_WEEKDAYS in timer else None,
                    departs_at=timer.get(ATTR_TIME),
                )
                for timer in given.get(ATTR_DEPARTURE_TIMERS, ())
            ]
        ),
    )


async def _get_vehicle_data(call: ServiceCall) -> ServiceResponse:
    coordinator, vin = _car(call)
    return export(coordinator.data[vin])


async def _get_charging_history(call: ServiceCall) -> ServiceResponse:
    coordinator, vin = _car(call)
    start, end = _span(call)
    return export(await async_charging_history(coordinator, vin, start, end))


def _span(call: ServiceCall) -> tuple[datetime, datetime]:
    """From when to when; without an end until now.

    Raises:
        ServiceValidationError: That is no time, or none that has begun.
    """
    now = dt_util.utcnow()
    try:
        end = _in_utc(call.data[ATTR_END]) if ATTR_END in call.data else now
        start = _in_utc(call.data[ATTR_START]) if ATTR_START in call.data else end - HISTORY
    except OverflowError:  # at the end of time, there is not every time zone
        start = end = now
    if not start < min(end, now):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="history_of_no_time")
    return start, end


def _in_utc(moment: datetime) -> datetime:
    """A moment in UTC; one that does not say its time zone is in Home Assistant's."""
    return dt_util.as_utc(moment).astimezone(UTC)


async def _refresh(call: ServiceCall) -> None:
    coordinator, vin = _account(call)
    if vin is None:
        await coordinator.async_refresh_now()
    else:
        await coordinator.async_refresh_car(vin)

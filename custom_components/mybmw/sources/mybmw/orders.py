"""What BMW's cloud can be told to have a car do."""

from collections.abc import Mapping
from datetime import time
from typing import Final

from ...vehicle import (
    ChargingMode,
    Command,
    CommandKey,
    Flaw,
    InvalidCommandError,
    Position,
    SendDestination,
    SetChargingPlan,
    SetChargingSettings,
    StartCharging,
    StopCharging,
    TimerChange,
    Weekday,
)
from .. import Json, TryLaterError
from .brands import ListBrand
from .coordinates import gcj02_of_wgs84
from .garage import Car
from .questions import Question

_REMOTE_PATH: Final = "/eadrax-vrccs/v4/presentation/remote-commands/"
_STATUS_PATH: Final = "/eadrax-vrccs/v3/presentation/remote-commands/eventStatus"
_POSITION_PATH: Final = "/eadrax-vrccs/v4/presentation/remote-commands/eventPosition"
_CHARGING_PATH: Final = "/eadrax-crccs/v1/vehicles/{vin}/"
_DESTINATION_PATH: Final = "/eadrax-dcs/v2/user/{gcid}/send-to-car"

_REMOTE_SERVICES: Final[Mapping[CommandKey, tuple[str, str | None]]] = {
    CommandKey.LOCK: ("door-lock", None),
    CommandKey.UNLOCK: ("door-unlock", None),
    CommandKey.FLASH_LIGHTS: ("light-flash", None),
    CommandKey.SOUND_HORN: ("horn-blow", None),
    CommandKey.START_CLIMATE: ("climate-now", "START"),
    CommandKey.STOP_CLIMATE: ("climate-now", "STOP"),
    CommandKey.FIND_VEHICLE: ("vehicle-finder", None),
}
"""What BMW calls them, and the action where one service does two things."""

_CHARGING_SERVICES: Final[Mapping[CommandKey, str]] = {
    CommandKey.START_CHARGING: "start-charging",
    CommandKey.STOP_CHARGING: "stop-charging",
}

# Type and preference of a charging mode; BMW takes no other pairs.
_MODES: Final[Mapping[ChargingMode, tuple[str, str]]] = {
    ChargingMode.IMMEDIATE_CHARGING: ("CHARGING_IMMEDIATELY", "NO_PRESELECTION"),
    ChargingMode.DELAYED_CHARGING: ("TIME_SLOT", "CHARGING_WINDOW"),
}
_MIDNIGHT: Final = "0001-01-01T00:00:00.000"
_COORDINATES_ONLY: Final = "Coordinates only"
_UNUSED_ADDRESS_PARTS: Final = (
    "banchi",
    "chome",
    "countryCode",
    "district",
    "formatted",
    "go",
    "region",
    "regionCode",
    "settlement",
    "subblock",
)


class UnreadablePlanError(TryLaterError):
    """BMW's answer is not a charging plan we understand as a whole, so there is nothing to build a new one on."""


def order(command: Command, car: Car, *, gcid: str, charging: Json, in_china: bool) -> Question:
    """What to tell BMW.

    `charging` are the car's charging details of this moment, which a new plan is built on; other commands need none.

    Raises:
        InvalidCommandError: The end of the charging window that is to change would meet the other one.
        TryLaterError: They do not hold a whole plan, or BMW's number for the customer, which a destination is addressed
            to, is not known.
    """
    match command:
        case StartCharging() | StopCharging():
            return _about_charging(_CHARGING_SERVICES[command.key], car, {})
        case SetChargingSettings():
            settings: dict[str, Json] = {"chargingTarget": command.target_percent, "acLimitValue": command.ac_limit_a}
            return _about_charging("charging-settings", car, settings)
        case SetChargingPlan():
            return _about_charging("charging-profile", car, changed_plan(charging, command))
        case SendDestination():
            return _destination(command, car, gcid, in_china=in_china)
        case _:
            service, action = _REMOTE_SERVICES[command.key]
            return Question(
                method="POST",
                path=f"{_REMOTE_PATH}{service}",
                brand=car.brand,
                headers={"bmw-vin": car.vin},
                params={"action": action} if action else {},
                body={},
                is_order=True,
            )


def event_status(brand: ListBrand, event_id: str) -> Question:
    """How far a command has come."""
    return Question(method="POST", path=_STATUS_PATH, brand=brand, params={"eventId": event_id})


def event_position(brand: ListBrand, event_id: str, observer: Position, *, in_china: bool) -> Question:
    """Where a car that was looked for has been found, seen from where its observer is."""
    latitude, longitude = _as_spoken(observer, in_china=in_china)
    return Question(
        method="POST",
        path=_POSITION_PATH,
        brand=brand,
        headers={"latitude": str(latitude), "longitude": str(longitude)},
        params={"eventId": event_id},
    )


def _about_charging(what: str, car: Car, body: dict[str, Json]) -> Question:
    return Question(
        method="POST",
        path=f"{_CHARGING_PATH}{what}",
        brand=car.brand,
        in_path={"vin": car.vin},
        body=body,
        is_order=True,
    )


# Charging plan


def changed_plan(charging: Json, command: SetChargingPlan) -> dict[str, Json]:
    """The plan in these charging details as BMW wants it back, with what the command changes.

    What we do not know of it goes back as it came; a plan that lacks what we do know is not touched.

    Raises:
        InvalidCommandError: The charging window would be empty.
        UnreadablePlanError: There is no such plan.
    """
    details = _object(charging)
    plan = _object(details.get("chargeAndClimateTimerDetail"))
    preconditions = plan.get("isPreconditionForDepartureActive")
    service_pack = details.get("servicePack")
    if not isinstance(preconditions, bool) or not isinstance(service_pack, str):
        raise _unreadable()
    if command.is_pre_entry_climatization_on is not None:
        preconditions = command.is_pre_entry_climatization_on
    timer = _object(plan.get("departureTimer"))
    return {
        "chargingMode": _changed_mode(_object(plan.get("chargingMode")), command),
        "departureTimer": {**timer, "weeklyTimers": _changed_timers(timer.get("weeklyTimers"), command.timers)},
        "isPreconditionForDepartureActive": preconditions,
        "servicePack": service_pack,
    }


def _changed_mode(mode: dict[str, Json], command: SetChargingPlan) -> dict[str, Json]:
    if not all(isinstance(mode.get(key), str) for key in ("type", "chargingPreference")):
        raise _unreadable()
    changed: dict[str, Json] = {
        **mode,
        "startTimeSlot": _slot(mode.get("startTimeSlot")),
        "endTimeSlot": _slot(mode.get("endTimeSlot")),
        "timerChange": "NO_CHANGE",
    }
    if command.mode:
        changed["type"], changed["chargingPreference"] = _MODES[command.mode]
    if command.window:
        if command.window.start is not None:
            changed["startTimeSlot"] = _written(command.window.start)
        if command.window.end is not None:
            changed["endTimeSlot"] = _written(command.window.end)
        if changed["startTimeSlot"] == changed["endTimeSlot"]:
            raise InvalidCommandError(Flaw.WINDOW_EMPTY)
    return changed


def _changed_timers(timers: Json, changes: tuple[TimerChange, ...]) -> list[Json]:
    if not isinstance(timers, list):
        raise _unreadable()
    by_id = {change.id: change for change in changes}
    changed: list[Json] = [_changed_timer(_object(timer), by_id) for timer in timers]
    if by_id:  # the car lost a timer since it was looked at
        raise _unreadable()
    return changed


def _changed_timer(timer: dict[str, Json], changes: dict[int, TimerChange]) -> dict[str, Json]:
    """A timer as BMW wants it back; the change to it, if there is one, is taken out of the changes."""
    number, action = timer.get("id"), timer.get("timerAction")
    if not isinstance(number, int) or not isinstance(action, str):
        raise _unreadable()
    changed: dict[str, Json] = {**timer, "time": _slot(timer.get("time"))}
    change = changes.pop(number, None)
    if change is None:
        return changed
    if change.is_active is not None:
        changed["timerAction"] = "ACTIVATE" if change.is_active else "DEACTIVATE"
    if change.weekdays is not None:
        changed["daysOfTheWeek"] = [day.name for day in Weekday if day in change.weekdays]
    if change.departs_at is not None:
        changed["time"] = _written(change.departs_at)
    return changed


def _slot(slot: Json) -> str:
    """A time of the plan as it was read, the way it is written: with milliseconds, and midnight if it is not set."""
    if slot is None:
        return _MIDNIGHT
    if not isinstance(slot, str):
        raise _unreadable()
    return slot if "." in slot else f"{slot}.000"


def _written(clock: time) -> str:
    return f"0001-01-01T{clock:%H:%M}:00.000"


def _object(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise _unreadable()
    return value


def _unreadable() -> UnreadablePlanError:
    return UnreadablePlanError("BMW's charging plan cannot be read as a whole, so it is not written either")


# Destination


def _destination(command: SendDestination, car: Car, gcid: str, *, in_china: bool) -> Question:
    if not gcid:
        message = "BMW has not told its number for the customer, to whom a destination is addressed"
        raise TryLaterError(message)
    return Question(
        method="POST",
        path=_DESTINATION_PATH,
        brand=car.brand,
        in_path={"gcid": gcid},
        headers={"bmw-vin": car.vin},
        body={"places": [_place(command, in_china=in_china)], "vehicleInformation": {"vin": car.vin}},
        is_order=True,
    )


def _place(command: SendDestination, *, in_china: bool) -> dict[str, Json]:
    latitude, longitude = _as_spoken(command.position, in_china=in_china)
    position: dict[str, Json] = {"lat": latitude, "lng": longitude}
    address: dict[str, Json] = {
        "street": command.street or None,
        "houseNumber": command.house_number or None,
        "postalCode": command.postal_code or None,
        "city": command.city or None,
        "country": command.country or None,
        **dict.fromkeys(_UNUSED_ADDRESS_PARTS),
    }
    return {
        "title": command.name or command.address or f"{latitude:.5f}, {longitude:.5f}",
        "placeType": "ADDRESS",
        "formattedAddress": command.address or _COORDINATES_ONLY,  # BMW fails on an empty one
        "position": position,
        "entrances": [{"name": None, "position": position}],
        "address": address,
        "category": {"losCategory": "Address", "mguVehicleCategoryId": None, "name": "Address"},
        "provider": None,
        "providerId": None,
        "providerPoiId": "",
        "sourceType": None,
        "vehicleCategoryId": None,
    }


def _as_spoken(position: Position, *, in_china: bool) -> tuple[float, float]:
    """A position in the coordinates that BMW's cloud speaks; always numbers with a fraction, as it expects."""
    latitude, longitude = float(position.latitude), float(position.longitude)
    return gcj02_of_wgs84(latitude, longitude) if in_china else (latitude, longitude)

"""A living car in the words of BMW CarData: descriptors, each with a value, a unit and a moment of its own.

The descriptors are those of BMW's telematics catalogue; how they are written, by whom and when, is from captured
messages and answers. Not every car says everything, and some of it is old: a car uploads its slow values seldom.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
import json
from math import floor
from typing import Final, NamedTuple

from custom_components.mybmw.sources import Json
from tests.issued import Kind, issue

from .living import GARAGE_OPENS, Air, Condition, Life, Model, Opening, Plug, Report, Trip, Work, WorldClock
from .living.energy import electric_range_km, fuel_range_km, percent_of
from .living.models import Battery, Charging, DriveTrain
from .living.upkeep import Urgency, due_in_km, due_on, flat_tires, is_washer_low, urgency

type Document = dict[str, Json]
type Stamp = Callable[[datetime], datetime]
"""When those who watch have seen a moment in the life of a car."""


class Said(NamedTuple):
    """What a car has said for a descriptor.

    `value` and `unit` are as they come in the stream, `rest` is the text that REST has for the value if it has another.
    `in_stream` is whether the descriptor can be streamed at all.
    """

    value: bool | float | str | None
    unit: str | None
    at: datetime | None
    rest: str | None = None
    in_stream: bool = True


class Item(NamedTuple):
    """A descriptor and what is said for it, without a moment yet."""

    key: str
    value: bool | float | str
    unit: str | None = None
    rest: str | None = None
    in_stream: bool = True


_SILENT: Final = Said(None, None, None)

_DOORS: Final[Mapping[str, Opening]] = {
    "vehicle.cabin.door.row1.driver.isOpen": Opening.DOOR_FRONT_LEFT,
    "vehicle.cabin.door.row1.passenger.isOpen": Opening.DOOR_FRONT_RIGHT,
    "vehicle.cabin.door.row2.driver.isOpen": Opening.DOOR_REAR_LEFT,
    "vehicle.cabin.door.row2.passenger.isOpen": Opening.DOOR_REAR_RIGHT,
    "vehicle.body.trunk.isOpen": Opening.TRUNK,
}
"""True or false in the stream, OPEN or CLOSED in REST."""
_WINDOWS: Final[Mapping[str, Opening]] = {
    "vehicle.cabin.window.row1.driver.status": Opening.WINDOW_FRONT_LEFT,
    "vehicle.cabin.window.row1.passenger.status": Opening.WINDOW_FRONT_RIGHT,
    "vehicle.cabin.window.row2.driver.status": Opening.WINDOW_REAR_LEFT,
    "vehicle.cabin.window.row2.passenger.status": Opening.WINDOW_REAR_RIGHT,
    "vehicle.body.trunk.window.isOpen": Opening.WINDOW_REAR,
    "vehicle.body.hood.isOpen": Opening.HOOD,
}
"""The same words everywhere."""
_STATUSES: Final[Mapping[Plug, tuple[str, str]]] = {
    Plug.OUT: ("NOCHARGING", "NOT_CHARGING"),
    Plug.WAITING: ("INITIALIZATION", "WAITING_FOR_CHARGING"),
    Plug.CHARGING: ("CHARGINGACTIVE", "CHARGING"),
    Plug.DONE: ("CHARGINGENDED", "FINISHED_FULLY_CHARGED"),
    Plug.ENDED_EARLY: ("CHARGINGENDED", "FINISHED_NOT_FULL"),
}
_ACTIVITIES: Final[Mapping[Air, str]] = {
    Air.OFF: "INACTIVE",
    Air.HEATING: "HEATING",
    Air.COOLING: "COOLING",
    Air.VENTILATION: "VENTILATION",
}
_WORKS: Final[Mapping[Work, tuple[int, str]]] = {
    Work.OIL: (1, "Engine oil"),
    Work.BRAKE_FLUID: (3, "Brake fluid"),
    Work.INSPECTION: (32, "Statutory vehicle inspection"),
    Work.VEHICLE_CHECK: (100, "Vehicle check"),
}
_URGENCIES: Final[Mapping[Urgency, str]] = {
    Urgency.LATER: "OK",
    Urgency.SOON: "PENDING",
    Urgency.OVERDUE: "OVERDUE",
}
_WHEELS: Final = ("row1.wheel.left", "row1.wheel.right", "row2.wheel.left", "row2.wheel.right")
_AC_LIMIT_A: Final = 16
_LONGEST_TOLD_MIN: Final = 200
_LOOKS_BACK: Final = timedelta(days=2)

_EV: Final = "vehicle.drivetrain.electricEngine"
_CHARGING: Final = f"{_EV}.charging"
_HVB: Final = "vehicle.powertrain.electric.battery"


def said(life: Life, clock: WorldClock, now: datetime | None = None) -> dict[str, Said]:
    """All that BMW knows of a car now, or knew at a moment in the world, by descriptor."""
    now = clock() if now is None else now
    model, last = life.model, life.report(now)
    slow = life.report(min(now, max(_opened(), datetime.combine(now.date(), time(), tzinfo=UTC))))
    everything = dict.fromkeys(_never(model), _SILENT)
    everything |= _stamped(_fast(model, last), last.at, clock.watched_at)
    everything |= _stamped(_slow(model, slow), slow.at, clock.watched_at)
    everything |= _stamped(_answered(), now, clock.watched_at)
    if charged := _last_charging(life, now):
        everything |= _stamped(_power(life, charged), charged.at, clock.watched_at)
    if trip := next((entry for entry in reversed(life.diary(_since(now), now)) if _is_over(entry, now)), None):
        condition = life.condition(trip.end)
        everything |= _stamped(_trip(model, condition, clock.watched_at(trip.end)), trip.end, clock.watched_at)
    if life.condition(now).plug is Plug.CHARGING and model.battery:
        # The one value that BMW predicts by itself while the car is silent.
        percent = percent_of(model.battery, life.condition(now).battery_kwh)
        everything |= _stamped(_predicted(percent), now, clock.watched_at)
    return everything


def in_rest(said: Said) -> Document:
    """How REST writes it: everything is text, and the percent is a sign."""
    unit = "%" if said.unit == "percent" else said.unit
    text = said.rest if said.rest is not None else _text(said.value)
    return {"value": text, "unit": unit, "timestamp": _moment(said.at) if said.at else None}


def in_stream(said: Said) -> Document:
    """How the stream writes it: as it is; what has no unit has none, and seconds are whole."""
    entry: Document = {
        "timestamp": None if said.at is None else said.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "value": said.value,
    }
    return entry if said.unit is None else entry | {"unit": said.unit}


def _stamped(items: Iterable[Item], at: datetime, watched_at: Stamp) -> dict[str, Said]:
    return {item.key: Said(item.value, item.unit, watched_at(at), item.rest, item.in_stream) for item in items}


def _never(model: Model) -> tuple[str, ...]:
    """What is asked for in vain."""
    keys: tuple[str, ...] = ("vehicle.electricalSystem.battery.stateOfCharge", "vehicle.status.checkControlMessages")
    return keys if model.drive_train is DriveTrain.PETROL else (*keys, "vehicle.isMoving")


# What comes with every upload


def _fast(model: Model, report: Report) -> Iterator[Item]:
    condition = report.condition
    yield Item("vehicle.vehicle.travelledDistance", floor(condition.mileage_km), "km")
    yield Item("vehicle.drivetrain.engine.isActive", condition.is_driving)
    yield Item("vehicle.drivetrain.engine.isIgnitionOn", "ASN_isTrue" if condition.is_driving else "ASN_isFalse")
    if model.drive_train is DriveTrain.PETROL:
        yield Item("vehicle.isMoving", condition.is_driving)
    yield from _place(condition)
    yield from _body(model, condition)
    yield from _energy(model, report)
    for number, wheel in enumerate(_WHEELS):
        tire = f"vehicle.chassis.axle.{wheel}.tire"
        yield Item(f"{tire}.pressure", round(condition.tires_kpa[number]), "kPa")
    yield Item("vehicle.vehicle.preConditioning.activity", _ACTIVITIES[condition.air])
    left_min = _left_min(condition.air_ends_at, report.at)
    yield Item("vehicle.vehicle.preConditioning.remainingTime", left_min, "min")


def _place(condition: Condition) -> Iterator[Item]:
    location = "vehicle.cabin.infotainment.navigation.currentLocation"
    latitude, longitude = round(condition.latitude, 6), round(condition.longitude, 6)
    issue(Kind.PLACE, latitude, longitude)
    yield Item(f"{location}.latitude", latitude, "degrees")
    yield Item(f"{location}.longitude", longitude, "degrees")
    yield Item(f"{location}.heading", condition.heading_deg, "degrees")
    yield Item(f"{location}.fixStatus", "GPS_FIX_3D")


def _body(model: Model, condition: Condition) -> Iterator[Item]:
    for key, opening in _DOORS.items():
        if opening in model.openings:
            is_open = opening in condition.open
            yield Item(key, is_open, rest="OPEN" if is_open else "CLOSED")
    for key, opening in _WINDOWS.items():
        if opening in model.openings:
            yield Item(key, "OPEN" if opening in condition.open else "CLOSED")
    if Opening.SUNROOF in model.openings:
        is_open = Opening.SUNROOF in condition.open
        yield Item("vehicle.cabin.sunroof.overallStatus", "OPEN_TILT" if is_open else "CLOSED")
    lock = "SECURED" if condition.is_locked else "UNLOCKED"
    yield Item("vehicle.cabin.door.status", lock)
    yield Item("vehicle.cabin.door.lock.status", lock, in_stream=False)
    alarm = "vehicle.vehicle.antiTheftAlarmSystem.alarm"
    yield Item(f"{alarm}.armStatus", "doorsTiltCabin" if condition.is_locked else "unarmed")
    yield Item(f"{alarm}.isOn", value=False)


def _energy(model: Model, report: Report) -> Iterator[Item]:
    condition = report.condition
    electric, fuel = floor(electric_range_km(model, condition)), floor(fuel_range_km(model, condition))
    if model.tank:
        yield Item("vehicle.drivetrain.fuelSystem.level", round(100 * condition.fuel_l / model.tank.liters), "percent")
        yield Item("vehicle.drivetrain.lastRemainingRange", electric + fuel, "km")
    if model.battery and (charging := model.owner.charging):
        yield from _battery(model.battery, charging, report)
        yield Item(f"{_EV}.kombiRemainingElectricRange", electric, "km")


def _battery(battery: Battery, charging: Charging, report: Report) -> Iterator[Item]:
    condition = report.condition
    status, hv_status = _STATUSES[condition.plug]
    is_in = condition.plug is not Plug.OUT
    percent = percent_of(battery, condition.battery_kwh)
    left_min = _left_min(condition.charging_ends_at, report.at)
    yield Item("vehicle.drivetrain.batteryManagement.header", floor(percent + 1e-6), "percent")
    yield Item(f"{_HVB}.stateOfCharge.target", charging.target_percent)
    yield Item(f"{_CHARGING}.status", status)
    yield Item(f"{_CHARGING}.hvStatus", hv_status)
    yield Item(f"{_CHARGING}.connectionType", "CONDUCTIVE" if is_in else "SIGNAL_INVALID")
    yield Item(f"{_CHARGING}.profile.preference", "CHARGING_WINDOW" if charging.window else "NO_PRESELECTION")
    yield Item(f"{_CHARGING}.profile.climatizationActive", value=False)
    yield Item(f"{_CHARGING}.timeRemaining", min(left_min, _LONGEST_TOLD_MIN), "min")
    yield Item(f"{_CHARGING}.timeToFullyCharged", left_min, "min")
    yield Item(f"{_HVB}.charging.acLimit.selected", _AC_LIMIT_A, "A")
    yield Item("vehicle.body.chargingPort.status", "CONNECTED" if is_in else "DISCONNECTED")
    yield Item("vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged", is_in)
    yield from _predicted(percent)


def _predicted(percent: float) -> Iterator[Item]:
    yield Item(f"{_CHARGING}.level", round(percent, 1), "percent", in_stream=False)


def _power(life: Life, report: Report) -> Iterator[Item]:
    """The power at the last report of a charge; it stays for days."""
    minute = timedelta(minutes=1)
    gained_kwh = life.condition(report.at + minute).battery_kwh - life.condition(report.at).battery_kwh
    yield Item(f"{_HVB}.charging.power", round(60_000 * max(0, gained_kwh)), "W")


def _trip(model: Model, condition: Condition, ended_at: datetime) -> Iterator[Item]:
    segment = "vehicle.trip.segment.end"
    yield Item(f"{segment}.time", f"{ended_at.astimezone(UTC):%d.%m.%Y %H:%M:%S} UTC")
    yield Item(f"{segment}.travelledDistance", floor(condition.mileage_km), "km")
    if model.battery:
        percent = percent_of(model.battery, condition.battery_kwh)
        yield Item(f"{segment}.drivetrain.batteryManagement.hvSoc", round(percent, 1), "percent")


# What is uploaded seldom


def _slow(model: Model, report: Report) -> Iterator[Item]:
    condition = report.condition
    yield Item("vehicle.electricalSystem.battery.voltage", 13.92 if condition.is_driving else 12.61, "V")
    services = [_service(model, condition, work, report.at) for work in model.works]
    yield Item("vehicle.status.conditionBasedServices", json.dumps(services), in_stream=False)
    yield Item("vehicle.status.conditionBasedServicesCount", len(services))
    distances = [km for work in model.works if (km := due_in_km(model, condition, work)) is not None]
    if distances:
        yield Item("vehicle.status.serviceDistance.next", max(0, min(distances)), "km")
    if Work.INSPECTION in model.works:
        due = due_on(model, condition, Work.INSPECTION)
        yield Item("vehicle.status.serviceTime.inspectionDateLegal", f"{due:%d.%m.%Y} 00:00:00 UTC")
    if messages := [*_messages(model, condition)]:
        yield Item("vehicle.status.checkControlMessages", json.dumps(messages), in_stream=False)
    for number, wheel in enumerate(_WHEELS):
        yield Item(f"vehicle.chassis.axle.{wheel}.tire.pressureTarget", model.tires.target_kpa[number], "kPa")
    if model.tank:
        yield Item("vehicle.drivetrain.fuelSystem.remainingFuel", floor(condition.fuel_l), None)
    if model.battery:
        yield Item("vehicle.drivetrain.batteryManagement.maxEnergy", round(model.battery.kwh, 1), "kWh")
        yield Item("vehicle.drivetrain.batteryManagement.batterySizeMax", "0.0", "kWh")


def _answered() -> Iterator[Item]:
    """What is stamped with the moment of the question, however old it is."""
    demand = "vehicle.electricalSystem.battery.serviceDemand"
    yield Item(f"{demand}.recharge", 0, in_stream=False)
    yield Item(f"{demand}.replace", 200, in_stream=False)


def _service(model: Model, condition: Condition, work: Work, today: datetime) -> Document:
    number, title = _WORKS[work]
    km = due_in_km(model, condition, work)
    return {
        "id": number,
        "messageType": "CBS",
        "title": title,
        "status": _URGENCIES[urgency(model, condition, work, today.date())],
        "date": f"{due_on(model, condition, work):%Y-%m}",
        "unitOfLengthRemaining": "-" if km is None else str(km),
        "description": f"{title} is due as shown.",
        "text": "-",
    }


def _messages(model: Model, condition: Condition) -> Iterator[Document]:
    texts = [(164, "Washer fluid low.")] if is_washer_low(condition) else []
    texts += [(139, "Tire pressure too low.")] if any(flat_tires(model, condition)) else []
    for number, text in texts:
        yield {
            "id": number,
            "messageType": "CCM",
            "title": None,
            "status": "NULL",
            "date": None,
            "unitOfLengthRemaining": floor(condition.mileage_km),
            "description": None,
            "text": text,
        }


# Moments


def _since(now: datetime) -> datetime:
    return min(now, max(now - _LOOKS_BACK, _opened()))


def _opened() -> datetime:
    return datetime.combine(GARAGE_OPENS, time(12), tzinfo=UTC)


def _last_charging(life: Life, now: datetime) -> Report | None:
    charging = [report for report in life.reports(_since(now), now) if report.condition.plug is Plug.CHARGING]
    return charging[-1] if charging else None


def _is_over(entry: object, now: datetime) -> bool:
    return isinstance(entry, Trip) and entry.end <= now


def _left_min(end: datetime | None, now: datetime) -> int:
    return 0 if end is None else max(0, round((end - now) / timedelta(minutes=1)))


def _text(value: bool | float | str | None) -> str | None:  # noqa: FBT001 (that is what there is)
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

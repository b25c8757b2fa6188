"""How the cars are: for eyes, and as JSON for programs."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Final

import orjson

from ..sources import Fetch, SourceError
from ..vehicle import ServiceType, Severity, Vehicle
from ..vehicle.export import EXPORT_VERSION, Plain, export
from .console import Console, printable
from .exits import Exit

_ON: Final[Mapping[bool | None, str]] = {True: "yes", False: "no", None: "unknown"}
_SPOKEN: Final[Mapping[Enum, str]] = {
    ServiceType.VEHICLE_TUV: "vehicle inspection (TÜV)",
    **{severity: f"{severity.name.lower()} severity" for severity in Severity if severity is not Severity.UNKNOWN},
}
"""What people call a state whose name alone would not say it."""


def tell(fetch: Fetch, console: Console, *, as_json: bool) -> Exit:
    """Say how the cars are; those that could not be read are named, and make the exit code tell of them."""
    if as_json:
        console.answer(orjson.dumps(document(fetch)).decode())
    else:
        for vehicle in fetch.vehicles.values():
            console.answer("\n".join(_lines(vehicle)))
    for vin, err in fetch.failures.items():
        console.say(f"{vin} could not be read: {err}")
    for make in sorted(make.value for make in fetch.unread_makes):
        console.say(f"Whether there are cars of {make} could not be found out")
    if not (fetch.vehicles or fetch.failures):
        console.say("There is no car on the account")
    if fetch.failures or fetch.unread_makes:
        return Exit.PARTLY if fetch.vehicles else Exit.of_error(next(iter(fetch.failures.values())))
    return Exit.DONE


def document(fetch: Fetch) -> dict[str, Plain]:
    """What `status -j` prints: the same shape whatever happened."""
    return {
        "version": EXPORT_VERSION,
        "vehicles": [export(vehicle) for vehicle in fetch.vehicles.values()],
        "failures": [{"vin": vin, "kind": _kind(err), "problem": str(err)} for vin, err in fetch.failures.items()],
        "unread_makes": [*sorted(make.name.lower() for make in fetch.unread_makes)],
    }


def _kind(err: SourceError) -> str:
    return Exit.of_error(err).name.lower()


def _lines(car: Vehicle) -> Iterator[str]:
    """A car in some lines; what it does not tell of has none."""
    yield f"{printable(car.name)} ({car.vin})"
    for label, value in _facts(car):
        if value:
            yield f"  {label + ':':<14} {printable(value)}"


def _facts(car: Vehicle) -> Iterator[tuple[str, str]]:
    energy, body = car.energy, car.body
    yield "last reported", _moment(car.last_reported) or "never"
    yield "mileage", _amount(car.odometer.mileage_km, "km")
    yield "range", _amount(energy.total_range_km, "km")
    if fuel := energy.fuel:
        yield "fuel", _list(_amount(fuel.level_l, "l"), _amount(fuel.level_percent, "%"), _amount(fuel.range_km, "km"))
    if battery := energy.battery:
        yield "battery", _list(_amount(battery.level_percent, "%"), _amount(battery.range_km, "km"))
    if charging := energy.charging:
        yield (
            "charging",
            _list(
                _word(charging.status),
                f"plugged in: {_ON[charging.is_plugged_in]}",
                f"until {_amount(charging.target_percent, '%')}" if charging.target_percent is not None else "",
                f"ends {_moment(charging.ends_at)}" if charging.ends_at else "",
            ),
        )
    yield "lock", _word(body.lock)
    open_parts = [_word(part) for parts in (body.lids, body.windows) for part, state in parts.items() if state.is_open]
    yield "open", ", ".join(open_parts) or ("nothing" if body.is_any_lid_open is False else "")
    if climate := car.climate:
        yield (
            "climate",
            _list(_word(climate.activity), f"ends {_moment(climate.ends_at)}" if climate.ends_at else ""),
        )
    if tires := car.tires:
        yield "tires", "warning" if tires.has_warning else "no warning" if tires.has_warning is False else ""
    for service in car.maintenance.services or ():
        due = _list(service.due_date.isoformat() if service.due_date else "", _amount(service.due_distance_km, "km"))
        yield "service", _list(_word(service.type), _word(service.status), due)
    for message in car.maintenance.messages or ():
        severity = _word(message.severity)
        yield "message", message.name.replace("_", " ") + (f" ({severity})" if severity else "")
    if location := car.tracked_location:
        yield "location", _list(f"{location.latitude:.6f} {location.longitude:.6f}", location.address or "")


def _list(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _word(value: Enum) -> str:
    """The name of a state, empty while the car does not say."""
    return "" if value.name == "UNKNOWN" else _SPOKEN.get(value) or value.name.lower().replace("_", " ")


def _amount(value: int | None, unit: str) -> str:
    return "" if value is None else f"{value} {unit}"


def _moment(moment: datetime | None) -> str:
    """A moment on the clock of this machine."""
    return "" if moment is None else moment.astimezone().isoformat(sep=" ", timespec="minutes")

"""Fuel, batteries, ranges and what happens at the plug."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from ....vehicle import Battery, Charging, ChargingStatus, DriveTrain, Energy, Fuel, LowVoltageBattery
from ...fields import Fields
from ..keys import Key
from ..reading import Reading
from ..traps import charging_power_w, charging_status_key, is_frozen, is_of_this, is_one_burst, state_of_charge
from .measures import KILOMETERS, MINUTES, PERCENT
from .told import Told

_STATUS: Final[Mapping[str, ChargingStatus]] = {
    "NOCHARGING": ChargingStatus.NOT_CHARGING,
    "INITIALIZATION": ChargingStatus.WAITING_FOR_CHARGING,
    "CHARGINGACTIVE": ChargingStatus.CHARGING,
    "CHARGINGPAUSED": ChargingStatus.WAITING_FOR_CHARGING,
    "CHARGINGENDED": ChargingStatus.COMPLETE,
    "CHARGINGERROR": ChargingStatus.ERROR,
    "CHARGINGINTERRUPTED": ChargingStatus.ERROR,
    "CHARGINGDISRUPTED": ChargingStatus.ERROR,
}
_HV_STATUS: Final[Mapping[str, ChargingStatus]] = {
    "CHARGING": ChargingStatus.CHARGING,
    "ERROR": ChargingStatus.ERROR,
    "NOT_CHARGING": ChargingStatus.NOT_CHARGING,
    "WAITING_FOR_CHARGING": ChargingStatus.WAITING_FOR_CHARGING,
    "FINISHED_FULLY_CHARGED": ChargingStatus.FINISHED_FULLY_CHARGED,
    "FINISHED_NOT_FULL": ChargingStatus.FINISHED_NOT_FULL,
}
_CONNECTED: Final[Mapping[str, bool | None]] = {"CONNECTED": True, "DISCONNECTED": False}
_CONNECTIONS: Final[Mapping[str, str | None]] = {"CONDUCTIVE": "conductive", "INDUCTIVE": "inductive"}

_LITERS: Final = range(1_000)
_WATTS: Final = range(1_000_001)
_LARGEST_KWH: Final = 300
_LONGEST_TOLD_MIN: Final = 200
_RANGES_TOGETHER: Final = timedelta(hours=1)


def build_energy(told: Told, basic: Fields, drive_train: DriveTrain) -> Energy:
    """The energies the car carries; cars also speak of some that their drive train does not know."""
    has_engine, has_battery = drive_train.has_engine, drive_train.has_high_voltage_battery
    tank, cells = told.part(), told.part()
    fuel_range, electric_range, total_range = _ranges(tank, cells, drive_train)
    charging = _charging(told.part()) if has_battery else None
    return Energy(
        fuel=_fuel(tank, fuel_range) if has_engine else None,
        battery=_battery(cells, basic, electric_range, charging) if has_battery else None,
        charging=charging,
        low_voltage_battery=_low_voltage_battery(told.part()),
        total_range_km=total_range,
    )


def _fuel(tank: Told, range_km: int | None) -> Fuel | None:
    percent, liters = tank.reading(Key.FUEL_PERCENT), tank.readings.get(Key.FUEL)
    level_l = None
    if liters and not is_frozen(liters, percent):
        level_l = tank.integer(Key.FUEL, "L", _LITERS)
    fuel = Fuel(
        as_of=tank.as_of,
        level_l=level_l,
        level_percent=tank.integer(Key.FUEL_PERCENT, "%", PERCENT),
        range_km=range_km,
    )
    return fuel if fuel != Fuel() else None


def _battery(cells: Told, basic: Fields, range_km: int | None, charging: Charging | None) -> Battery | None:
    soc = state_of_charge(cells.readings, is_charging=bool(charging and charging.is_charging))
    cells.believe(soc, is_cars=soc is not cells.readings.get(Key.SOC_PREDICTED))
    level = None if soc is None else cells.measured(Key.SOC_HEADER, soc, "%", PERCENT[0], PERCENT[-1])
    as_of = cells.as_of
    battery = Battery(
        as_of=as_of,
        level_percent=None if level is None else int(level),
        range_km=range_km,
        capacity_kwh=_capacity_kwh(cells, basic),
        health_percent=cells.integer(Key.HEALTH, "%", PERCENT),
    )
    return battery if battery != Battery() else None


def _capacity_kwh(cells: Told, basic: Fields) -> float | None:
    """What the battery holds; 0 is how some cars say that they do not know."""
    return (
        cells.number(Key.CAPACITY, "kWh", 0, _LARGEST_KWH)
        or cells.number(Key.USABLE_CAPACITY, "kWh", 0, _LARGEST_KWH)
        or basic.number("hvsMaxEnergyAbsolute", 0, _LARGEST_KWH)
        or None
    )


def _low_voltage_battery(told: Told) -> LowVoltageBattery | None:
    voltage = told.number(Key.LOW_VOLTAGE, "V", 0, 60)
    level = told.integer(Key.LOW_VOLTAGE_LEVEL, "%", PERCENT)
    if voltage is None and level is None:
        return None
    return LowVoltageBattery(as_of=told.as_of, voltage_v=voltage, level_percent=level)


def _ranges(tank: Told, cells: Told, drive_train: DriveTrain) -> tuple[int | None, int | None, int | None]:
    """How far the car gets on fuel, on electricity and in all.

    The electric range is that of the cluster: the forecast is right only while the car charges. The "last range" is
    what the car gets on all it has; some electric cars say only that. What is left of it for fuel can be told only if
    the electric one is of the same time: while a hybrid charges, some tell the electric one alone.
    """
    last = _newest(tank, (Key.LAST_RANGE, Key.TOTAL_RANGE))
    total = None if last is None else tank.measured(Key.LAST_RANGE, last, "km", 0, KILOMETERS[-1])
    total_km = None if total is None else int(total)
    if not drive_train.has_high_voltage_battery:
        return total_km, None, total_km
    electric_km = cells.integer(Key.ELECTRIC_RANGE, "km", KILOMETERS)
    if not drive_train.has_engine:
        if electric_km is None:
            cells.believe(last)
            electric_km = total_km or cells.integer(Key.ELECTRIC_RANGE_FORECAST, "km", KILOMETERS)
        return None, electric_km, electric_km
    electric = cells.readings.get(Key.ELECTRIC_RANGE)
    if last is None or total_km is None or electric is None or electric_km is None:
        return None, electric_km, total_km
    if last.since > electric.at + _RANGES_TOGETHER or electric.since > last.at + _RANGES_TOGETHER:
        return None, electric_km, total_km
    if total_km < electric_km:
        tank.note(Key.LAST_RANGE, "less than the electric range, which should be part of it")
        return None, electric_km, total_km
    return total_km - electric_km, electric_km, total_km


def _charging(told: Told) -> Charging | None:
    plug, target = _plug(told), told.integer(Key.TARGET, "%", PERCENT)
    key = charging_status_key(told.readings)
    said = told.reading(key)
    status = _reached(_charging_status(told, key, said, plug), target)
    is_charging = None if status is ChargingStatus.UNKNOWN else status is ChargingStatus.CHARGING
    since = said.since if said else None
    power = charging_power_w(told.readings, is_charging=is_charging, charges_since=since)
    if is_charging:
        told.reading(Key.CHARGING_POWER)
    remaining = _time_left(told, said) if is_charging and said else None
    minutes = None if remaining is None else told.measured(Key.MINUTES_LEFT, remaining, "min", 0, MINUTES[-1])
    charging = Charging(
        status=status,
        target_percent=target,
        is_plugged_in=plug[1] if plug else is_charging or None,
        connection_type=told.word(Key.CONNECTION_TYPE, _CONNECTIONS, None),
        remaining_min=None if minutes is None else int(minutes),
        ends_at=None
        if minutes is None or remaining is None
        else remaining.at.replace(microsecond=0) + timedelta(minutes=int(minutes)),
        power_w=power if power in _WATTS else None,
        as_of=told.as_of,
    )
    return charging if charging != Charging() else None


def _charging_status(told: Told, key: Key, said: Reading | None, plug: tuple[Reading, bool] | None) -> ChargingStatus:
    """What happens at the plug. No car charges whose cable was pulled since it said so."""
    if said is None:
        return ChargingStatus.UNKNOWN
    if key is Key.CHARGING_HV_STATUS:
        status = told.meaning(Key.CHARGING_HV_STATUS, said, _HV_STATUS, ChargingStatus.UNKNOWN)
    else:
        status = told.meaning(Key.CHARGING_STATUS, said, _STATUS, ChargingStatus.UNKNOWN)
        detail = told.reading(Key.CHARGING_HV_STATUS)
        if status is ChargingStatus.COMPLETE and detail and is_one_burst(detail.at, said.at):
            end = told.meaning(Key.CHARGING_HV_STATUS, detail, _HV_STATUS, status)
            is_end = end in {ChargingStatus.FINISHED_FULLY_CHARGED, ChargingStatus.FINISHED_NOT_FULL}
            status = end if is_end else status
    if plug and not plug[1] and plug[0].at > said.at:
        return ChargingStatus.NOT_CHARGING
    return status


def _reached(status: ChargingStatus, target_percent: int | None) -> ChargingStatus:
    """The end of a charge in the words of My BMW: CarData has one for a full battery and for one as full as wanted."""
    if status is not ChargingStatus.FINISHED_FULLY_CHARGED or target_percent is None:
        return status
    return ChargingStatus.FULLY_CHARGED if target_percent == PERCENT[-1] else ChargingStatus.TARGET_REACHED


def _plug(told: Told) -> tuple[Reading, bool] | None:
    """The newest word on the cable; cars have different descriptors for it."""
    found: tuple[Reading, bool] | None = None
    for key in (Key.IS_PLUGGED, Key.PORT_STATUS, Key.PORT_CLEAR_STATUS, Key.PORT_COMBINED_STATUS, Key.CONNECTOR_STATUS):
        if (reading := told.reading(key)) is None or (found and reading.at <= found[0].at):
            continue
        is_in = told.flag(key) if key is Key.IS_PLUGGED else told.word(key, _CONNECTED, None)
        if is_in is not None:
            found = reading, is_in
    return found


def _time_left(told: Told, charges: Reading) -> Reading | None:
    """The estimate that belongs to this charge.

    The first stops counting at 200 minutes; the second may, with a route set, mean the level needed for it.
    """
    left, full = told.reading(Key.MINUTES_LEFT), told.reading(Key.MINUTES_TO_FULL)
    left, full = (each if each and is_of_this(each, charges.since) else None for each in (left, full))
    if left is None or full is None:
        return left or full
    if not is_one_burst(left.at, full.at):
        return max(left, full, key=lambda reading: reading.at)
    is_capped = isinstance(left.value, int | float) and left.value >= _LONGEST_TOLD_MIN
    return full if is_capped else left


def _newest(told: Told, keys: tuple[Key, ...]) -> Reading | None:
    readings = [reading for key in keys if (reading := told.readings.get(key)) and reading.value is not None]
    return told.believe(max(readings, key=lambda reading: reading.at, default=None))

"""Fuel, battery, ranges and what happens at the plug."""

from datetime import datetime, timedelta
from typing import Final

from ....vehicle import Battery, Charging, ChargingStatus, DriveTrain, Energy, Fuel
from ...fields import NOTHING, Fields, names_of
from .measures import KILOMETERS, PERCENT

_STATUS: Final = names_of(ChargingStatus, unknown=ChargingStatus.UNKNOWN, more={"INVALID": ChargingStatus.NOT_CHARGING})
_LITERS: Final = range(1_000)
_MINUTES: Final = range(14 * 24 * 60)


def build_energy(state: Fields, drive_train: DriveTrain, as_of: datetime | None, read_at: datetime) -> Energy:
    """The energies the car carries; BMW also sends some that its drive train does not know.

    `read_at` is when BMW's cloud looked, for what a car says that does not tell when it said it.
    """
    tank = state.part("combustionFuelLevel") if drive_train.has_engine else NOTHING
    cells = state.part("electricChargingState") if drive_train.has_high_voltage_battery else NOTHING
    fuel_range, electric_range, total_range = _ranges(tank, cells, drive_train)
    return Energy(
        fuel=Fuel(
            as_of=as_of,
            level_l=tank.integer("remainingFuelLiters", _LITERS),
            level_percent=tank.integer("remainingFuelPercent", PERCENT),
            range_km=fuel_range,
        )
        if tank
        else None,
        battery=Battery(
            as_of=as_of,
            level_percent=cells.integer("chargingLevelPercent", PERCENT),
            range_km=electric_range,
        )
        if cells
        else None,
        charging=_charging(cells, as_of, read_at) if cells else None,
        total_range_km=total_range,
    )


def _ranges(tank: Fields, cells: Fields, drive_train: DriveTrain) -> tuple[int | None, int | None, int | None]:
    """How far the car gets on fuel, on electricity and in all.

    For a plug-in hybrid the range BMW calls the combustion engine's is that of both together
    (github.com/bimmerconnected/bimmer_connected issues 317 and 515); for a range extender it is the engine's alone.
    """
    burning, electric = tank.integer("range", KILOMETERS), cells.integer("range", KILOMETERS)
    match drive_train:
        case DriveTrain.PLUGIN_HYBRID:
            if burning is None or electric is None:
                return None, electric, burning
            if burning < electric:
                tank.note("range", "less than the electric range, which should be part of it")
                return None, electric, burning
            return burning - electric, electric, burning
        case DriveTrain.ELECTRIC_WITH_RANGE_EXTENDER:
            return burning, electric, None if burning is None or electric is None else burning + electric
        case DriveTrain.ELECTRIC:
            return None, electric, electric
        case _:
            return burning, None, burning


def _charging(cells: Fields, as_of: datetime | None, read_at: datetime) -> Charging:
    """What happens at the plug; minutes that are sent while nothing flows mean nothing.

    BMW passes the car's minutes on as they are until the car reports again, so they count from the report: from any
    later moment, the end would run away (github.com/bimmerconnected/bimmer_connected issue 728).
    """
    status = cells.token("chargingStatus", _STATUS)
    remaining = _remaining_min(cells) if status is ChargingStatus.CHARGING else None
    connection = cells.word("chargingConnectionType")
    return Charging(
        as_of=as_of,
        status=status,
        target_percent=cells.integer("chargingTarget", PERCENT),
        is_plugged_in=cells.flag("isChargerConnected"),
        connection_type=None if connection == "unknown" else connection,
        remaining_min=remaining,
        ends_at=None if remaining is None else (as_of or read_at) + timedelta(minutes=remaining),
    )


def _remaining_min(cells: Fields) -> int | None:
    """The minutes left; 0 is what BMW sends of a charging car whose minutes it does not know (the same issue)."""
    return cells.integer("remainingChargingMinutes", _MINUTES) or None

"""What a command changes about a car, and how to tell from its report that it has."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Final

from . import Vehicle
from .charging_plan import ChargingWindow
from .commands import (
    Command,
    CommandKey,
    FindVehicle,
    Lock,
    SetChargingPlan,
    SetChargingSettings,
    StartCharging,
    StartClimate,
    StopCharging,
    StopClimate,
    TimerChange,
    Unlock,
    WindowChange,
)


class Subject(StrEnum):
    """What of a car a command is about."""

    LOCK = "lock"
    CLIMATE = "climate"
    CHARGING = "charging"
    CHARGING_SETTINGS = "charging_settings"
    CHARGING_PLAN = "charging_plan"
    LOCATION = "location"


SUBJECTS: Final = {
    CommandKey.LOCK: Subject.LOCK,
    CommandKey.UNLOCK: Subject.LOCK,
    CommandKey.START_CLIMATE: Subject.CLIMATE,
    CommandKey.STOP_CLIMATE: Subject.CLIMATE,
    CommandKey.START_CHARGING: Subject.CHARGING,
    CommandKey.STOP_CHARGING: Subject.CHARGING,
    CommandKey.SET_CHARGING_SETTINGS: Subject.CHARGING_SETTINGS,
    CommandKey.SET_CHARGING_PLAN: Subject.CHARGING_PLAN,
    CommandKey.FIND_VEHICLE: Subject.LOCATION,
}
"""The commands that leave a trace in the car's report, and where; of the others it never speaks."""


SETTINGS: Final = frozenset({Subject.CHARGING_SETTINGS, Subject.CHARGING_PLAN})
"""What a car does not tell with its state, but with how its owner has set it to charge."""


def parts_of(command: Command) -> frozenset[str]:
    """What of a car a command is about, in parts that are set one by one; empty if it leaves no trace."""
    match command:
        case SetChargingSettings():
            settings = {"target": command.target_percent, "ac_limit": command.ac_limit_a}
            return frozenset(name for name, value in settings.items() if value is not None)
        case SetChargingPlan():
            plan = {
                "mode": command.mode,
                "pre_entry_climatization": command.is_pre_entry_climatization_on,
                "window": command.window,
                **{f"timer_{timer.id}": timer for timer in command.timers},
            }
            return frozenset(name for name, value in plan.items() if value is not None)
        case _:
            return frozenset({SUBJECTS[command.key].value} if command.key in SUBJECTS else ())


def speaks_of(vehicle: Vehicle, command: Command) -> bool:
    """Whether the car's report says anything at all about what a command changes; those of some cars never do."""
    match command:
        case Lock() | Unlock():
            return vehicle.body.lock.is_locked is not None
        case StartClimate() | StopClimate():
            return vehicle.climate is not None and vehicle.climate.activity.is_running is not None
        case StartCharging() | StopCharging():
            return vehicle.energy.charging is not None and vehicle.energy.charging.is_charging is not None
        case FindVehicle():
            return vehicle.capabilities.tracking
        case _:
            return True


def shows_effect(vehicle: Vehicle, command: Command, sent_at: datetime) -> bool:
    """Whether the car, as it says it is, is what a command that was sent then has wanted it to be.

    False as long as the car does not speak of it; True of a command that leaves no trace.
    """
    match command:
        case Lock() | Unlock():
            return vehicle.body.lock.is_locked is isinstance(command, Lock)
        case StartClimate() | StopClimate():
            return vehicle.climate is not None and (
                vehicle.climate.activity.is_running is isinstance(command, StartClimate)
            )
        case StartCharging() | StopCharging():
            charging = vehicle.energy.charging
            return charging is not None and charging.is_charging is isinstance(command, StartCharging)
        case FindVehicle():
            location = vehicle.location
            return location is not None and location.as_of is not None and location.as_of >= sent_at
        case SetChargingSettings():
            return _has_settings(vehicle, command)
        case _:
            return not isinstance(command, SetChargingPlan) or _has_plan(vehicle, command)


def target_percent(vehicle: Vehicle) -> int | None:
    """The state of charge that the charging goes by; the settings tell it, too, should that be silent."""
    charging, plan = vehicle.energy.charging, vehicle.charging_plan
    if charging and charging.target_percent is not None:
        return charging.target_percent
    return plan.target_percent if plan else None


def _has_settings(vehicle: Vehicle, wanted: SetChargingSettings) -> bool:
    ac_limit_a = vehicle.charging_plan.ac_limit_a if vehicle.charging_plan else None
    return wanted.target_percent in {None, target_percent(vehicle)} and wanted.ac_limit_a in {None, ac_limit_a}


def _has_plan(vehicle: Vehicle, wanted: SetChargingPlan) -> bool:
    plan = vehicle.charging_plan
    return (
        plan is not None
        and wanted.mode in {None, plan.mode}
        and wanted.is_pre_entry_climatization_on in {None, plan.is_pre_entry_climatization_on}
        and _has_window(plan.window, wanted.window)
        and all(any(_timers_as(change, vehicle)) for change in wanted.timers)
    )


def _has_window(window: ChargingWindow | None, wanted: ChargingWindow | WindowChange | None) -> bool:
    if wanted is None:
        return True
    return window is not None and wanted.start in {None, window.start} and wanted.end in {None, window.end}


def _timers_as(wanted: TimerChange, vehicle: Vehicle) -> Iterator[bool]:
    """For each timer of the car, whether it is the wanted one and is set as wanted."""
    for timer in vehicle.charging_plan.departure_timers if vehicle.charging_plan else ():
        yield (
            timer.id == wanted.id
            and wanted.is_active in {None, timer.is_active}
            and (wanted.weekdays is None or set(wanted.weekdays) == set(timer.weekdays))
            and wanted.departs_at in {None, timer.departs_at}
        )

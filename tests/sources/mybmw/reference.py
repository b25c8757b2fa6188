"""What `bimmer_connected` makes of the recorded cars, and how to read the same from our model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from operator import attrgetter
from typing import Final

from bimmer_connected.account import MyBMWAccount
from bimmer_connected.api.regions import Regions
from bimmer_connected.models import ValueWithUnit
from bimmer_connected.vehicle import MyBMWVehicle
from bimmer_connected.vehicle.charging_profile import ChargingProfile
from bimmer_connected.vehicle.reports import ConditionBasedService
from bimmer_connected.vehicle.tires import TireState
from freezegun import freeze_time

from custom_components.mybmw.sources.mybmw.build import build_vehicle
from custom_components.mybmw.vehicle import (
    Charging,
    ChargingPlan,
    ClimateActivity,
    Lid,
    OpeningState,
    Service,
    Severity,
    Tire,
    TireSeason,
    Vehicle,
    Wheel,
    Window,
)
from tests.recorded import RecordedCar

from .answers import recorded_answers

LATER: Final = timedelta(hours=1)
"""So long after BMW's cloud read a car we ask for it; only then it shows what a time is counted from."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One recorded car, as they see it and as we see it."""

    theirs: MyBMWVehicle
    ours: Vehicle
    read_at: datetime
    asked_at: datetime


def pair_of(car: RecordedCar) -> Pair:
    assert isinstance(car.profile, dict)
    assert isinstance(car.state, dict)
    assert isinstance(car.state["state"], dict)
    read_at = datetime.fromisoformat(str(car.state["state"]["lastFetched"])).replace(microsecond=0)
    asked_at = read_at + LATER
    attributes = {key: value for key, value in car.profile.items() if key != "vin"}
    if car.brand == "toyota":  # as their account does
        attributes["brand"] = "TOYOTA"
    account = MyBMWAccount("user", "password", Regions.REST_OF_WORLD)
    theirs = MyBMWVehicle(account, {"vin": car.vin, "attributes": attributes}, asked_at)
    with freeze_time(asked_at):
        theirs.update_state([car.state, {"charging_settings": car.charging}], asked_at)
    ours = build_vehicle(recorded_answers(car, asked_at=asked_at))
    return Pair(theirs=theirs, ours=ours, read_at=read_at, asked_at=asked_at)


LIDS: Final[Mapping[str, Lid]] = {
    "leftFront": Lid.DOOR_FRONT_LEFT,
    "rightFront": Lid.DOOR_FRONT_RIGHT,
    "leftRear": Lid.DOOR_REAR_LEFT,
    "rightRear": Lid.DOOR_REAR_RIGHT,
    "hood": Lid.HOOD,
    "trunk": Lid.TRUNK,
    "sunRoof": Lid.SUNROOF,
}
WINDOWS: Final[Mapping[str, Window]] = {
    "leftFront": Window.FRONT_LEFT,
    "rightFront": Window.FRONT_RIGHT,
    "leftRear": Window.REAR_LEFT,
    "rightRear": Window.REAR_RIGHT,
    "rear": Window.REAR,
}
SEASONS: Final = {2: TireSeason.SUMMER, 4: TireSeason.WINTER}


def _their_plan(read: Callable[[ChargingProfile], object]) -> Callable[[Pair], object]:
    return lambda pair: read(pair.theirs.charging_profile) if pair.theirs.charging_profile else None


def _our_plan(read: Callable[[ChargingPlan], object]) -> Callable[[Pair], object]:
    return lambda pair: read(pair.ours.charging_plan) if pair.ours.charging_plan else None


def _their_service(service: ConditionBasedService | None) -> object:
    if service is None:
        return None
    return service.service_type, service.state, service.due_date, service.due_distance.value


def _our_service(service: Service | None) -> object:
    if service is None:
        return None
    due = datetime.combine(service.due_date, time(), tzinfo=UTC) if service.due_date else None
    return service.name.upper(), service.status.upper(), due, service.due_distance_km


def _their_tire(tire: TireState) -> object:
    week = tire.manufacturing_week.date() if tire.manufacturing_week else None
    season = None if tire.season is None else SEASONS[tire.season]
    return tire.current_pressure, tire.target_pressure, season, week


def _our_tire(tire: Tire | None) -> object:
    return tire and (tire.pressure_kpa, tire.target_pressure_kpa, tire.season, tire.manufactured)


def _are_closed(is_any_open: bool | None) -> bool | None:  # noqa: FBT001 (the answer it turns around)
    return None if is_any_open is None else not is_any_open


def _amount(quantity: ValueWithUnit | None) -> float | None:
    return quantity.value if quantity else None


def _minutes(duration: timedelta | None) -> float | None:
    return duration / timedelta(minutes=1) if duration is not None else None


def _end_of(charging: Charging | None) -> datetime | None:
    return charging.ends_at if charging else None


def _since(moment: datetime | None, end: datetime | None) -> timedelta | None:
    return end - moment if moment and end else None


type Reading = tuple[Callable[[Pair], object], Callable[[Pair], object]]

SAME: Final[Mapping[str, str]] = {
    "name": "name",
    "vin": "vin",
    "timestamp": "last_reported",
    "has_electric_drivetrain": "identity.drive_train.has_high_voltage_battery",
    "has_combustion_drivetrain": "identity.drive_train.has_engine",
    "is_lsc_enabled": "capabilities.reports_state",
    "is_vehicle_tracking_enabled": "capabilities.tracking",
    "is_charging_plan_supported": "capabilities.charging_plan",
    "is_charging_settings_supported": "capabilities.charging_settings",
    "is_remote_set_target_soc_enabled": "capabilities.target_soc",
    "is_remote_set_ac_limit_enabled": "capabilities.ac_limit",
    "is_remote_sendpoi_enabled": "capabilities.send_destination",
    "is_remote_horn_enabled": "capabilities.sound_horn",
    "is_remote_lights_enabled": "capabilities.flash_lights",
    "is_remote_lock_enabled": "capabilities.lock",
    "is_remote_unlock_enabled": "capabilities.unlock",
    "is_remote_climate_start_enabled": "capabilities.start_climate",
    "is_remote_climate_stop_enabled": "capabilities.stop_climate",
    "is_remote_charge_start_enabled": "capabilities.start_charging",
    "is_remote_charge_stop_enabled": "capabilities.stop_charging",
    "vehicle_location.vehicle_update_timestamp": "last_reported",
    "condition_based_services.is_service_required": "maintenance.is_service_required",
    "check_control_messages.has_check_control_messages": "maintenance.has_urgent_message",
}
"""Values that both simply have, by their name for it."""

VALUES: Final[Mapping[str, Reading]] = {
    **{theirs: (attrgetter(f"theirs.{theirs}"), attrgetter(f"ours.{ours}")) for theirs, ours in SAME.items()},
    "brand": (lambda p: p.theirs.brand.value, lambda p: p.ours.identity.brand.lower()),
    "drive_train": (lambda p: p.theirs.drive_train.lower(), lambda p: p.ours.identity.drive_train),
    "mileage": (lambda p: p.theirs.mileage.value, lambda p: p.ours.odometer.mileage_km),
    "lsc_type": (lambda p: p.theirs.lsc_type == "ACTIVATED", lambda p: p.ours.capabilities.reports_state),
    "fuel_and_battery.remaining_range_fuel": (
        lambda p: _amount(p.theirs.fuel_and_battery.remaining_range_fuel),
        lambda p: p.ours.energy.fuel and p.ours.energy.fuel.range_km,
    ),
    "fuel_and_battery.remaining_range_electric": (
        lambda p: _amount(p.theirs.fuel_and_battery.remaining_range_electric),
        lambda p: p.ours.energy.battery and p.ours.energy.battery.range_km,
    ),
    "fuel_and_battery.remaining_range_total": (
        lambda p: _amount(p.theirs.fuel_and_battery.remaining_range_total),
        lambda p: p.ours.energy.total_range_km,
    ),
    "fuel_and_battery.remaining_fuel": (
        lambda p: _amount(p.theirs.fuel_and_battery.remaining_fuel),
        lambda p: p.ours.energy.fuel and p.ours.energy.fuel.level_l,
    ),
    "fuel_and_battery.remaining_fuel_percent": (
        lambda p: p.theirs.fuel_and_battery.remaining_fuel_percent,
        lambda p: p.ours.energy.fuel and p.ours.energy.fuel.level_percent,
    ),
    "fuel_and_battery.remaining_battery_percent": (
        lambda p: p.theirs.fuel_and_battery.remaining_battery_percent,
        lambda p: p.ours.energy.battery and p.ours.energy.battery.level_percent,
    ),
    "fuel_and_battery.charging_status": (
        lambda p: p.theirs.fuel_and_battery.charging_status and p.theirs.fuel_and_battery.charging_status.lower(),
        lambda p: p.ours.energy.charging and p.ours.energy.charging.status,
    ),
    "fuel_and_battery.charging_start_time": (
        lambda p: p.theirs.fuel_and_battery.charging_start_time,
        lambda p: (start := p.ours.next_charging_start(p.asked_at)) and start.replace(tzinfo=None),
    ),
    "fuel_and_battery.charging_end_time": (
        lambda p: p.theirs.fuel_and_battery.charging_end_time,
        lambda p: p.ours.energy.charging and p.ours.energy.charging.ends_at,
    ),
    "fuel_and_battery.charging_end_time, in minutes from then": (
        lambda p: _minutes(_since(p.asked_at, p.theirs.fuel_and_battery.charging_end_time)),
        lambda p: _minutes(_since(p.ours.last_reported, _end_of(p.ours.energy.charging))),
    ),
    "fuel_and_battery.is_charger_connected": (
        lambda p: p.theirs.fuel_and_battery.is_charger_connected,
        lambda p: p.ours.energy.charging and p.ours.energy.charging.is_plugged_in,
    ),
    "fuel_and_battery.charging_target": (
        lambda p: p.theirs.fuel_and_battery.charging_target,
        lambda p: p.ours.energy.charging and p.ours.energy.charging.target_percent,
    ),
    "vehicle_location.location": (
        lambda p: p.theirs.vehicle_location.location and tuple(p.theirs.vehicle_location.location),
        lambda p: p.ours.location and (p.ours.location.latitude, p.ours.location.longitude),
    ),
    "vehicle_location.heading": (
        lambda p: p.theirs.vehicle_location.heading,
        lambda p: p.ours.location and p.ours.location.heading_deg,
    ),
    "doors_and_windows.door_lock_state": (
        lambda p: p.theirs.doors_and_windows.door_lock_state.lower(),
        lambda p: p.ours.body.lock,
    ),
    "doors_and_windows.lids": (
        lambda p: {LIDS[lid.name]: lid.state.lower() for lid in p.theirs.doors_and_windows.lids},
        lambda p: p.ours.body.lids,
    ),
    "doors_and_windows.windows": (
        lambda p: {WINDOWS[window.name]: window.state.lower() for window in p.theirs.doors_and_windows.windows},
        lambda p: p.ours.body.windows,
    ),
    "doors_and_windows.open_lids": (
        lambda p: {LIDS[lid.name] for lid in p.theirs.doors_and_windows.open_lids},
        lambda p: {lid for lid, state in p.ours.body.lids.items() if state is not OpeningState.CLOSED},
    ),
    "doors_and_windows.open_windows": (
        lambda p: {WINDOWS[window.name] for window in p.theirs.doors_and_windows.open_windows},
        lambda p: {window for window, state in p.ours.body.windows.items() if state is not OpeningState.CLOSED},
    ),
    "doors_and_windows.all_lids_closed": (
        lambda p: p.theirs.doors_and_windows.all_lids_closed,
        lambda p: _are_closed(p.ours.body.is_any_lid_open),
    ),
    "doors_and_windows.all_windows_closed": (
        lambda p: p.theirs.doors_and_windows.all_windows_closed,
        lambda p: _are_closed(p.ours.body.is_any_window_open),
    ),
    "condition_based_services.messages": (
        lambda p: [_their_service(service) for service in p.theirs.condition_based_services.messages],
        lambda p: [_our_service(service) for service in p.ours.maintenance.services or ()],
    ),
    "condition_based_services.next_service_by_distance": (
        lambda p: _their_service(p.theirs.condition_based_services.next_service_by_distance),
        lambda p: _our_service(p.ours.maintenance.next_by_distance),
    ),
    "condition_based_services.next_service_by_time": (
        lambda p: _their_service(p.theirs.condition_based_services.next_service_by_time),
        lambda p: _our_service(p.ours.maintenance.next_by_date),
    ),
    "check_control_messages.messages": (
        lambda p: [
            (message.description_short, message.description_long, message.state)
            for message in p.theirs.check_control_messages.messages
        ],
        lambda p: [
            (message.name.upper(), message.description, message.severity.name)
            for message in p.ours.maintenance.messages or ()
        ],
    ),
    "check_control_messages.urgent_check_control_messages": (
        lambda p: p.theirs.check_control_messages.urgent_check_control_messages,
        lambda p: (
            ", ".join(
                message.name.upper() for message in p.ours.maintenance.messages or () if message.severity > Severity.LOW
            )
            or None
        ),
    ),
    "headunit.idrive_version": (
        lambda p: p.theirs.headunit.idrive_version,
        lambda p: p.ours.identity.head_unit.idrive or "",
    ),
    "headunit.headunit_type": (
        lambda p: p.theirs.headunit.headunit_type,
        lambda p: p.ours.identity.head_unit.type or "",
    ),
    "headunit.software_version": (
        lambda p: p.theirs.headunit.software_version,
        lambda p: str(p.ours.identity.software or ""),
    ),
    "climate.activity": (
        lambda p: p.theirs.climate.activity.lower(),
        lambda p: p.ours.climate.activity if p.ours.climate else ClimateActivity.UNKNOWN,
    ),
    "climate.activity_end_time": (
        lambda p: p.theirs.climate.activity_end_time,
        lambda p: p.ours.climate and p.ours.climate.ends_at,
    ),
    "climate.activity_end_time, in minutes from then": (
        lambda p: _minutes(_since(p.asked_at, p.theirs.climate.activity_end_time)),
        lambda p: _minutes(_since(p.read_at, p.ours.climate.ends_at if p.ours.climate else None)),
    ),
    "climate.is_climate_on": (
        lambda p: p.theirs.climate.is_climate_on,
        lambda p: p.ours.climate and p.ours.climate.activity.is_running,
    ),
    "charging_profile.is_pre_entry_climatization_enabled": (
        _their_plan(lambda plan: plan.is_pre_entry_climatization_enabled),
        _our_plan(lambda plan: plan.is_pre_entry_climatization_on),
    ),
    "charging_profile.timer_type": (
        _their_plan(lambda plan: plan.timer_type.lower()),
        _our_plan(lambda plan: plan.timer_type),
    ),
    "charging_profile.departure_times": (
        _their_plan(
            lambda plan: [
                (timer.timer_id, timer.action, timer.weekdays, timer.start_time) for timer in plan.departure_times
            ]
        ),
        _our_plan(
            lambda plan: [
                (
                    timer.id,
                    "ACTIVATE" if timer.is_active else "DEACTIVATE",
                    [day.upper() for day in timer.weekdays],
                    timer.departs_at,
                )
                for timer in plan.departure_timers
            ]
        ),
    ),
    "charging_profile.preferred_charging_window": (
        _their_plan(lambda plan: (plan.preferred_charging_window.start_time, plan.preferred_charging_window.end_time)),
        _our_plan(lambda plan: plan.window and (plan.window.start, plan.window.end)),
    ),
    "charging_profile.charging_preferences": (
        _their_plan(lambda plan: plan.charging_preferences.lower()),
        _our_plan(lambda plan: plan.preference),
    ),
    "charging_profile.charging_mode": (
        _their_plan(lambda plan: plan.charging_mode.lower()),
        _our_plan(lambda plan: plan.mode),
    ),
    "charging_profile.ac_current_limit": (
        _their_plan(lambda plan: plan.ac_current_limit),
        _our_plan(lambda plan: plan.ac_limit_a),
    ),
    "charging_profile.ac_available_limits": (
        _their_plan(lambda plan: plan.ac_available_limits),
        _our_plan(lambda plan: list(plan.ac_limits_a) or None),
    ),
    "charging_profile.charging_preferences_service_pack": (
        _their_plan(lambda plan: plan.charging_preferences_service_pack),
        _our_plan(lambda plan: plan.service_pack),
    ),
    "tires.front_left": (
        lambda p: p.theirs.tires and _their_tire(p.theirs.tires.front_left),
        lambda p: p.ours.tires and _our_tire(p.ours.tires.at(Wheel.FRONT_LEFT)),
    ),
    "tires.front_right": (
        lambda p: p.theirs.tires and _their_tire(p.theirs.tires.front_right),
        lambda p: p.ours.tires and _our_tire(p.ours.tires.at(Wheel.FRONT_RIGHT)),
    ),
    "tires.rear_left": (
        lambda p: p.theirs.tires and _their_tire(p.theirs.tires.rear_left),
        lambda p: p.ours.tires and _our_tire(p.ours.tires.at(Wheel.REAR_LEFT)),
    ),
    "tires.rear_right": (
        lambda p: p.theirs.tires and _their_tire(p.theirs.tires.rear_right),
        lambda p: p.ours.tires and _our_tire(p.ours.tires.at(Wheel.REAR_RIGHT)),
    ),
}
"""How to read each of their values, and how to read the same from our model."""

NO_VALUES: Final = frozenset(
    {
        "account",
        "data",  # the answers themselves
        "remote_services",
        "is_vehicle_active",  # always False, no longer supported
        "available_attributes",  # names of their own attributes
        "drive_train_attributes",
        "vehicle_location.account_region",
        "vehicle_location.remote_service_position",  # comes from a command
    }
)
"""What their vehicle has besides values of the car."""

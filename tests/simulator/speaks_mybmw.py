"""A living car in the words of the MyBMW API: the same documents that were recorded of real cars.

What the fields are called and how they are written is taken from the recordings; see tests/recorded.py.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from math import floor
from typing import Final

from custom_components.mybmw.sources import Json
from tests.issued import Kind, issue

from .living.condition import Air, Condition, Opening, Plug, Work
from .living.energy import electric_range_km, fuel_range_km, percent_of
from .living.models import Charging, DriveTrain, Identity, Model
from .living.upkeep import Urgency, due_in_km, due_on, flat_tires, is_washer_low, urgency

type Document = dict[str, Json]
type WatchedAt = Callable[[datetime], datetime]
"""When those who ask have seen, or will see, a moment in the life of a car."""

_DRIVE_TRAINS: Final[Mapping[DriveTrain, str]] = {
    DriveTrain.ELECTRIC: "ELECTRIC",
    DriveTrain.PLUG_IN_HYBRID: "PLUGIN_HYBRID",
    DriveTrain.PETROL: "COMBUSTION",
    DriveTrain.RANGE_EXTENDER: "ELECTRIC_WITH_RANGE_EXTENDER",
}
_DOORS: Final[Mapping[str, Opening]] = {
    "hood": Opening.HOOD,
    "leftFront": Opening.DOOR_FRONT_LEFT,
    "leftRear": Opening.DOOR_REAR_LEFT,
    "rightFront": Opening.DOOR_FRONT_RIGHT,
    "rightRear": Opening.DOOR_REAR_RIGHT,
    "trunk": Opening.TRUNK,
}
_WINDOWS: Final[Mapping[str, Opening]] = {
    "leftFront": Opening.WINDOW_FRONT_LEFT,
    "leftRear": Opening.WINDOW_REAR_LEFT,
    "rear": Opening.WINDOW_REAR,
    "rightFront": Opening.WINDOW_FRONT_RIGHT,
    "rightRear": Opening.WINDOW_REAR_RIGHT,
}
_ACTIVITIES: Final[Mapping[Air, str]] = {
    Air.OFF: "INACTIVE",
    Air.HEATING: "HEATING",
    Air.COOLING: "COOLING",
    Air.VENTILATION: "VENTILATION",
}
_WORKS: Final[Mapping[Work, str]] = {
    Work.OIL: "OIL",
    Work.BRAKE_FLUID: "BRAKE_FLUID",
    Work.VEHICLE_CHECK: "VEHICLE_CHECK",
    Work.INSPECTION: "VEHICLE_TUV",
}
_URGENCIES: Final[Mapping[Urgency, str]] = {
    Urgency.LATER: "OK",
    Urgency.SOON: "PENDING",
    Urgency.OVERDUE: "OVERDUE",
}
_WHEELS: Final = ("frontLeft", "frontRight", "rearLeft", "rearRight")
_AC_LIMITS_A: Final = (6, 8, 10, 12, 16, 20, 32)
_AC_LIMIT_A: Final = 16
_TIMERS: Final = 4


def profile(model: Model) -> Document:
    """What the car is from the factory on."""
    identity = model.identity
    return {
        "bodyType": identity.body,
        "brand": identity.make,
        "color": identity.color,
        "countryOfOrigin": "DE",
        "driveTrain": _DRIVE_TRAINS[model.drive_train],
        "headUnitRaw": identity.head_unit,
        "headUnitType": "NBT" if identity.head_unit == "NBT" else "MGU",
        "hmiVersion": identity.idrive,
        "model": identity.model,
        "softwareVersionCurrent": _release(identity, identity.release),
        "softwareVersionExFactory": _release(identity, (7, identity.year % 100, 410)),
        "telematicsUnit": identity.telematics,
        "vin": identity.vin,
        "year": identity.year,
    }


def capabilities(model: Model) -> Document:
    """What the car can be asked to do."""
    has_settings = model.drive_train is DriveTrain.ELECTRIC
    return {
        "alarmSystem": True,
        "climateFunction": "VENTILATION" if model.battery is None else "AIR_CONDITIONING",
        "climateNow": True,
        "horn": True,
        "isChargingHistorySupported": model.battery is not None,
        "isChargingHospitalityEnabled": has_settings,
        "isChargingLoudnessEnabled": has_settings,
        "isChargingPlanSupported": model.battery is not None,
        "isChargingPowerLimitEnabled": has_settings,
        "isChargingSettingsEnabled": has_settings,
        "isChargingTargetSocEnabled": has_settings,
        "isClimateTimerSupported": model.battery is None,
        "lastStateCallState": "ACTIVATED",
        "lights": True,
        "lock": True,
        "remoteChargingCommands": {"chargingControl": ["START", "STOP"]} if has_settings else {},
        "sendPoi": True,
        "unlock": True,
        "vehicleFinder": True,
        "vehicleStateSource": "LAST_STATE_CALL",
    }


def charging_details(model: Model) -> Document | None:
    """How the car is set to charge; None if it cannot."""
    charging = model.owner.charging
    if charging is None:
        return None
    opens, closes = charging.window or (time(), time())
    details: Document = {
        "chargeAndClimateSettings": {"chargeAndClimateTimer": {"showDepartureTimers": False}},
        "chargeAndClimateTimerDetail": {
            "chargingMode": {
                "chargingPreference": _preference(charging),
                "endTimeSlot": f"0001-01-01T{closes:%H:%M:%S}",
                "startTimeSlot": f"0001-01-01T{opens:%H:%M:%S}",
                "type": "TIME_SLOT" if charging.window else "CHARGING_IMMEDIATELY",
            },
            "departureTimer": {
                "type": "WEEKLY_DEPARTURE_TIMER",
                "weeklyTimers": [
                    {"daysOfTheWeek": [], "id": number, "time": "0001-01-01T00:00:00", "timerAction": "DEACTIVATE"}
                    for number in range(1, _TIMERS + 1)
                ],
            },
            "isPreconditionForDepartureActive": False,
        },
        "servicePack": "WAVE_01" if model.drive_train is DriveTrain.ELECTRIC else model.identity.telematics,
    }
    if model.drive_train is DriveTrain.ELECTRIC:
        details |= {
            "chargingFlapDetail": {"isPermanentlyUnlock": False},
            "chargingSettingsDetail": {
                "acLimit": {
                    "current": {"unit": "A", "value": _AC_LIMIT_A},
                    "isUnlimited": False,
                    "max": _AC_LIMITS_A[-1],
                    "min": _AC_LIMITS_A[0],
                    "values": [*_AC_LIMITS_A],
                },
                "chargingTarget": charging.target_percent,
                "dcLoudness": "UNLIMITED_LOUD",
                "isUnlockCableActive": False,
                "minChargingTargetToWarning": 0,
            },
        }
    return details


def state(
    model: Model, condition: Condition, reported_at: datetime, now: datetime, *, watched_at: WatchedAt
) -> Document:
    """How the car said it was at `reported_at`, asked at `now`, both in its own time."""
    state: Document = {
        "checkControlMessages": _messages(model, condition),
        "climateControlState": _climate(condition, now, watched_at),
        "climateTimers": [
            {
                "departureTime": {"hour": 0, "minute": 0},
                "isWeeklyTimer": is_weekly,
                "timerAction": "DEACTIVATE",
                "timerWeekDays": [],
            }
            for is_weekly in (False, True, True)
        ],
        "combustionFuelLevel": _fuel(model, condition),
        "currentMileage": floor(condition.mileage_km),
        "doorsState": {
            "combinedSecurityState": "SECURED" if condition.is_locked else "UNLOCKED",
            "combinedState": _any_open(condition, _DOORS),
            **_openings(model, condition, _DOORS),
        },
        "driverPreferences": {"lscPrivacyMode": "OFF"},
        "isLeftSteering": True,
        "isLscSupported": True,
        "lastFetched": _moment(watched_at(now)),
        "lastUpdatedAt": _moment(watched_at(reported_at)),
        "location": _location(condition),
        "range": _range_km(model, condition),
        "requiredServices": [_service(model, condition, work, reported_at) for work in model.works],
        "securityOverviewMode": "ARMED" if condition.is_locked else "NOT_ARMED",
        "tireState": _tires(model, condition),
        "windowsState": {"combinedState": _any_open(condition, _WINDOWS), **_openings(model, condition, _WINDOWS)},
    }
    if Opening.SUNROOF in model.openings:
        is_open = Opening.SUNROOF in condition.open
        state["roofState"] = {"roofState": "OPEN_TILT" if is_open else "CLOSED", "roofStateType": "SUN_ROOF"}
    if charging := model.owner.charging:
        state["chargingProfile"] = _charging_profile(model, charging)
        state["electricChargingState"] = _battery(model, charging, condition, reported_at, watched_at)
    return state


# Energy


def _range_km(model: Model, condition: Condition) -> int:
    return floor(electric_range_km(model, condition)) + floor(fuel_range_km(model, condition))


def _fuel(model: Model, condition: Condition) -> Document:
    """The tank. A plug-in hybrid gives the range of tank and battery together, a range extender that of its tank."""
    if model.tank is None:
        return {}
    is_hybrid = model.drive_train is DriveTrain.PLUG_IN_HYBRID
    return {
        "range": _range_km(model, condition) if is_hybrid else floor(fuel_range_km(model, condition)),
        "remainingFuelLiters": floor(condition.fuel_l),
        "remainingFuelPercent": round(100 * condition.fuel_l / model.tank.liters),
    }


def _battery(
    model: Model, charging: Charging, condition: Condition, reported_at: datetime, watched_at: WatchedAt
) -> Document:
    """The battery. The minutes left are the car's, so they count from its report."""
    percent = 0.0 if model.battery is None else percent_of(model.battery, condition.battery_kwh)
    is_full = charging.target_percent == 100
    statuses = {
        Plug.OUT: "INVALID",
        Plug.WAITING: "WAITING_FOR_CHARGING",
        Plug.CHARGING: "CHARGING",
        Plug.DONE: "FULLY_CHARGED" if is_full else "TARGET_REACHED",
        Plug.ENDED_EARLY: "FINISHED_NOT_FULL",
    }
    battery: Document = {
        "chargingConnectionType": "UNKNOWN" if condition.plug is Plug.OUT else "CONDUCTIVE",
        "chargingLevelPercent": shown_percent(percent),
        "chargingStatus": statuses[condition.plug],
        "chargingTarget": charging.target_percent,
        "isChargerConnected": condition.plug is not Plug.OUT,
        "range": floor(electric_range_km(model, condition)),
    }
    if condition.charging_ends_at:
        battery["remainingChargingMinutes"] = round(
            _left(condition.charging_ends_at, reported_at, watched_at) / timedelta(minutes=1)
        )
    return battery


def shown_percent(percent: float) -> int:
    """A state of charge as a car shows it."""
    return floor(percent + 1e-6)


def _charging_profile(model: Model, charging: Charging) -> Document:
    profile: Document = {
        "chargingControlType": "WEEKLY_PLANNER",
        "chargingMode": "DELAYED_CHARGING" if charging.window else "IMMEDIATE_CHARGING",
        "chargingPreference": _preference(charging),
        "chargingSettings": {
            "acCurrentLimit": _AC_LIMIT_A,
            "hospitality": "NO_ACTION",
            "idcc": "UNLIMITED_LOUD" if model.drive_train is DriveTrain.ELECTRIC else "NO_ACTION",
            "targetSoc": charging.target_percent,
        },
        "climatisationOn": False,
        "departureTimes": [
            {
                "action": "DEACTIVATE",
                "id": number,
                "timeStamp": {"hour": 0, "minute": 0},
                "timerWeekDays": [],
            }
            for number in range(1, _TIMERS + 1)
        ],
    }
    if charging.window:
        opens, closes = charging.window
        profile["reductionOfChargeCurrent"] = {"start": _clock(opens), "end": _clock(closes)}
    return profile


def _preference(charging: Charging) -> str:
    return "CHARGING_WINDOW" if charging.window else "NO_PRESELECTION"


# Body


def _openings(model: Model, condition: Condition, names: Mapping[str, Opening]) -> Document:
    return {
        key: "OPEN" if opening in condition.open else "CLOSED"
        for key, opening in names.items()
        if opening in model.openings
    }


def _any_open(condition: Condition, names: Mapping[str, Opening]) -> str:
    return "CLOSED" if condition.open.isdisjoint(names.values()) else "OPEN"


def _tires(model: Model, condition: Condition) -> Document:
    tires = model.tires
    return {
        wheel: {
            "details": {
                "dimension": tires.sizes[number // 2],
                "isOptimizedForOemBmw": True,
                "manufacturer": tires.manufacturer,
                "manufacturingWeek": tires.week,
                "season": 4 if tires.is_winter else 2,
                "treadDesign": tires.tread,
            },
            "status": {
                "currentPressure": round(condition.tires_kpa[number]),
                "pressureStatus": int(is_flat),
                "targetPressure": tires.target_kpa[number],
                "wearStatus": int(tires.are_worn),
            },
        }
        for number, (wheel, is_flat) in enumerate(zip(_WHEELS, flat_tires(model, condition), strict=True))
    }


def _location(condition: Condition) -> Document:
    latitude, longitude = round(condition.latitude, 6), round(condition.longitude, 6)
    issue(Kind.PLACE, latitude, longitude, condition.address or "")
    return {
        "address": {"formatted": condition.address} if condition.address else {},
        "coordinates": {"latitude": latitude, "longitude": longitude},
        "heading": condition.heading_deg,
    }


def _climate(condition: Condition, now: datetime, watched_at: WatchedAt) -> Document:
    climate: Document = {"activity": _ACTIVITIES[condition.air]}
    if condition.air_ends_at:
        climate["remainingSeconds"] = _left(condition.air_ends_at, now, watched_at).total_seconds()
    return climate


# Upkeep


def _messages(model: Model, condition: Condition) -> list[Json]:
    """The check control; LOW says that something is watched, and all right."""
    has_flat = any(flat_tires(model, condition))
    messages: list[Json] = [{"severity": "MEDIUM" if has_flat else "LOW", "type": "TIRE_PRESSURE"}]
    if model.tank:
        messages.append({"severity": "LOW", "type": "ENGINE_OIL"})
    if is_washer_low(condition):
        messages.append({"severity": "MEDIUM", "type": "WASHING_FLUID"})
    return messages


def _service(model: Model, condition: Condition, work: Work, today: datetime) -> Document:
    due, km = due_on(model, condition, work), due_in_km(model, condition, work)
    service: Document = {
        "dateTime": f"{due}T00:00:00.000Z",
        "description": "",
        "status": _URGENCIES[urgency(model, condition, work, today.date())],
        "type": _WORKS[work],
    }
    if km is not None:
        service["mileage"] = km
    return service


def _release(identity: Identity, release: tuple[int, int, int]) -> Document:
    month, year, step = release
    return {"iStep": step, "puStep": {"month": month, "year": year}, "seriesCluster": identity.series}


def _left(end: datetime, now: datetime, watched_at: WatchedAt) -> timedelta:
    return max(timedelta(), watched_at(end) - watched_at(now))


def _clock(clock: time) -> Document:
    return {"hour": clock.hour, "minute": clock.minute}


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""How a car truly was when it reported, in the words of the entities that tell of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import ceil, floor
from typing import Final, override

from homeassistant.const import STATE_NOT_HOME, STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN

from tests.simulator.garage import LivingCar
from tests.simulator.living import Air, Condition, Opening, Plug, Report, Work
from tests.simulator.living.energy import electric_range_km, fuel_range_km, percent_of
from tests.simulator.living.models import Charging, DriveTrain, Model
from tests.simulator.living.upkeep import Urgency, due_in_km, due_on, flat_tires, is_washer_low, urgency
from tests.simulator.speaks_mybmw import shown_percent

NOT_TOLD: Final = frozenset({STATE_UNAVAILABLE, STATE_UNKNOWN})

_WINDOWS: Final = frozenset(opening for opening in Opening if opening.value.startswith("window"))
_WHEELS: Final = ("front_left", "front_right", "rear_left", "rear_right")
_STATUSES: Final[Mapping[Plug, str]] = {
    Plug.OUT: "not_charging",
    Plug.WAITING: "waiting_for_charging",
    Plug.CHARGING: "charging",
    Plug.DONE: "target_reached",
    Plug.ENDED_EARLY: "finished_not_full",
}
_WORKS: Final[Mapping[Work, str]] = {
    Work.OIL: "oil",
    Work.BRAKE_FLUID: "brake_fluid",
    Work.VEHICLE_CHECK: "vehicle_check",
    Work.INSPECTION: "vehicle_tuv",
}
_AC_LIMIT_A: Final = 16
_TIMERS: Final = range(1, 5)

_SLOW: Final = timedelta(days=2)
"""How old at most what CarData uploads seldom is: once a day, and asked for once a day."""
_SAME_END: Final = timedelta(minutes=4)
"""Ends that differ by less are one: they come as minutes that are left, and are not shown anew for each of them."""
_LONGEST_UNKNOWN: Final = timedelta(minutes=25)
"""A report that does not tell its moment is not older."""

_MAY_BE_UNKNOWN: Final = frozenset({"sensor.charging_end_time", "sensor.climate_end_time"})
"""What comes to an end while the car is silent, and is unknown from then on."""
_MAY_BE_UNKNOWN_IN_STREAM: Final = _MAY_BE_UNKNOWN | {"sensor.fuel_level"}
"""Liters that are older than the percent by more than a day are left out."""


@dataclass(frozen=True, slots=True)
class Within:
    """A truth that is a number, or a moment in seconds, that nobody knows exactly."""

    low: float
    high: float

    @classmethod
    def about(cls, moment: datetime, by: timedelta) -> Within:
        """The moments around one."""
        return cls((moment - by).timestamp(), (moment + by).timestamp())

    def has(self, value: str) -> bool:
        """Whether what is shown is it."""
        try:
            number = float(value)
        except ValueError:
            number = datetime.fromisoformat(value).timestamp()
        return self.low <= number <= self.high

    @override
    def __str__(self) -> str:
        return f"{self.low} to {self.high}"


type Truth = Mapping[str, str | Within]
"""By the key of an entity; what is unknown is to be unknown."""


def wrong(
    car: LivingCar, shown: Mapping[str, str], now: datetime, *, is_streamed: bool, since: datetime | None = None
) -> dict[str, str]:
    """The entities of a car that show something that was not so at the time of the report they show, and what.

    Nor at that of any other report `since` a moment, if reports have arrived in part since then; what is not known of
    one of them may be what is shown. Nothing shown is never wrong; whether it may be missing is another question.
    """
    truths = [told(car, report, now, is_streamed=is_streamed) for report in _reports(car, shown, now, since)]
    return {
        key: f"{shown[key]} instead of {truths[0][key]}"
        for key in compared(shown, truths[0])
        if not any(key not in truth or _agrees(shown[key], truth[key]) for truth in truths)
    }


def compared(shown: Mapping[str, str], truth: Truth) -> list[str]:
    """The entities that are held against a truth: they say something, and it is known whether it is true."""
    return [key for key, value in shown.items() if key in truth and value not in NOT_TOLD]


def unknown(car: LivingCar, shown: Mapping[str, str], now: datetime, *, is_streamed: bool) -> list[str]:
    """The entities of a car that are unknown, though it has told of them."""
    optional = _MAY_BE_UNKNOWN_IN_STREAM if is_streamed else _MAY_BE_UNKNOWN
    [report, *_] = _reports(car, shown, now)
    truth = told(car, report, now, is_streamed=is_streamed)
    return [
        key
        for key, value in shown.items()
        if value == STATE_UNKNOWN and key not in optional and truth.get(key, STATE_UNKNOWN) != STATE_UNKNOWN
    ]


def is_behind(car: LivingCar, shown: Mapping[str, str], now: datetime, by: timedelta, *, is_streamed: bool) -> bool:
    """Whether a car has been otherwise than shown, or nothing is known of it, for longer than so."""
    if shown.get("sensor.mileage", STATE_UNAVAILABLE) in NOT_TOLD:
        return True
    reports = (car.life.report(now - by), *car.life.reports(now - by, now))
    truths = [told(car, report, now, is_streamed=is_streamed) for report in reports]
    return all(any(not _agrees(shown[key], truth[key]) for key in compared(shown, truth)) for truth in truths)


def _reports(
    car: LivingCar, shown: Mapping[str, str], now: datetime, since: datetime | None = None
) -> Sequence[Report]:
    """The reports of which something may be shown, first the one that claims to be."""
    reported = shown.get("sensor.last_reported", STATE_UNKNOWN)
    if reported in NOT_TOLD:
        earliest = now - _LONGEST_UNKNOWN
        reports = [*reversed([*car.life.reports(earliest, now)]), car.life.report(earliest)]
    else:
        reports = [car.life.report(datetime.fromisoformat(reported) + timedelta(seconds=1))]
    if since is not None and since < reports[0].at:
        reports += [car.life.report(since), *car.life.reports(since, reports[0].at)]
    return reports


def _agrees(value: str, truth: str | Within) -> bool:
    return truth.has(value) if isinstance(truth, Within) else value == truth


def told(car: LivingCar, report: Report, now: datetime, *, is_streamed: bool) -> Truth:
    """What the entities of a car are to show of a report now, through the one door or the other."""
    truth, battery = _told(car, report.at, is_streamed=is_streamed), car.life.model.battery
    if not is_streamed or not battery or report.condition.plug is not Plug.CHARGING:
        return truth
    # BMW itself reckons how far a charge is, when it is asked.
    percent, now_percent = (
        percent_of(battery, each.battery_kwh) for each in (report.condition, car.life.condition(now))
    )
    level = Within(shown_percent(percent), ceil(max(percent, now_percent)))
    return {**truth, "sensor.battery_level": level}


@lru_cache(maxsize=100)
def _told(car: LivingCar, at: datetime, *, is_streamed: bool) -> Truth:
    """What the entities of a car are to show of what it reported at a moment, whenever they do."""
    report = car.life.report(at)
    model, condition = car.life.model, report.condition
    month, year, step = model.identity.release
    truth: dict[str, str | Within] = {
        "sensor.last_reported": Within.about(report.at, timedelta(seconds=1)),
        "sensor.mileage": str(floor(condition.mileage_km)),
        "sensor.software_version": f"{month:02}/20{year:02}.{step % 100:02}",
        **_body(model, condition),
        **_ranges(model, condition),
        **_air(condition),
        **_tires(model, condition, is_streamed=is_streamed),
        **_energy(car, report, is_streamed=is_streamed),
    }
    # Of these, CarData tells as of a slow upload: what has changed since cannot be known, but between what it is.
    before = car.life.report(report.at - _SLOW) if is_streamed else report
    slow, slow_before = (dict(_upkeep(model, each)) for each in (report, before))
    truth |= {key: value for key, value in slow.items() if slow_before[key] == value}
    km, km_before = (_next_km(model, each.condition) for each in (report, before))
    if km is not None and km_before is not None:
        truth["sensor.next_service_distance"] = Within(min(km, km_before), max(km, km_before))
    return truth


def _on(is_on: bool) -> str:  # noqa: FBT001 (all that it is about)
    return STATE_ON if is_on else STATE_OFF


def _body(model: Model, condition: Condition) -> Truth:
    windows, lids = model.openings & _WINDOWS, model.openings - _WINDOWS
    place, says_when_it_moves = "device_tracker.location", model.drive_train is DriveTrain.PETROL
    return {
        **{f"binary_sensor.{opening}": _on(opening in condition.open) for opening in model.openings},
        "binary_sensor.windows": _on(not windows.isdisjoint(condition.open)),
        "binary_sensor.lids": _on(not lids.isdisjoint(condition.open)),
        "binary_sensor.door_lock": _on(not condition.is_locked),
        "lock.lock": "locked" if condition.is_locked else "unlocked",
        "binary_sensor.alarm_armed": _on(condition.is_locked),
        "binary_sensor.moving": _on(condition.is_driving)
        if says_when_it_moves or not condition.is_driving
        else STATE_UNKNOWN,
        place: STATE_NOT_HOME,
        f"{place}.latitude": str(round(condition.latitude, 6)),
        f"{place}.longitude": str(round(condition.longitude, 6)),
        f"{place}.direction": str(condition.heading_deg),
    }


def _ranges(model: Model, condition: Condition) -> Truth:
    electric_km, fuel_km = floor(electric_range_km(model, condition)), floor(fuel_range_km(model, condition))
    truth = {
        "sensor.range_total": str(electric_km + fuel_km),
        "sensor.range_electric": str(electric_km),
        "sensor.range_fuel": str(fuel_km),
    }
    if model.tank:
        truth["sensor.fuel_percent"] = str(round(100 * condition.fuel_l / model.tank.liters))
    return truth


def _air(condition: Condition) -> Truth:
    is_off, ends_at = condition.air is Air.OFF, condition.air_ends_at
    return {
        "sensor.climate_status": "inactive" if is_off else condition.air.value,
        "switch.climate": _on(not is_off),
        "sensor.climate_end_time": STATE_UNKNOWN if ends_at is None else Within.about(ends_at, _SAME_END),
    }


def _tires(model: Model, condition: Condition, *, is_streamed: bool) -> Truth:
    """Through CarData's stream, a loss of pressure is a message, not a warning of a tire."""
    is_flat = not is_streamed and any(flat_tires(model, condition))
    return {
        "binary_sensor.tire_warning": _on(model.tires.are_worn or is_flat),
        **{
            f"sensor.tire_pressure_{wheel}": str(round(kpa) / 100)
            for wheel, kpa in zip(_WHEELS, condition.tires_kpa, strict=True)
        },
    }


def _energy(car: LivingCar, report: Report, *, is_streamed: bool) -> Truth:
    model, condition = car.life.model, report.condition
    truth: dict[str, str | Within] = {}
    if model.tank and is_streamed:  # the liters come seldom
        moments = (report.at - _SLOW, report.at)
        liters = [each.condition.fuel_l for each in (car.life.report(moments[0]), *car.life.reports(*moments))]
        truth["sensor.fuel_level"] = Within(floor(min(liters)), max(liters))
    elif model.tank:
        truth["sensor.fuel_level"] = str(floor(condition.fuel_l))
    if model.battery and (charging := model.owner.charging):
        truth |= _charging(charging, report, is_settable=model.drive_train is DriveTrain.ELECTRIC)
        truth["sensor.battery_level"] = str(shown_percent(percent_of(model.battery, condition.battery_kwh)))
        truth["sensor.battery_capacity"] = str(round(model.battery.kwh, 1))
        if is_streamed and condition.plug is not Plug.CHARGING:
            truth["sensor.charging_power"] = "0.0"
    return truth


def _charging(charging: Charging, report: Report, *, is_settable: bool) -> Truth:
    plug, ends_at = report.condition.plug, report.condition.charging_ends_at
    is_full = plug is Plug.DONE and charging.target_percent == 100
    truth = {
        "binary_sensor.charging": _on(plug is Plug.CHARGING),
        "binary_sensor.plugged_in": _on(plug is not Plug.OUT),
        "binary_sensor.pre_entry_climatization": STATE_OFF,
        "switch.pre_entry_climatization": STATE_OFF,
        "switch.charging": _on(plug in {Plug.CHARGING, Plug.DONE}),
        "sensor.charging_status": "fully_charged" if is_full else _STATUSES[plug],
        "sensor.charging_target": str(charging.target_percent),
        "sensor.charging_end_time": STATE_UNKNOWN if ends_at is None else Within.about(ends_at, _SAME_END),
        "select.charging_mode": "delayed_charging" if charging.window else "immediate_charging",
        **{f"switch.departure_timer_{number}": STATE_OFF for number in _TIMERS},
        **{f"time.departure_timer_{number}": "00:00:00" for number in _TIMERS},
    }
    if is_settable:
        truth |= {"number.target_soc": str(charging.target_percent), "select.ac_limit": str(_AC_LIMIT_A)}
    return truth


def _upkeep(model: Model, report: Report) -> Iterator[tuple[str, str]]:
    condition, today = report.condition, report.at.date()
    is_due = any(urgency(model, condition, work, today) is not Urgency.LATER for work in model.works)
    yield "binary_sensor.service_required", _on(is_due)
    yield "binary_sensor.check_control", _on(any(flat_tires(model, condition)) or is_washer_low(condition))
    day, name = min((due_on(model, condition, work), _WORKS[work]) for work in model.works)
    yield "sensor.next_service_date", day.isoformat()
    yield "sensor.next_service_type", name


def _next_km(model: Model, condition: Condition) -> int | None:
    return min((km for work in model.works if (km := due_in_km(model, condition, work)) is not None), default=None)
